"""How the site stands, in numbers, and what is stuck."""

from __future__ import annotations

from datetime import datetime, timedelta

from digest.app import App
from digest.model import OPEN_DELIVERIES, Condition, DeliveryState, EditionId, Period, SourceState, Value
from digest.render.standing import told
from digest.work.brake import paused
from digest.work.caution import short_of_room
from digest.work.composing import due_periods
from digest.work.standing import conditions

# Longer than any of these is not a hiccup any more.
SOURCE_DOWN, EDITION_LATE, MAIL_LATE = timedelta(days=1), timedelta(hours=2), timedelta(hours=2)


class Status(Value):
    """Counts of all that is stored; how sources stand; what was last seen and composed; what is due, and what is
    `stuck`, a line each.
    """

    counts: dict[str, int]
    sources: tuple[Condition, ...]
    last_seen: datetime | None
    last_edition: EditionId | None
    due: int
    next_cut: datetime | None
    mail: dict[str, int]
    next_mail: datetime | None
    stuck: tuple[str, ...]


def status(app: App) -> Status:
    """Return how the site stands now."""
    topics = [topic for topic in app.store.topics() if topic.enabled]
    today = app.calendar.today(app.now())
    newest = app.store.editions(limit=1)
    late = [period for topic in topics for period in due_periods(app, topic)]
    cuts = [app.calendar.cut(Period.containing(kind, today)) for topic in topics for kind in topic.periods]
    mail, next_mail = _mail(app), app.store.next_try()
    found = conditions(app)
    return Status(
        counts=app.store.tally(),
        sources=tuple(found),
        last_seen=max((last for _, last in app.store.source_tallies().values()), default=None),
        last_edition=newest[0].id if newest else None,
        due=len(late),
        next_cut=min(cuts, default=None),
        mail=mail,
        next_mail=next_mail,
        stuck=(
            *_sources_down(app),
            *_sources_stalled(app, found),
            *_editions_late(app, late),
            *_mail_stuck(app, mail, next_mail),
            *_disk_full(app),
        ),
    )


def _mail(app: App) -> dict[str, int]:
    """Add the books up over all slots."""
    found: dict[str, int] = {}
    for states in app.store.books().values():
        for state, count in states.items():
            found[str(state)] = found.get(str(state), 0) + count
    return found


def _sources_down(app: App) -> list[str]:
    now = app.now()
    return [
        f"source {id_} fails since {health.failing_since:%Y-%m-%d}: {health.last_error}"
        for id_, health in app.store.source_health().items()
        if health.failing_since and now - health.failing_since > SOURCE_DOWN
    ]


def _sources_stalled(app: App, found: list[Condition]) -> list[str]:
    stalled = [one for one in found if one.state is SourceState.STALLED]
    return [f"source {one.source_id}: {told(one, zone=app.calendar.zone, now=app.now())}" for one in stalled]


def _editions_late(app: App, late: list[Period]) -> list[str]:
    count = sum(app.now() - app.calendar.deadline(period) > EDITION_LATE for period in late)
    return [f"{count} editions are overdue: is `digest run` or `digest tick` running?"] if count else []


def _mail_stuck(app: App, mail: dict[str, int], next_mail: datetime | None) -> list[str]:
    found = []
    parked = mail.get(str(DeliveryState.PARKED), 0)
    if parked:
        found.append(f"{parked} mails are parked: `digest outbox retry` or `digest outbox cancel SLOT`")
    why = paused(app)
    if why and any(mail.get(str(state)) for state in OPEN_DELIVERIES):
        found.append(f"the outbox is paused while mail waits, {why}: `digest outbox resume`")
    elif next_mail and app.now() - next_mail > MAIL_LATE:
        found.append(f"mail waits since {next_mail:%Y-%m-%d %H:%M} UTC: is the relay up?")
    return found


def _disk_full(app: App) -> list[str]:
    why = short_of_room(app)
    return [why] if why else []
