"""A sender is killed again and again: nobody is forgotten, and only mails whose answer was lost may come twice.

Where the relay can be asked, nothing is lost and nothing doubled, even if it gives mails names of its own.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

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
    Value,
)
from digest.tokens import subscriber_id
from digest.work.composing import compose_day
from digest.work.importing import ingest
from digest.work.planning import plan
from digest.work.sending.supply import EACH
from tests.factories import make_entry, make_source, make_topic
from tests.killed import Senders, senders
from tests.receiver import Came, read, receiving

SEED, LEASE = 20261121, 2.0
# How often each sender is killed, where somebody has the time for more than a few.
KILLS = int(os.environ.get("TEST_KILLS", "0"))


def kills_on(store_url: str) -> int:
    return KILLS or (8 if store_url.startswith("sqlite") else 5)


def readers_for(kills: int, connections: int) -> int:
    """Return how many readers are enough: who was claimed by a sender that is killed is away until its lease ends."""
    return EACH * connections * kills


class Outcome(Value):
    """What came of a site whose sender was killed: the mails that came, the readers in doubt, and the books."""

    readers: int
    came: tuple[Came, ...]
    doubted: dict[str, int]
    most: int
    books: dict[str, int]
    unsent: frozenset[str]

    @property
    def copies(self) -> dict[str, int]:
        return dict(Counter(one.recipient for one in self.came))

    @property
    def doubled(self) -> set[str]:
        return {address for address, count in self.copies.items() if count > 1}

    @property
    def lost(self) -> set[str]:
        return {f"r{number}@example.org" for number in range(self.readers)} - set(self.copies)


def prepared(environment: dict[str, str], readers: int) -> Settings:
    """Make a site whose readers are due at the start of this hour."""
    settings = read_settings(None, environment)
    now = datetime.now(UTC)  # noqa: TID251 - the sender's real clock
    due = now.replace(minute=0, second=0, microsecond=0)
    with opened(settings, now=lambda: due - timedelta(hours=1)) as app:
        app.store.put_topics([make_topic("cache", should=("cache",))])
        ingest(app, make_source(), [make_entry("A cache", abstract="How a cache evicts.")])
        compose_day(app, app.store.topics(), (due - timedelta(hours=1)).date())
        with app.store.transaction():
            for number in range(readers):
                join(app, number, due)
    with opened(settings) as app:
        plan(app)
    return settings


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


def uncertain(settings: Settings) -> set[str]:
    """The readers whose mail had begun when the sender died."""
    with opened(settings) as app:
        rows = app.store.deliveries(state=DeliveryState.IN_DATA)
        return {app.store.subscriber(row.subscriber_id).address for row in rows}


def killed(store_url: str, folder: Path, connections: int, *, kills: int, ask: bool, rewrite: bool = False) -> Outcome:
    """Kill a sender again and again, then let one finish."""
    journal, dice = folder / "journal", random.Random(SEED + connections)
    readers = readers_for(kills, connections)
    with receiving(journal, *(["--rewrite"] if rewrite else [])) as relay:
        environment = {
            "DIGEST_SITE_URL": "https://papers.example",
            "DIGEST_SITE_SECRET": "s" * 32,
            "DIGEST_STORE_URL": store_url,
            "DIGEST_SMTP_URL": relay,
            "DIGEST_SMTP_LEASE": f"{LEASE:.0f}s",
            "DIGEST_SMTP_RETURNS": "bounce@papers.example",
            "DIGEST_SMTP_CONNECTIONS": str(connections),
            "DIGEST_SMTP_ASK": f"{sys.executable} -m tests.receiver ask {journal}" if ask else "",
        }
        settings = prepared(environment, readers)
        with senders(environment) as them:
            doubts = [kill(them, settings, journal, dice.randrange(1, 3 * connections), dice) for _ in range(kills)]
            books, unsent = finish(them, settings)
    return Outcome(
        readers=readers,
        came=tuple(read(journal)),
        doubted=dict(Counter(address for doubt in doubts for address in doubt)),
        most=max(len(new) for new in fresh(doubts)),
        books=books,
        unsent=unsent,
    )


def kill(them: Senders, settings: Settings, journal: Path, mails: int, dice: random.Random) -> set[str]:
    """Kill a sender a moment after so many mails have come. Returns who is in doubt then."""
    target, process, ends = len(read(journal)) + mails, them.start(), time.monotonic() + 3
    while len(read(journal)) < target and time.monotonic() < ends:
        time.sleep(0.002)
    time.sleep(dice.uniform(0, 0.02))
    os.kill(process, signal.SIGKILL)
    them.wait()
    return uncertain(settings)


def fresh(doubts: list[set[str]]) -> list[set[str]]:
    """Return for each kill who came into doubt by it."""
    return [now - before for before, now in zip([set[str](), *doubts[:-1]], doubts, strict=True)]


def finish(them: Senders, settings: Settings) -> tuple[dict[str, int], frozenset[str]]:
    """Let senders run undisturbed until the books are closed; return them, and who was parked."""
    for _ in range(40):
        them.start()
        assert them.wait() == 0
        with opened(settings) as app:
            (books,) = app.store.books().values()
            if not OPEN_DELIVERIES & set(books):
                parked = app.store.deliveries(state=DeliveryState.PARKED)
                names = frozenset(app.store.subscriber(one.subscriber_id).address for one in parked)
                return {str(state): count for state, count in books.items()}, names
        time.sleep(LEASE / 4)
    raise AssertionError(f"the books are still open: {books}")


@pytest.mark.parametrize("connections", [1, 4, 16])
def test_kills_lose_nobody_and_double_only_what_was_under_way(store_url: str, tmp_path: Path, connections: int) -> None:
    kills = kills_on(store_url)
    found = killed(store_url, tmp_path, connections, kills=kills, ask=False)
    print(
        f"seed {SEED}: {kills} kills at {connections} connections, {sum(found.doubted.values())} under way, "
        f"{len(found.lost)} lost, {len(found.doubled)} doubled, {found.books}"
    )
    assert found.doubted
    assert found.most <= connections
    assert found.lost <= found.unsent
    assert found.doubled <= set(found.doubted)
    assert max(found.copies.values()) <= 2
    assert sum(found.books.values()) == found.readers
    assert len({(one.recipient, one.sha, one.message_id) for one in found.came}) == len(found.copies)


@pytest.mark.parametrize(("connections", "rewrite"), [(4, False), (16, True)])
def test_where_the_relay_can_be_asked_kills_lose_nothing_and_double_nothing(
    store_url: str, tmp_path: Path, connections: int, rewrite: bool
) -> None:
    kills = kills_on(store_url) * 3 // 4
    found = killed(store_url, tmp_path, connections, kills=kills, ask=True, rewrite=rewrite)
    assert found.doubted
    assert found.lost == set()
    assert found.doubled == set()
    assert found.books == {"sent": found.readers}
