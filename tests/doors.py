"""What the tests of the doors share: a site in memory with a clock to turn, its web application, and short ways in."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from starlette.testclient import TestClient

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, SmtpSettings, StoreSettings, WebSettings
from digest.model import (
    Delivery,
    DeliveryState,
    PeriodKind,
    Subscriber,
    SubscriberId,
    Suppression,
    SuppressionReason,
    TopicId,
)
from digest.tokens import Purpose, sign
from digest.web import create_app
from digest.work import feeds, subscribing
from tests.factories import make_edition, make_paper, make_pick, make_topic
from tests.pages import ENV

SECRET = "a secret of sixty-four characters, which nobody outside can guess"
URL = "https://digest.example"
MORNING = datetime(2026, 11, 21, 9, tzinfo=UTC)
ALL = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH)
ADA = "ada@example.org"
VALID = {"topic": "kv-cache", "cadence": "daily", "hour": "7", "zone": "UTC"}


class Clock:
    def __init__(self) -> None:
        self.instant = MORNING

    def __call__(self) -> datetime:
        return self.instant

    def turn(self, **by: float) -> None:
        self.instant += timedelta(**by)


@contextmanager
def site(store: str = "sqlite://", smtp: str = "", **web: Any) -> Iterator[tuple[App, Clock]]:
    """A site with two topics, one of them with an edition. Its store is in memory, unless it is named."""
    settings = Settings(
        site=SiteSettings(url=URL, secret=SECRET, zone="Europe/Berlin"),
        store=StoreSettings(url=store),
        smtp=SmtpSettings(url=smtp),
        web=WebSettings(**web),
    )
    clock = Clock()
    with opened(settings, now=clock) as app:
        # Compiled once for all tests: half of their time.
        vars(app)["templates"] = ENV
        app.store.put_topics(
            [make_topic(periods=ALL, description="Long context."), make_topic("vision", name="Vision", periods=ALL)]
        )
        papers = [make_paper(f"Paper {n}") for n in range(1, 6)]
        app.store.save_papers(papers)
        app.store.save_edition(make_edition(*(make_pick(paper, rank=n) for n, paper in enumerate(papers, 1))))
        yield app, clock


@contextmanager
def client(app: App, **how: Any) -> Iterator[TestClient]:
    """A browser without a memory, on a web application that takes no time to keep its secrets."""
    web = create_app(app, pace=timedelta(0), **how)
    with TestClient(web, base_url=URL, follow_redirects=False, raise_server_exceptions=False) as found:
        yield found


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
    """The site of a test, and its clock: whoever needs another one has a `place` of its own."""
    with site() as found:
        yield found


@pytest.fixture
def app(place: tuple[App, Clock]) -> App:
    return place[0]


@pytest.fixture
def clock(place: tuple[App, Clock]) -> Clock:
    return place[1]


@pytest.fixture
def web(app: App) -> Iterator[TestClient]:
    with client(app) as found:
        yield found


@pytest.fixture(scope="module")
def readonly() -> Iterator[TestClient]:
    """One web application for all tests that only read."""
    with site() as (app, _), client(app) as found:
        yield found


@contextmanager
def crowd(app: App) -> Iterator[TestClient]:
    """A client that comes from another place each time, so that no ration holds it. Its site trusts one proxy."""
    places = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" for number in count())
    with client(app) as found:
        found.event_hooks = {"request": [lambda request: request.headers.update({"x-forwarded-for": next(places)})]}
        yield found


def refresh(web: TestClient) -> int:
    """Let the site look for what is new, as it does each minute; return what `Lobby.refresh` does."""
    return web.app.refresh()  # type: ignore[attr-defined, no-any-return]


def hidden(page: str) -> str:
    """Return the stamp of a form."""
    found = re.search(r'name="opened" value="([^"]+)"', page)
    assert found
    return found[1]


def fill(web: TestClient, clock: Clock, address: str = ADA, *, topics: tuple[str, ...] = ("kv-cache",), **given: Any):  # type: ignore[no-untyped-def]
    """Fill in and send the subscription form as a person does: after a while."""
    opened = hidden(web.get("/subscribe").text)
    clock.turn(seconds=9)
    usual = {"cadence": "daily", "hour": "7", "zone": "Europe/Berlin", "homepage": "", "opened": opened}
    return web.post("/subscribe", data={**usual, "address": address, "topic": list(topics), **given})


def join(app: App, address: str = ADA, *topics: str, **wishes: Any) -> None:
    """Ask for topics, as the form does."""
    usual = {"cadence": "daily", "hour": "7", "zone": "Europe/Berlin"}
    subscribing.join(app, address=address, topics=topics or ("kv-cache",), **{**usual, **wishes})


def confirmed(app: App, *topics: str, address: str = ADA) -> SubscriberId:
    """Put in a reader who asked for topics and confirmed them."""
    join(app, address, *topics)
    who = reader(app, address).id
    subscribing.confirm(app, who)
    return who


def member(app: App, address: str = ADA) -> SubscriberId:
    """A reader with one active and one pending topic."""
    who = confirmed(app, address=address)
    join(app, address, "vision")
    return who


def sent(app: App) -> None:
    """Let all letters be sent, as the sender does."""
    for one in app.store.deliveries():
        for state in (DeliveryState.CLAIMED, DeliveryState.IN_DATA, DeliveryState.SENT):
            app.store.move_delivery(one.id, to=state, now=app.now())


def letters(app: App, address: str = ADA) -> list[Delivery]:
    found = app.store.subscriber_by_address(address)
    return app.store.deliveries(subscriber_id=found.id) if found else []


def states(app: App, address: str = ADA) -> dict[TopicId, str]:
    return {one.topic_id: str(one.state) for one in app.store.subscriptions(reader(app, address).id)}


def reader(app: App, address: str = ADA) -> Subscriber:
    found = app.store.subscriber_by_address(address)
    assert found
    return found


def link(app: App, purpose: Purpose, who: SubscriberId, **lasts: float) -> str:
    ends = app.now() + timedelta(**lasts) if lasts else None
    return f"/{purpose}/{sign(SECRET, purpose, who, ends=ends)}"


def suppress(app: App, address: str, reason: SuppressionReason) -> None:
    app.store.suppress(Suppression(address_hash=subscribing.hash_of(app, address), reason=reason, since=app.now()))


def spied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that every feed gets into when it is rendered."""
    rendered: list[str] = []
    documents = feeds.documents

    def spy(app: App, channel: feeds.Channel, *, held: Container[str] = ()) -> Iterator[feeds.Document]:
        rendered.append(channel.stem)
        return documents(app, channel, held=held)

    monkeypatch.setattr(feeds, "documents", spy)
    return rendered
