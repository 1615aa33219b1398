"""Slots: on which local date and at which instant a reader's digest is due, and which editions it carries. Pure.

A daily slot is every local date, or every one from Monday to Friday. A date that a zone left out when it crossed the
date line (Samoa, 30 December 2011) is none. A weekly or monthly slot is the first local date whose send hour comes
when the edition of the period that ended is surely out, so that a reader east of the site is not a week behind. What
falls into quiet hours is due when they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from digest.edition.calendar import Calendar, instant
from digest.model import CADENCE_OF, Cadence, Edition, Period, Value

# The first attempt is made at most this long after a slot is due; then the slot is skipped as late.
LATEST = timedelta(hours=12)
# Retries end this long after a slot is due, or when the next slot is, whichever is sooner.
GIVE_UP = timedelta(hours=48)
# An edition older than this many of its periods is no news any more.
PERIODS_BACK = 2
_SATURDAY = 5
KIND_OF = {cadence: kind for kind, cadence in CADENCE_OF.items()}


class Slot(Value):
    """A cadence and the reader's local date of sending; `due` is the first valid instant at or after the send hour.

    `gap` is how many dates right before it have no slot.
    """

    cadence: Cadence
    day: date
    due: datetime
    gap: int = 0

    @property
    def label(self) -> str:
        """How books and commands name it: daily:2026-11-21."""
        return f"{self.cadence}:{self.day}"


def newest(cadence: Cadence, zone: ZoneInfo, hour: int, *, calendar: Calendar, now: datetime) -> Slot:
    """Return the last slot that is due at `now` for readers of that cadence, zone and send hour."""
    if cadence is Cadence.DAILY:
        return _newest_day(zone, hour, calendar, now)
    period = Period.containing(KIND_OF[cadence], calendar.today(now))
    while (slot := _after(period, zone, hour, calendar)).due > now:
        period = period.previous
    return slot


@lru_cache(maxsize=1024)  # asked for each mail of a slot
def following(day: date, zone: ZoneInfo, hour: int, calendar: Calendar) -> datetime:
    """Return when the daily slot after that of a local date is due."""
    day += timedelta(days=1)
    while not _is_slot(day, zone, calendar):
        day += timedelta(days=1)
    return _slot(Cadence.DAILY, day, zone, hour, calendar).due


def carried(editions: Sequence[Edition], slot: Slot, *, covered: datetime) -> list[Edition]:
    """Return the editions a slot's digest carries: of its cadence, released after `covered` and until it is due.

    `covered` is the due moment of the reader's slot before, or of activation. Empty editions carry nothing.
    """
    kind = KIND_OF[slot.cadence]
    oldest = _back(Period.containing(kind, slot.day - timedelta(days=slot.gap)), PERIODS_BACK)
    return [
        edition
        for edition in editions
        if edition.released
        and edition.picks
        and edition.period.kind is kind
        and covered < edition.released <= slot.due
        and edition.period.start >= oldest.start
    ]


def _newest_day(zone: ZoneInfo, hour: int, calendar: Calendar, now: datetime) -> Slot:
    # Where the clock goes back over midnight, tomorrow was already here.
    day = now.astimezone(zone).date() + timedelta(days=1)
    while not _is_slot(day, zone, calendar) or (slot := _slot(Cadence.DAILY, day, zone, hour, calendar)).due > now:
        day -= timedelta(days=1)
    gap = 0
    while not _is_slot(day - timedelta(days=gap + 1), zone, calendar):
        gap += 1
    return replace(slot, gap=gap)


def _is_slot(day: date, zone: ZoneInfo, calendar: Calendar) -> bool:
    if not calendar.weekends and day.weekday() >= _SATURDAY:
        return False
    return instant(day, time(), zone).astimezone(zone).date() == day


def _slot(cadence: Cadence, day: date, zone: ZoneInfo, hour: int, calendar: Calendar) -> Slot:
    due = instant(day, time(hour), zone)
    quiet = calendar.quiet and calendar.quiet.over(zone, due)
    return Slot(cadence=cadence, day=day, due=_on_a_weekday(quiet, zone, calendar) if quiet else due)


def _on_a_weekday(due: datetime, zone: ZoneInfo, calendar: Calendar) -> datetime:
    """Return a moment that quiet hours moved, moved on over a weekend on which nothing is mailed."""
    local = due.astimezone(zone)
    while not calendar.weekends and local.weekday() >= _SATURDAY:
        local = instant(local.date() + timedelta(days=1), local.time(), zone).astimezone(zone)
    return local.astimezone(due.tzinfo)


def _after(period: Period, zone: ZoneInfo, hour: int, calendar: Calendar) -> Slot:
    """Return the slot that carries the edition of a period."""
    out = calendar.settled(period)
    cadence, day = CADENCE_OF[period.kind], out.astimezone(zone).date()
    while not _is_slot(day, zone, calendar) or (slot := _slot(cadence, day, zone, hour, calendar)).due < out:
        day += timedelta(days=1)
    return slot


def _back(period: Period, periods: int) -> Period:
    for _ in range(periods):
        period = period.previous
    return period
