"""Compose the editions that are due and release drafts whose time has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from digest import edition
from digest.app import App
from digest.config.settings import Release
from digest.errors import DigestError
from digest.model import Edition, EditionState, Period, PeriodKind, Topic
from digest.rank import Candidate
from digest.work.ranking import candidates_of, draft


def compose_due(app: App, topics: Sequence[Topic]) -> list[Edition]:
    """Compose what is due and has no edition yet, oldest first; then release the drafts nobody released in time."""
    todo = [(period, topic) for topic in topics for period in due_periods(app, topic)]
    return _compose(app, todo) + release_due(app, topics)


def due_periods(app: App, topic: Topic) -> list[Period]:
    """Return the periods of a topic whose edition is due now and not there."""
    first = app.store.first_sight()
    if first is None:
        return []
    now, known = app.now(), _known(app, topic)
    since, today = app.calendar.today(first), app.calendar.today(now)
    missing = edition.due(topic.periods, known, since=since, today=today)
    return [period for period in missing if app.calendar.cut(period) <= now]


def compose_day(app: App, topics: Sequence[Topic], day: date) -> list[Edition]:
    """Compose what is missing of a day: its own edition, even before its cut, and a week or month that ended with it.

    Raises DigestError for a day to come.
    """
    today = app.calendar.today(app.now())
    if day > today:
        raise DigestError(f"{day} is still to come", hint=f"today is {today} in {app.settings.site.zone}")
    todo = [
        (period, topic)
        for topic in topics
        for period in (Period.containing(kind, day) for kind in topic.periods)
        if period.kind is PeriodKind.DAY or period.end <= today
        if period not in app.store.periods(topic.id)
    ]
    return _compose(app, todo)


def release_due(app: App, topics: Iterable[Topic]) -> list[Edition]:
    """Release the drafts whose `release_by` has passed."""
    now = app.now()
    drafts = [one for topic in topics for one in app.store.editions(topic.id, state=EditionState.DRAFT)]
    released = [edition.release(one, now) for one in drafts if app.calendar.release(one.period) <= now]
    for one in released:
        app.store.save_edition(one)
    return released


def _compose(app: App, todo: list[tuple[Period, Topic]]) -> list[Edition]:
    """Compose in the order of time, all topics of a period from the same candidates, a transaction a period."""
    done: list[Edition] = []
    for period in sorted({period for period, _ in todo}, key=lambda one: (one.end, one.kind)):
        now = app.now()
        with app.store.transaction():
            pool = candidates_of(app, period, as_of=now)
            for topic in (topic for due, topic in todo if due == period):
                done += _freeze(app, topic, period, pool, now)
    return done


def _freeze(app: App, topic: Topic, period: Period, pool: Sequence[Candidate], now: datetime) -> list[Edition]:
    composed = draft(app, topic, period, as_of=now, pool=pool)
    if app.settings.schedule.release is Release.AUTO:
        composed = edition.release(composed, now)
    return [composed] if app.store.save_edition(composed) else []


def _known(app: App, topic: Topic) -> dict[PeriodKind, set[Period]]:
    found: dict[PeriodKind, set[Period]] = {}
    for period in app.store.periods(topic.id):
        found.setdefault(period.kind, set()).add(period)
    return found
