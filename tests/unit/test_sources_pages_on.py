"""Answers that come in pages: where each goes on, and what an empty one means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from digest import sources
from digest.errors import SourceError
from digest.model import Batch
from tests.factories import NOON, make_source

DAYS = "https://api.biorxiv.org/details/biorxiv/2026-11-13/2026-11-20"
SEARCH = "https://api.semanticscholar.org/graph/v1/paper/search"
WORKS = "https://api.openalex.org/works?search=moe"


def read(value: Any, name: str) -> Batch:
    data = value if isinstance(value, str) else json.dumps(value)
    return sources.read(data.encode(), source=make_source(url=name), name=name)


def preprints(rows: int, *, cursor: Any, total: Any, status: str = "ok") -> dict[str, Any]:
    message = {"status": status, "cursor": cursor, "count": rows, "total": total}
    found = [{"doi": f"10.1101/{number}", "title": f"Paper {number}", "version": "1"} for number in range(rows)]
    return {"messages": [message], "collection": found}


def test_preprints_go_on_at_the_next_cursor() -> None:
    assert read(preprints(2, cursor=0, total=5), f"{DAYS}/0").next == f"{DAYS}/2"
    assert read(preprints(2, cursor="2", total="5"), f"{DAYS}/2?category=x").next == f"{DAYS}/4?category=x"
    assert read(preprints(2, cursor=2, total=5), f"{DAYS}/2/json").next == f"{DAYS}/4/json"
    assert read(preprints(1, cursor=4, total=5), f"{DAYS}/4").next is None
    assert read(preprints(2, cursor=0, total=5), "saved.json").next is None


def test_days_without_preprints_are_no_error_but_an_empty_page_before_the_last_is() -> None:
    nothing = {"messages": [{"status": "no posts found"}], "collection": []}
    assert read(nothing, f"{DAYS}/0") == Batch(format="biorxiv")
    with pytest.raises(SourceError, match="an empty page, though 5 rows"):
        read(preprints(0, cursor=2, total=5), f"{DAYS}/2")
    with pytest.raises(SourceError, match="the server says 'Error: interval'"):
        read(preprints(0, cursor=0, total=0, status="Error: interval"), f"{DAYS}/0")


def test_a_search_goes_on_by_offset_and_a_bulk_search_by_token() -> None:
    rows = [{"paperId": "a", "title": "One"}]
    assert read({"total": 9, "offset": 0, "next": 1, "data": rows}, f"{SEARCH}?query=moe").next == (
        f"{SEARCH}?query=moe&offset=1"
    )
    bulk = f"{SEARCH}/bulk?query=moe&token=old"
    assert read({"total": 9, "token": "new/1", "data": rows}, bulk).next == f"{SEARCH}/bulk?query=moe&token=new/1"
    assert read({"total": 9, "token": None, "data": rows}, bulk).next is None
    assert read({"recommendedPapers": rows}, SEARCH).entries[0].title == "One"


def test_a_search_that_finds_nothing_is_no_error_but_an_empty_page_is() -> None:
    assert read({"total": 0, "offset": 0}, SEARCH) == Batch(format="semantic-scholar")
    assert read({"total": 0, "token": None, "data": []}, SEARCH) == Batch(format="semantic-scholar")
    with pytest.raises(SourceError, match="an empty page, though 9 results"):
        read({"total": 9, "offset": 3, "data": []}, SEARCH)


def test_works_go_on_by_cursor_until_an_empty_page() -> None:
    rows = [{"id": "https://openalex.org/W1", "title": "One"}]
    assert read({"meta": {"count": 9, "next_cursor": "Ab=="}, "results": rows}, f"{WORKS}&cursor=*").next == (
        f"{WORKS}&cursor=Ab%3D%3D"
    )
    assert read({"meta": {"count": 9, "next_cursor": "Ab=="}, "results": []}, f"{WORKS}&cursor=Aa").next is None
    with pytest.raises(SourceError, match="an empty page, though 9 works"):
        read({"meta": {"count": 9}, "results": []}, f"{WORKS}&cursor=*")


def test_the_daily_list_goes_on_until_an_empty_page() -> None:
    url = "https://huggingface.co/api/daily_papers?date=2026-11-20"
    row = {"paper": {"id": "2611.01230", "title": "Tiny Routers"}}
    assert read([row], url).next == f"{url}&p=1"
    assert read([row], f"{url}&p=1").next == f"{url}&p=2"
    assert read([], f"{url}&p=2").next is None


def test_a_row_that_names_no_day_is_listed_on_the_day_that_was_asked_for() -> None:
    row = {"paper": {"id": "2611.01230", "title": "Tiny Routers"}}
    (entry,) = read([row], "https://huggingface.co/api/daily_papers?date=2026-11-20").entries
    assert entry.listed == NOON


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/feed?page=2", "https://lab.example/feed?page=2"),
        ("https://lab.example/feed.json", None),
        ("javascript:alert(1)", None),
        ("", None),
        (7, None),
    ],
)
def test_a_json_feed_goes_on_at_its_next_url(url: object, expected: str | None) -> None:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Lab", "items": [], "next_url": url}
    assert read(feed, "https://lab.example/feed.json").next == expected


@pytest.mark.parametrize(
    "feed",
    [
        "<feed xmlns='http://www.w3.org/2005/Atom'>{}</feed>",
        "<rss xmlns:a='http://www.w3.org/2005/Atom'><channel>{}</channel></rss>",
    ],
)
def test_a_feed_goes_on_at_its_next_page_else_at_the_archive_before_it(feed: str) -> None:
    name = "link" if "feed>" in feed else "a:link"
    archive = f"<{name} rel='prev-archive' href='/2026/10'/>"
    page = f"<{name} rel='next' href='?page=2'/>"
    assert read(feed.format(archive), "https://lab.example/feed").next == "https://lab.example/2026/10"
    assert read(feed.format(archive + page), "https://lab.example/feed").next == "https://lab.example/feed?page=2"
    assert read(feed.format(f"<{name} rel='self' href='/feed'/>"), "https://lab.example/feed").next is None


def test_a_page_that_names_itself_as_the_next_ends() -> None:
    feed = "<feed xmlns='http://www.w3.org/2005/Atom'><link rel='next' href='/feed?page=2'/></feed>"
    assert read(feed, "https://lab.example/feed?page=2").next is None
