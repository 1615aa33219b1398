"""A sender is killed again and again: nobody is forgotten, and only mails whose answer was lost may come twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.app import App, opened, read_settings
from digest.config.settings import Settings
from digest.model import (
    OPEN_DELIVERIES,
    Cadence,
    DeliveryState,
    Subscriber,
    Subscription,
    SubscriptionState,
    TopicId,
)
from digest.tokens import subscriber_id
from digest.work.composing import compose_day
from digest.work.importing import ingest
from tests.factories import make_entry, make_source, make_topic
from tests.mailserver import Mailbox, running

READERS, KILLS, SEED = 2_000, 60, 20261121


def prepared(store_url: str, relay: str, now: datetime) -> tuple[Settings, dict[str, str]]:
    """Make a site whose readers are due at the start of this hour."""
    environment = {
        "DIGEST_SITE_URL": "https://papers.example",
        "DIGEST_SITE_SECRET": "s" * 32,
        "DIGEST_STORE_URL": store_url,
        "DIGEST_SMTP_URL": relay,
        "DIGEST_SMTP_LEASE": "1s",
    }
    settings = read_settings(None, environment)
    due = now.replace(minute=0, second=0, microsecond=0)
    with opened(settings, now=lambda: due - timedelta(hours=1)) as app:
        app.store.put_topics([make_topic("cache", should=("cache",))])
        ingest(app, make_source(), [make_entry("A cache", abstract="How a cache evicts.")])
        compose_day(app, app.store.topics(), (due - timedelta(hours=1)).date())
        with app.store.transaction():
            for number in range(READERS):
                join(app, number, due)
    return settings, environment


def join(app: App, number: int, due: datetime) -> None:
    id_ = subscriber_id(number.to_bytes(12))
    since = due - timedelta(hours=2)
    reader = Subscriber(
        id=id_,
        address=f"r{number}@example.org",
        created=since,
        cadence=Cadence.DAILY,
        send_hour=due.hour,
    )
    app.store.save_subscribers([reader])
    app.store.save_subscription(
        Subscription(subscriber_id=id_, topic_id=TopicId("cache"), state=SubscriptionState.ACTIVE, since=since)
    )


def sender(folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "digest", "send"],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_after(process: subprocess.Popen[bytes], relay: Mailbox, mails: int) -> None:
    """Kill the sender when so many mails have come since now, or when it has ended by itself."""
    target = len(relay.mails) + mails
    while len(relay.mails) < target and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.wait()


def uncertain(settings: Settings) -> set[str]:
    """The readers whose mail was under way when the sender died."""
    with opened(settings) as app:
        rows = app.store.deliveries(state=DeliveryState.IN_DATA)
        return {app.store.subscriber(row.subscriber_id).address for row in rows}


def test_sixty_kills_lose_nobody_and_double_only_what_was_under_way(store_url: str, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    with running() as relay:
        settings, environment = prepared(store_url, relay.url, datetime.now(UTC))  # noqa: TID251 - the sender's real clock
        ambiguous: Counter[str] = Counter()
        for _ in range(KILLS):
            kill_after(sender(tmp_path, environment), relay, dice.randrange(0, 45))
            ambiguous.update(uncertain(settings))
        ended = finish(settings, environment, tmp_path)

    copies = Counter(address for address, _ in relay.mails)
    lost = [f"r{number}@example.org" for number in range(READERS) if not copies[f"r{number}@example.org"]]
    doubled = {address for address, count in copies.items() if count > 1}
    print(f"seed {SEED}: {KILLS} kills, {sum(ambiguous.values())} under way, {len(lost)} lost, {len(doubled)} doubled")
    assert lost == []
    assert doubled <= set(ambiguous)
    assert max(copies.values()) <= 2
    assert sum(ended.values()) == READERS
    assert not OPEN_DELIVERIES & set(ended)
    for address in doubled:
        first, second = relay.to(address)
        assert first == second


def finish(settings: Settings, environment: dict[str, str], folder: Path) -> dict[DeliveryState, int]:
    """Let senders run undisturbed until the books are closed; return them."""
    for _ in range(20):
        assert sender(folder, environment).wait(timeout=120) == 0
        with opened(settings) as app:
            (books,) = app.store.books().values()
        if not OPEN_DELIVERIES & set(books):
            return books
        time.sleep(0.5)
    raise AssertionError(f"the books are still open: {books}")
