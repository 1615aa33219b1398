"""How sources stand: fresh, waiting, quiet, stalled or failed, each whole and each arXiv category of it.

*Quiet*: nothing is expected now. *Waiting*: something is, and may still come. *Stalled*: it is late although polls
succeed, so the source shows an old batch. *Failed*: polls fail. What counts is which entries were new to us when,
never a date that a source claims; a batch of less than a third of what such a weekday usually has is not the batch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate, takewhile
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from digest.model import Arrival, Condition, Health, Source, SourceId, SourceState
from digest.watch.calendar import Timetable, Turn
from digest.watch.habits import LOOK_BACK, NOTABLE, categories_of, learned

# A day with a smaller share of its usual count is an alarm.
ENOUGH = 0.3
# What is missing for longer is not waited for any more.
HOPE = timedelta(days=1)
_FRESH = timedelta(days=1)
_SAMPLES = 3


def conditions(
    sources: Iterable[Source],
    healths: Mapping[SourceId, Health],
    counted: Iterable[Arrival],
    timetables: Mapping[str, Timetable],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> list[Condition]:
    """Return how the polled sources stand at `now`, each followed by its categories.

    `counted` is what arrived in the LOOK_BACK before, oldest first; days of sources without a timetable are `zone`'s.
    """
    series: dict[tuple[SourceId, str], list[Arrival]] = {}
    for arrival in counted:
        series.setdefault((arrival.source_id, arrival.category), []).append(arrival)
    return [
        _condition(source, category, healths[source.id], series.get((source.id, category), []), table, zone, now)
        for source in sources
        if source.url and source.enabled
        for table in [timetables.get(source.kind)]
        for category in ("", *categories_of(source))
    ]


def missed(
    source: Source,
    health: Health,
    series: Sequence[Arrival],
    timetables: Mapping[str, Timetable],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[date, ...]:
    """Return the days of a source's announcements that are late, or came too late or too small, oldest first.

    `series` is what arrived of the source as a whole in the LOOK_BACK before, oldest first.
    """
    days = _days(_turns(health, series, timetables.get(source.kind), zone, now), series)
    return tuple(day.turn.day for day in days if day.turn.late <= now and not day.answered)


def worth_waiting(condition: Condition, now: datetime) -> bool:
    """Say whether what a source misses may be expected soon enough for an edition to wait: never one that gave nothing
    yet, which may be an address that is wrong.
    """
    known = condition.behind and condition.last_new is not None
    return known and condition.since is not None and now - condition.since < HOPE


class _Day(NamedTuple):
    """A turn, and what came of it."""

    turn: Turn
    entries: int
    usual: int | None

    @property
    def answered(self) -> bool:
        small = self.usual is not None and self.usual >= NOTABLE and self.entries < ENOUGH * self.usual
        return self.entries > 0 and not small


def _condition(
    source: Source,
    category: str,
    health: Health,
    series: Sequence[Arrival],
    table: Timetable | None,
    zone: ZoneInfo,
    now: datetime,
) -> Condition:
    last_new = series[-1].at if series else None
    days = _days(_turns(health, series, table, zone, now), series)
    missing = _missing(days, now)
    state, since = _state(health, missing, days, last_new, now)
    certain = table is not None
    behind = (
        state is SourceState.STALLED or (certain and bool(missing)) or (not certain and state is SourceState.FAILED)
    )
    return Condition(
        source_id=source.id,
        name=f"arXiv {category}" if category else source.name,
        category=category or None,
        state=state,
        since=since,
        behind=behind,
        certain=certain,
        last_new=last_new,
        shows=_shown(days, last_new, zone),
        day=days[-1].turn.day if days else None,
        count=days[-1].entries if days else 0,
        usual=days[-1].usual if days else None,
    )


def _turns(
    health: Health, series: Sequence[Arrival], table: Timetable | None, zone: ZoneInfo, now: datetime
) -> list[Turn]:
    """Return the announcements that can be judged: those after the baseline, in which old stock came with the new."""
    if health.baseline_at is None:
        return []
    since = max(health.baseline_at, now - LOOK_BACK)
    if table:
        return table.turns(since, now)
    return learned([one for one in series if one.at > since], since=since, zone=zone, now=now)


def _days(turns: Sequence[Turn], series: Sequence[Arrival]) -> list[_Day]:
    counts = _counts(turns, series)
    usual = _usual([(turn.day.weekday(), count) for turn, count in zip(turns, counts, strict=True)][:-1])
    return [_Day(turn, count, usual[turn.day.weekday()]) for turn, count in zip(turns, counts, strict=True)]


def _counts(turns: Sequence[Turn], series: Sequence[Arrival]) -> list[int]:
    """Return how many entries came from each announcement on and before the next."""
    sums = [0, *accumulate(one.entries for one in series)]
    starts = [bisect_left(series, turn.opens, key=lambda one: one.at) for turn in turns]
    return [sums[stop] - sums[start] for start, stop in zip(starts, [*starts[1:], len(series)], strict=False)]


def _usual(past: Sequence[tuple[int, int]]) -> list[int | None]:
    """Return for each weekday the median count, that of all days where it is not known often enough, or None."""
    counts = [[count for weekday, count in past if weekday == wanted] for wanted in range(7)]
    total = [count for _, count in past]
    known = (same if len(same) >= _SAMPLES else total for same in counts)
    return [round(median(one)) if len(one) >= _SAMPLES else None for one in known]


def _missing(days: Sequence[_Day], now: datetime) -> list[_Day]:
    """Return the announcements that are due and did not come, the latest first, up to the last one that did."""
    started = days if not days or days[-1].answered or days[-1].turn.due <= now else days[:-1]
    return list(takewhile(lambda day: not day.answered, reversed(started)))


def _state(
    health: Health, missing: Sequence[_Day], days: Sequence[_Day], last_new: datetime | None, now: datetime
) -> tuple[SourceState, datetime | None]:
    if health.failing_since:
        return SourceState.FAILED, health.failing_since
    if missing:
        first = missing[-1].turn
        # An answer from before it was late proves nothing.
        if health.last_ok and first.late <= min(now, health.last_ok):
            return SourceState.STALLED, first.late
        return SourceState.WAITING, first.due
    if last_new and now - last_new < _FRESH:
        return SourceState.FRESH, last_new
    return SourceState.QUIET, last_new + _FRESH if last_new else None


def _shown(days: Sequence[_Day], last_new: datetime | None, zone: ZoneInfo) -> date | None:
    told = next((day.turn.day for day in reversed(days) if day.entries), None)
    return told or (last_new.astimezone(zone).date() if last_new else None)
