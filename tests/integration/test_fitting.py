"""When the ranker learns from the store, and what it knows at a moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from digest.app import App
from digest.config.settings import Settings
from digest.model import Period, PeriodKind
from digest.rank import lsa
from digest.store import open_store
from digest.work import fitting
from digest.work.fitting import fit_when_due, space_of
from digest.work.importing import ingest
from digest.work.ranking import draft
from tests.factories import NOON, Clock, make_entry, make_source, make_topic

DAY = timedelta(days=1)
FEW = 60


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A program to which more than 60 papers are a large store."""
    monkeypatch.setattr(fitting, "SMALL", FEW)
    with closing(open_store("sqlite://")) as store:
        yield App(settings=Settings(), store=store, now=Clock(NOON))


def arrive(app: App, count: int, first: int = 0) -> None:
    topics = ("lithium battery anode", "wage market labor", "galaxy redshift star")
    entries = [
        make_entry(f"On {topics[number % 3]} {number}", abstract=f"We look at {topics[number % 3]}, case {number}.")
        for number in range(first, first + count)
    ]
    ingest(app, make_source(), entries)


def later(app: App, days: int) -> App:
    return replace(app, now=Clock(app.now() + days * DAY))


def test_a_small_store_is_never_learnt_from_for_good(app: App) -> None:
    arrive(app, FEW)
    assert not fit_when_due(app)
    assert app.store.space_fitted() is None
    assert space_of(app, app.now()).papers == FEW


def test_a_large_store_is_learnt_from_at_once_and_then_weekly_if_it_grew(app: App) -> None:
    arrive(app, FEW + 5)
    assert space_of(app, app.now()).papers == 0
    assert fit_when_due(app)
    assert not fit_when_due(later(app, 30))
    arrive(app, 3, first=FEW + 5)
    assert not fit_when_due(later(app, 6))
    assert fit_when_due(later(app, 7))
    assert app.store.space_fitted() == (NOON + 7 * DAY, FEW + 8)


def test_a_store_that_doubled_is_learnt_from_at_once(app: App) -> None:
    arrive(app, FEW + 5)
    fit_when_due(app)
    arrive(app, FEW + 4, first=FEW + 5)
    assert not fit_when_due(later(app, 1))
    arrive(app, 1, first=2 * FEW + 9)
    assert fit_when_due(later(app, 1))


def test_what_was_known_at_a_moment_stays_known(app: App) -> None:
    arrive(app, FEW + 5)
    fit_when_due(app)
    then = lsa.encode(space_of(app, NOON + DAY))
    arrive(app, FEW + 5, first=FEW + 5)
    fit_when_due(later(app, 2))
    assert lsa.encode(space_of(app, NOON + DAY)) == then
    assert space_of(app, NOON + 2 * DAY).papers == 2 * FEW + 10


def test_a_draft_is_the_same_whenever_it_is_asked_for(app: App) -> None:
    arrive(app, FEW + 5)
    fit_when_due(app)
    topic, period = make_topic(should=("battery",)), Period(kind=PeriodKind.DAY, start=NOON.date())
    first = draft(app, topic, period, as_of=NOON)
    arrive(later(app, 3), FEW + 5, first=FEW + 5)
    fit_when_due(later(app, 3))
    assert first.picks
    assert [pick.paper.id for pick in draft(app, topic, period, as_of=NOON).picks] == [p.paper.id for p in first.picks]
