"""When sources announce that say when: their timetables, and the announcements that follow from them.

The timetables are data, `calendars.toml` beside this file; its text is an argument.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from digest.model import Value

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Turn(Value):
    """One announcement that is expected: what is new from `opens` on belongs to it, up to the next one.

    It is awaited from `due` on and missed from `late` on. `day` is the date it goes by.
    """

    day: date
    opens: datetime
    due: datetime
    late: datetime


class Timetable(Value):
    """On which days (Monday is 0) and at which local time a kind of source announces; see `calendars.toml`."""

    zone: ZoneInfo
    days: frozenset[int]
    at: time
    named: timedelta
    patience: timedelta
    holidays: frozenset[date]

    def turns(self, since: datetime, now: datetime) -> list[Turn]:
        """Return the announcements after `since` and up to `now`, oldest first."""
        return [self._turn(at) for at in self._instants(since, now) if since < at <= now]

    def _instants(self, since: datetime, now: datetime) -> Iterator[datetime]:
        day, last = since.astimezone(self.zone).date(), now.astimezone(self.zone).date()
        while day <= last:
            at = datetime.combine(day, self.at, self.zone).astimezone(UTC)
            if day.weekday() in self.days and self.holidays.isdisjoint((day, self._day(at))):
                yield at
            day += timedelta(days=1)

    def _turn(self, at: datetime) -> Turn:
        return Turn(day=self._day(at), opens=at, due=at, late=at + self.patience)

    def _day(self, at: datetime) -> date:
        return (at + self.named).astimezone(self.zone).date()


def timetables(text: str) -> dict[str, Timetable]:
    """Return the timetables that the text of a file like `calendars.toml` holds, by kind of source."""
    tables: Mapping[str, Any] = tomllib.loads(text)
    return {
        kind: Timetable(
            zone=ZoneInfo(table["zone"]),
            days=frozenset(map(_DAYS.index, table["days"])),
            at=table["at"],
            named=timedelta(hours=table["named"]),
            patience=timedelta(hours=hours),
            holidays=frozenset(table["holidays"]),
        )
        for table in tables.values()
        for kind, hours in table["patience"].items()
    }
