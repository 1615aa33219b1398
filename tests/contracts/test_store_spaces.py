"""Store: what the ranker learnt from the papers."""

from __future__ import annotations

from datetime import timedelta

from digest.model import FittedSpace
from digest.store import Store
from tests.factories import NOON, make_paper

DAY = timedelta(days=1)


def learnt(days: int = 0, **changes: object) -> FittedSpace:
    return FittedSpace(**{"fitted": NOON + days * DAY, "papers": 700, "content": b"\x00\xff\n", **changes})  # type: ignore[arg-type]


def test_what_was_learnt_last_until_a_moment_comes_back_to_the_byte(store: Store) -> None:
    for days in (0, 7, 14):
        store.save_space(learnt(days, papers=days))
    assert store.space(at=NOON + 8 * DAY) == learnt(7, papers=7)
    assert store.space_fitted() == (NOON + 14 * DAY, 14)


def test_before_anything_was_learnt_the_first_that_ever_was_has_to_do(store: Store) -> None:
    assert store.space(at=NOON) is None
    assert store.space_fitted() is None
    store.save_space(learnt(7))
    store.save_space(learnt(9))
    assert store.space(at=NOON) == learnt(7)


def test_learning_twice_at_a_moment_keeps_the_second(store: Store) -> None:
    store.save_space(learnt())
    store.save_space(learnt(content=b"again"))
    assert store.space(at=NOON) == learnt(content=b"again")


def test_only_the_last_eight_are_kept(store: Store) -> None:
    for days in range(10):
        store.save_space(learnt(days))
    assert store.space(at=NOON) == learnt(2)


def test_the_newest_papers_are_those_that_are_fresh_and_were_seen_by_then(store: Store) -> None:
    old = make_paper("Old", first_seen=NOON - 9 * DAY)
    listed_long_ago = make_paper("Listed long ago", listed=NOON - 5 * DAY)
    new, later = make_paper("New"), make_paper("Later", first_seen=NOON + DAY)
    store.save_papers([old, listed_long_ago, new, later, make_paper("Gone", withdrawn=True)])
    assert store.newest_papers(2, until=NOON) == [listed_long_ago, new]
    assert store.newest_papers(9, until=NOON) == [listed_long_ago, new, old]


def test_vectors_are_kept_for_one_model_at_a_time(store: Store) -> None:
    store.save_vectors("one", {"a": b"\x00\x01", "b": b"\x02"})
    store.save_vectors("one", {"a": b"later"})
    assert store.vectors("one", ["a", "b", "c"]) == {"a": b"\x00\x01", "b": b"\x02"}
    store.save_vectors("two", {"a": b"\x03"})
    assert store.vectors("one", ["a"]) == {}
    assert store.vectors("two", ["a"]) == {"a": b"\x03"}
