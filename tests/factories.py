"""Short ways to build values in tests: each takes only what the test is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from digest.model import (
    Edition,
    EditionState,
    Entry,
    Paper,
    PaperId,
    Part,
    Period,
    Pick,
    Site,
    Source,
    SourceId,
    Topic,
    TopicId,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_site(**changes: Any) -> Site:
    return Site(**{"title": "Digest", "url": "https://digest.example", "tag": "digest.example,2026", **changes})


def make_source(id: str = "list", **changes: Any) -> Source:  # noqa: A002 - the model's word
    return Source(**{"id": SourceId(id), "kind": "jsonl", "name": "The list", **changes})


def make_entry(title: str = "A paper", **changes: Any) -> Entry:
    return Entry(**{"source_id": SourceId("list"), "external_id": title, "title": title, **changes})


def make_paper(title: str = "A paper", **changes: Any) -> Paper:
    given = {"id": PaperId("text:" + title.lower().replace(" ", "-")), "title": title, "first_seen": NOON}
    return Paper(**{**given, "abstract": f"What {title} says.", **changes})


def make_topic(id: str = "kv-cache", **changes: Any) -> Topic:  # noqa: A002 - the model's word
    return Topic(**{"id": TopicId(id), "name": "The KV cache", "should": ("KV cache",), **changes})


def make_pick(paper: Paper | None = None, **changes: Any) -> Pick:
    parts = (Part(name="relevance", value=0.8, weight=0.6), Part(name="freshness", value=0.5, weight=0.25))
    given = {"paper": paper or make_paper(), "rank": 1, "parts": parts, "reasons": ("matches “KV cache”",)}
    return Pick(**{**given, "score": sum(part.value * part.weight for part in parts), **changes})


def make_edition(*picks: Pick, label: str = "2026-11-20", **changes: Any) -> Edition:
    period = Period.parse(label)
    cut = datetime(period.end.year, period.end.month, period.end.day, 5, tzinfo=UTC)
    given = {"topic": make_topic(), "period": period, "cut": cut, "as_of": cut + timedelta(seconds=7)}
    return Edition(**{**given, "picks": picks, "state": EditionState.RELEASED, "released": cut, **changes})


class Clock:
    """A clock that a test sets; it stands still by itself."""

    def __init__(self, instant: datetime = NOON) -> None:
        self.instant = instant

    def __call__(self) -> datetime:
        return self.instant
