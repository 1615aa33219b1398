"""On which local date a reader's digest is due, and what it carries."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from digest.edition.calendar import Calendar
from digest.edition.slots import Slot, carried, newest
from digest.model import Cadence, Edition
from tests.factories import make_edition, make_pick

CALENDAR = Calendar(zone=ZoneInfo("UTC"), compose_at=time(5), compose_by=time(7), release_by=time(9))


def slot(cadence: Cadence, zone: str, hour: int, now: datetime) -> Slot:
    return newest(cadence, ZoneInfo(zone), hour, calendar=CALENDAR, now=now)


@pytest.mark.parametrize(
    ("zone", "hour", "label"),
    [
        ("UTC", 7, "daily:2026-11-21"),
        ("UTC", 23, "daily:2026-11-20"),
        ("Asia/Tokyo", 7, "daily:2026-11-21"),
        ("America/Los_Angeles", 7, "daily:2026-11-20"),
        ("Pacific/Kiritimati", 1, "daily:2026-11-22"),
    ],
)
def test_a_daily_slot_is_the_readers_local_date(zone: str, hour: int, label: str) -> None:
    assert slot(Cadence.DAILY, zone, hour, datetime(2026, 11, 21, 12, tzinfo=UTC)).label == label


def test_a_slot_is_due_at_the_send_hour_and_not_before() -> None:
    at = datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert slot(Cadence.DAILY, "UTC", 7, at).day == date(2026, 11, 21)
    assert slot(Cadence.DAILY, "UTC", 7, at - timedelta(seconds=1)).day == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2026, 11, 23)), ("Asia/Tokyo", date(2026, 11, 24)), ("America/New_York", date(2026, 11, 23))],
)
def test_a_weekly_slot_comes_when_the_weeks_edition_is_surely_out(zone: str, day: date) -> None:
    found = slot(Cadence.WEEKLY, zone, 7, datetime(2026, 11, 26, tzinfo=UTC))
    assert found.day == day
    assert found.due >= datetime(2026, 11, 23, 7, tzinfo=UTC)


def released(label: str, at: datetime) -> Edition:
    return make_edition(make_pick(), label=label, released=at)


def test_a_digest_carries_what_was_released_since_the_slot_before() -> None:
    now = datetime(2026, 11, 21, 7, tzinfo=UTC)
    found = slot(Cadence.DAILY, "UTC", 7, now)
    old = released("2026-11-19", now - timedelta(hours=26))
    fresh = released("2026-11-20", now - timedelta(hours=2))
    late = released("2026-11-20", now + timedelta(seconds=1))
    assert carried([old, fresh, late], found, covered=now - timedelta(days=1)) == [fresh]


def test_a_late_release_is_carried_by_the_first_slot_after_it_and_only_by_that() -> None:
    late = released("2026-11-20", datetime(2026, 11, 21, 9, tzinfo=UTC))
    first = slot(Cadence.DAILY, "UTC", 7, datetime(2026, 11, 21, 8, tzinfo=UTC))
    second = slot(Cadence.DAILY, "UTC", 7, datetime(2026, 11, 22, 8, tzinfo=UTC))
    third = slot(Cadence.DAILY, "UTC", 7, datetime(2026, 11, 23, 8, tzinfo=UTC))
    carriers = [
        one.label
        for before, one in ((first.due - timedelta(days=1), first), (first.due, second), (second.due, third))
        if carried([late], one, covered=before)
    ]
    assert carriers == ["daily:2026-11-22"]


def test_nothing_older_than_two_periods_and_nothing_empty_or_of_another_cadence_is_carried() -> None:
    found = slot(Cadence.DAILY, "UTC", 7, datetime(2026, 11, 21, 8, tzinfo=UTC))
    at = datetime(2026, 11, 21, 6, tzinfo=UTC)
    stale, empty = released("2026-11-17", at), make_edition(label="2026-11-20", released=at)
    weekly = released("2026-W46", at)
    assert carried([stale, empty, weekly], found, covered=at - timedelta(days=9)) == []
