"""One score from parts, and the words for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Mode, Part, PeriodKind, SignalKind, Weights
from digest.rank.reasons import reasons
from digest.rank.relevance import Match
from digest.rank.score import BEST, CROWD, TRENDING, asks_the_crowd, formula, parts, total, weights_for, weights_of
from digest.rank.trend import Crowd
from digest.render.languages import ENGLISH
from tests.factories import NOON, make_paper, make_pick, make_topic

HOUR = timedelta(hours=1)
FIT = Match(relevance=0.6, evidence=6.0, words=("KV cache",))
PAPER = make_paper(listed=NOON - 9 * HOUR)
LIVELY = Crowd(pace=4.0, rising=2.0, gained=12, over=3 * HOUR, others=39, beaten=37, ahead=1, announced=3)


def scored(votes: int | None, known: Crowd = Crowd(), weights: Weights = TRENDING) -> tuple[Part, ...]:  # noqa: B008
    numbers = {} if votes is None else {SignalKind.UPVOTES: votes}
    return parts(FIT, PAPER, numbers, known, at=NOON, half_life=48 * HOUR, weights=weights)


def said(votes: int, known: Crowd, *, stars: int = 0, voted: bool = True) -> str:
    numbers = {SignalKind.UPVOTES: votes, SignalKind.STARS: stars}
    found = reasons(FIT, PAPER, numbers, known, at=NOON, kind=PeriodKind.DAY, voted=voted)
    return "; ".join(map(ENGLISH.of, found))


def test_every_part_is_behind_the_gate() -> None:
    assert all(0 < part.value <= FIT.relevance for part in scored(41, LIVELY))
    assert total(scored(41, LIVELY)) <= FIT.relevance


def test_what_has_no_weight_is_no_part() -> None:
    assert [part.name for part in scored(41, LIVELY, BEST)] == ["relevance", "trend"]


def test_a_boost_is_bounded_and_what_nobody_counts_is_none() -> None:
    unknown, none, many = (total(scored(votes, weights=CROWD)) for votes in (None, 0, 2**53))
    assert unknown == none
    assert many / none == pytest.approx(1 + CROWD.trend / CROWD.relevance)


def test_unknown_votes_are_said_to_be_unknown() -> None:
    (trend,) = (part for part in scored(None) if part.name == "trend")
    assert (trend.value, trend.detail) == (0.0, "no votes known")


def test_each_part_says_where_it_comes_from() -> None:
    details = {part.name: part.detail for part in scored(41, LIVELY)}
    assert details["trend"].endswith("for 41 upvotes + 6 h × 4.0 an hour, more than 37 of 39 others of its day")
    assert details["rising"].endswith("for 4.0 upvotes an hour × 0.50 for its age")
    assert details["mentions"].endswith("for 3 sources")
    assert all(detail.startswith("relevance 0.600 × ") for name, detail in details.items() if name != "relevance")


def test_a_formula_is_the_sum_with_its_numbers_filled_in() -> None:
    addends = scored(41, LIVELY, BEST)
    pick = make_pick(PAPER, parts=addends, score=total(addends))
    assert formula(pick) == f"{pick.score:.4f} = 0.700 × 0.6000 relevance + 0.300 × {addends[1].value:.4f} trend"


def test_the_dial_goes_from_content_alone_to_the_crowd() -> None:
    topics = [make_topic(crowd=dial) for dial in (0.0, 0.5, 1.0)]
    shares = [weights_for(topic, Weights()).trend for topic in topics]
    assert shares[0] == 0 < shares[1] < shares[2] == CROWD.trend
    assert not asks_the_crowd(weights_for(topics[0], Weights()))


def test_a_table_of_weights_goes_before_the_dial_and_the_dial_before_the_mode() -> None:
    own = Weights(relevance=1.0, freshness=0.0, trend=1.0)
    assert weights_of(Mode.BEST, own, Weights(), 0.0).trend == 0.5
    assert weights_of(Mode.BEST, None, Weights(), 0.0).trend == 0.0


def test_at_dial_0_votes_have_no_effect_at_all() -> None:
    content = weights_of(Mode.TRENDING, None, Weights(), 0.0)
    assert scored(None, weights=content) == scored(900, LIVELY, content)
    assert said(41, LIVELY, voted=False) == "matches “KV cache”; new"


def test_a_pick_says_votes_place_rise_and_sources() -> None:
    words = "matches “KV cache”; 41 upvotes, top 5 % of its day; +12 in 3 hours; announced by 3 sources; new"
    assert said(41, LIVELY) == words


def test_the_best_of_a_day_is_called_so() -> None:
    assert "41 upvotes, the most of its day" in said(41, Crowd(others=20, beaten=20))
    assert said(41, Crowd(others=20, beaten=5, ahead=14)) == "matches “KV cache”; 41 upvotes; new"
    assert said(2, Crowd(others=3, beaten=3)) == "matches “KV cache”; 2 upvotes; new"


def test_a_small_gain_is_no_rise_and_few_stars_are_no_reason() -> None:
    assert "in 3 hours" not in said(410, LIVELY)
    assert "star" not in said(4, Crowd(), stars=49)
    assert "1,204 stars" in said(4, Crowd(), stars=1204)


WEIGHT = st.floats(0, 1)


@given(st.builds(Weights, relevance=WEIGHT, freshness=WEIGHT, trend=WEIGHT, rising=WEIGHT, mentions=WEIGHT))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_weights_add_up_to_one_and_the_score_stays_between_0_and_1(own: Weights) -> None:
    made = weights_of(Mode.FRESH, own, Weights())
    addends = scored(41, LIVELY, made)
    assert sum((made.relevance, made.freshness, made.trend, made.rising, made.mentions)) == pytest.approx(1)
    assert 0 <= total(addends) <= 1
    assert abs(sum(part.value * part.weight for part in addends) - total(addends)) < 1e-9


@given(st.floats(0, 1), st.integers(0, 2**53), st.integers(1, 2**53))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_more_votes_never_lower_a_score_wherever_the_dial_stands(dial: float, votes: int, more: int) -> None:
    weights = weights_of(Mode.FRESH, None, Weights(), dial)
    assert total(scored(votes + more, LIVELY, weights)) >= total(scored(votes, LIVELY, weights))
