"""Store: what the ranker learnt from the papers."""

from __future__ import annotations

from datetime import timedelta

from digest.model import FittedSpace, PaperId
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


A, B, C = (PaperId(name) for name in "abc")


def test_vectors_are_kept_for_one_model_at_a_time(store: Store) -> None:
    store.save_papers([make_paper(id=A), make_paper(id=B)])
    store.save_vectors("one", {A: ("text a", b"\x00\x01"), B: ("text b", b"\x02")})
    assert store.vectors("one", {A: "text a", B: "text b", C: "text c"}) == {A: b"\x00\x01", B: b"\x02"}
    store.save_vectors("two", {A: ("text a", b"\x03")})
    store.save_vectors("one", {})
    assert store.vectors("one", {A: "text a", B: "text b"}) == {}
    assert store.vectors("two", {A: "text a"}) == {}


def test_a_paper_whose_text_changed_has_no_vector_until_it_gets_a_new_one(store: Store) -> None:
    store.save_papers([make_paper(id=A)])
    store.save_vectors("one", {A: ("text a", b"\x00")})
    assert store.vectors("one", {A: "other"}) == {}
    store.save_vectors("one", {A: ("other", b"\x01")})
    assert store.vectors("one", {A: "other"}) == {A: b"\x01"}
    assert store.vectors("one", {A: "text a"}) == {}


def test_a_vector_goes_with_its_paper(store: Store) -> None:
    store.save_papers([make_paper(id=A), make_paper(id=B)])
    store.save_vectors("one", {A: ("text a", b"\x00")})
    store.unite_papers({A: B})
    store.save_vectors("one", {A: ("text a", b"\x00"), C: ("text c", b"\x01")})
    assert store.vectors("one", {A: "text a", C: "text c"}) == {}
