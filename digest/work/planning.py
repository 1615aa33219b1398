"""Enter in the books what is due: each reader's slot, with the digest that all of the reader's segment share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from digest.app import App
from digest.edition import ACROSS_TOPICS, share
from digest.edition.slots import KIND_OF, LATEST, Slot, carried, newest
from digest.model import (
    DeliveryState,
    Digest,
    DigestId,
    Edition,
    EditionState,
    PaperId,
    PeriodKind,
    Segment,
    TopicId,
    Value,
)

# Enough to hold every edition that two periods, or the rule of repeats, may look at.
_LATELY = {PeriodKind.DAY: 40, PeriodKind.WEEK: 8, PeriodKind.MONTH: 6}


class Plan(Value):
    """What planning a slot for a segment came to; `readers` new rows are in the books."""

    slot: str
    segment: Segment
    editions: tuple[str, ...]
    readers: int


def plan(app: App, *, dry: bool = False) -> list[Plan]:
    """Enter all slots that are due now; `dry` only says what would be. Doing it again enters nothing."""
    now, plans = app.now(), []
    for cadence, zone, hour in app.store.send_times():
        slot = newest(cadence, ZoneInfo(zone), hour, calendar=app.calendar, now=now)
        for segment in app.store.segments(cadence, zone, hour, slot=slot.label, due=slot.due):
            plans.append(_enter(app, slot, segment, now=now, dry=dry))
    return plans


def _enter(app: App, slot: Slot, segment: Segment, *, now: datetime, dry: bool) -> Plan:
    editions = carried(released(app, segment.topics, slot), slot, covered=segment.covered)
    late = now > slot.due + LATEST
    shared = [] if late else told_once(app, editions)
    entered = segment.readers
    if not dry:
        with app.store.transaction():
            digest = _keep(app, slot, segment, editions) if shared else None
            entered = app.store.plan_segment(
                segment,
                slot=slot.label,
                due=slot.due,
                # A late slot covers nothing: the next one carries its editions, if they are not too old by then.
                covers=segment.covered if late else slot.due,
                now=now,
                state=DeliveryState.QUEUED if digest else DeliveryState.SKIPPED,
                digest_id=digest,
                reply=None if digest else "late" if late else "empty",
            )
    return Plan(slot=slot.label, segment=segment, editions=tuple(one.id for one in editions if shared), readers=entered)


def released(app: App, topics: Sequence[TopicId], slot: Slot) -> list[Edition]:
    """Return the latest released editions of some topics for a slot's cadence, by topic."""
    kind = KIND_OF[slot.cadence]
    return [
        edition
        for topic in topics
        for edition in app.store.editions(topic, kind=kind, state=EditionState.RELEASED, limit=_LATELY[kind])
    ]


def told_once(app: App, editions: Sequence[Edition]) -> list[Edition]:
    """Return a digest's sections as they are shown: no paper twice, none told lately under another of its topics."""
    topics = {edition.topic.id for edition in editions}
    return [one for one in share(editions, _recent(app, editions, topics)) if one.picks]


def _recent(app: App, editions: Sequence[Edition], topics: set[TopicId]) -> dict[PaperId, set[TopicId]]:
    found: defaultdict[PaperId, set[TopicId]] = defaultdict(set)
    if not editions:
        return found
    kind, first = editions[0].period.kind, min(edition.period.start for edition in editions)
    mine = {edition.id for edition in editions}
    for topic in topics:
        for older in app.store.editions(topic, kind=kind, state=EditionState.RELEASED, limit=_LATELY[kind]):
            if older.id not in mine and timedelta(0) <= first - older.period.start <= ACROSS_TOPICS:
                for pick in older.picks:
                    found[pick.paper.id].add(topic)
    return found


def _keep(app: App, slot: Slot, segment: Segment, editions: Sequence[Edition]) -> DigestId:
    ids = tuple(edition.id for edition in editions)
    name = sha256("\n".join((slot.label, segment.language, segment.layout, *ids)).encode()).hexdigest()[:20]
    return app.store.save_digest(
        Digest(id=DigestId(name), slot=slot.label, language=segment.language, layout=segment.layout, edition_ids=ids)
    )
