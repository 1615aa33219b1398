"""When a source brings news, learned from when it did, and when it is worth looking again. Pure.

It is time to look when the news that is probably there has waited for a quarter of an hour or so, all of it together.
Where news may come at any time this is the rule of the square root (four times the news, twice the polls); where it
comes every weekday at five past eight, it is one look soon after.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import sqrt
from typing import NamedTuple

from digest.model import Rhythm

SOONEST = timedelta(minutes=15)
LATEST = timedelta(hours=24)
# How long news may wait, in news times hours; tests/bench/polite.py shows what this costs and what it brings.
WAIT = 2.5 / 60
# Rhythms change with the season, and hours of the day with summer time.
HALF_LIFE = timedelta(days=21)
# Before that much was watched, an hour without news says little.
ENOUGH = timedelta(hours=48)

_HOUR = timedelta(hours=1)
_DAYS, _QUARTERS, _QUARTER = 7, 96, 900
# So much news is taken to come on any day and at any time, before there is any: one weekday proves little.
_ANY_DAY, _ANY_TIME, _ANY = 3.5, 0.7, 0.1
# News that comes at its hour is missed after half of it was due, and for so long.
_MISSED, _MISSED_FOR, _AT_ITS_HOUR = 0.5, timedelta(hours=6), 3


def is_known(rhythm: Rhythm) -> bool:
    """Say whether a source was watched long enough to know its rhythm."""
    return rhythm.hours * _HOUR >= ENOUGH


def learned(rhythm: Rhythm, since: datetime, now: datetime, *, news: bool) -> Rhythm:
    """Return the rhythm after a look at `now`, the last one being at `since`; between the two came the news, if any."""
    hours = (now - since) / _HOUR
    if hours <= 0:
        return rhythm
    kept = 0.5 ** (hours / (HALF_LIFE / _HOUR))
    days = [kept * each for each in rhythm.days or (0.0,) * _DAYS]
    quarters = [kept * each for each in rhythm.quarters or (0.0,) * _QUARTERS]
    for day, quarter, share in _shares(rhythm, since, now) if news else ():
        days[day] += share
        quarters[quarter] += share
    return Rhythm(
        times=_short(kept * rhythm.times + news),
        hours=_short(kept * rhythm.hours + hours),
        days=tuple(map(_short, days)),
        quarters=tuple(map(_short, quarters)),
    )


def next_look(rhythm: Rhythm, now: datetime, *, last_news: datetime | None, wait: float = WAIT) -> timedelta:
    """Return how long to wait before the next look, between 15 minutes and a day. `wait` is in news times hours."""
    rates = _Rates.of(rhythm)
    span = min(_until_it_waits(rates, now, wait), _until_missed(rates, now, last_news))
    return min(max(span, SOONEST), LATEST)


class _Rates(NamedTuple):
    """News an hour: over all, and how many times that by day and by quarter."""

    usual: float
    days: list[float]
    quarters: list[float]

    @classmethod
    def of(cls, rhythm: Rhythm) -> _Rates:
        times = rhythm.times
        days = rhythm.days or (0.0,) * _DAYS
        quarters = rhythm.quarters or (0.0,) * _QUARTERS
        return cls(
            (times + _ANY) / max(rhythm.hours, 1.0),
            [(_DAYS * each + _ANY_DAY) / (times + _ANY_DAY) for each in days],
            [(_QUARTERS * each + _ANY_TIME) / (times + _ANY_TIME) for each in quarters],
        )

    def at(self, day: int, quarter: int) -> float:
        return self.usual * self.days[day] * self.quarters[quarter]


def _until_it_waits(rates: _Rates, now: datetime, wait: float) -> timedelta:
    """Return when the waiting of the news to come sums up to `wait`."""
    news = waited = passed = 0.0
    for day, quarter, hours in _cells(now, now + LATEST):
        rate = rates.at(day, quarter)
        more = waited + news * hours + rate * hours * hours / 2
        if more >= wait:
            # Within this quarter: waited + news x + rate x² / 2 = wait.
            root = sqrt(news * news + 2 * rate * (wait - waited))
            return (passed + 2 * (wait - waited) / (news + root)) * _HOUR
        news, waited, passed = news + rate * hours, more, passed + hours
    return LATEST


def _until_missed(rates: _Rates, now: datetime, last_news: datetime | None) -> timedelta:
    """Return when to look for news that is late by its habit: after half as long again as it is late already."""
    start = max(last_news or now, now - _MISSED_FOR)
    news = late = length = 0.0
    for day, quarter, hours in _cells(start, now):
        late += hours if news >= _MISSED else 0.0
        news, length = news + rates.at(day, quarter) * hours, length + hours
    if news < max(_MISSED, _AT_ITS_HOUR * rates.usual * length):
        return LATEST
    return late / 2 * _HOUR


def _shares(rhythm: Rhythm, since: datetime, now: datetime) -> list[tuple[int, int, float]]:
    """Return by day and quarter where between two looks one piece of news may have come, by what is known already."""
    rates = _Rates.of(rhythm)
    cells = [(day, quarter, hours * rates.at(day, quarter)) for day, quarter, hours in _cells(since, now)]
    total = sum(weight for *_, weight in cells)
    return [(day, quarter, weight / total) for day, quarter, weight in cells]


def _cells(start: datetime, end: datetime) -> Iterator[tuple[int, int, float]]:
    """Yield day, quarter and hours for each quarter of an hour, or part of one, of the last week before `end`."""
    last = end.timestamp()
    at = max(start.timestamp(), last - _DAYS * _QUARTERS * _QUARTER)
    while at < last:
        number = int(at // _QUARTER)
        then = min((number + 1.0) * _QUARTER, last)
        # The first of January 1970 was a Thursday.
        yield (number // _QUARTERS + 3) % _DAYS, number % _QUARTERS, (then - at) / 3600
        at = then


def _short(number: float) -> float:
    return round(number, 4)
