"""When a source is looked at again: what is learned from its news, and what that makes of the next look."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from digest.model import Rhythm
from digest.work.rhythm import ENOUGH, LATEST, SOONEST, is_known, learned, next_look

# A Monday.
MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


def watched(news: list[datetime], *, weeks: int, every: timedelta = HOUR) -> Rhythm:
    """The rhythm of a source that was looked at every so often."""
    rhythm, at = Rhythm(), MONDAY
    while at < MONDAY + weeks * WEEK:
        came = any(at < each <= at + every for each in news)
        rhythm, at = learned(rhythm, at, at + every, news=came), at + every
    return rhythm


def weekdays(hour: int, *, weeks: int) -> list[datetime]:
    return [MONDAY + day * DAY + hour * HOUR + HOUR / 12 for day in range(7 * weeks) if day % 7 < 5]


def test_a_rhythm_is_known_after_two_days_of_watching_whatever_came() -> None:
    assert not is_known(learned(Rhythm(), MONDAY, MONDAY + ENOUGH - HOUR, news=True))
    assert is_known(learned(Rhythm(), MONDAY, MONDAY + ENOUGH + 2 * HOUR, news=False))


def test_two_looks_at_once_teach_nothing() -> None:
    rhythm = watched([MONDAY + HOUR], weeks=1)
    assert learned(rhythm, MONDAY, MONDAY, news=True) == rhythm


def test_what_is_learned_sums_up_to_the_news_and_the_hours_less_what_was_forgotten() -> None:
    rhythm = watched(weekdays(8, weeks=3), weeks=3)
    assert 10 < rhythm.times < 15
    assert abs(sum(rhythm.days) - rhythm.times) < 0.1
    assert abs(sum(rhythm.quarters) - rhythm.times) < 0.3
    assert rhythm.days[5] < 0.01 < rhythm.days[0]
    assert max(range(96), key=rhythm.quarters.__getitem__) in range(32, 36)


def test_news_that_comes_at_eight_on_weekdays_is_looked_for_soon_after_eight() -> None:
    rhythm = watched(weekdays(8, weeks=4), weeks=4, every=HOUR / 4)
    thursday = MONDAY + 4 * WEEK + 3 * DAY
    look = thursday + 7 * HOUR + next_look(rhythm, thursday + 7 * HOUR, last_news=thursday - 16 * HOUR)
    assert thursday + 8 * HOUR < look <= thursday + 8.5 * HOUR
    after = next_look(rhythm, thursday + 9 * HOUR, last_news=thursday + 8.25 * HOUR)
    assert after > 4 * HOUR


def test_news_that_is_late_by_its_habit_is_looked_for_less_and_less_often_and_then_as_usual() -> None:
    rhythm = watched(weekdays(8, weeks=4), weeks=4, every=HOUR / 4)
    at, yesterday = MONDAY + 4 * WEEK + 3 * DAY + 8.5 * HOUR, MONDAY + 4 * WEEK + 2 * DAY + 8.25 * HOUR
    looks = []
    for _ in range(8):
        looks.append(next_look(rhythm, at, last_news=yesterday))
        at += looks[-1]
    assert looks[0] == SOONEST
    assert looks == sorted(looks)
    assert looks[2] < HOUR < 2 * HOUR < looks[-1]


def test_four_times_the_news_doubles_the_looks() -> None:
    die, spans = random.Random(1), []
    for a_week in (14, 56):
        news = [MONDAY + die.random() * 8 * WEEK for _ in range(8 * a_week)]
        rhythm = watched(news, weeks=8, every=HOUR / 2)
        at = [MONDAY + 8 * WEEK + hour * HOUR for hour in range(0, 168, 5)]
        spans.append(sum((next_look(rhythm, each, last_news=each) for each in at), timedelta()) / len(at))
    assert 1.6 < spans[0] / spans[1] < 2.4


def test_a_silent_source_is_looked_at_about_once_a_day_and_a_busy_one_four_times_an_hour() -> None:
    silent = watched([], weeks=8)
    assert 0.9 * LATEST < next_look(silent, MONDAY, last_news=None) <= LATEST
    busy = watched([MONDAY + minute * HOUR / 12 for minute in range(12 * 24 * 7)], weeks=1, every=HOUR / 4)
    assert next_look(busy, MONDAY, last_news=MONDAY) == SOONEST


def test_a_source_that_changed_its_hour_is_followed_within_two_weeks() -> None:
    moved = weekdays(8, weeks=6) + [each + 6 * WEEK for each in weekdays(15, weeks=2)]
    rhythm = watched(moved, weeks=8, every=HOUR / 4)
    thursday = MONDAY + 8 * WEEK + 3 * DAY
    look = thursday + 14 * HOUR + next_look(rhythm, thursday + 14 * HOUR, last_news=thursday - 9 * HOUR)
    assert thursday + 15 * HOUR < look <= thursday + 15.75 * HOUR
