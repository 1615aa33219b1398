"""What the crowd says of a paper."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Paper, PaperId, Signal, SignalKind, SourceId
from digest.rank.trend import (
    Crowd,
    Days,
    crowd,
    forecast,
    gain,
    level,
    listing_day,
    mentions,
    pace,
    risers,
    rising,
    trend,
)
from tests.factories import NOON, make_paper

HOUR = timedelta(hours=1)
LIST = SourceId("list")
PAPER = make_paper(listed=NOON - 9 * HOUR)
NUMBERS = st.integers(-5, 2**53)


def votes(*numbers: int, every: timedelta = HOUR, source: str = LIST, **changes: Any) -> list[Signal]:
    """A series that ends at noon."""
    start = NOON - every * (len(numbers) - 1)
    given = {"paper_id": PAPER.id, "kind": SignalKind.UPVOTES, "source_id": SourceId(source)}
    return [
        Signal(**{**given, "at": start + every * place, "value": one, **changes}) for place, one in enumerate(numbers)
    ]


def known(series: list[Signal], days: Days | None = None, paper: Paper = PAPER, announced: int = 1) -> Crowd:
    return crowd(paper, series, days or {}, announced=announced, at=NOON)


def test_a_steady_pace_is_the_votes_an_hour() -> None:
    seen = [(NOON - place * HOUR, 100 - 5 * place) for place in range(19, -1, -1)]
    assert pace(seen, NOON - 20 * HOUR, NOON) == pytest.approx(5, rel=1e-3)


def test_a_pace_fades_when_votes_stop() -> None:
    seen = [(NOON - 2 * HOUR, 0), (NOON - HOUR, 60)]
    late = pace(seen, NOON - 2 * HOUR, NOON + HOUR)
    assert late == pytest.approx(pace(seen, NOON - 2 * HOUR, NOON) * 2 ** -(60 / 45))


def test_first_votes_came_since_the_listing_not_in_a_moment() -> None:
    assert pace([(NOON, 40)], NOON - 20 * HOUR, NOON) == pytest.approx(2, rel=1e-3)
    assert pace([(NOON, 40)], NOON, NOON) == pace([(NOON, 40)], NOON - HOUR, NOON) < 40


def test_the_top_is_votes_and_what_soon_comes() -> None:
    assert forecast(41, 2.5) == 56
    assert known(votes(10, 10, 10)).pace < known(votes(0, 5, 10)).pace


def test_rising_is_for_the_young() -> None:
    assert rising(10, NOON - 6 * HOUR, NOON) == 5
    assert rising(10, NOON, NOON) == rising(10, NOON + 99 * HOUR, NOON) == 10


def test_the_sites_rising_list_holds_what_gets_votes_the_fastest_first() -> None:
    known = {PaperId(name): Crowd(rising=rate) for name, rate in [("b", 2.0), ("a", 2.0), ("c", 5.0), ("still", 0.0)]}
    assert risers(known) == ["c", "a", "b"]


def test_a_gain_is_told_with_the_span_in_which_it_was_seen() -> None:
    seen = [(one.at, one.value) for one in votes(5, 8, 12, 17, 30)]
    assert gain(seen, NOON) == (22, 3 * HOUR)
    assert gain(seen[-2:], NOON) == (13, HOUR)
    assert gain(seen[-1:], NOON) == (0, None)
    assert gain(seen, NOON + 13 * HOUR) == (0, None)


def test_a_series_that_goes_down_is_no_pace_and_no_gain() -> None:
    found = known(votes(90, 80, 70, 60))
    assert (found.gained, found.over) == (0, None)
    assert known(votes(900, 10, paper_id=PAPER.id)).pace == 0


def test_votes_nobody_counts_are_unknown_and_not_none() -> None:
    assert trend(None, Crowd()) is None
    assert trend(0, Crowd()) == 0


def test_levels_are_bounded() -> None:
    assert (level(127), level(2**53), level(-5)) == (1, 1, 0)


def test_a_small_field_is_not_drowned_by_a_large_one() -> None:
    day = listing_day(PAPER)
    large, small = (SourceId("large"), day), (SourceId("small"), day)
    days = {large: [20, 30, 40, *[50] * 30], small: [0, 0, 1, 1, 1, 2, 2, 3, 3, 12]}
    middling, best = known(votes(30, source="large"), days), known(votes(12, source="small"), days)
    assert (best.others, best.beaten, best.ahead) == (9, 9, 0)
    assert (trend(12, best) or 0) > (trend(30, middling) or 0)


def test_among_few_a_standing_says_little() -> None:
    alone = Crowd(others=1, beaten=1)
    assert trend(3, alone) == pytest.approx(level(3) + (1 - level(3)) / 12)


def test_the_best_list_of_several_counts() -> None:
    series = votes(4, source="a") + votes(9, source="b")
    days = {(SourceId("a"), listing_day(PAPER)): [1, 2, 4], (SourceId("b"), listing_day(PAPER)): [9, 50, 60]}
    assert (known(series, days).beaten, known(series, days).others) == (2, 2)


def test_mentions_count_from_the_second_source_on() -> None:
    assert [mentions(Crowd(announced=number)) for number in (0, 1, 2, 4, 99)] == [0, 0, 0.5, 1, 1]


def test_later_numbers_are_not_known_yet() -> None:
    assert known(votes(5) + votes(9, at=NOON + HOUR)) == known(votes(5))


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.integers(1, 2**53), st.integers(-400, 400))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_more_votes_never_lower_a_trend(numbers: list[int], more: int, age: int) -> None:
    paper = make_paper(listed=None, first_seen=NOON - age * HOUR)
    days = {(LIST, listing_day(paper)): [0, 3, 5, 5, 80]}
    before, after = (known(votes(*numbers[:-1], last), days, paper) for last in (numbers[-1], numbers[-1] + more))
    low, high = trend(numbers[-1], before), trend(numbers[-1] + more, after)
    assert low is not None
    assert high is not None
    assert 0 <= low <= high + 1e-12
    assert high <= 1
    assert before.rising <= after.rising * (1 + 1e-12)


@given(st.permutations(votes(5, 8, 2, 17) + votes(1, 9, source="b")))
@settings(max_examples=50, derandomize=True, deadline=None)
def test_the_order_of_the_signals_never_shows(series: list[Signal]) -> None:
    assert known(series) == known(votes(5, 8, 2, 17) + votes(1, 9, source="b"))
