"""From a page to its feeds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import discovery
from digest.sources.discovery import Found, feeds_of, known, usual

PAGE = "https://blog.example/posts/today"


def urls(page: str, address: str | None = PAGE) -> list[str]:
    return [found.url for found in feeds_of(page.encode(), address)]


def test_feeds_are_named_in_the_order_of_the_page_with_their_titles() -> None:
    page = """<!doctype html><head>
    <link rel="alternate" type="application/atom+xml" title="Posts &amp; papers" href="/atom.xml">
    <LINK TYPE='application/rss+xml; charset=utf-8' REL='alternate home' HREF='feed?a=1&amp;b=2'/>
    <link rel=alternate type=application/feed+json href=https://other.example/feed.json>
    """
    assert feeds_of(page.encode(), PAGE) == (
        Found(url="https://blog.example/atom.xml", title="Posts & papers"),
        Found(url="https://blog.example/posts/feed?a=1&b=2"),
        Found(url="https://other.example/feed.json"),
    )


@pytest.mark.parametrize(
    "page",
    [
        '<link rel="stylesheet" type="application/rss+xml" href="/a">',
        '<link rel="alternate" type="text/html" href="/a">',
        '<link rel="alternate" type="application/rss+xml">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">',
        '<link rel="alternate" type="application/rss+xml" href="file:///etc/passwd">',
        '<!-- <link rel="alternate" type="application/rss+xml" href="/a"> -->',
        '<a rel="alternate" type="application/rss+xml" href="/a">',
        '<link rel="alternate" type="application/rss+xml" data-href="/a">',
        '<link rel="alternate" type="application/rss+xml" href="http://[broken">',
    ],
)
def test_what_is_no_feed_is_not_named(page: str) -> None:
    assert urls(page) == []


def test_a_feed_is_named_once_and_relative_to_the_base_of_the_page() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="feed">'
    assert urls(f'<base href="/deep/">{link}{link}') == ["https://blog.example/deep/feed"]
    assert urls(f'<base href="javascript:1">{link}') == ["https://blog.example/posts/feed"]


def test_a_saved_page_names_relative_addresses_as_they_are() -> None:
    links = [f'<link rel="alternate" type="application/rss+xml" href="{href}">' for href in ("/feed", "javascript:1")]
    assert urls("".join(links), None) == ["/feed"]


@pytest.mark.parametrize(
    ("page", "kind", "url"),
    [
        ("https://arxiv.org/list/cs.CL/recent", "arxiv-feed", "https://rss.arxiv.org/rss/cs.CL"),
        ("http://www.arxiv.org/list/quant-ph/new?skip=0&show=50", "arxiv-feed", "https://rss.arxiv.org/rss/quant-ph"),
        ("https://arxiv.org/list/cond-mat.mes-hall", "arxiv-feed", "https://rss.arxiv.org/rss/cond-mat.mes-hall"),
        ("https://arxiv.org/archive/q-bio", "arxiv-feed", "https://rss.arxiv.org/rss/q-bio"),
        ("https://arxiv.org/a/warner_s_1", "feed", "https://arxiv.org/a/warner_s_1.atom"),
        ("https://arxiv.org/a/0000-0002-7970-7855", "feed", "https://arxiv.org/a/0000-0002-7970-7855.atom"),
        ("https://huggingface.co/papers", "daily-papers", "https://huggingface.co/api/daily_papers"),
        ("https://huggingface.co/papers/date/2026-11-20", "daily-papers", "https://huggingface.co/api/daily_papers"),
        ("https://www.biorxiv.org/", "biorxiv", "https://api.biorxiv.org/details/biorxiv"),
        ("https://www.medrxiv.org", "biorxiv", "https://api.biorxiv.org/details/medrxiv"),
        (
            "https://www.biorxiv.org/collection/cancer-biology",
            "feed",
            "https://connect.biorxiv.org/biorxiv_xml.php?subject=cancer_biology",
        ),
    ],
)
def test_the_source_behind_a_known_page_is_known(page: str, kind: str, url: str) -> None:
    found = known(page)
    assert found
    assert (found.kind, found.url) == (kind, url)
    assert found.title


@pytest.mark.parametrize(
    "page",
    [
        "https://arxiv.org/abs/2611.01230",
        "https://arxiv.org/list/cs.CL/../../etc",
        "https://arxiv.org.evil.example/list/cs.CL/recent",
        "https://huggingface.co/papers/2611.01230",
        "https://rss.arxiv.org/rss/cs.CL",
        "ftp://arxiv.org/list/cs.CL",
        "no address",
        "",
    ],
)
def test_other_pages_are_not_known(page: str) -> None:
    assert known(page) is None


def test_the_usual_places_are_beneath_the_page_and_its_host() -> None:
    found = usual("https://blog.example/posts?page=2#top")
    assert found[0] == "https://blog.example/posts/feed"
    assert "https://blog.example/rss.xml" in found
    assert len(found) == len(set(found)) == 14
    assert len(usual("https://blog.example")) == 7
    assert usual("javascript:1") == ()


@given(st.binary(max_size=300), st.text(max_size=60))
def test_no_page_and_no_address_is_too_odd(page: bytes, address: str) -> None:
    feeds_of(b"<link " + page + b">", address)
    known(address)
    usual(address)


def test_a_page_is_read_in_linear_time() -> None:
    for odd in (b"<link ", b"<!--", b"<link a=", b'<link rel="', b"<link href='"):
        assert feeds_of(odd * 40_000, PAGE) == ()
    for odd in (b"a" * 1990, b"a=" * 990, b" " * 1990, b"a='" * 660):
        assert discovery.feeds_of((b"<link " + odd + b">") * 130, PAGE) == ()
