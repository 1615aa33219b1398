"""What the journeys of mail share: a site with a clock and a real SMTP server, its readers, and a morning of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from typing import Any

import msgspec
import pytest

from digest.app import App, opened
from digest.config.settings import ScheduleSettings, Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.model import Entry, SourceId, Subscriber, SubscriberId, Subscription, SubscriptionState, TopicId
from digest.tokens import subscriber_id
from digest.work.composing import compose_due
from digest.work.importing import ingest
from digest.work.planning import plan
from digest.work.sending import Sent, send
from tests.factories import Clock, make_source, make_topic
from tests.mailserver import Mailbox, running

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SLOT = "daily:2026-11-21"
PAPERS = {"A cache": "How a cache evicts.", "An image": "How an image forms."}


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def relay() -> Iterator[Mailbox]:
    with running() as mailbox:
        yield mailbox


@pytest.fixture
def app(store_url: str, clock: Clock, relay: Mailbox) -> Iterator[App]:
    with two_topics(store_url, clock, relay.url) as app:
        yield app


@contextmanager
def site(store_url: str, clock: Clock, url: str) -> Iterator[App]:
    settings = Settings(
        site=SiteSettings(
            url="https://papers.example", tag="papers.example,2026", secret="s" * 32, contact="ed@papers.example"
        ),
        store=StoreSettings(url=store_url),
        smtp=SmtpSettings(url=url, connections=3, timeout="5s"),
        schedule=ScheduleSettings(compose_at="05:00", compose_by="06:00"),
    )
    with opened(settings, now=clock) as app:
        yield app


@contextmanager
def two_topics(store_url: str, clock: Clock, url: str, papers: Mapping[str, str] = PAPERS) -> Iterator[App]:
    """A site with two topics, and a paper in each unless others are named."""
    with site(store_url, clock, url) as app:
        app.store.put_topics([make_topic("cache", should=("cache",)), make_topic("vision", should=("image",))])
        announce(app, papers)
        yield app


def with_smtp(app: App, **changes: Any) -> App:
    """Return the same site with other settings of mail."""
    smtp = msgspec.structs.replace(app.settings.smtp, **changes)
    return replace(app, settings=msgspec.structs.replace(app.settings, smtp=smtp))


def with_reports(app: App) -> App:
    """Return the same site with addresses for what comes back."""
    return with_smtp(app, returns="bounce@papers.example", complaints="fbl@papers.example")


def announce(app: App, texts: Mapping[str, str]) -> None:
    entries = [
        Entry(source_id=SourceId("list"), external_id=title, title=title, abstract=text)
        for title, text in texts.items()
    ]
    ingest(app, make_source(), entries)


def join(app: App, name: str, *topics: str, **changes: Any) -> SubscriberId:
    id_ = subscriber_id(name.encode().ljust(12, b"."))
    fields: dict[str, Any] = {"id": id_, "address": f"{name}@example.org", "created": app.now()}
    app.store.save_subscribers([Subscriber(**{**fields, **changes})])
    for topic in topics:
        app.store.save_subscription(
            Subscription(subscriber_id=id_, topic_id=TopicId(topic), state=SubscriptionState.ACTIVE, since=app.now())
        )
    return id_


def morning(app: App, clock: Clock) -> None:
    """Let the night pass: editions are composed at the cut, and it is past the send hour."""
    clock.instant = datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert len(compose_due(app, app.store.topics())) >= 2
    clock.instant += 2 * HOUR


def deliver(app: App) -> Sent:
    plan(app)
    return asyncio.run(send(app))


def states(app: App, slot: str = SLOT) -> dict[str, int]:
    return {str(state): count for state, count in app.store.books().get(slot, {}).items()}


def parsed(mail: bytes) -> Any:
    return BytesParser(policy=policy.default).parsebytes(mail)
