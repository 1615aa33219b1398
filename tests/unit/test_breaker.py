"""When the first answers to a slot's mails say that something is wrong with it."""

from __future__ import annotations

import pytest

from digest.work.sending.breaker import FIRST, Tally


def after(*refused: bool) -> Tally:
    tally = Tally()
    for one in refused:
        tally = tally.plus(refused=one)
    return tally


@pytest.mark.parametrize(("refused", "stops"), [(0, False), (10, False), (11, True), (200, True)])
def test_more_than_a_twentieth_of_the_first_answers_is_too_many(refused: int, stops: bool) -> None:
    assert after(*[True] * refused, *[False] * (FIRST - refused)).too_many(0.05) is stops


def test_it_is_seen_as_soon_as_it_is_certain() -> None:
    assert not after(*[True] * 10).too_many(0.05)
    assert after(*[True] * 11).too_many(0.05)


def test_what_comes_after_the_first_answers_does_not_count() -> None:
    assert after(*[False] * FIRST, *[True] * 500) == Tally(answers=FIRST)


def test_a_share_of_one_is_never_passed_and_one_of_nothing_at_once() -> None:
    assert not after(*[True] * FIRST).too_many(1.0)
    assert after(True).too_many(0.0)
