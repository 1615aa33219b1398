"""Local time is right: one slot for each local date in every zone, through clock changes, quiet hours and weekends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from digest.edition.calendar import Calendar, Quiet
from digest.edition.slots import Slot, carried, following, newest
from digest.model import Cadence
from tests.factories import make_edition, make_pick

SITE = Calendar(zone=ZoneInfo("UTC"), compose_at=time(5), compose_by=time(7), release_by=time(9))
NIGHT = Quiet(begins=time(22), ends=time(6))
FIRST, LAST = date(2025, 1, 1), date(2027, 12, 31)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
HOURS = (0, 1, 2, 3, 7, 23)


def daily(zone: ZoneInfo, hour: int, now: datetime, calendar: Calendar = SITE) -> Slot:
    return newest(Cadence.DAILY, zone, hour, calendar=calendar, now=now)


def changes(zone: ZoneInfo, first: date = FIRST, last: date = LAST) -> Iterator[date]:
    """Yield the days (UTC) on which a zone changes its clocks."""
    at, end = datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC)
    before = at.astimezone(zone).utcoffset()
    while at < end:
        at += DAY
        now = at.astimezone(zone).utcoffset()
        if now != before:
            yield at.date() - DAY
        before = now


@cache
def zones() -> dict[tuple[object, ...], ZoneInfo]:
    """All IANA zones, one of those each that have the same clock in these years."""
    found: dict[tuple[object, ...], ZoneInfo] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offset = datetime.combine(FIRST, time(), UTC).astimezone(zone).utcoffset()
        moments = [
            (day, datetime.combine(day + DAY, time(), UTC).astimezone(zone).utcoffset()) for day in changes(zone)
        ]
        found.setdefault((offset, *moments, *(zone.utcoffset(datetime.combine(d, time(2))) for d, _ in moments)), zone)
    return found


def slots_between(zone: ZoneInfo, hour: int, first: datetime, last: datetime, calendar: Calendar = SITE) -> list[Slot]:
    """Return the slots that a scheduler finds that looks at each moment one of them is due, newest last."""
    found = [daily(zone, hour, last, calendar)]
    while found[-1].due > first:
        found.append(daily(zone, hour, found[-1].due - SECOND, calendar))
    return found[::-1]


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def test_every_zone_is_looked_at() -> None:
    assert len(available_timezones()) > 400
    assert len(zones()) > 60


@pytest.mark.parametrize("hour", HOURS)
def test_in_every_zone_each_local_date_of_three_years_has_one_slot_at_its_hour(hour: int) -> None:
    for zone in zones().values():
        # One hour is walked through, as it is left out in spring; for others the days around changes tell all.
        spans = [(FIRST, LAST)] if hour == 2 else [(day - 2 * DAY, day + 3 * DAY) for day in changes(zone)]
        for first, last in spans:
            found = slots_between(zone, hour, noon(first), noon(last))
            days = [one.day for one in found]
            assert days == [days[0] + n * DAY for n in range(len(days))], (zone, hour)
            for one in found:
                local = one.due.astimezone(zone)
                assert local.replace(tzinfo=None) >= datetime.combine(one.day, time(hour)), (zone, one)
                assert one.due - datetime.combine(one.day, time(hour), zone).astimezone(UTC) <= HOUR, (zone, one)


def test_whenever_a_scheduler_looks_slots_only_go_forward() -> None:
    for zone in zones().values():
        for day in changes(zone):
            start = datetime.combine(day - DAY, time(), UTC)
            for hour in (0, 23):
                days = [daily(zone, hour, start + n * timedelta(minutes=30)).day for n in range(144)]
                assert days == sorted(days), (zone, hour)


@pytest.mark.parametrize(
    ("zone", "missing"), [("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Kwajalein", date(1993, 8, 21))]
)
@pytest.mark.parametrize("hour", [0, 7, 23])
def test_a_date_that_a_zone_left_out_has_no_slot_and_the_next_has_one(zone: str, missing: date, hour: int) -> None:
    found = slots_between(ZoneInfo(zone), hour, noon(missing - 4 * DAY), noon(missing + 4 * DAY))
    days = [one.day for one in found]
    assert missing not in days
    assert {missing - DAY, missing + DAY} <= set(days)
    assert all(later.due - one.due == DAY for one, later in pairwise(found))


def test_an_hour_at_the_end_of_a_day_that_clocks_leave_out_is_due_at_midnight() -> None:
    # Nuuk went from 22:59:59 on 30 March 2024 to midnight.
    nuuk = ZoneInfo("America/Nuuk")
    found = daily(nuuk, 23, datetime(2024, 3, 31, 2, tzinfo=UTC))
    assert (found.day, found.due) == (date(2024, 3, 30), datetime(2024, 3, 31, 1, tzinfo=UTC))
    assert daily(nuuk, 23, datetime(2024, 4, 1, 2, tzinfo=UTC)).day == date(2024, 3, 31)


def test_a_midnight_that_comes_twice_is_one_slot() -> None:
    # St. John's went back from 00:01 to 23:01.
    zone, start = ZoneInfo("America/St_Johns"), datetime(2010, 11, 7, 0, tzinfo=UTC)
    days = [daily(zone, 0, start + n * timedelta(minutes=1)).day for n in range(360)]
    assert days == sorted(days)
    assert set(days) == {date(2010, 11, 6), date(2010, 11, 7)}


def test_a_leap_day_has_a_slot() -> None:
    assert daily(ZoneInfo("Europe/Berlin"), 7, datetime(2028, 2, 29, 12, tzinfo=UTC)).label == "daily:2028-02-29"


@pytest.mark.parametrize("step", [-2 * HOUR, -DAY, 3 * DAY])
def test_a_clock_that_was_wrong_for_a_while_gives_no_other_slots(step: timedelta) -> None:
    zone, now = ZoneInfo("Europe/Berlin"), datetime(2026, 3, 29, 5, tzinfo=UTC)
    right = {daily(zone, 7, now + n * HOUR) for n in range(96)}
    wrong = {daily(zone, 7, now + step + n * HOUR) for n in range(96)}
    assert len({one.label for one in right | wrong}) == len(right | wrong)


@pytest.mark.parametrize("hour", [0, 5, 6, 7, 21, 22, 23])
@pytest.mark.parametrize(
    "quiet", [NIGHT, Quiet(begins=time(1), ends=time(7, 30)), Quiet(begins=time(12), ends=time(14))]
)
def test_nothing_is_due_in_quiet_hours_and_all_within_a_day(hour: int, quiet: Quiet) -> None:
    calendar = replace(SITE, quiet=quiet)
    for zone in list(zones().values())[::3]:
        spans = [(day - 2 * DAY, day + 3 * DAY) for day in list(changes(zone))[:2]] or [(FIRST, FIRST + 5 * DAY)]
        for first, last in spans:
            found = slots_between(zone, hour, noon(first), noon(last), calendar)
            assert [one.day for one in found] == [found[0].day + n * DAY for n in range(len(found))]
            for one in found:
                assert quiet.over(zone, one.due) is None, (zone, one)
                assert timedelta() <= one.due - datetime.combine(one.day, time(hour), zone).astimezone(UTC) < DAY


@given(
    st.sampled_from(sorted(available_timezones())),
    st.integers(0, 20 * 365 * 24 * 60),
    st.times(),
    st.times(),
)
def test_quiet_hours_end_later_and_then_it_is_not_quiet(name: str, minutes: int, begins: time, ends: time) -> None:
    begins, ends = (one.replace(second=0, microsecond=0) for one in (begins, ends))
    now, zone = datetime(2009, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), ZoneInfo(name)
    quiet = Quiet(begins=begins, ends=ends)
    over = quiet.over(zone, now)
    if over is None:
        return
    assert now < over <= now + 26 * HOUR
    again = quiet.over(zone, over)
    # Only a clock that goes back into them makes them last on.
    assert again is None or over.astimezone(zone).utcoffset() != (over + 3 * HOUR).astimezone(zone).utcoffset()


@pytest.mark.parametrize(
    ("begins", "ends", "clock", "quiet"),
    [
        (22, 6, "21:59", False),
        (22, 6, "22:00", True),
        (22, 6, "05:59", True),
        (22, 6, "06:00", False),
        (9, 17, "08:59", False),
        (9, 17, "09:00", True),
        (9, 17, "17:00", False),
        (6, 6, "12:00", False),
    ],
)
def test_quiet_hours_hold_their_first_minute_and_not_their_last(
    begins: int, ends: int, clock: str, quiet: bool
) -> None:
    now = datetime.combine(date(2026, 11, 21), time.fromisoformat(clock), UTC)
    hours = Quiet(begins=time(begins), ends=time(ends))
    assert (hours.over(ZoneInfo("UTC"), now) is not None) is quiet


def test_without_weekends_monday_follows_friday_and_carries_what_came_between() -> None:
    calendar, zone = replace(SITE, weekends=False), ZoneInfo("UTC")
    found = slots_between(zone, 7, datetime(2026, 11, 12, tzinfo=UTC), datetime(2026, 11, 24, 8, tzinfo=UTC), calendar)
    assert [one.day.isoformat()[5:] for one in found] == [
        *("11-11", "11-12", "11-13", "11-16", "11-17", "11-18", "11-19", "11-20", "11-23", "11-24")
    ]
    friday, monday = found[-3], found[-2]
    assert (friday.gap, monday.gap) == (0, 2)
    editions = [
        make_edition(make_pick(), label=f"2026-11-{day}", released=datetime(2026, 11, day + 1, 5, tzinfo=UTC))
        for day in (19, 20, 21, 22)
    ]
    assert carried(editions, monday, covered=friday.due) == editions[1:]


def test_quiet_hours_move_no_mail_into_a_weekend() -> None:
    calendar, zone = replace(SITE, weekends=False, quiet=NIGHT), ZoneInfo("Europe/Berlin")
    found = slots_between(zone, 23, datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 24, 8, tzinfo=UTC), calendar)
    assert {one.due.astimezone(zone).weekday() for one in found} == {0, 1, 2, 3, 4}
    (friday,) = (one for one in found if one.day == date(2026, 11, 20))
    assert friday.due.astimezone(zone) == datetime(2026, 11, 23, 6, tzinfo=zone)


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("quiet", [None, NIGHT])
@pytest.mark.parametrize("weekends", [True, False])
def test_it_is_known_when_the_slot_after_one_is_due(hour: int, quiet: Quiet | None, weekends: bool) -> None:
    calendar = replace(SITE, quiet=quiet, weekends=weekends)
    for zone in map(ZoneInfo, ("America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "Africa/Casablanca")):
        for day in changes(zone):
            found = slots_between(zone, hour, noon(day) - 4 * DAY, noon(day) + 5 * DAY, calendar)
            for slot, after in pairwise(found):
                assert following(slot.day, zone, hour, calendar) == after.due, (zone, slot)


def test_without_weekends_a_monthly_digest_waits_for_monday() -> None:
    calendar = replace(SITE, weekends=False)
    # 1 August 2026 is a Saturday.
    found = newest(Cadence.MONTHLY, ZoneInfo("UTC"), 7, calendar=calendar, now=datetime(2026, 8, 5, tzinfo=UTC))
    assert found.day == date(2026, 8, 3)


def test_who_moves_across_the_world_gets_each_date_once() -> None:
    # The books hold a date once for a reader: what matters is that no date is left out on the way.
    tokyo, angeles, at = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Los_Angeles"), datetime(2026, 11, 21, tzinfo=UTC)
    there = {daily(tokyo, 7, at + n * HOUR).day for n in range(30)}
    back = {daily(angeles, 7, at + n * HOUR).day for n in range(30, 60)}
    days = sorted(there | back)
    assert days == [days[0] + n * DAY for n in range(len(days))]
