"""What becomes of a claimed mail: whether it may begin, and what an answer to it means. Values in, values out."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from digest.edition.calendar import Calendar, zone_of
from digest.edition.slots import GIVE_UP, following
from digest.model import DELIVERY_MOVES, Cadence, Delivery, DeliveryState, Ended, Standing, Subscriber, Value
from digest.publish.answers import Answer, Verdict, next_try
from digest.publish.asking import Trace
from digest.work.messages import ACCESS_FOR
from digest.work.subscribing import BLOCKING

BROKEN_TRIES = 3


class Doubt(Value):
    """What to do about a mail that may have arrived: how long to wait, and whether never to send it again."""

    wait: timedelta
    park: bool


def admission(
    delivery: Delivery, standing: Standing, *, now: datetime, until: datetime
) -> tuple[DeliveryState, str | None]:
    """Decide whether a claimed mail may begin: in_data, or the state it goes to instead and why.

    `until`, here and below, is when its tries end.
    """
    blocked = standing.suppression in BLOCKING
    if is_letter(delivery):
        if blocked or not (standing.pending or delivery.slot.startswith("access:")):
            return DeliveryState.CANCELLED, "not wanted any more"
    elif standing.suppression:
        return DeliveryState.SUPPRESSED, f"address is suppressed: {standing.suppression}"
    elif not standing.active:
        return DeliveryState.CANCELLED, "no active subscription"
    if now >= until:
        return DeliveryState.SKIPPED, "expired"
    return DeliveryState.IN_DATA, None


def is_letter(delivery: Delivery) -> bool:
    """Say whether it is a letter (to confirm, to give access) rather than a digest: the store claims these first."""
    return delivery.digest_id is None


def ends(delivery: Delivery, reader: Subscriber | None, calendar: Calendar) -> datetime:
    """Return when tries end: after 48 hours, or when a daily digest's next is due by its reader's clock, if sooner.

    A short-lived link's end with it.
    """
    kind, _, day = delivery.slot.partition(":")
    if kind == "access":
        return delivery.due + ACCESS_FOR
    latest = delivery.due + GIVE_UP
    if kind != Cadence.DAILY or reader is None:
        return latest
    return min(latest, following(date.fromisoformat(day), zone_of(reader.zone), reader.send_hour, calendar))


def ended(delivery: Delivery, found: Answer, *, now: datetime, until: datetime, jitter: float, doubt: Doubt) -> Ended:
    """Return what an answer makes of a mail; `jitter` (0 to 1) spreads the next tries."""
    if found.verdict is Verdict.SENT:
        return ending(delivery, DeliveryState.SENT, found.reply)
    if found.verdict is Verdict.REFUSED:
        return ending(delivery, DeliveryState.REFUSED, found.reply)
    if found.verdict is Verdict.UNCERTAIN:
        return doubted(delivery, found.reply, now=now, until=until, doubt=doubt)
    at = next_try(delivery.attempts, now=now, ends=until, jitter=jitter, after=found)
    if at is None:
        return ending(delivery, DeliveryState.PARKED, f"gave up: {found.reply}")
    return ending(delivery, DeliveryState.DEFERRED, found.reply, next_try=at)


def doubted(delivery: Delivery, reply: str, *, now: datetime, until: datetime, doubt: Doubt) -> Ended:
    """Return what becomes of a mail that may have arrived: once more with the same bytes after a wait, then parked."""
    at = now + doubt.wait
    if doubt.park or delivery.uncertain or at >= until:
        return ending(delivery, DeliveryState.PARKED, reply, uncertain=True)
    return ending(delivery, DeliveryState.DEFERRED, reply, next_try=at, uncertain=True)


def broken(delivery: Delivery, why: str, *, now: datetime, until: datetime) -> Ended:
    """Return what becomes of a mail that a fault of ours keeps from being made: tried again, then a person's."""
    at = next_try(delivery.attempts, now=now, ends=until, jitter=0)
    if at is None or delivery.attempts >= BROKEN_TRIES:
        return ending(delivery, DeliveryState.PARKED, f"it could not be made: {why}")
    return ending(delivery, DeliveryState.DEFERRED, f"it could not be made: {why}", next_try=at)


def asked(delivery: Delivery, trace: Trace, *, now: datetime, until: datetime, doubt: Doubt) -> Ended:
    """Return what becomes of a mail that its relay was asked about. What is not there is sent as if for the first time.

    What the relay cannot tell stays in doubt.
    """
    if trace is Trace.ARRIVED:
        return ending(delivery, DeliveryState.SENT, "the answer was lost; the relay says that it has the mail")
    if trace is Trace.ABSENT and now < until:
        return ending(delivery, DeliveryState.DEFERRED, "the relay says that it has no such mail", next_try=now)
    return doubted(delivery, "no answer, and the relay cannot tell", now=now, until=until, doubt=doubt)


def ending(
    delivery: Delivery,
    to: DeliveryState,
    reply: str | None,
    *,
    next_try: datetime | None = None,
    uncertain: bool = False,
) -> Ended:
    """Return the end of a delivery's claim."""
    return Ended(id=delivery.id, fence=delivery.fence, to=to, reply=reply, next_try=next_try, uncertain=uncertain)


def still_ours(delivery: Delivery, standing: Standing | None, to: DeliveryState) -> bool:
    """Say whether a claim is still this one, and may go on to a state."""
    return standing is not None and standing.fence == delivery.fence and to in DELIVERY_MOVES[standing.state]
