"""OPML: lists of feeds in and out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from digest.errors import SourceError
from digest.model import Rights, Source
from digest.sources import opml
from digest.text import tidy
from tests.factories import make_source

LIST = b"""<?xml version="1.0" encoding="utf-8"?>
<opml version="2.0"><head><title>Mine</title></head><body>
  <outline text="Machine learning">
    <outline text="Deep" title="Deep">
      <outline type="rss" text="A blog" title="A &lt;b&gt;blog&lt;/b&gt;" xmlUrl="https://a.example/feed" htmlUrl="https://a.example/"/>
    </outline>
    <outline type="atom" text="B blog" xmlurl="feed://b.example/atom.xml"/>
  </outline>
  <outline text="arXiv" xmlUrl="feed:https://rss.arxiv.org/rss/cs.CL"/>
  <outline text="A blog again" xmlUrl="http://a.example/feed/"/>
</body></opml>"""


def wrap(*outlines: str) -> bytes:
    return f"<opml version='2.0'><body>{''.join(outlines)}</body></opml>".encode()


def made(data: bytes, stored: tuple[Source, ...] = (), rights: Rights = Rights.EXCERPT) -> list[Source]:
    return opml.sources_of(opml.read(data, "list.opml").outlines, stored, rights=rights)


def test_feeds_are_read_from_folders_however_deep_each_once() -> None:
    found = opml.read(LIST, "list.opml")
    assert [(one.title, one.url) for one in found.outlines] == [
        ("A blog", "https://a.example/feed"),
        ("B blog", "http://b.example/atom.xml"),
        ("arXiv", "https://rss.arxiv.org/rss/cs.CL"),
    ]
    assert found.problems == ()
    deep = "<outline text='x'>" * 200 + "<outline xmlUrl='https://a.example/f'/>" + "</outline>" * 200
    assert len(opml.read(wrap(deep), "deep.opml").outlines) == 1


def test_a_source_is_made_of_an_outline_by_its_title_and_address() -> None:
    blog, other, arxiv = made(LIST)
    assert blog == Source(id="a-blog", kind="feed", name="A blog", url="https://a.example/feed", rights=Rights.EXCERPT)  # type: ignore[arg-type]
    assert other.id == "b-blog"
    assert arxiv.kind == "arxiv-feed"
    (nameless,) = made(wrap("<outline xmlUrl='https://papers.example/feed'/>"))
    assert (nameless.id, nameless.name) == ("papers-example", "papers.example")


def test_two_of_one_title_get_ids_that_do_not_depend_on_their_order() -> None:
    lines = [f"<outline text='News' xmlUrl='https://{name}.example/feed'/>" for name in "abc"]
    forth, back = made(wrap(*lines)), made(wrap(*reversed(lines)))
    assert forth == back[::-1]
    assert len({source.id for source in forth}) == 3
    assert all(source.id.startswith("news-") for source in forth)


def test_what_is_stored_stays_as_it_is_and_keeps_its_id_from_others() -> None:
    stored = make_source("a-blog", name="My name", kind="feed", url="https://a.example/feed", enabled=False)
    other = make_source("b-blog", kind="feed", url="https://elsewhere.example/")
    again = made(LIST, (stored, other))
    assert again[0] == stored
    assert again[1].id.startswith("b-blog-")
    assert made(LIST, tuple(again)) == again


def test_a_list_of_ours_comes_back_as_it_was() -> None:
    sources = [
        make_source("arxiv", kind="arxiv-feed", name="arXiv: “new”", url="https://rss.arxiv.org/rss/cs.CL+cs.LG"),
        make_source("hf", kind="daily-papers", url="https://huggingface.co/api/daily_papers", rights=Rights.LINK),
        make_source("off", kind="feed", name="A <b> & c", url="https://a.example/?a=1&b=2", enabled=False),
    ]
    written = opml.write(sources, title="Mine")
    assert made(written) == sources
    assert opml.write(made(written), title="Mine") == written
    assert written.count(b'type="rss"') == 2
    assert b'xmlUrl="https://huggingface.co' not in written


def test_our_attributes_are_believed_only_where_they_can_be_true() -> None:
    ours = f"xmlns:d='{opml.NAMESPACE}' xmlUrl='https://a.example/f' text='A'"
    (one,) = made(wrap(f"<outline {ours} d:id='../x' d:rights='all' d:enabled='maybe'/>"))
    assert (one.id, one.rights, one.enabled) == ("a", Rights.EXCERPT, True)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://u:p@a.example/", "x", ""])
def test_an_outline_without_an_address_to_poll_is_told(url: str) -> None:
    found = opml.read(
        wrap(f"<outline text='Bad' xmlUrl='{url}'/>", "<outline text='ok' xmlUrl='https://a.example/'/>"), "l"
    )
    assert len(found.outlines) == 1
    assert found.problems == ("outline 1: no address that can be polled",)


def test_broken_signs_are_mended() -> None:
    data = b"<opml><body><outline text='Q & A &eacute;' xmlUrl='https://a.example/?a=1&b=2'/></body></opml>"
    (one,) = opml.read(data, "list.opml").outlines
    assert (one.title, one.url) == ("Q & A é", "https://a.example/?a=1&b=2")


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE opml SYSTEM 'file:///etc/passwd'><opml><body/></opml>",
        b"<!DOCTYPE o [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><opml><body><outline text='&x;'/></body></opml>",
        b"<!DOCTYPE o [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><opml/>",
        "<!DOCTYPE opml><opml/>".encode("utf-16"),
        b"<opml><body><outline text='never closed'>",
        b"<opml " + b"<a>" * 100_000,
        b"<rss version='2.0'/>",
        b"[[source]]",
        b"\x00\xff",
        b"",
    ],
)
def test_what_is_no_list_or_declares_anything_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(SourceError) as raised:
        opml.read(data, "list.opml")
    assert "list.opml" in raised.value.message
    assert "\n" not in raised.value.message


def test_xml_is_told_from_toml() -> None:
    assert opml.is_opml(b"\xef\xbb\xbf <?xml version='1.0'?><opml/>")
    assert opml.is_opml("<opml/>".encode("utf-16"))
    assert not opml.is_opml(b"# <opml>\n[[source]]\n")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_nothing_else_is_raised(data: bytes) -> None:
    for given_ in (data, b"<opml><outline text='" + data + b"'/></opml>"):
        try:
            opml.read(given_, "list.opml")
        except SourceError:
            continue


SOURCES = st.builds(
    lambda number, name, rights, enabled: make_source(
        f"s-{number}", kind="feed", name=name, url=f"https://{number}.example/", rights=rights, enabled=enabled
    ),
    st.integers(0, 10**6),
    st.text(st.characters(min_codepoint=33, exclude_categories=("C", "Z")), min_size=1, max_size=30),
    st.sampled_from(Rights),
    st.booleans(),
)


@given(st.lists(SOURCES, unique_by=lambda source: source.id, max_size=5))
def test_any_list_of_ours_comes_back(sources: list[Source]) -> None:
    assert made(opml.write(sources, title="Mine")) == [replace(one, name=tidy(one.name)) for one in sources]
