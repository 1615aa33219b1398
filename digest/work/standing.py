"""How the sources stand, and what an edition waits for and says of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from digest import watch
from digest.app import App
from digest.model import Condition, Period, Phrase, Topic
from digest.render.standing import health_line

# What an edition says of its sources holds for its own day, not for one that is made up for much later.
_CURRENT = timedelta(days=1)


def conditions(app: App) -> list[Condition]:
    """Return how the polled sources stand now, each followed by its categories."""
    now = app.now()
    return watch.conditions(
        app.store.sources(),
        app.store.source_health(),
        app.store.arrivals(now - watch.LOOK_BACK),
        app.timetables,
        zone=app.calendar.zone,
        now=now,
    )


def awaits(app: App, topic: Topic, period: Period, found: Sequence[Condition]) -> bool:
    """Say whether an edition that is due still waits for a source: at most until `compose_by`."""
    now = app.now()
    if now >= app.calendar.deadline(period):
        return False
    return any(watch.worth_waiting(one, now) for one in _of(topic, found))


def health(app: App, topic: Topic, period: Period, found: Sequence[Condition]) -> tuple[Phrase, ...] | None:
    """Return what an edition composed now says of the sources that are behind, None if none of its sources is."""
    now = app.now()
    if now - app.calendar.cut(period) > _CURRENT:
        return None
    return health_line([one for one in _of(topic, found) if one.behind], zone=app.calendar.zone, now=now)


def _of(topic: Topic, found: Sequence[Condition]) -> list[Condition]:
    """Return the conditions of the sources that matter for a topic: those it names, else all."""
    return [one for one in found if not topic.sources or one.source_id in topic.sources]
