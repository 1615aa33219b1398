"""Take up what a sender that is gone left behind, and settle what may have arrived: ask the relay, where it can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from digest.app import App
from digest.config.checks import duration
from digest.model import Delivery, DeliveryState, Ended, Subscriber, SubscriberId
from digest.publish.asking import Asker, Question, Trace, asker
from digest.work.messages import envelope_id, message_id, return_path
from digest.work.sending.relays import relay_for
from digest.work.sending.rules import Doubt, asked, doubted, ends

Readers = Mapping[SubscriberId, Subscriber]

log = structlog.get_logger()

# The lease that has run out was the wait.
_WAITED = timedelta(0)


def asker_for(app: App) -> Asker | None:
    """Return how to ask the relay about a mail whose answer was lost, if the settings say how."""
    how = app.settings.smtp.ask
    return asker(how, relay=relay_for(app).name) if how else None


def doubt_of(app: App, *, wait: timedelta | None = None) -> Doubt:
    """Return what the settings say about a mail that may have arrived; the wait is a sender's lease."""
    smtp = app.settings.smtp
    # The relay may still be busy with the first: as long as a sender may be silent.
    return Doubt(wait=duration(smtp.lease) if wait is None else wait, park=smtp.park)


def recover(app: App, ask: Asker | None = None) -> int:
    """Take up deliveries whose lease has run out. Returns how many rows."""
    lapsed = app.store.lapsed(now=app.now())
    for delivery in lapsed:
        if delivery.state is DeliveryState.CLAIMED:
            app.store.release(delivery, now=app.now())
    begun = [one for one in lapsed if one.state is DeliveryState.IN_DATA]
    if begun:
        readers = app.store.subscribers_named(one.subscriber_id for one in begun)
        settled = _asked(app, begun, readers, ask) if ask else _doubted(app, begun, readers)
        app.store.finish(settled, now=app.now())
        log.info("taken_up", mails=len(begun), states=sorted({str(one.to) for one in settled}))
    return len(lapsed)


def _doubted(app: App, begun: Sequence[Delivery], readers: Readers) -> list[Ended]:
    doubt, why = doubt_of(app, wait=_WAITED), "no answer: the sender stopped"
    return [doubted(one, why, now=app.now(), until=_ends(app, one, readers), doubt=doubt) for one in begun]


def _asked(app: App, begun: Sequence[Delivery], readers: Readers, ask: Asker) -> list[Ended]:
    doubt = doubt_of(app, wait=_WAITED)
    known = [one for one in begun if one.subscriber_id in readers]
    traces = ask([_question(app, one, readers[one.subscriber_id].address) for one in known])
    found = {one.id: trace for one, trace in zip(known, traces, strict=True)}
    return [
        asked(one, found.get(one.id, Trace.UNKNOWN), now=app.now(), until=_ends(app, one, readers), doubt=doubt)
        for one in begun
    ]


def _ends(app: App, delivery: Delivery, readers: Readers) -> datetime:
    return ends(delivery, readers.get(delivery.subscriber_id), app.calendar)


def _question(app: App, delivery: Delivery, recipient: str) -> Question:
    return Question(
        message_id=message_id(app, delivery),
        name=envelope_id(app, delivery),
        return_path=return_path(app, delivery.subscriber_id),
        recipient=recipient,
        relay=delivery.relay,
        since=delivery.changed,
    )
