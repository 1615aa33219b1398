"""How the site stands, in numbers."""

from __future__ import annotations

from datetime import datetime

from digest.app import App
from digest.model import EditionId, Period, Value
from digest.work.composing import due_periods


class Status(Value):
    """Counts of all that is stored; what was last seen and composed; what is due and when the next edition is."""

    counts: dict[str, int]
    last_seen: datetime | None
    last_edition: EditionId | None
    due: int
    next_cut: datetime | None


def status(app: App) -> Status:
    """Return how the site stands now."""
    topics = [topic for topic in app.store.topics() if topic.enabled]
    today = app.calendar.today(app.now())
    newest = app.store.editions(limit=1)
    cuts = [app.calendar.cut(Period.containing(kind, today)) for topic in topics for kind in topic.periods]
    return Status(
        counts=app.store.tally(),
        last_seen=max((last for _, last in app.store.source_tallies().values()), default=None),
        last_edition=newest[0].id if newest else None,
        due=sum(len(due_periods(app, topic)) for topic in topics),
        next_cut=min(cuts, default=None),
    )
