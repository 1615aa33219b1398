"""Slots: on which local date and at which instant a reader's digest is due, and which editions it carries. Pure.

A daily slot is every local date. A weekly or monthly slot is the first local date whose send hour comes when the
edition of the period that ended is surely out, so that a reader east of the site is not a week behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from digest.edition.calendar import Calendar, instant
from digest.model import CADENCE_OF, Cadence, Edition, Period, Value

# The first attempt is made at most this long after a slot is due; then the slot is skipped as late.
LATEST = timedelta(hours=12)
# Retries end this long after a slot is due, or when the next slot is, whichever is sooner.
GIVE_UP = timedelta(hours=48)
# An edition older than this many of its periods is no news any more.
PERIODS_BACK = 2
KIND_OF = {cadence: kind for kind, cadence in CADENCE_OF.items()}


class Slot(Value):
    """A cadence and the reader's local date of sending; `due` is the first valid instant at or after the send hour."""

    cadence: Cadence
    day: date
    due: datetime

    @property
    def label(self) -> str:
        """How books and commands name it: daily:2026-11-21."""
        return f"{self.cadence}:{self.day}"


def newest(cadence: Cadence, zone: ZoneInfo, hour: int, *, calendar: Calendar, now: datetime) -> Slot:
    """Return the last slot that is due at `now` for readers of that cadence, zone and send hour."""
    if cadence is Cadence.DAILY:
        day = now.astimezone(zone).date()
        slot = _slot(cadence, day, zone, hour)
        return slot if slot.due <= now else _slot(cadence, day - timedelta(days=1), zone, hour)
    period = Period.containing(KIND_OF[cadence], calendar.today(now))
    while (slot := _after(period, zone, hour, calendar)).due > now:
        period = period.previous
    return slot


def carried(editions: Sequence[Edition], slot: Slot, *, covered: datetime) -> list[Edition]:
    """Return the editions a slot's digest carries: of its cadence, released after `covered` and until it is due.

    `covered` is the due moment of the reader's slot before, or of activation. Empty editions carry nothing.
    """
    kind = KIND_OF[slot.cadence]
    oldest = _back(Period.containing(kind, slot.day), PERIODS_BACK)
    return [
        edition
        for edition in editions
        if edition.released
        and edition.picks
        and edition.period.kind is kind
        and covered < edition.released <= slot.due
        and edition.period.start >= oldest.start
    ]


def _slot(cadence: Cadence, day: date, zone: ZoneInfo, hour: int) -> Slot:
    return Slot(cadence=cadence, day=day, due=instant(day, time(hour), zone))


def _after(period: Period, zone: ZoneInfo, hour: int, calendar: Calendar) -> Slot:
    """Return the slot that carries the edition of a period."""
    out = calendar.settled(period)
    cadence, day = CADENCE_OF[period.kind], out.astimezone(zone).date()
    slot = _slot(cadence, day, zone, hour)
    return slot if slot.due >= out else _slot(cadence, day + timedelta(days=1), zone, hour)


def _back(period: Period, periods: int) -> Period:
    for _ in range(periods):
        period = period.previous
    return period
