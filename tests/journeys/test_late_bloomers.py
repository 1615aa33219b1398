"""A paper that nobody noticed on its day comes back once when it has grown, with its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.model import Edition, Mode, Paper, PaperId, Period, PeriodKind, Signal, SignalKind, SourceId, Topic
from digest.render.why import sentence
from digest.work.composing import compose_due
from digest.work.ranking import why
from tests.factories import Clock, make_paper, make_topic

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TOPIC = make_topic(periods=(PeriodKind.DAY,), mode=Mode.TRENDING, limit=1)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def app(store_url: str, clock: Clock) -> Iterator[App]:
    site = SiteSettings(url="https://papers.example", tag="papers.example,2026", secret="x" * 32)
    with opened(Settings(site=site, store=StoreSettings(url=store_url)), now=clock) as app:
        app.store.put_topics([TOPIC])
        yield app


def listed(app: App, title: str, day: int, **changes: object) -> Paper:
    at = START + day * DAY
    paper = make_paper(title, id=PaperId(f"p:{title}"), first_seen=at, listed=at, **changes)
    app.store.save_papers([paper])
    return paper


def voted(app: App, paper: Paper, votes: int, at: datetime) -> None:
    signal = Signal(paper_id=paper.id, kind=SignalKind.UPVOTES, source_id=SourceId("list"), at=at, value=votes)
    app.store.save_signals([signal])


def composed(app: App, clock: Clock, topic: Topic, *, days: int) -> list[Edition]:
    """The editions of the days to come, each of which has a paper that says more about the topic."""
    found = []
    for _ in range(days):
        number = (clock.instant - START).days
        letter = chr(ord("a") + number)
        text = f"Of the KV cache {letter}, the {letter * 3} KV cache."
        voted(app, listed(app, f"KV cache {number}", number, abstract=text), 30, clock.instant + 9 * HOUR)
        clock.instant += DAY
        found += compose_due(app, [topic])
    return found


def passed_by(app: App, clock: Clock, topic: Topic = TOPIC) -> Paper:
    """A paper that had no place in an edition of one, while its window lasted."""
    paper = listed(app, "Quiet", 0, abstract="A long and quiet study, in passing of the KV cache, and of much else.")
    voted(app, paper, 7, START + 9 * HOUR)
    editions = composed(app, clock, topic, days=10)
    assert len(editions) == 10
    assert paper.id not in {pick.paper.id for edition in editions for pick in edition.picks}
    assert not any(edition.late for edition in editions)
    return paper


def test_a_late_bloomer_is_offered_once_with_its_numbers(app: App, clock: Clock) -> None:
    paper = passed_by(app, clock)
    voted(app, paper, 84, clock.instant + 3 * HOUR)
    first, second = composed(app, clock, TOPIC, days=2)
    (pick,) = first.late
    assert (pick.paper.id, pick.rank) == (paper.id, 1)
    assert sentence(pick).startswith("7 upvotes on its first day, 84 now; matches “KV cache”")
    assert abs(sum(part.value * part.weight for part in pick.parts) - pick.score) < 1e-9
    assert app.store.edition(first.id) == first
    voted(app, paper, 400, clock.instant + HOUR)
    (third,) = composed(app, clock, TOPIC, days=1)
    assert not second.late
    assert not third.late


def test_growth_that_is_not_seen_yet_is_not_told(app: App, clock: Clock) -> None:
    paper = passed_by(app, clock)
    voted(app, paper, 84, clock.instant + 2 * DAY)
    (edition,) = composed(app, clock, TOPIC, days=1)
    assert not edition.late


def test_a_paper_off_topic_does_not_bloom_here(app: App, clock: Clock) -> None:
    passed_by(app, clock)
    other = listed(app, "Protein folding", 0, abstract="Nothing of the sort.")
    voted(app, other, 1, START + 9 * HOUR)
    voted(app, other, 900, clock.instant + HOUR)
    (edition,) = composed(app, clock, TOPIC, days=1)
    assert not edition.late


def test_a_topic_where_votes_have_no_say_is_offered_none(app: App, clock: Clock) -> None:
    content = make_topic(periods=(PeriodKind.DAY,), crowd=0.0, limit=1)
    paper = passed_by(app, clock, content)
    voted(app, paper, 84, clock.instant + HOUR)
    (edition,) = composed(app, clock, content, days=1)
    assert not edition.late


def test_a_score_knows_the_papers_of_the_same_day(app: App, clock: Clock) -> None:
    papers = [listed(app, f"KV cache {number}", 0, abstract="Of the KV cache.") for number in range(20)]
    for number, paper in enumerate(papers):
        voted(app, paper, number, START + 9 * HOUR)
    clock.instant = START + 10 * HOUR
    period = TOPIC.periods[0]
    reply = why(app, TOPIC, papers[-1], Period.containing(period, START.date()), as_of=clock.instant)
    assert reply.judgement.pick
    assert "19 upvotes, the most of its day" in sentence(reply.judgement.pick)
    assert "more than 19 of 19 others of its day" in str(reply.judgement.pick.parts)
