"""`digest poll` and its neighbours on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from digest.cli import cli
from tests.hosts import Host, answer, redirect
from tests.polling import feed, item


def digest(home: Path, *words: str, private: bool = True) -> Result:
    config = () if words[0] == "init" else ("--config", str(home / "digest.toml"))
    env = {"DIGEST_FETCH_ALLOW_PRIVATE": str(private).lower()}
    return CliRunner().invoke(cli, [*words, *config], env=env, catch_exceptions=False)


def test_poll_and_its_neighbours_on_the_command_line(tmp_path: Path, here: Host) -> None:
    here.plays["/feed"] = answer(feed(item("One"), item("Two", None), "<item/>"), 'ETag: "v1"')
    table = '[[source]]\nid = "{0}"\nname = "{0}"\nkind = "feed"\nurl = "{1}"\n'
    text = table.format("good", here.url("/feed")) + table.format("lost", here.url("/lost"))
    assert digest(tmp_path, "init", str(tmp_path), "--yes").exit_code == 0
    (tmp_path / "sources.toml").write_text(text, "utf-8")
    assert digest(tmp_path, "source", "import", str(tmp_path / "sources.toml"), "--prune").exit_code == 0

    some = digest(tmp_path, "poll")
    assert some.exit_code == 0, some.stderr
    assert "good: 2 entries, 2 new (" in some.stdout
    assert "1 skipped; -v says why" in some.stdout
    assert f"lost: error[fetch]: cannot fetch {here.url('/lost')}: it answers 404 Not Found" in some.stderr
    assert "1 of 2 sources: 2 new, 1 failed" in some.stderr
    assert "no source is due" in digest(tmp_path, "poll").stderr
    assert digest(tmp_path, "poll", "lost", "good").exit_code == 1

    again = digest(tmp_path, "poll", "good", "--json")
    rows = [json.loads(line) for line in again.stdout.splitlines()]
    assert (rows[0]["source"], rows[0]["unchanged"]) == ("good", 2)
    assert rows[1] == {"total": {"failed": 0, "new": 0, "sources": 1}}

    listed = digest(tmp_path, "source", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["id", "good", "lost"]
    assert "failed" in listed[2]
    assert "404 Not Found" in listed[2]
    row = json.loads(digest(tmp_path, "source", "list", "--json").stdout.splitlines()[0])
    assert (row["id"], row["state"], row["etag"], row["failures"]) == ("good", "ok", '"v1"', 0)


def test_poll_says_where_a_source_has_moved_and_why_one_is_not_asked(tmp_path: Path, here: Host) -> None:
    here.plays |= {"/old": redirect("/new", "301 Moved Permanently"), "/new": answer(feed(item("One")))}
    here.plays |= {"/busy": answer(status="429 Too Many Requests")}
    assert digest(tmp_path, "init", str(tmp_path), "--yes").exit_code == 0
    for name in ("old", "busy"):
        assert digest(tmp_path, "source", "add", name, here.url(f"/{name}"), "--as-is").exit_code == 0
    moved = digest(tmp_path, "poll", "old")
    assert f"it says it has moved to {here.url('/new')}" in moved.stdout
    here.plays["/old"] = answer(status="410 Gone")
    assert f"it moved to {here.url('/new')}, and is asked there next time" in digest(tmp_path, "poll", "old").stderr
    assert digest(tmp_path, "poll", "busy").exit_code == 1
    patient = digest(tmp_path, "poll", "old")
    assert (patient.exit_code, "old: not asked: 127.0.0.1 asked for patience" in patient.stdout) == (0, True)


def test_an_address_can_be_checked_without_storing_anything(tmp_path: Path, here: Host) -> None:
    here.plays["/feed"] = answer(feed(item("One"), item("Two")))
    digest(tmp_path, "init", str(tmp_path), "--yes")
    checked = digest(tmp_path, "source", "check", here.url("/feed"), here.url("/lost"), "--json")
    assert checked.exit_code == 1
    one, two = (json.loads(line) for line in checked.stdout.splitlines())
    assert (one["format"], [entry["title"] for entry in one["entries"]], one["error"]) == ("rss", ["One", "Two"], None)
    assert "404 Not Found" in two["error"]
    inner = digest(tmp_path, "source", "check", here.url("/feed"), private=False)
    assert inner.exit_code == 1
    assert "feed: 127.0.0.1 is loopback" in inner.stderr
    assert "hint: a source on your own network needs fetch.allow_private = true" in inner.stderr


def test_when_every_source_fails_the_command_does(tmp_path: Path, here: Host) -> None:
    digest(tmp_path, "init", str(tmp_path), "--yes")
    (tmp_path / "none.toml").write_text("", "utf-8")
    digest(tmp_path, "source", "import", str(tmp_path / "none.toml"), "--prune")
    assert digest(tmp_path, "source", "add", "lost", here.url("/lost")).exit_code == 0
    assert digest(tmp_path, "poll").exit_code == 1
