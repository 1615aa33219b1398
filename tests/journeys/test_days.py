"""Simulated days of `digest run` with feeds that change: published feeds, mails and books agree to the unit.

DIGEST_SIMULATED_DAYS makes it longer.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from email.utils import format_datetime
from pathlib import Path

import msgspec
import pytest

from digest.app import App, opened
from digest.config.settings import FetchSettings, Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.model import (
    FINAL_DELIVERIES,
    Cadence,
    DeliveryState,
    EditionState,
    PeriodKind,
    Source,
    SourceId,
    Subscriber,
    SubscriberId,
    Subscription,
    SubscriptionState,
    TopicId,
)
from digest.render import paths
from digest.scheduler import chores
from digest.tokens import subscriber_id
from digest.work.sending import send
from tests.factories import Clock, make_topic
from tests.journeys.test_doors import FEED, ITEM, feeds
from tests.mailserver import Mailbox, running

DAYS = int(os.environ.get("DIGEST_SIMULATED_DAYS", "12"))
STEP = timedelta(minutes=30)
READERS = {
    "tokyo": ("Asia/Tokyo", Cadence.DAILY, "cache"),
    "berlin": ("Europe/Berlin", Cadence.DAILY, "cache"),
    "la": ("America/Los_Angeles", Cadence.DAILY, "image"),
    "weekly": ("Asia/Kolkata", Cadence.WEEKLY, "cache"),
}


@pytest.fixture
def relay() -> Iterator[Mailbox]:
    with running() as mailbox:
        yield mailbox


def join(app: App, name: str, zone: str, cadence: Cadence, topic: str) -> SubscriberId:
    id_ = subscriber_id(name.encode().ljust(12, b"."))
    app.store.save_subscribers(
        [Subscriber(id=id_, address=f"{name}@example.org", created=app.now(), cadence=cadence, zone=zone)]
    )
    app.store.save_subscription(
        Subscription(subscriber_id=id_, topic_id=TopicId(topic), state=SubscriptionState.ACTIVE, since=app.now())
    )
    return id_


def write_feed(folder: Path, day: datetime, dice: random.Random, told: list[str]) -> None:
    """Announce some papers of the day, and now and then an old one again."""
    fresh = [f"{dice.choice(['Cache', 'Image'])} paper {day:%m%d}-{n}" for n in range(dice.randrange(0, 6))]
    told += fresh
    shown = told[-12:]
    items = "".join(
        ITEM.format(name="lab", number=title, title=title, text=f"{title}: its text.", date=format_datetime(day))
        for title in shown
    )
    (folder / "lab.rss").write_text(FEED.format(name="lab", items=items), "utf-8")


def titles_in(mail: bytes, known: list[str]) -> list[str]:
    text = BytesParser(policy=policy.default).parsebytes(mail).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    flat = " ".join(text.split())
    return [title for title in known if f". {title} " in flat]


def test_feeds_mails_and_books_agree_to_the_unit(store_url: str, tmp_path: Path, relay: Mailbox) -> None:
    clock, dice, told = Clock(datetime(2026, 11, 2, 0, 30, tzinfo=UTC)), random.Random(7), list[str]()
    (tmp_path / "feeds").mkdir()
    with feeds(tmp_path / "feeds") as address:
        settings = Settings(
            site=SiteSettings(
                url="https://papers.example", tag="papers.example,2026", secret="s" * 32, folder="public"
            ),
            store=StoreSettings(url=store_url),
            smtp=SmtpSettings(url=relay.url, sender="digest@papers.example"),
            fetch=FetchSettings(allow_private=True),
            folder=tmp_path,
        )
        with opened(settings, now=clock) as app:
            app.store.put_topics(
                [make_topic(name, should=(name,), min_score=0.0, limit=40) for name in ("cache", "image")]
            )
            app.store.put_sources([Source(id=SourceId("lab"), kind="feed", name="lab", url=f"{address}/lab.rss")])
            ids = {name: join(app, name, *wishes) for name, wishes in READERS.items()}
            for step in range(int(timedelta(days=DAYS) / STEP)):
                if step % 48 == 0:
                    write_feed(tmp_path / "feeds", clock.instant, dice, told)
                asyncio.run(chores(app, "simulated"))
                asyncio.run(send(app))
                clock.instant += STEP
            check_feeds(app, tmp_path / "public")
            check_mails(app, relay, told, ids)
            check_books(app, relay)


def check_feeds(app: App, public: Path) -> None:
    """Each topic's published feed holds the picks of its daily editions, newest first, and nothing else."""
    for topic in app.store.topics():
        editions = app.store.editions(topic.id, kind=PeriodKind.DAY, state=EditionState.RELEASED)
        picks = [pick for edition in editions for pick in edition.picks]
        feed = msgspec.json.decode((public / "topics" / topic.id / "feed.json").read_bytes())
        wanted = [paths.tag_uri(app.site, f"paper:{pick.paper.id}") for pick in picks][:50]
        assert [item["id"] for item in feed["items"]] == wanted
        assert len(set(wanted)) == len(wanted) > 5


def check_mails(app: App, relay: Mailbox, told: list[str], ids: dict[str, SubscriberId]) -> None:
    """Each reader got each pick of the editions released before the last slot exactly once."""
    for name, (_, cadence, topic) in READERS.items():
        kind = PeriodKind.WEEK if cadence is Cadence.WEEKLY else PeriodKind.DAY
        slots = [row for row in app.store.deliveries() if row.subscriber_id == ids[name]]
        last = max(row.due for row in slots)
        editions = app.store.editions(TopicId(topic), kind=kind, state=EditionState.RELEASED)
        due = Counter(
            pick.paper.title for one in editions if one.released and one.released <= last for pick in one.picks
        )
        got = Counter(title for mail in relay.to(f"{name}@example.org") for title in titles_in(mail, told))
        assert got == due, name
        assert got


def check_books(app: App, relay: Mailbox) -> None:
    """What stands as sent is what arrived, and nothing is open."""
    books: Counter[DeliveryState] = Counter()
    for states in app.store.books().values():
        books.update(states)
    assert set(books) <= FINAL_DELIVERIES
    assert books[DeliveryState.SENT] == len(relay.mails)
    assert books.total() == len(app.store.deliveries())
    daily = [row for row in app.store.deliveries() if row.slot.startswith("daily:")]
    assert len(daily) == len({(row.subscriber_id, row.slot) for row in daily}) >= 3 * (DAYS - 2)
