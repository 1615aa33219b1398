"""How long a mail is tried."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from digest.edition import Calendar
from digest.model import Delivery, DeliveryId, DeliveryState, Ended, Subscriber, SubscriberId
from digest.publish.answers import answer
from digest.work.sending import ends
from digest.work.sending.rules import Doubt, ended

SITE = Calendar(zone=ZoneInfo("UTC"), compose_at=time(5), compose_by=time(7), release_by=time(9))
CLOSED = replace(SITE, weekends=False)
HOUR = timedelta(hours=1)


def reader(zone: str = "UTC", hour: int = 7) -> Subscriber:
    return Subscriber(
        id=SubscriberId("ana"),
        address="ana@example.org",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        zone=zone,
        send_hour=hour,
    )


def mail(slot: str, hour: int = 7) -> Delivery:
    due = datetime.combine(datetime.fromisoformat(slot.partition(":")[2]), time(hour), UTC)
    return Delivery(
        id=DeliveryId("d"), subscriber_id=SubscriberId("ana"), slot=slot, state=DeliveryState.CLAIMED, due=due
    )


@pytest.mark.parametrize(
    ("slot", "calendar", "hours"),
    [
        ("daily:2026-11-20", SITE, 24),
        ("daily:2026-11-19", CLOSED, 24),
        ("daily:2026-11-20", CLOSED, 48),
        ("weekly:2026-11-20", CLOSED, 48),
        ("monthly:2026-11-02", SITE, 48),
        ("confirm:2026-11-20", CLOSED, 48),
        ("access:2026-11-20", CLOSED, 1),
    ],
)
def test_a_mail_is_tried_for_two_days_or_until_the_next_is_due(slot: str, calendar: Calendar, hours: int) -> None:
    assert ends(mail(slot), reader(), calendar) == mail(slot).due + hours * HOUR


def test_the_next_is_due_by_the_readers_clock() -> None:
    # New York sets its clocks forward on 8 March 2026, and back on 1 November.
    spring, autumn = mail("daily:2026-03-07", 12), mail("daily:2026-10-31", 11)
    assert ends(spring, reader("America/New_York"), SITE) == spring.due + 23 * HOUR
    assert ends(autumn, reader("America/New_York"), SITE) == autumn.due + 25 * HOUR


def test_after_a_time_that_was_left_out_the_next_comes_an_hour_sooner() -> None:
    # Berlin has no 02:00 on 29 March 2026.
    moved = mail("daily:2026-03-29", 1)
    assert ends(moved, reader("Europe/Berlin", 2), SITE) == moved.due + 23 * HOUR


def test_a_zone_that_is_not_known_here_counts_as_utc() -> None:
    assert ends(mail("daily:2026-11-20"), reader("Mars/Olympus"), SITE) == mail("daily:2026-11-21").due


@pytest.mark.parametrize(("calendar", "state"), [(SITE, DeliveryState.PARKED), (CLOSED, DeliveryState.DEFERRED)])
def test_what_a_relay_deferred_on_friday_is_tried_on_saturday_where_monday_is_next(
    calendar: Calendar, state: DeliveryState
) -> None:
    friday = mail("daily:2026-11-20")

    def after(hours: int) -> Ended:
        return ended(
            friday,
            answer(451, "later"),
            now=friday.due + hours * HOUR,
            until=ends(friday, reader(), calendar),
            jitter=0,
            doubt=Doubt(wait=HOUR, park=False),
        )

    assert after(20).to is DeliveryState.DEFERRED
    assert after(30).to is state
    assert after(48).to is DeliveryState.PARKED
