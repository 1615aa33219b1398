"""Which reader takes what, and what is said of bytes that none takes."""

from __future__ import annotations

import pytest

from digest import sources
from digest.errors import SourceError
from digest.model import Batch
from tests.factories import make_source


def read(data: bytes, name: str = "https://example.org/blog/", url: str | None = None) -> Batch:
    return sources.read(data, source=make_source(url=url), name=name)


def refusal(data: bytes, name: str = "https://example.org/blog/") -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(data, name)
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<rss><channel/></rss>", "rss"),
        (b"<RSS><channel/></RSS>", "rss"),
        (b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "rdf"),
        (b'<a:feed xmlns:a="http://www.w3.org/2005/Atom"/>', "atom"),
        (b'<feed version="0.3" xmlns="http://purl.org/atom/ns#"/>', "atom"),
        (b'<!-- <html> --><feed xmlns="http://www.w3.org/2005/Atom"/>', "atom"),
        (b'{"items": [], "version": "https:\\/\\/jsonfeed.org\\/version\\/1"}', "json-feed"),
        (b'\xef\xbb\xbf{"title": "One"}', "jsonl"),
    ],
)
def test_the_content_says_which_reader_it_is_for(data: bytes, kind: str) -> None:
    assert read(data, name="file.txt").format == kind


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused_as_empty(data: bytes) -> None:
    assert refusal(data).message == "cannot read https://example.org/blog/: it is empty"


def test_a_web_page_is_refused_and_its_feeds_are_named() -> None:
    page = b"""<!DOCTYPE html><html><head><link rel="stylesheet" href="x.css">
        <link rel="alternate" type="application/rss+xml" title="RSS" href="feed.xml?a=1&amp;b=2">
        <link href='/atom.xml' type='application/atom+xml' rel=alternate></head>Hello"""
    error = refusal(page)
    assert error.message == "cannot read https://example.org/blog/: this is a web page, not a feed"
    assert error.hint == "it names feeds: https://example.org/blog/feed.xml?a=1&b=2 https://example.org/atom.xml"


def test_a_web_page_without_feeds_says_so() -> None:
    assert "names no feed" in str(refusal(b"<?xml version='1.0'?><!-- x --><html></html>").hint)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"%PDF-1.7 ...", "a PDF file"), (b"\x1f\x8b\x08\x00", "gzip-compressed"), (b"ab\x00\x01\x02cd", "binary data")],
)
def test_binary_data_is_refused_by_its_kind(data: bytes, kind: str) -> None:
    assert f"it is {kind}, not text" in refusal(data).message


@pytest.mark.parametrize("data", [b"{}", b"[]", b'[{"name": "2603.01230"}]', b'{\n"papers": []\n}'])
def test_json_of_another_kind_is_refused_with_a_way_out(data: bytes) -> None:
    error = refusal(data)
    assert "this is JSON, but not a feed" in error.message
    assert "JSON Lines" in str(error.hint)


@pytest.mark.parametrize("data", [b'{"a": ', b"[1, 2,", b"[" * 100_000, b'{"a":\n\xff}'])
def test_broken_json_is_refused_as_broken(data: bytes) -> None:
    assert "its JSON is broken" in refusal(data).message


def test_a_json_feed_that_breaks_off_is_an_error_of_its_own() -> None:
    error = refusal(b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1"')
    assert "broken JSON" in error.message


def test_other_xml_is_refused_by_its_root() -> None:
    assert "it starts with <opml>" in refusal(b'<?xml version="1.0"?><opml version="2.0"/>').message


def test_prose_is_refused_as_unknown() -> None:
    assert "its format is not known" in refusal(b"Dear reader, this is no feed.").message


def test_a_name_with_line_breaks_still_makes_one_line() -> None:
    assert refusal(b"", name="two\nlines\x1b[31m").message == "cannot read two lines[31m: it is empty"


def test_the_same_bytes_give_the_same_batch() -> None:
    data = b"<rss><channel><item><title>One</title></item><item><title>Two</title></item></channel></rss>"
    assert read(data) == read(data)
