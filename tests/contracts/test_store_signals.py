"""Store: series of numbers, and the counts of terms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.errors import StoreError
from digest.model import PaperId, Signal, SignalKind, SourceId
from digest.store import Store
from tests.factories import NOON, make_paper

HOUR = timedelta(hours=1)
PAPER, OTHER = make_paper("A paper"), make_paper("Another")


@pytest.fixture(autouse=True)
def papers(store: Store) -> None:
    store.save_papers([PAPER, OTHER])


LIST, NEWS = SourceId("list"), SourceId("news")


def signal(value: int, **changes: Any) -> Signal:
    given = {"paper_id": PAPER.id, "kind": SignalKind.UPVOTES, "source_id": SourceId("list"), "at": NOON}
    return Signal(**{**given, "value": value, **changes})


def test_the_same_moment_again_is_ignored(store: Store) -> None:
    assert store.save_signals([signal(5), signal(6, at=NOON + HOUR)]) == 2
    assert store.save_signals([signal(7), signal(8, at=NOON + 2 * HOUR)]) == 1
    assert [one.value for one in store.series([PAPER.id], until=NOON + 9 * HOUR)[PAPER.id]] == [5, 6, 8]


def test_a_series_ends_with_the_moment_asked_for(store: Store) -> None:
    later, now = signal(6, at=NOON + HOUR), signal(5)
    store.save_signals([later, now, signal(1, paper_id=OTHER.id)])
    assert store.series([PAPER.id], until=NOON + HOUR) == {PAPER.id: [now, later]}
    assert store.series([PAPER.id], until=NOON) == {PAPER.id: [now]}


def test_series_of_many_papers_come_at_once(store: Store) -> None:
    mine, theirs = signal(5), signal(1, paper_id=OTHER.id)
    store.save_signals([mine, theirs])
    both = store.series([PAPER.id, OTHER.id, PaperId("text:none")], until=NOON)
    assert both == {PAPER.id: [mine], OTHER.id: [theirs]}


def test_a_lists_day_is_told_by_the_latest_votes_of_its_papers(store: Store) -> None:
    quiet = make_paper("Another day", first_seen=NOON + 24 * HOUR)
    store.save_papers([quiet])
    stars = signal(900, kind=SignalKind.STARS)
    store.save_signals([signal(9), signal(4, at=NOON + HOUR), signal(3, paper_id=OTHER.id), stars])
    store.save_signals([signal(1, paper_id=quiet.id, at=NOON + 24 * HOUR), signal(7, source_id=NEWS)])
    start, end, now = NOON - HOUR, NOON + HOUR, NOON + 30 * HOUR
    assert store.day_votes(start, end, at=now) == {(LIST, NOON.date()): [3, 4], (NEWS, NOON.date()): [7]}
    assert store.day_votes(start, end, at=NOON)[LIST, NOON.date()] == [3, 9]
    assert store.day_votes(start, end + 24 * HOUR, at=now)[LIST, quiet.first_seen.date()] == [1]


def test_papers_that_grew_are_found_by_votes_or_stars(store: Store) -> None:
    steady = make_paper("Steady")
    store.save_papers([steady])
    later = NOON + 24 * HOUR
    store.save_signals([signal(7), signal(40, at=later), signal(39, paper_id=steady.id, at=later)])
    store.save_signals([signal(value, paper_id=steady.id, at=NOON) for value in (30,)])
    store.save_signals([signal(0, paper_id=OTHER.id, kind=SignalKind.STARS)])
    store.save_signals([signal(500, paper_id=OTHER.id, kind=SignalKind.STARS, at=later)])
    assert store.grown(NOON, later, since=NOON, at=later, least=20) == sorted([PAPER.id, OTHER.id])
    assert store.grown(NOON, NOON, since=NOON, at=later, least=20) == []
    assert store.grown(NOON, later, since=later, at=later, least=20) == []
    assert store.grown(NOON, later, since=NOON, at=later, least=100) == [OTHER.id]
    assert store.grown(NOON, later, since=NOON, at=later - HOUR, least=20) == []


def test_numbers_are_the_latest_not_the_largest(store: Store) -> None:
    store.save_signals([signal(9), signal(4, at=NOON + HOUR)])
    assert store.numbers([PAPER.id], at=NOON + HOUR) == {PAPER.id: {SignalKind.UPVOTES: 4}}


def test_numbers_know_nothing_of_later(store: Store) -> None:
    store.save_signals([signal(4), signal(9, at=NOON + HOUR)])
    assert store.numbers([PAPER.id], at=NOON + HOUR - timedelta(seconds=1)) == {PAPER.id: {SignalKind.UPVOTES: 4}}
    assert store.numbers([PAPER.id], at=NOON - HOUR) == {}


def test_of_several_sources_the_largest_latest_number_counts(store: Store) -> None:
    elsewhere = SourceId("elsewhere")
    store.save_signals([signal(5), signal(50, source_id=elsewhere), signal(3, source_id=elsewhere, at=NOON + HOUR)])
    assert store.numbers([PAPER.id], at=NOON)[PAPER.id] == {SignalKind.UPVOTES: 50}
    assert store.numbers([PAPER.id], at=NOON + HOUR)[PAPER.id] == {SignalKind.UPVOTES: 5}


def test_kinds_and_papers_are_kept_apart_and_zero_is_a_number(store: Store) -> None:
    store.save_signals([signal(0), signal(7, kind=SignalKind.STARS), signal(2, paper_id=OTHER.id)])
    assert store.numbers([PAPER.id, OTHER.id, PaperId("text:none")], at=NOON) == {
        PAPER.id: {SignalKind.UPVOTES: 0, SignalKind.STARS: 7},
        OTHER.id: {SignalKind.UPVOTES: 2},
    }


def test_a_signal_needs_a_paper(store: Store) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.save_signals([signal(1, paper_id=PaperId("text:none"))])


def test_terms_add_up(store: Store) -> None:
    store.count_terms({"cache": 2, "key": 1}, papers=2, tokens=30)
    store.count_terms({"cache": 1, "key": -1}, papers=1, tokens=-10)
    assert store.document_frequencies(["cache", "key", "unheard"]) == {"cache": 3}
    assert store.corpus() == (3, 20)


def test_what_is_uncounted_is_so_until_it_is_said_to_be_counted(store: Store) -> None:
    store.leave_uncounted([OTHER.id, PAPER.id])
    store.leave_uncounted([PAPER.id])
    assert [paper.id for paper in store.uncounted(limit=9)] == sorted([PAPER.id, OTHER.id])
    assert len(store.uncounted(limit=1)) == 1
    assert store.uncounted_of([PAPER.id, PaperId("text:none")]) == {PAPER.id}
    store.forget_uncounted([PAPER.id])
    assert store.uncounted(limit=9) == [OTHER]


def test_a_paper_that_becomes_another_need_not_be_counted(store: Store) -> None:
    store.leave_uncounted([OTHER.id, PAPER.id])
    store.unite_papers({OTHER.id: PAPER.id})
    assert store.uncounted(limit=9) == [PAPER]


def test_an_empty_store_has_counted_nothing(store: Store) -> None:
    assert store.corpus() == (0, 0)
    assert store.document_frequencies([]) == {}
