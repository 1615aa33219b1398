"""How long an answer may be kept before it is asked for again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from digest.edition import Calendar
from digest.model import Period, PeriodKind
from digest.work.census import Syndicated

# What never changes; a year is the longest that RFC 9111's predecessors allowed.
FOR_EVER = timedelta(days=365)
# A title may be mended, or a paper withdrawn, long before a month's next edition.
LONGEST = timedelta(days=1)
# An edition is on its way, and nobody knows when exactly.
SOON = timedelta(minutes=5)
USUAL = timedelta(minutes=10)


def lasts(feed: Syndicated | None, modified: datetime | None, calendar: Calendar, now: datetime) -> timedelta:
    """Return how long a file is good: a feed until its topic's next edition is due, its archive for ever."""
    if feed is None:
        return USUAL
    if feed.final:
        return FOR_EVER
    if feed.kind is None:
        return USUAL
    current = _current(feed.kind, calendar, now)
    overdue = now < calendar.settled(current.previous) and (
        modified is None or modified < calendar.cut(current.previous)
    )
    return SOON if overdue else max(SOON, min(calendar.cut(current) - now, LONGEST))


def _current(kind: PeriodKind, calendar: Calendar, now: datetime) -> Period:
    """Return the period whose edition is due next."""
    running = Period.containing(kind, calendar.today(now))
    return running.previous if now < calendar.cut(running.previous) else running
