"""Enter in the books what is due: each reader's slot, with the digest that all of the reader's segment share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from hashlib import sha256

from digest.app import App
from digest.config.checks import duration
from digest.edition import ACROSS_TOPICS, share
from digest.edition.calendar import zone_of
from digest.edition.slots import KIND_OF, LATEST, Slot, carried, newest
from digest.model import (
    Cadence,
    DeliveryState,
    Digest,
    DigestId,
    Edition,
    PaperId,
    Segment,
    SubscriberId,
    TopicId,
    Value,
)
from digest.work import brake
from digest.work.recent import Recent

# A commit waits for the disk: readers with a topic of their own would each be one.
BATCH = 256


class Plan(Value):
    """What planning a slot for a segment came to; `readers` new rows are in the books."""

    slot: str
    due: datetime
    segment: Segment
    editions: tuple[str, ...]
    readers: int


class Load(Value):
    """How many mails would go to a domain in the hour that begins at `hour`, in UTC."""

    hour: datetime
    domain: str
    mails: int


def plan(app: App, *, dry: bool = False) -> list[Plan]:
    """Enter all slots that are due now; `dry` only says what would be. Doing it again enters nothing."""
    now, recent, plans = app.now(), Recent(app.store), []
    vanguard = _vanguard(app)
    for cadence, zone, hour in app.store.send_times():
        slot = newest(cadence, zone_of(zone), hour, calendar=app.calendar, now=now)
        first = vanguard.get((cadence, zone, hour), ())
        segments = app.store.segments(cadence, zone, hour, slot=slot.label, due=slot.due)
        for start in range(0, len(segments), BATCH):
            with nullcontext() if dry else app.store.transaction():
                some = segments[start : start + BATCH]
                plans += [_enter(app, slot, segment, recent, first, now=now, dry=dry) for segment in some]
    return plans


def loads(app: App, plans: Iterable[Plan]) -> list[Load]:
    """Return what plans that are not in the books yet would send where, hour by hour, most first."""
    found: Counter[tuple[datetime, str]] = Counter()
    for one in plans:
        if one.editions:
            hour = one.due.astimezone(UTC).replace(minute=0)
            found.update({(hour, name): mails for name, mails in app.store.domains(one.segment, slot=one.slot).items()})
    rows = sorted(found.items(), key=lambda row: (row[0][0], -row[1], row[0][1]))
    return [Load(hour=hour, domain=domain, mails=mails) for (hour, domain), mails in rows]


def _vanguard(app: App) -> dict[tuple[Cadence, str, int], list[SubscriberId]]:
    """Return who goes first, by the moment at which they are mailed."""
    found: defaultdict[tuple[Cadence, str, int], list[SubscriberId]] = defaultdict(list)
    for address in app.settings.smtp.vanguard.split():
        if one := app.store.subscriber_by_address(address):
            found[one.cadence, one.zone, one.send_hour].append(one.id)
    return found


def _enter(
    app: App,
    slot: Slot,
    segment: Segment,
    recent: Recent,
    first: Sequence[SubscriberId],
    *,
    now: datetime,
    dry: bool,
) -> Plan:
    latest = [one for topic in segment.topics for one in recent.released(topic, KIND_OF[slot.cadence])]
    editions = carried(latest, slot, covered=segment.covered)
    late, cancelled = now > slot.due + LATEST, brake.cancelled(app, slot.label)
    shared = [] if late or cancelled else told_once(app, editions, recent)
    entered = segment.readers
    if not dry:
        digest = _keep(app, slot, segment, editions) if shared else None
        entered = app.store.plan_segment(
            segment,
            slot=slot.label,
            due=slot.due,
            # A late slot covers nothing: the next one carries its editions, if they are not too old by then.
            covers=segment.covered if late else slot.due,
            now=now,
            state=_state(digest, cancelled=cancelled),
            digest_id=digest,
            reply=None if digest else "cancelled" if cancelled else "late" if late else "empty",
            next_try=now + duration(app.settings.smtp.vanguard_lead) if digest and first else None,
            vanguard=first,
        )
    carried_ids = tuple(one.id for one in editions if shared)
    return Plan(slot=slot.label, due=slot.due, segment=segment, editions=carried_ids, readers=entered)


def _state(digest: DigestId | None, *, cancelled: bool) -> DeliveryState:
    if cancelled:
        return DeliveryState.CANCELLED
    return DeliveryState.QUEUED if digest else DeliveryState.SKIPPED


def told_once(app: App, editions: Sequence[Edition], recent: Recent | None = None) -> list[Edition]:
    """Return a digest's sections as they are shown: no paper twice, none told lately under another of its topics."""
    told, limit = _told(recent or Recent(app.store), editions), app.settings.limits.digest_papers
    return [one for one in share(editions, told, limit=limit) if one.picks]


def _told(recent: Recent, editions: Sequence[Edition]) -> dict[PaperId, set[TopicId]]:
    found: defaultdict[PaperId, set[TopicId]] = defaultdict(set)
    if not editions:
        return found
    kind, first = editions[0].period.kind, min(edition.period.start for edition in editions)
    mine = {edition.id for edition in editions}
    for topic in {edition.topic.id for edition in editions}:
        for older, start, papers in recent.told(topic, kind, first - ACROSS_TOPICS):
            if older not in mine and start <= first:
                for paper in papers:
                    found[paper].add(topic)
    return found


def _keep(app: App, slot: Slot, segment: Segment, editions: Sequence[Edition]) -> DigestId:
    ids = tuple(edition.id for edition in editions)
    name = sha256("\n".join((slot.label, segment.language, segment.layout, *ids)).encode()).hexdigest()[:20]
    return app.store.save_digest(
        Digest(id=DigestId(name), slot=slot.label, language=segment.language, layout=segment.layout, edition_ids=ids)
    )
