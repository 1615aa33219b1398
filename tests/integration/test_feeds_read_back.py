"""What other people's parsers read in our feeds is what we wrote, whatever a title holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from time import struct_time
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Links, PaperId
from digest.render.feed import Feed
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss
from tests.factories import make_paper, make_site, make_topic
from tests.feeds import ENV, HOSTILE, feed_of, feed_with
from tests.judges import json_faults

Render = Callable[[Feed], bytes]
# Any character, and often those that markup is made of. Not the upper half of Latin-1: feedparser takes a title of
# such letters that happen to be UTF-8 (as "Ã©" are those of "é") for a title that was encoded twice.
CHARACTERS = st.characters(exclude_categories=(), exclude_characters=[chr(code) for code in range(0x80, 0x100)])
TEXTS = st.lists(st.text(CHARACTERS | st.sampled_from("<>&;#/!-]\"'abx1 ")), max_size=4)
XML_RENDERS = pytest.mark.parametrize("render", [render_rss, render_atom])


def hostile_feed(texts: list[str]) -> Feed:
    """Return a feed with each text as title, author, category and abstract of a paper."""
    return feed_with(
        *[
            make_paper(text, id=PaperId(f"text:{n}"), authors=(text, "Wei Zhang"), categories=("cs.CL",), abstract=text)
            for n, text in enumerate(texts)
        ]
    )


def plain_feed(size: int) -> Feed:
    links = [Links(abstract=f"https://arxiv.org/abs/2611.{n:05}?a=1&b=2") for n in range(size)]
    return feed_with(*[make_paper(f"Paper {n}", authors=("Ana", "Wei"), links=link) for n, link in enumerate(links)])


def read(render: Render, feed: Feed) -> Any:
    """Return what feedparser reads. It takes an RSS title with tags for HTML: it is asked not to sanitise that."""
    return feedparser.parse(render(feed), sanitize_html=False, resolve_relative_uris=False)


def assert_read_back(render: Render, feed: Feed) -> None:
    found = read(render, feed)
    assert not found.bozo
    assert found.feed.title == feed.title
    assert found.feed.link == feed.home
    assert [entry_as_read(entry) for entry in found.entries] == [
        (item.id, item.title, item.url, item.published.timetuple()[:6], item.authors) for item in feed.items
    ]


def entry_as_read(entry: Any) -> tuple[Any, ...]:
    published: struct_time = entry.published_parsed
    return entry.id, entry.title, entry.link, published[:6], tuple(author.name for author in entry.get("authors", ()))


@pytest.fixture
def naughty_strings(shared: Path) -> list[str]:
    lines = (shared / "corpora" / "blns" / "strings.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


# RSS and Atom


@XML_RENDERS
@pytest.mark.parametrize("size", [0, 1, 50])
def test_feeds_of_any_size_are_read_back(render: Render, size: int) -> None:
    feed = plain_feed(size)
    assert len(feed.items) == size
    assert_read_back(render, feed)


@XML_RENDERS
def test_hostile_titles_and_authors_are_read_back(render: Render) -> None:
    assert_read_back(render, hostile_feed(list(HOSTILE)))


@pytest.mark.shared
@XML_RENDERS
def test_naughty_strings_are_read_back(render: Render, naughty_strings: list[str]) -> None:
    for start in range(0, len(naughty_strings), 50):
        assert_read_back(render, hostile_feed(naughty_strings[start : start + 50]))


@XML_RENDERS
@settings(max_examples=60, deadline=None)
@given(texts=TEXTS)
def test_any_text_is_read_back(render: Render, texts: list[str]) -> None:
    assert_read_back(render, hostile_feed(texts))


def test_an_atom_summary_is_the_abstract_with_its_tex() -> None:
    abstract = r"If $a<b$ & $\alpha>0$, then <b>this &amp; that."
    assert read(render_atom, feed_with(make_paper(abstract=abstract))).entries[0].summary == abstract


@XML_RENDERS
def test_no_sanitiser_finds_anything_to_take_away(render: Render) -> None:
    feed = feed_with(make_paper("<b>A</b>", abstract="<script>alert(1)</script> $a<b$", authors=("<i>Ana</i>",)))
    key = "summary" if render is render_rss else "content"
    clean = feedparser.parse(render(feed)).entries[0][key]
    raw = read(render, feed).entries[0][key]
    assert clean == raw


# JSON Feed


def json_of(feed: Feed) -> Any:
    return json.loads(render_json(feed))


@pytest.mark.parametrize("size", [0, 1, 50])
def test_json_feeds_of_any_size_keep_the_specification(size: int) -> None:
    assert json_faults(json_of(plain_feed(size))) == []


def test_a_json_feed_of_hostile_texts_keeps_the_specification_and_reads_back() -> None:
    feed = hostile_feed(list(HOSTILE))
    assert json_faults(json_of(feed)) == []
    assert_json_read_back(feed)


@pytest.mark.shared
def test_naughty_strings_are_read_back_from_json(naughty_strings: list[str]) -> None:
    feed = hostile_feed(naughty_strings[:50])
    assert json_faults(json_of(feed)) == []
    assert_json_read_back(feed)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS)
def test_any_text_is_read_back_from_json(texts: list[str]) -> None:
    assert_json_read_back(hostile_feed(texts))


def assert_json_read_back(feed: Feed) -> None:
    found = json_of(feed)
    for read_item, item in zip(found["items"], feed.items, strict=True):
        assert (read_item["id"], read_item["title"], read_item["url"]) == (item.id, item.title, item.url)
        assert (read_item["content_html"], read_item.get("summary")) == (item.html, item.summary)
        assert datetime.fromisoformat(read_item["date_published"]) == item.published
        assert tuple(author["name"] for author in read_item["authors"]) == item.authors


def test_the_hub_is_named_in_json() -> None:
    document = json_of(feed_of(make_site(), make_topic(), [], ENV, hubs=["https://hub.example/"]))
    assert document["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]
    assert json_faults(document) == []


@pytest.mark.parametrize(
    "break_it",
    [
        lambda feed: feed.pop("title"),
        lambda feed: feed.pop("items"),
        lambda feed: feed.update(version="1.1"),
        lambda feed: feed.update(expired=False),
        lambda feed: feed.update(home_page_url="/topics/"),
        lambda feed: feed.update(next_url=feed["feed_url"]),
        lambda feed: feed.update(authors=[]),
        lambda feed: feed["items"][0].pop("id"),
        lambda feed: [feed["items"][0].pop(name) for name in ("content_html", "content_text")],
        lambda feed: feed["items"][0].update(id=feed["items"][1]["id"]),
        lambda feed: feed["items"][0].update(url="abs/1"),
        lambda feed: feed["items"][0].update(date_published="2026-13-45T00:00:00Z"),
        lambda feed: feed["items"][0].update(date_modified="Sat, 21 Nov 2026 05:00:00 GMT"),
        lambda feed: feed["items"][0].update(tags="cs.CL"),
        lambda feed: feed["items"][0]["_paper"]["parts"][0].pop("weight"),
    ],
)
def test_the_judge_of_json_feeds_sees_a_planted_fault(break_it: Callable[[Any], object]) -> None:
    document = deepcopy(json_of(plain_feed(2)))
    break_it(document)
    assert json_faults(document)
