"""Every minute of the night in which clocks change, in eight zones: one edition and one mail for each local date.

The whole way from papers to the books, in virtual time; at noon the machine's clock is found wrong, and put back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from random import Random
from zoneinfo import ZoneInfo

from digest.app import App, opened
from digest.config.settings import ScheduleSettings, Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.edition.calendar import instant
from digest.model import Cadence, Subscriber, Subscription, SubscriptionState, TopicId
from digest.tokens import subscriber_id
from digest.work.composing import compose_due
from digest.work.importing import ingest
from digest.work.planning import plan
from tests.factories import Clock, make_entry, make_source, make_topic
from tests.gate.reports import Report

SEED = 20261121
# Those in which schedulers were seen to skip or to repeat a day.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Atlantic/Azores",
    "America/Havana",
)
YEAR, MINUTES = 2026, 240
DAY, TICK = timedelta(days=1), timedelta(seconds=30)
BEFORE, AFTER = 1, 2


def changes(zone: ZoneInfo) -> list[date]:
    """Return the two local dates of a year on which a zone changes its clocks."""
    noon = [datetime(YEAR, 1, 1, 12, tzinfo=UTC) + number * DAY for number in range(365)]
    offsets = [at.astimezone(zone).utcoffset() for at in noon]
    return [
        at.astimezone(zone).date()
        for at, before, now in zip(noon[1:], offsets, offsets[1:], strict=False)
        if before != now
    ]


def clocks(step: int) -> Report:
    """Try every `step`th minute from 00:00 to 03:59."""
    dice, faults, cases = Random(SEED), list[str](), 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for day, minute in product(changes(zone), range(0, MINUTES, step)):
            cases += 1
            faults += [
                f"{name} {day} {minute // 60:02}:{minute % 60:02}: {one}" for one in _lived(zone, day, minute, dice)
            ]
    return Report(cases=cases, faults=tuple(faults), seed=SEED)


def _lived(zone: ZoneInfo, day: date, minute: int, dice: Random) -> list[str]:
    """Live through a change of the clock. Returns which local dates had not exactly one edition and one mail."""
    at, days = time(minute // 60, minute % 60), [day + number * DAY for number in range(-BEFORE, AFTER)]
    settings = Settings(
        site=SiteSettings(url="https://papers.example", secret="s" * 32, zone=zone.key),
        store=StoreSettings(url="sqlite://"),
        smtp=SmtpSettings(url="smtp://localhost"),
        schedule=ScheduleSettings(compose_at=f"{at:%H:%M}", compose_by=f"{at:%H:%M}"),
    )
    clock = Clock(instant(days[0] - DAY, time(12), zone))
    with opened(settings, now=clock) as app:
        _begin(app, zone, at.hour)
        for moment in _ticks(zone, at, days, dice):
            clock.instant = moment
            if moment.minute == 59:
                _announce(app, f"Cache {moment}")
            compose_due(app, app.store.topics())
            plan(app)
        return _wrong(app, days)


def _begin(app: App, zone: ZoneInfo, hour: int) -> None:
    app.store.put_topics([make_topic("cache", should=("cache",))])
    _announce(app, "A first cache")
    reader = Subscriber(
        id=subscriber_id(b"a" * 12),
        address="ana@example.org",
        created=app.now(),
        cadence=Cadence.DAILY,
        zone=zone.key,
        send_hour=hour,
    )
    app.store.save_subscribers([reader])
    app.store.save_subscription(
        Subscription(
            subscriber_id=reader.id, topic_id=TopicId("cache"), state=SubscriptionState.ACTIVE, since=app.now()
        )
    )


def _announce(app: App, title: str) -> None:
    ingest(app, make_source(), [make_entry(title, abstract="How a cache evicts.")])


def _ticks(zone: ZoneInfo, at: time, days: list[date], dice: Random) -> Iterator[datetime]:
    """Yield when the scheduler looks: around each moment something is due, and at noon with a wrong clock, too."""
    for day in days:
        midnight = instant(day, time(), zone)
        yield midnight - timedelta(minutes=1)
        moments = {instant(day, at, zone), instant(day, time(at.hour), zone)}
        # Where an hour comes twice, its second coming is no other day.
        moments |= {moment + timedelta(hours=1) for moment in moments}
        for moment in sorted(moments):
            late = timedelta(seconds=dice.randrange(30))
            yield from (moment - TICK + late, moment + late, moment + TICK + late)
        noon = instant(day, time(12), zone)
        yield from (noon, noon - timedelta(hours=2), noon)


def _wrong(app: App, days: list[date]) -> list[str]:
    editions = Counter(edition.period.label for edition in app.store.editions(TopicId("cache")))
    mails = Counter(one.slot for one in app.store.deliveries())
    found = [f"{editions[str(day - DAY)]} editions of {day - DAY}" for day in days if editions[str(day - DAY)] != 1]
    return found + [f"{mails[f'daily:{day}']} mails on {day}" for day in days if mails[f"daily:{day}"] != 1]
