"""Meters and their readings in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from digest.model import MeterHealth, Reading
from digest.store import rows
from digest.store.base import Readings
from digest.store.parts import Part
from digest.store.sql import papers as sql

# An edition of a month is cut at most this long after its first day.
_LONGEST_PERIOD = timedelta(days=33)


class SqlReadings(Part, Readings):
    def enrol(
        self, meter: str, *, about: str, only_counted: bool, start: datetime, now: datetime, next_at: datetime
    ) -> int:
        return self._db.run(
            sql.ENROL.format(condition=sql.ASKABLE[about]),
            meter=meter,
            only_counted=only_counted,
            start=start,
            first_day=(start - _LONGEST_PERIOD).date(),
            now=now,
            next_at=next_at,
        )

    def due_readings(self, meter: str, now: datetime, *, limit: int) -> list[Reading]:
        return self._all(Reading, sql.DUE_READINGS, meter=meter, now=now, limit=limit)

    def save_readings(self, readings: Iterable[Reading]) -> int:
        return self._db.many(sql.SAVE_READING, map(rows.of_value, readings))

    def forget_readings(self, meter: str, *, before: datetime) -> int:
        return self._db.run(sql.FORGET_READINGS, meter=meter, before=before)

    def reading_tallies(self, now: datetime) -> dict[str, tuple[int, int]]:
        found = self._db.rows(sql.READING_TALLIES, now=now)
        return {row["meter"]: (row["watched"], row["due"]) for row in found}

    def meters(self) -> dict[str, MeterHealth]:
        return {health.meter: health for health in self._all(MeterHealth, sql.METERS)}

    def save_meter(self, health: MeterHealth) -> None:
        self._db.many(sql.SAVE_METER, [rows.of_value(health)])
