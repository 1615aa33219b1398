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
from jsonschema import Draft202012Validator

from digest.model import Links, PaperId
from digest.render.feed import WHY, Feed, feed_of
from digest.render.jsonfeed import render_json
from digest.render.legal import publishable
from digest.render.xmlfeeds import render_atom, render_rss
from tests.factories import make_paper, make_site, make_topic
from tests.feeds import ENV, HOSTILE, feed_with

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
    found, feed = read(render, feed), publishable(feed)
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
    abstract = r"If $a<b$ & $\alpha>0$, then <b>this</b> &amp; that."
    assert read(render_atom, feed_with(make_paper(abstract=abstract))).entries[0].summary == abstract


@XML_RENDERS
def test_no_sanitiser_finds_anything_to_take_away(render: Render) -> None:
    feed = feed_with(make_paper("<b>A</b>", abstract="<script>alert(1)</script> $a<b$", authors=("<i>Ana</i>",)))
    key = "summary" if render is render_rss else "content"
    clean = feedparser.parse(render(feed)).entries[0][key]
    raw = read(render, feed).entries[0][key]
    assert clean == raw


# JSON Feed

ADDRESS = {"type": "string", "pattern": "^https?://"}
TEXT = {"type": "string", "minLength": 1}
DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
AUTHORS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {"name": TEXT, "url": ADDRESS, "avatar": ADDRESS},
        "minProperties": 1,
        "additionalProperties": False,
    },
}
PAPER_SCHEMA = {
    "type": "object",
    "required": ["about", "score", "why", "parts", "numbers"],
    "properties": {
        "about": {"const": WHY},
        "arxiv_id": TEXT,
        "doi": TEXT,
        "version": {"type": "integer", "minimum": 1},
        "score": {"type": "number"},
        "why": {"type": "array", "items": TEXT},
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "value", "weight"],
                "properties": {"name": TEXT, "value": {"type": "number"}, "weight": {"type": "number"}},
                "additionalProperties": False,
            },
        },
        "numbers": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "additionalProperties": False,
}
ITEM_SCHEMA = {
    "type": "object",
    "required": ["id"],
    "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
    "properties": {
        "id": TEXT,
        "url": ADDRESS,
        "external_url": ADDRESS,
        "title": TEXT,
        "content_html": {"type": "string"},
        "content_text": {"type": "string"},
        "summary": {"type": "string"},
        "image": ADDRESS,
        "banner_image": ADDRESS,
        "date_published": DATE,
        "date_modified": DATE,
        "authors": AUTHORS,
        "tags": {"type": "array", "items": TEXT},
        "language": TEXT,
        "attachments": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["url", "mime_type"],
                "properties": {"url": ADDRESS, "mime_type": TEXT, "size_in_bytes": {"type": "integer"}},
            },
        },
        "_paper": PAPER_SCHEMA,
    },
    "patternProperties": {r"^_[^.]+$": {"type": "object"}},
    "additionalProperties": False,
}
FEED_SCHEMA = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": TEXT,
        "home_page_url": ADDRESS,
        "feed_url": ADDRESS,
        "description": {"type": "string"},
        "user_comment": {"type": "string"},
        "next_url": ADDRESS,
        "icon": ADDRESS,
        "favicon": ADDRESS,
        "authors": AUTHORS,
        "language": TEXT,
        "expired": {"const": True},
        "hubs": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["type", "url"], "properties": {"type": TEXT, "url": ADDRESS}},
        },
        "items": {"type": "array", "items": ITEM_SCHEMA},
    },
    "patternProperties": {r"^_[^.]+$": {"type": "object"}},
    "additionalProperties": False,
}


def faults(document: Any) -> list[str]:
    """Say what is wrong with a JSON Feed by its schema, and by three rules that no schema can state."""
    found = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(FEED_SCHEMA).iter_errors(document)]
    items = document.get("items", [])
    if len({item.get("id") for item in items}) < len(items):
        found.append("an id comes twice")
    if document.get("next_url", "") == document.get("feed_url"):
        found.append("next_url is feed_url")
    return found + [f"no such date: {date}" for date in map(dates_of, items) if not all(map(is_date, date))]


def dates_of(item: Any) -> list[str]:
    return [item[name] for name in ("date_published", "date_modified") if name in item]


def is_date(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def json_of(feed: Feed) -> Any:
    return json.loads(render_json(feed))


@pytest.mark.parametrize("size", [0, 1, 50])
def test_json_feeds_of_any_size_keep_the_specification(size: int) -> None:
    assert faults(json_of(plain_feed(size))) == []


def test_a_json_feed_of_hostile_texts_keeps_the_specification_and_reads_back() -> None:
    feed = hostile_feed(list(HOSTILE))
    assert faults(json_of(feed)) == []
    assert_json_read_back(feed)


@pytest.mark.shared
def test_naughty_strings_are_read_back_from_json(naughty_strings: list[str]) -> None:
    feed = hostile_feed(naughty_strings[:50])
    assert faults(json_of(feed)) == []
    assert_json_read_back(feed)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS)
def test_any_text_is_read_back_from_json(texts: list[str]) -> None:
    assert_json_read_back(hostile_feed(texts))


def assert_json_read_back(feed: Feed) -> None:
    found, feed = json_of(feed), publishable(feed)
    for read_item, item in zip(found["items"], feed.items, strict=True):
        assert (read_item["id"], read_item["title"], read_item["url"]) == (item.id, item.title, item.url)
        assert (read_item["content_html"], read_item.get("summary")) == (item.html, item.summary)
        assert datetime.fromisoformat(read_item["date_published"]) == item.published
        assert tuple(author["name"] for author in read_item["authors"]) == item.authors


def test_the_hub_is_named_in_json() -> None:
    document = json_of(feed_of(make_site(), make_topic(), [], ENV, hubs=["https://hub.example/"]))
    assert document["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]
    assert faults(document) == []


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
        lambda feed: feed["items"][0].pop("content_html"),
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
    assert faults(document)
