"""JSON Feed, as the specification has it and as people write it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from digest import sources
from digest.model import Batch, Entry
from tests.factories import make_source


def read(*items: Any, version: str = "https://jsonfeed.org/version/1.1") -> Batch:
    feed = {"version": version, "title": "Lab &amp; notes", "items": list(items)}
    return sources.read(json.dumps(feed).encode(), source=make_source(url="https://example.org/feed.json"), name="x")


def only(batch: Batch) -> Entry:
    assert len(batch.entries) == 1, batch.problems
    return batch.entries[0]


def test_plain_text_comes_before_html_for_the_abstract() -> None:
    item = {"id": "1", "title": "One", "content_html": "<p>Long.</p>", "content_text": "a <b> c", "summary": " "}
    assert only(read(item)).abstract == "a <b> c"
    assert only(read({"id": "1", "title": "One", "content_html": "<p>Long.</p>"})).abstract == "Long."


def test_authors_of_both_versions_are_read() -> None:
    assert only(read({"id": "1", "title": "One", "author": {"name": "Ana Ruiz"}})).authors == ("Ana Ruiz",)
    authors = [{"name": "Ana Ruiz"}, {"url": "https://example.org"}, "no object"]
    assert only(read({"id": "1", "title": "One", "authors": authors})).authors == ("Ana Ruiz",)


def test_a_whole_number_is_taken_as_an_id_and_another_is_refused() -> None:
    assert only(read({"id": 7, "title": "One"})).external_id == "7"
    batch = read({"id": 2603.0123, "title": "One"})
    assert batch.problems == ("item 1: an id must be text: 2603.0123 may have lost a zero",)


def test_members_of_wrong_types_are_unknown() -> None:
    item: dict[str, Any] = {"id": None, "title": "One", "url": 7, "tags": "cs", "authors": {}, "date_published": 1}
    entry = only(read(item))
    assert (entry.links.abstract, entry.categories, entry.authors, entry.listed) == (None, (), (), None)


def test_relative_links_start_from_the_feed() -> None:
    assert only(read({"id": "1", "title": "One", "url": "/1"})).links.abstract == "https://example.org/1"


@pytest.mark.parametrize("version", ["https://jsonfeed.org/version/1", "https://www.jsonfeed.org/version/1.1/", "1.0"])
def test_all_spellings_of_the_version_are_known(version: str) -> None:
    assert read(version=version).format == "json-feed"


def test_the_feeds_title_is_plain_text() -> None:
    assert read().title == "Lab &amp; notes"
