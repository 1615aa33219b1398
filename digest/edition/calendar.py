"""When: the site's calendar, which editions are due, and which papers are the window of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from digest.model import Period, PeriodKind, Value

# A paper that a day's edition had no room for, or that a source announced late, stays a candidate this long.
LOOK_BACK = timedelta(days=7)
# How far back missed periods are made up for after a long stop.
CATCH_UP = {PeriodKind.DAY: 31, PeriodKind.WEEK: 8, PeriodKind.MONTH: 3}


class Quiet(Value):
    """Hours of a reader's day, or night, in which no mail begins."""

    begins: time
    ends: time

    def over(self, zone: ZoneInfo, now: datetime) -> datetime | None:
        """Return when a reader's quiet hours end that last at `now`; None if there are none."""
        local = now.astimezone(zone)
        wall, by_night = local.time(), self.begins > self.ends
        if not (wall >= self.begins or wall < self.ends if by_night else self.begins <= wall < self.ends):
            return None
        day = local.date() + timedelta(days=1) if by_night and wall >= self.begins else local.date()
        first = instant(day, self.ends, zone)
        # Where the clock goes back over their end, it comes once more.
        return first if first > now else datetime.combine(day, self.ends, zone).replace(fold=1).astimezone(UTC)


class Calendar(Value):
    """When things happen: editions by the site's clock; mail by the reader's, where `quiet` and `weekends` count."""

    zone: ZoneInfo
    compose_at: time
    compose_by: time
    release_by: time
    manual: bool = False
    quiet: Quiet | None = None
    weekends: bool = True

    def cut(self, period: Period) -> datetime:
        """Return when an edition is due: `compose_at` on the first day after its period."""
        return instant(period.end, self.compose_at, self.zone)

    def deadline(self, period: Period) -> datetime:
        """Return when it is composed even if sources are behind: the first `compose_by` after its cut."""
        return self._after_cut(period, self.compose_by)

    def release(self, period: Period) -> datetime:
        """Return when a draft goes out by itself: the first `release_by` after its cut."""
        return self._after_cut(period, self.release_by)

    def settled(self, period: Period) -> datetime:
        """Return by when an edition is surely out."""
        return self.release(period) if self.manual else self.deadline(period)

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def _after_cut(self, period: Period, at: time) -> datetime:
        day = period.end if at >= self.compose_at else period.end + timedelta(days=1)
        return instant(day, at, self.zone)


class Window(Value):
    """Which papers a period's edition considers: those fresh from `start` until before `end`, and those first seen
    since `new_since` that are fresh from `oldest` on, so that a late announcement is not lost between two editions.
    """

    start: datetime
    end: datetime
    new_since: datetime | None = None
    oldest: datetime | None = None


def zone_of(name: str) -> ZoneInfo:
    """Return a zone by its name; UTC for one that this machine does not know, as its tables may be older than ours."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the first valid instant at or after a local time, in UTC; a time that comes twice is its first coming."""
    local = datetime.combine(day, at)
    while True:
        found = local.replace(tzinfo=zone).astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None) == local:
            return found
        # Inside a gap: clock changes happen on whole minutes, and the longest gap is a day (Samoa, 2011).
        local += timedelta(minutes=1)


def due(
    kinds: Iterable[PeriodKind], known: Mapping[PeriodKind, Set[Period]], *, since: date, today: date
) -> list[Period]:
    """Return the ended periods without an edition, oldest first in each kind; they are due at their cut.

    A topic without editions starts with the period that ended last, not with a flood; a long stop is made up for as
    far as CATCH_UP says; nothing before `since`, the site's first day, is due.
    """
    missing: list[Period] = []
    for kind in kinds:
        have, newest = known.get(kind, frozenset()), Period.containing(kind, today).previous
        first = min((period.start for period in have), default=newest.start)
        first = max(first, Period.containing(kind, since).start)
        missing += [period for period in _from(first, newest)[-CATCH_UP[kind] :] if period not in have]
    return missing


def _from(first: date, newest: Period) -> list[Period]:
    found = []
    while newest.start >= first:
        found.append(newest)
        newest = newest.previous
    return found[::-1]


def window(period: Period, calendar: Calendar) -> Window:
    """Return which papers a period's edition considers."""
    cut, previous = calendar.cut(period), calendar.cut(period.previous)
    if period.kind is PeriodKind.DAY:
        return Window(start=cut - LOOK_BACK, end=cut)
    return Window(start=previous, end=cut, new_since=previous, oldest=previous - LOOK_BACK)
