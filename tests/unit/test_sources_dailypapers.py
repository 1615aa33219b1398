"""The daily list of Hugging Face: what its rows may leave out, and what is not taken for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from digest import sources
from digest.errors import SourceError
from digest.model import Batch, SignalKind
from tests.factories import make_source

ADDRESS = "https://huggingface.co/api/daily_papers"


def read(*rows: Any, name: str = ADDRESS) -> Batch:
    return sources.read(json.dumps(rows).encode(), source=make_source(), name=name)


def row(outside: dict[str, Any] | None = None, **paper: Any) -> dict[str, Any]:
    return {**(outside or {}), "paper": {"id": "2611.01230", "title": "Tiny Routers", **paper}}


def test_an_empty_list_is_a_day_without_papers_but_only_at_its_own_address() -> None:
    assert read() == Batch(format="daily-papers")
    with pytest.raises(SourceError, match="this is JSON, but not a feed"):
        read(name="https://example.org/list.json")


def test_rows_of_which_none_is_a_paper_are_an_error() -> None:
    with pytest.raises(SourceError, match="no row is a paper: item 1: no text"):
        read({"paper": {"id": "2611.01230"}})


def test_the_day_on_the_list_is_the_listing_date_and_no_other_is() -> None:
    (entry,) = read(row({"publishedAt": "2026-11-19T00:00:00Z"}, publishedAt="2026-11-18T00:00:00Z")).entries
    assert (entry.listed, entry.submitted and entry.submitted.day) == (None, 18)


@pytest.mark.parametrize("count", [None, -1, "17", 1.5, True, 2**60])
def test_a_number_that_is_no_count_is_no_signal(count: object) -> None:
    (entry,) = read(row({"numComments": count}, upvotes=count)).entries
    assert entry.signals == ()


def test_no_votes_yet_is_a_number_too() -> None:
    (entry,) = read(row(upvotes=0)).entries
    assert [(one.kind, one.value, one.at) for one in entry.signals] == [(SignalKind.UPVOTES, 0, None)]


def test_a_list_that_breaks_off_is_refused_whole() -> None:
    whole = json.dumps([row(), row(id="2611.01231")]).encode()
    with pytest.raises(SourceError, match="broken JSON"):
        sources.read(whole[:-20], source=make_source(), name=ADDRESS)
