"""A week and a month from the first paper to the mail: the period that ended, ranked anew by what votes came to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from digest.app import App
from digest.model import Cadence, EditionId, Mode, Observation, PeriodKind, SignalKind, SourceId, Topic, TopicId
from digest.render import paths
from digest.work.composing import compose_due
from digest.work.importing import ingest
from digest.work.mailed import mailed
from tests.factories import Clock, make_entry, make_source, make_topic
from tests.mailserver import Mailbox
from tests.sending import deliver, join, parsed, site
from tests.web import all_pages

MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)
DAY = timedelta(days=1)
# Papers much like each other would share a place.
TEXTS = {
    "Early favourite": "Eviction decides what a cache forgets first, and when.",
    "Late favourite": "Quantized attention keys halve the memory of every cache.",
}
ALL = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH)
TOPIC = TopicId("cache")


@pytest.fixture
def clock() -> Clock:
    return Clock(MONDAY)


@pytest.fixture
def app(store_url: str, clock: Clock, relay: Mailbox) -> Iterator[App]:
    with site(store_url, clock, relay.url) as app:
        app.store.put_topics([topic()])
        yield app


def topic() -> Topic:
    return make_topic(TOPIC, name="Caches", should=("cache",), mode=Mode.TRENDING, periods=ALL)


def announce(app: App, title: str, votes: int) -> None:
    entry = make_entry(
        title,
        source_id=SourceId("list"),
        abstract=TEXTS.get(title, "A cache in the cloud."),
        listed=app.now(),
        signals=(Observation(kind=SignalKind.UPVOTES, value=votes),),
    )
    ingest(app, make_source(), [entry])


def live_until(app: App, clock: Clock, end: datetime) -> None:
    """Let the days pass: each morning what is due is composed, and mailed two hours later."""
    while clock.instant < end:
        clock.instant = clock.instant.replace(hour=5) + DAY
        compose_due(app, app.store.topics())
        at_seven(app, clock)


def at_seven(app: App, clock: Clock) -> None:
    """Send what is due at the send hour."""
    clock.instant = clock.instant.replace(hour=7)
    deliver(app)


def titles(app: App, label: str) -> list[str]:
    return [pick.paper.title for pick in app.store.edition(EditionId(f"{TOPIC}/{label}")).picks]


def test_a_week_is_mailed_once_on_its_monday_ranked_by_the_final_votes(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "ana", TOPIC, cadence=Cadence.WEEKLY)
    announce(app, "Early favourite", 20)
    announce(app, "Late favourite", 15)
    live_until(app, clock, datetime(2026, 11, 18, 6, tzinfo=UTC))
    assert titles(app, "2026-11-16") == ["Early favourite", "Late favourite"]
    announce(app, "Late favourite", 400)
    announce(app, "Early favourite", 21)
    live_until(app, clock, datetime(2026, 11, 22, 6, tzinfo=UTC))
    assert relay.mails == []
    clock.instant = datetime(2026, 11, 23, 5, tzinfo=UTC)
    compose_due(app, app.store.topics())
    clock.instant += timedelta(hours=1)
    announce(app, "Of the next week", 999)
    at_seven(app, clock)
    live_until(app, clock, datetime(2026, 11, 25, 6, tzinfo=UTC))
    assert titles(app, "2026-W47") == ["Late favourite", "Early favourite"]
    assert titles(app, "2026-11-16") == ["Early favourite", "Late favourite"]
    ((_, raw),) = relay.mails
    mail = parsed(raw)
    assert mail["Subject"] == "Caches: Late favourite and 1 more"
    assert mail["Date"].datetime == datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert "Week 47, 16 to 22 November 2026" in mail.get_body(("plain",)).get_content()
    assert "Of the next week" not in mail.get_body(("plain",)).get_content()
    assert mail["Archived-At"] == "<https://papers.example/topics/cache/2026-W47/>"


def test_a_month_is_mailed_once_on_its_first_day_and_has_its_page(app: App, clock: Clock, relay: Mailbox) -> None:
    ana = join(app, "ana", TOPIC, cadence=Cadence.MONTHLY)
    announce(app, "Early favourite", 20)
    live_until(app, clock, datetime(2026, 11, 29, 6, tzinfo=UTC))
    announce(app, "Late favourite", 400)
    assert relay.mails == []
    live_until(app, clock, datetime(2026, 12, 4, 6, tzinfo=UTC))
    assert titles(app, "2026-11") == ["Late favourite", "Early favourite"]
    ((_, raw),) = relay.mails
    mail = parsed(raw)
    assert mail["Subject"] == "Caches: Late favourite and 1 more"
    assert mail["Date"].datetime == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert mail["Feedback-ID"].split(":")[:2] == ["cache", "month"]
    text = mail.get_body(("plain",)).get_content()
    assert "November 2026" in text
    assert "https://papers.example/digest/monthly/2026-12-01/" in text
    edition = app.store.edition(EditionId(f"{TOPIC}/2026-11"))
    page = all_pages(app)[paths.edition_path(edition)].decode()
    assert "November 2026" in page
    assert page.index("Late favourite") < page.index("Early favourite")
    assert mailed(app, ana, "monthly:2026-12-01").sections == (edition,)
