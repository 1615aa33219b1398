"""Papers enter *rising* and *late bloomers* when they cross, once, with the numbers of that moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from digest.app import App
from digest.model import LATE, RISING, FeedEntry, Paper, Sighting, Signal, SignalKind, SourceId
from digest.render.languages import ENGLISH
from digest.render.why import sentence
from digest.store import Store, open_store
from digest.work.live import EVERY, enter
from tests.factories import NOON, Clock, make_entry, make_paper
from tests.feeds import app_with, with_source

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store("sqlite://")) as opened:
        yield with_source(opened)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def app(store: Store, clock: Clock) -> App:
    return app_with(store, now=clock)


def seen(store: Store, title: str, *, ago: timedelta, **votes: int) -> Paper:
    """Keep a paper that was first seen so long ago, with `h1=5` for five votes an hour later."""
    paper = make_paper(title, first_seen=NOON - ago)
    store.save_papers([paper])
    count(store, paper, **votes)
    return paper


def count(store: Store, paper: Paper, **votes: int) -> None:
    store.save_signals(
        Signal(
            paper_id=paper.id,
            kind=SignalKind.UPVOTES,
            source_id=SourceId("arxiv"),
            at=paper.first_seen + float(hours.removeprefix("h").replace("_", ".")) * HOUR,
            value=number,
        )
        for hours, number in votes.items()
    )


def held(store: Store, feed: str) -> list[FeedEntry]:
    return store.feed_entries(feed, after=0, until=99)


def test_a_paper_that_gets_votes_fast_enters_rising_with_its_numbers(app: App, store: Store) -> None:
    seen(store, "Fast", ago=3 * HOUR, h1=4, h2=12, h3=30)
    seen(store, "Slow", ago=20 * HOUR, h1=4, h10=12, h20=14)
    seen(store, "Few", ago=HOUR, h1=9)
    assert enter(app) == 1
    (entry,) = held(store, RISING)
    assert entry.pick is not None
    assert (entry.paper_id, entry.at, entry.pick.numbers) == ("text:fast", NOON, {SignalKind.UPVOTES: 30})
    assert ENGLISH.of(entry.pick.reasons[0]) == "30 upvotes"
    assert entry.pick.parts == ()


def test_what_rose_once_does_not_enter_again_and_keeps_what_was_said(app: App, store: Store, clock: Clock) -> None:
    paper = seen(store, "Fast", ago=3 * HOUR, h1=4, h2=12, h3=30)
    enter(app)
    before = held(store, RISING)
    clock.instant += HOUR
    count(store, paper, h4=90)
    assert enter(app) == 0
    assert held(store, RISING) == before


def test_a_paper_that_grew_far_beyond_its_first_day_enters_late_bloomers_once(
    app: App, store: Store, clock: Clock
) -> None:
    paper = seen(store, "Late", ago=20 * DAY, h12=5, h24=5)
    count(store, paper, h479=60)
    seen(store, "Usual", ago=20 * DAY, h12=50, h24=50, h479=70)
    assert enter(app) == 1
    (entry,) = held(store, LATE)
    assert entry.pick is not None
    assert sentence(entry.pick) == "5 upvotes on its first day, 60 now"
    clock.instant += DAY
    count(store, paper, h490=300)
    assert enter(app) == 0


def test_numbers_are_looked_at_a_few_times_an_hour(app: App, store: Store, clock: Clock) -> None:
    enter(app)
    seen(store, "Fast", ago=3 * HOUR, h1=4, h2=12, h3=30)
    clock.instant += EVERY / 2
    assert enter(app) == 0
    clock.instant += EVERY / 2
    assert enter(app) == 1


def test_a_paper_known_only_as_old_stock_does_not_rise(app: App, store: Store) -> None:
    paper = seen(store, "Old", ago=3 * HOUR, h1=4, h2=12, h3=30)
    entry = make_entry("Old", source_id=SourceId("arxiv"))
    store.save_sightings([Sighting(entry=entry, paper_id=paper.id, first_seen=paper.first_seen)])
    store.mark_baseline(SourceId("arxiv"), [entry.external_id])
    assert enter(app) == 0
