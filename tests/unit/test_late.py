"""Papers that grew after everybody had passed them by."""

from __future__ import annotations

import math
import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import PaperId, Part, Pick, Signal, SignalKind, SourceId
from digest.rank.late import Growth, bloom, first, offered, usual
from digest.render.languages import ENGLISH
from digest.render.why import sentence
from tests.factories import NOON, make_paper, make_pick

DAY = timedelta(days=1)
PAPER = make_paper(listed=NOON - 20 * DAY)


def counted(*points: tuple[float, int], kind: SignalKind = SignalKind.UPVOTES) -> list[Signal]:
    """Numbers by days after the listing."""
    start, source = PAPER.fresh_from, SourceId("list")
    return [
        Signal(paper_id=PAPER.id, kind=kind, source_id=source, at=start + days * DAY, value=value)
        for days, value in points
    ]


def grown(now: int, then: int = 7) -> Growth:
    return Growth(kind=SignalKind.UPVOTES, then=then, now=now, expected=then * 1.4)


def fitting(name: str, relevance: float) -> Pick:
    paper = make_paper(name, id=PaperId(name))
    return make_pick(paper, parts=(Part(name="relevance", value=relevance, weight=1.0),), reasons=("matches",))


@pytest.mark.parametrize(("days", "times"), [(0, 1), (1, 1.15), (2, 1.3), (3, 1.315), (16, 1.4), (400, 1.4), (-1, 1)])
def test_votes_usually_grow_little_after_the_first_day(days: float, times: float) -> None:
    assert usual(days * DAY) == pytest.approx(times)


def test_a_late_bloomer_says_its_numbers() -> None:
    found = bloom(PAPER, counted((0.3, 2), (0.9, 7), (16, 84)), at=NOON)
    assert found
    assert ENGLISH.of(found.reason) == "7 upvotes on its first day, 84 now"
    assert ENGLISH.of(grown(84, then=1).reason) == "1 upvote on its first day, 84 now"


def test_a_usual_growth_is_no_news() -> None:
    assert bloom(PAPER, counted((0.9, 30), (16, 60)), at=NOON) is None


def test_few_votes_prove_nothing() -> None:
    assert bloom(PAPER, counted((0.9, 0), (16, 19)), at=NOON) is None


def test_without_a_number_of_the_first_day_nothing_can_be_told() -> None:
    assert bloom(PAPER, counted((3, 7), (16, 84)), at=NOON) is None
    assert bloom(PAPER, counted((0.5, 84)), at=NOON) is None
    assert bloom(PAPER, [], at=NOON) is None


def test_stars_bloom_too() -> None:
    found = bloom(PAPER, counted((0.5, 3), (9, 1204), kind=SignalKind.STARS), at=NOON)
    assert found
    assert ENGLISH.of(found.reason) == "3 stars on its first day, 1,204 now"


def test_nothing_of_later_is_known() -> None:
    assert bloom(PAPER, counted((0.9, 7), (16, 84)), at=PAPER.fresh_from + 15 * DAY) is None


def test_the_largest_come_first() -> None:
    stars = Growth(kind=SignalKind.STARS, then=0, now=450, expected=0)
    found = [(PaperId("a"), grown(30)), (PaperId("b"), stars), (PaperId("c"), grown(84))]
    assert first(found) == first(found[::-1]) == ["b", "c", "a"]


def test_a_topic_is_offered_few_that_fit_it() -> None:
    held = {PaperId(name): grown(now) for name, now in [("a", 30), ("b", 90), ("c", 60), ("off topic", 900)]}
    picks = [fitting("a", 0.5), fitting("b", 0.4), fitting("c", 0.9), fitting("off topic", 0.1)]
    found = offered(picks, held, relevance=0.3)
    assert [(one.paper.id, one.rank) for one in found] == [("b", 1), ("c", 2)]
    assert sentence(found[0]) == "7 upvotes on its first day, 90 now; matches"


def test_of_series_as_they_really_grow_few_are_told_and_those_that_explode_are() -> None:
    """Growth as measured: median 1.4, 90 % below 2.6, 99 % below 12, drawn as a lognormal body with a heavy tail."""
    die = random.Random(7)
    told, exploded, papers = 0, 0, 4000
    missed = 0
    for _ in range(papers):
        then = max(0, round(math.exp(die.gauss(math.log(7), 1.05))))
        tail = die.random() < 0.03
        times = max(1.0, 1.4 * math.exp(abs(die.gauss(0, 1.6)) if tail else die.gauss(0, 0.4)))
        now = round(then * times)
        bloomed = bloom(PAPER, counted((0.9, then), (16, now)), at=NOON)
        told += bloomed is not None
        if then >= 5 and times >= 12:
            exploded += 1
            missed += bloomed is None
    assert exploded
    assert missed == 0
    assert told / papers < 0.02


@given(st.integers(0, 2**53), st.integers(0, 2**53), st.integers(1, 2**53))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_more_votes_never_make_a_bloomer_less(then: int, now: int, more: int) -> None:
    few = bloom(PAPER, counted((0.9, then), (16, now)), at=NOON)
    many = bloom(PAPER, counted((0.9, then), (16, now + more)), at=NOON)
    assert few is None or many is not None
