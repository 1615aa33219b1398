"""The pace of questions: how many, when again, and how long a service rests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import MeterHealth, PaperId, Reading, SignalKind
from digest.sources.signals import LOOKS, Limit
from digest.work import pace
from tests.factories import NOON

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
NEW = MeterHealth(meter="github")
LIMIT = Limit(every=MINUTE, burst=5)
READING = Reading(meter="github", paper_id=PaperId("text:a"), since=NOON, next_at=NOON)
STARS = SignalKind.STARS


def test_a_service_may_be_asked_a_burst_and_then_at_an_even_pace() -> None:
    assert pace.allowance(NEW, LIMIT, NOON) == 5
    asked = pace.reserved(NEW, LIMIT, NOON, questions=5)
    assert [pace.allowance(asked, LIMIT, NOON + n * MINUTE) for n in (0, 1, 2, 60)] == [0, 1, 2, 5]
    assert pace.allowance(asked, LIMIT, NOON + 59 * SECOND) == 0


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 20)), max_size=60))
def test_in_no_span_more_is_asked_than_burst_and_pace_allow(steps: list[tuple[int, int]]) -> None:
    health, now, asked = NEW, NOON, []
    for seconds, wanted in steps:
        now += seconds * SECOND
        number = min(wanted, pace.allowance(health, LIMIT, now))
        health = pace.reserved(health, LIMIT, now, questions=number)
        asked += [now] * number
    for first in range(len(asked)):
        for last in range(first, len(asked)):
            assert last - first + 1 <= LIMIT.burst + (asked[last] - asked[first]) / LIMIT.every


def test_a_service_that_rests_is_not_asked() -> None:
    tired = pace.after_answers(NEW, NOON, wait=HOUR)
    assert pace.allowance(tired, LIMIT, NOON + HOUR - SECOND) == 0
    assert pace.allowance(tired, LIMIT, NOON + HOUR) == 5


def test_a_service_that_fails_rests_longer_each_time_and_no_longer_than_it_says() -> None:
    health, rests = NEW, []
    for _ in range(9):
        health = pace.after_trouble(health, "no", NOON, jitter=lambda span: span, wait=None)
        assert health.rests_until
        rests.append((health.rests_until - NOON) / MINUTE)
    assert rests == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    told = pace.after_trouble(NEW, "no", NOON, jitter=lambda span: span, wait=HOUR)
    absurd = pace.after_trouble(NEW, "no", NOON, jitter=lambda span: span, wait=9999 * DAY)
    assert (told.rests_until, absurd.rests_until) == (NOON + HOUR, NOON + DAY)
    healed = pace.after_answers(health, NOON, wait=None)
    assert healed == MeterHealth(meter="github", last_ok=NOON)


def test_a_batch_that_fails_is_asked_by_halves_until_its_culprit_is_alone() -> None:
    sizes = [pace.at_once(MeterHealth(meter="x", failures=n), 100) for n in range(9)]
    assert sizes == [100, 50, 25, 12, 6, 3, 1, 1, 1]


def test_a_paper_is_looked_at_more_and_more_seldom() -> None:
    reading, looks = READING, []
    while reading.next_at:
        looks.append(reading.next_at)
        reading = pace.after_look(reading, {STARS: 100}, reading.next_at, LOOKS)
    assert [(at - NOON) / HOUR for at in looks] == [0, 1, 3, 6, 12, 24, 48, 96, 192, 384]


def test_a_look_that_comes_late_takes_the_place_of_the_next() -> None:
    late = pace.after_look(READING, {}, NOON + 55 * MINUTE, LOOKS)
    assert late.next_at == NOON + 3 * HOUR


def test_an_unknown_paper_is_asked_for_less_often_and_keeps_what_was_known() -> None:
    reading, looks = pace.after_look(READING, {STARS: 5}, NOON, LOOKS), []
    while reading.next_at:
        reading = pace.after_look(reading, None, reading.next_at, LOOKS)
        looks.append(reading.next_at)
    assert [(at - NOON) / HOUR for at in looks if at] == [6, 24, 96, 384]
    assert (reading.unknown, reading.numbers) == (True, {STARS: 5})


@pytest.mark.parametrize(("before", "after", "again"), [(100, 111, True), (100, 109, False), (100, 50, False)])
def test_a_paper_that_still_grows_is_watched_longer(before: int, after: int, again: bool) -> None:
    last = NOON + 16 * DAY
    reading = pace.after_look(READING, {STARS: before}, NOON, LOOKS)
    reading = pace.after_look(reading, {STARS: after}, last, LOOKS)
    assert reading.next_at == (last + 8 * DAY if again else None)


def test_no_paper_is_watched_for_ever() -> None:
    reading, stars = READING, 1
    while reading.next_at:
        now, stars = reading.next_at, stars * 2
        reading = pace.after_look(reading, {STARS: stars}, now, LOOKS)
    assert 120 * DAY <= now - NOON < 130 * DAY
