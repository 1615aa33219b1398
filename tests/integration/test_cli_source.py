"""`digest source` as a person meets it: adding by a page's address, checking, and lists in and out."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.cli import cli
from digest.errors import ConfigError, FetchError, NotFoundError, SourceError
from tests.hosts import Host, answer, redirect

FEED = (
    b"<rss version='2.0'><channel><title>Ana's papers</title>"
    b"<item><guid>1</guid><title>One</title><link>https://a.example/1</link><description>About one.</description>"
    b"<pubDate>Fri, 20 Nov 2026 12:00:00 GMT</pubDate></item><item/></channel></rss>"
)
PAGE = b"<!doctype html><head><title>Ana</title>%s</head>"
LINK = b'<link rel="alternate" type="application/rss+xml" title="%s" href="%s">'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A site without sources."""
    assert CliRunner().invoke(cli, ["init", str(tmp_path), "--yes"]).exit_code == 0
    (tmp_path / "none.toml").write_text("", "utf-8")
    assert digest(tmp_path, "import", str(tmp_path / "none.toml"), "--prune").exit_code == 0
    return tmp_path


def digest(home: Path, *words: str, private: bool = True) -> Result:
    env = {"DIGEST_FETCH_ALLOW_PRIVATE": str(private).lower()}
    return CliRunner().invoke(
        cli, ["source", *words, "--config", str(home / "digest.toml")], env=env, catch_exceptions=False
    )


def listed(home: Path) -> list[dict[str, object]]:
    names = ("id", "kind", "name", "url", "rights")
    rows = [json.loads(line) for line in digest(home, "list", "--json").stdout.splitlines()]
    return [{name: row[name] for name in names} for row in rows]


# Added by its address


def test_a_feed_is_added_by_its_address_alone(home: Path, here: Host) -> None:
    here.plays["/feed"] = answer(FEED)
    done = digest(home, "add", here.url("/feed"))
    assert (done.exit_code, done.stdout) == (0, f"source ana-s-papers is added: feed at {here.url('/feed')}\n")
    assert listed(home) == [
        {"id": "ana-s-papers", "kind": "feed", "name": "Ana's papers", "url": here.url("/feed"), "rights": "full"}
    ]


def test_the_one_feed_of_a_page_is_added_for_it(home: Path, here: Host) -> None:
    here.plays["/"] = redirect(here.url("/home/"))
    here.plays["/home/"] = answer(PAGE % (LINK % (b"Papers", b"feed.xml")))
    assert digest(home, "add", "ana", here.url("/"), "--rights", "link").exit_code == 0
    assert listed(home) == [
        {"id": "ana", "kind": "feed", "name": "Papers", "url": here.url("/home/feed.xml"), "rights": "link"}
    ]


def test_several_feeds_are_listed_to_choose_from(home: Path, here: Host) -> None:
    here.plays["/"] = answer(PAGE % (LINK % (b"Papers", b"/papers") + LINK % (b"Talks", b"/talks")))
    for words in ((here.url("/"),), ("ana", here.url("/"))):
        with pytest.raises(SourceError, match="names 2 feeds") as raised:
            digest(home, "add", *words)
        assert raised.value.hint == f"choose one:\n  {here.url('/papers')}  Papers\n  {here.url('/talks')}  Talks"
    assert listed(home) == []


def test_the_usual_places_are_tried_only_when_asked(home: Path, here: Host) -> None:
    here.plays |= {"/": answer(PAGE % b""), "/rss.xml": answer(FEED)}
    with pytest.raises(SourceError, match="web page, not a feed"):
        digest(home, "add", here.url("/"))
    assert [asked.path for asked in here.asked] == ["/"]
    assert digest(home, "add", here.url("/"), "--guess").exit_code == 0
    assert listed(home)[0]["url"] == here.url("/rss.xml")
    here.plays.pop("/rss.xml")
    with pytest.raises(SourceError, match="none stands in the usual places"):
        digest(home, "add", "other", here.url("/"), "--guess")


def test_a_page_of_arxiv_stands_for_its_list_and_nothing_is_asked(home: Path) -> None:
    assert digest(home, "add", "https://arxiv.org/list/cs.CL/recent").exit_code == 0
    assert listed(home) == [
        {
            "id": "arxiv-cs-cl",
            "kind": "arxiv-feed",
            "name": "arXiv: cs.CL",
            "url": "https://rss.arxiv.org/rss/cs.CL",
            "rights": "full",
        }
    ]


def test_what_cannot_be_reached_is_added_if_it_has_an_id(home: Path, here: Host) -> None:
    done = digest(home, "add", "lost", here.url("/lost"))
    assert done.exit_code == 0
    assert "404 Not Found" in done.stderr
    assert "added all the same" in done.stderr
    with pytest.raises(FetchError):
        digest(home, "add", here.url("/lost/too"))
    assert digest(home, "add", "blind", here.url("/page"), "--as-is", "--kind", "arxiv-search").exit_code == 0
    assert [asked.path for asked in here.asked] == ["/lost", "/lost/too"]


def test_an_address_or_an_id_is_taken_once(home: Path, here: Host) -> None:
    here.plays["/feed"] = answer(FEED)
    digest(home, "add", "ana", here.url("/feed"))
    with pytest.raises(ConfigError, match="'ana' polls"):
        digest(home, "add", "other", here.url("/feed"))
    with pytest.raises(ConfigError, match="there is a source 'ana' already"):
        digest(home, "add", "ana", here.url("/feed2"), "--as-is")
    assert digest(home, "add", "a", "b", "c").exit_code == 2


def test_no_private_address_is_looked_at(home: Path, here: Host) -> None:
    with pytest.raises(FetchError, match="loopback"):
        CliRunner().invoke(
            cli,
            ["source", "add", here.url("/"), "--config", str(home / "digest.toml")],
            env={"DIGEST_FETCH_ALLOW_PRIVATE": "false"},
            catch_exceptions=False,
        )
    assert here.asked == []


# Checked


def test_a_check_prints_one_line_an_input_with_these_members_and_no_others(home: Path, here: Host) -> None:
    here.plays["/feed"] = answer(FEED)
    folder = home / "saved"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "b.xml").write_bytes(FEED)
    (folder / "a.txt").write_bytes(b"nothing")
    done = digest(home, "check", here.url("/feed"), str(folder), str(home / "missing.xml"), "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    names = [here.url("/feed"), str(folder / "a.txt"), str(folder / "deep" / "b.xml"), str(home / "missing.xml")]
    assert [line["input"] for line in lines] == names
    assert all(set(line) == {"input", "format", "title", "entries", "error"} for line in lines)
    assert lines[0] == {
        "input": here.url("/feed"),
        "format": "rss",
        "title": "Ana's papers",
        "entries": [
            {
                "id": "1",
                "title": "One",
                "link": "https://a.example/1",
                "published": "2026-11-20T12:00:00Z",
                "updated": "2026-11-20T12:00:00Z",
                "authors": [],
                "summary": "About one.",
            }
        ],
        "error": None,
    }
    assert (lines[1]["format"], lines[1]["title"], lines[1]["entries"]) == (None, None, [])
    assert "its format is not known" in lines[1]["error"]
    assert "cannot be read" in lines[3]["error"]
    assert f"{here.url('/feed')}: skipped item 2" in done.stderr


# Lists in and out


def test_a_list_of_ours_comes_back_as_it_was(home: Path, tmp_path: Path) -> None:
    from digest.app import shipped

    seeds = shipped("seeds") / "sources.toml"
    assert digest(home, "import", str(seeds)).exit_code == 0
    before, toml = digest(home, "export", "--opml").stdout, digest(home, "export").stdout
    (home / "list.opml").write_text(before, "utf-8")
    again = digest(home, "import", str(home / "list.opml"))
    count = len(tomllib.loads(seeds.read_text("utf-8"))["source"])
    assert again.stderr == f"{count} sources read\n"
    assert digest(home, "export").stdout == toml
    digest(home, "import", str(home / "none.toml"), "--prune")
    assert listed(home) == []
    digest(home, "import", str(home / "list.opml"))
    assert digest(home, "export").stdout == toml
    assert digest(home, "export", "--opml").stdout == before


def test_a_list_of_another_program_is_read_and_what_cannot_be_polled_is_told(home: Path) -> None:
    outlines = [
        '<outline text="ML"><outline text="Ana" xmlUrl="https://a.example/feed"/></outline>',
        '<outline text="Bad" xmlUrl="javascript:1"/>',
    ]
    (home / "list.xml").write_text(f"<opml><body>{''.join(outlines)}</body></opml>", "utf-8")
    done = digest(home, "import", str(home / "list.xml"), "--rights", "link")
    assert done.stderr.splitlines() == ["1 sources read", "skipped outline 2: no address that can be polled"]
    row = {"id": "ana", "kind": "feed", "name": "Ana", "url": "https://a.example/feed", "rights": "link"}
    assert listed(home) == [row]
    assert digest(home, "import", str(home / "list.xml"), "--prune").exit_code == 0
    assert listed(home) == [row]


def test_a_list_that_declares_entities_is_refused(home: Path) -> None:
    (home / "bad.opml").write_text("<!DOCTYPE o [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><opml/>", "utf-8")
    with pytest.raises(SourceError, match="declares a document type"):
        digest(home, "import", str(home / "bad.opml"))


def test_a_file_that_is_no_text_is_a_plain_error(home: Path) -> None:
    (home / "bad.toml").write_bytes(b'[[source]]\nname = "\xff"\n')
    with pytest.raises(ConfigError, match="not UTF-8"):
        digest(home, "import", str(home / "bad.toml"))


def test_a_source_is_edited_as_toml(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest(home, "add", "ana", "https://a.example/feed", "--as-is")
    monkeypatch.setattr("click.edit", lambda text, extension: text.replace("https://a.", "https://b."))
    assert digest(home, "edit", "ana").stdout == "source ana is changed\n"
    assert listed(home)[0]["url"] == "https://b.example/feed"
    monkeypatch.setattr("click.edit", lambda text, extension: None)
    assert digest(home, "edit", "ana").stdout == "source ana is unchanged\n"
    monkeypatch.setattr("click.edit", lambda text, extension: text.replace('"ana"', '"bob"'))
    with pytest.raises(ConfigError, match="this one source"):
        digest(home, "edit", "ana")
    assert digest(home, "remove", "ana").stdout == "source ana is removed; its papers stay\n"
    with pytest.raises(NotFoundError):
        digest(home, "show", "ana")
