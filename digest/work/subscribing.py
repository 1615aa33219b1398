"""Readers come, confirm, change what they get, and leave. Every verb is one transaction of the store.

Nothing tells a stranger whose address is known: asking has the same result for every address that can be mailed.
What a form asks for changes nothing for a reader who is mailed already, until the owner of the address confirms it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from digest.app import App
from digest.errors import DigestError, NotFoundError
from digest.model import (
    OPEN_DELIVERIES,
    Delivery,
    DeliveryId,
    DeliveryState,
    Subscriber,
    SubscriberId,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    Topic,
    TopicId,
    Value,
)
from digest.render.letters import LetterKind
from digest.store.readers import address_key
from digest.tokens import address_hash, subscriber_id
from digest.work.wishes import Form, Wishes, application, form_of, mailbox_of, wishes

# At most one letter of a kind to an address in a day and three in a month, whoever asks: the form must not be a weapon.
BETWEEN_LETTERS, LETTERS_IN, LETTERS = timedelta(days=1), timedelta(days=30), 3
# What nobody confirmed for so long is not confirmed by a later letter either.
UNCONFIRMED_FOR = timedelta(days=7)
# A reader who left may come back by asking; these only the operator lifts.
BLOCKING = frozenset({SuppressionReason.HARD, SuppressionReason.COMPLAINT, SuppressionReason.ERASED})


class Preferences(Value):
    """How a subscriber stands: the topics on offer, and which of them come by mail or wait to be confirmed."""

    subscriber: Subscriber
    topics: tuple[Topic, ...]
    active: frozenset[TopicId]
    pending: frozenset[TopicId]


class Added(StrEnum):
    """What became of an address that the operator added."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SUPPRESSED = "suppressed"


def join(
    app: App,
    *,
    address: str,
    topics: Sequence[str],
    cadence: str,
    hour: str,
    zone: str,
    language: str | None = None,
) -> None:
    """Ask for topics by the form: they wait for a confirmation, for which a letter is queued if none was lately.

    `language` is the form's, the site's if None: mails come in it.

    Raises RefusedError for what cannot be read or is not offered; nothing else shows what became of it.
    """
    mailbox, wanted = application(
        address=address, topics=topics, cadence=cadence, hour=hour, zone=zone, offered=offered(app)
    )
    with app.store.transaction():
        if suppressed(app, mailbox) in BLOCKING:
            return
        subscriber = _found(app, mailbox, wanted, language)
        for lapsed in _lapsed(app.store.subscriptions(subscriber.id), app.now()):
            app.store.save_subscription(lapsed)
        for topic in wanted.topics:
            # The store refuses what would undo a confirmation.
            app.store.save_subscription(_pending(app, subscriber, topic, "form"))
        if any(one.state is SubscriptionState.PENDING for one in app.store.subscriptions(subscriber.id)):
            _queue(app, subscriber, LetterKind.CONFIRM)


def confirm(app: App, subscriber: SubscriberId) -> list[Topic]:
    """Begin what the owner of the address confirms. Returns all topics that are now mailed; again changes nothing.

    Raises NotFoundError for a subscriber who was erased meanwhile.
    """
    with app.store.transaction():
        owner = app.store.subscriber(subscriber)
        pending = [one for one in app.store.subscriptions(subscriber) if one.state is SubscriptionState.PENDING]
        for one in pending:
            app.store.save_subscription(_confirmed(one, app.now()))
        if pending:
            app.store.lift(hash_of(app, owner.address), SuppressionReason.LEFT)
        return _topics(app, subscriber, SubscriptionState.ACTIVE)


def waiting(app: App, subscriber: SubscriberId) -> list[Topic]:
    """Return the topics that a confirmation would begin. Raises NotFoundError."""
    app.store.subscriber(subscriber)
    return _topics(app, subscriber, SubscriptionState.PENDING)


def leave(app: App, subscriber: SubscriberId, *, evidence: str = "left, by the reader's link") -> None:
    """End all that a subscriber gets, and mail the address no more. Doing it again, or for nobody, changes nothing."""
    with app.store.transaction():
        try:
            address = app.store.subscriber(subscriber).address
        except NotFoundError:
            return
        for one in app.store.subscriptions(subscriber):
            app.store.save_subscription(_ended(one, app.now(), evidence))
        if suppressed(app, address) is None:
            left = Suppression(address_hash=hash_of(app, address), reason=SuppressionReason.LEFT, since=app.now())
            app.store.suppress(left)


def ask_for_access(app: App, address: str) -> None:
    """Queue a letter with a link to the preferences if the address is a subscriber's. Raises RefusedError."""
    mailbox = mailbox_of(address)
    with app.store.transaction():
        subscriber = app.store.subscriber_by_address(mailbox)
        if subscriber and suppressed(app, mailbox) not in BLOCKING:
            _queue(app, subscriber, LetterKind.ACCESS)


def preferences(app: App, subscriber: SubscriberId) -> Preferences:
    """Return how a subscriber stands. Raises NotFoundError."""
    found = app.store.subscriber(subscriber)
    states = {one.topic_id: one.state for one in app.store.subscriptions(subscriber)}
    return Preferences(
        subscriber=found,
        topics=tuple(offered(app, subscriber)),
        active=frozenset(topic for topic, state in states.items() if state is SubscriptionState.ACTIVE),
        pending=frozenset(topic for topic, state in states.items() if state is SubscriptionState.PENDING),
    )


def change(
    app: App,
    subscriber: SubscriberId,
    *,
    topics: Iterable[str],
    cadence: str,
    hour: str,
    zone: str,
    paused: bool,
    language: str | None = None,
    layout: str | None = None,
) -> Preferences:
    """Change what a subscriber gets, at once: the link proves who asks. Without any topic it is leaving.

    `language` and `layout` stay as they are where None is given.

    Raises RefusedError, and NotFoundError.
    """
    choice = offered(app, subscriber)
    wanted = wishes(topics=topics, cadence=cadence, hour=hour, zone=zone, offered=choice)
    with app.store.transaction():
        before = app.store.subscriber(subscriber)
        form = form_of(language=language or before.language, layout=layout or before.layout)
        after = replace(_with(before, wanted), paused=paused, language=form.language, layout=form.layout)
        app.store.save_subscribers([after])
        if wanted.topics:
            held = app.store.subscriptions(subscriber)
            for one in _changes(held, wanted.topics, choice, subscriber, app.now()):
                app.store.save_subscription(one)
            app.store.lift(hash_of(app, before.address), SuppressionReason.LEFT)
        else:
            leave(app, subscriber, evidence="left, by the preferences")
        return preferences(app, subscriber)


def add(
    app: App,
    *,
    address: str,
    wanted: Wishes,
    form: Form | None = None,
    paused: bool = False,
    confirmed: bool = False,
    evidence: str = "import, by the operator",
) -> Added:
    """Add an address in the operator's name: `confirmed` says that its owner agreed, else a letter asks.

    A suppressed address is left alone, and so is a topic that its reader ended. Raises RefusedError.
    """
    mailbox = mailbox_of(address)
    with app.store.transaction():
        if suppressed(app, mailbox):
            return Added.SUPPRESSED
        known = app.store.subscriber_by_address(mailbox)
        subscriber = _found(app, mailbox, wanted)
        if known is None:
            given = {"language": form.language, "layout": form.layout} if form else {}
            subscriber = replace(subscriber, paused=paused, **given)
            app.store.save_subscribers([subscriber])
        begun = [topic for topic in wanted.topics if _begin(app, subscriber, topic, confirmed, evidence)]
        if begun and not confirmed:
            _queue(app, subscriber, LetterKind.CONFIRM)
    return Added.NEW if known is None else Added.CHANGED if begun or subscriber != known else Added.UNCHANGED


def pause(app: App, subscriber: SubscriberId, *, paused: bool) -> bool:
    """Let a subscriber's mail rest, or go on. False if nothing changed. Raises NotFoundError."""
    with app.store.transaction():
        found = app.store.subscriber(subscriber)
        return app.store.save_subscribers([replace(found, paused=paused)]) > 0


def begin_own(app: App, subscriber: SubscriberId, topic: TopicId, *, by_link: bool) -> None:
    """Begin a subscriber's own topic: at once if the subscriber's link asks for it, or has confirmed another.

    For the operator, who cannot agree in a reader's place, it waits until the first confirmation, and a topic that its
    reader ended stays ended. Raises DigestError if nothing comes to the address or waits to be confirmed.
    """
    states = {one.topic_id: one.state for one in app.store.subscriptions(subscriber)}
    usual = SubscriptionState.ACTIVE if SubscriptionState.ACTIVE in states.values() else SubscriptionState.PENDING
    if not by_link and not {SubscriptionState.ACTIVE, SubscriptionState.PENDING}.intersection(states.values()):
        raise DigestError("nothing is mailed to this address", hint="only its owner can ask for mail again")
    way = _way(states.get(topic), wanted=True) if by_link else () if topic in states else (usual,)
    evidence = "preferences, by the reader's link" if by_link else "own topic, by the operator"
    for state in way:
        one = Subscription(subscriber_id=subscriber, topic_id=topic, state=state, since=app.now(), evidence=evidence)
        app.store.save_subscription(one)
    if by_link:
        app.store.lift(hash_of(app, app.store.subscriber(subscriber).address), SuppressionReason.LEFT)


def is_mailed(app: App, subscriber: SubscriberId) -> bool:
    """Say whether anything is mailed to a subscriber. Raises NotFoundError."""
    owner = app.store.subscriber(subscriber)
    active = any(one.state is SubscriptionState.ACTIVE for one in app.store.subscriptions(subscriber))
    return active and suppressed(app, owner.address) is None


def end_own(app: App, subscriber: SubscriberId, topic: TopicId) -> None:
    """End a subscriber's own topic, which is forgotten, and cancel the digests that wait: it may be in them."""
    for one in app.store.subscriptions(subscriber):
        if one.topic_id == topic:
            app.store.save_subscription(_ended(one, app.now(), "forgotten"))
    for mail in app.store.deliveries(subscriber_id=subscriber):
        if mail.digest_id and mail.state in OPEN_DELIVERIES:
            app.store.move_delivery(mail.id, to=DeliveryState.CANCELLED, now=app.now(), reply="own topic forgotten")


def offered(app: App, subscriber: SubscriberId | None = None) -> list[Topic]:
    """Return the topics to choose from; a subscriber's own is offered to nobody else, and stands last."""
    own = app.store.topics(owner=subscriber) if subscriber else []
    return [topic for topic in (*app.store.topics(), *own) if topic.enabled]


def hash_of(app: App, address: str) -> str:
    """Return the keyed hash under which an address is suppressed."""
    return address_hash(app.settings.site.secret, address_key(address))


def suppressed(app: App, address: str) -> SuppressionReason | None:
    """Return why an address is not mailed, if it is not."""
    found = app.store.suppression(hash_of(app, address))
    return found.reason if found else None


# The rules


def letter_is_due(kind: LetterKind, earlier: Iterable[Delivery], now: datetime) -> bool:
    """Say whether a letter may be queued after those that were: none waits, none in the last day, few in the month."""
    same = [one for one in earlier if one.slot.startswith(f"{kind}:") and one.due > now - LETTERS_IN]
    if any(one.state in OPEN_DELIVERIES or one.due > now - BETWEEN_LETTERS for one in same):
        return False
    return len(same) < LETTERS


def _lapsed(held: Iterable[Subscription], now: datetime) -> list[Subscription]:
    """Return what nobody confirmed in time, as ended."""
    old = [one for one in held if one.state is SubscriptionState.PENDING and one.since <= now - UNCONFIRMED_FOR]
    return [_ended(one, now, "never confirmed") for one in old]


def _ended(one: Subscription, now: datetime, evidence: str) -> Subscription:
    return replace(one, state=SubscriptionState.ENDED, since=now, evidence=evidence)


def _confirmed(one: Subscription, now: datetime) -> Subscription:
    evidence = f"{one.evidence}, confirmed by link (asked {one.since:%Y-%m-%dT%H:%M:%SZ})"
    return replace(one, state=SubscriptionState.ACTIVE, since=now, evidence=evidence)


def _changes(
    held: Sequence[Subscription], wanted: Sequence[TopicId], topics: Sequence[Topic], owner: SubscriberId, now: datetime
) -> list[Subscription]:
    """Return the moves that make `wanted` the active ones of the topics on offer; of others nothing is said."""
    states = {one.topic_id: one.state for one in held}
    return [
        Subscription(
            subscriber_id=owner,
            topic_id=topic.id,
            state=state,
            since=now,
            evidence="preferences, by the reader's link",
        )
        for topic in topics
        for state in _way(states.get(topic.id), wanted=topic.id in wanted)
    ]


def _way(state: SubscriptionState | None, *, wanted: bool) -> tuple[SubscriptionState, ...]:
    """Return the states to go through, one after the other, until a topic is active, or is not."""
    match state, wanted:
        case (SubscriptionState.ACTIVE, True) | (SubscriptionState.ENDED | None, False):
            return ()
        case SubscriptionState.ENDED, True:
            return (SubscriptionState.PENDING, SubscriptionState.ACTIVE)
        case _, True:
            return (SubscriptionState.ACTIVE,)
    return (SubscriptionState.ENDED,)


def _with(subscriber: Subscriber, wanted: Wishes) -> Subscriber:
    return replace(subscriber, cadence=wanted.cadence, send_hour=wanted.hour, zone=wanted.zone)


# The steps


def _found(app: App, mailbox: str, wanted: Wishes, language: str | None = None) -> Subscriber:
    """Find the subscriber of an address, or make one, in a language or the site's.

    The wishes are taken at once unless something is mailed there already: before that they change nothing for anybody,
    and after it a stranger could move another's mail to the middle of the night.
    """
    known = app.store.subscriber_by_address(mailbox)
    if known and any(one.state is SubscriptionState.ACTIVE for one in app.store.subscriptions(known.id)):
        return known
    fresh = Subscriber(
        id=subscriber_id(secrets.token_bytes(12)),
        address=mailbox,
        created=app.now(),
        language=app.site.language,
        layout=app.settings.mail.layout,
    )
    found = _with(known or fresh, wanted)
    found = replace(found, language=language or found.language)
    app.store.save_subscribers([found])
    return found


def _begin(app: App, subscriber: Subscriber, topic: TopicId, confirmed: bool, evidence: str) -> bool:
    """Begin a topic in the operator's name unless it was ended. Returns whether anything changed."""
    states = {one.topic_id: one.state for one in app.store.subscriptions(subscriber.id)}
    if states.get(topic) is SubscriptionState.ENDED:
        return False
    one = _pending(app, subscriber, topic, evidence)
    return app.store.save_subscription(replace(one, state=SubscriptionState.ACTIVE) if confirmed else one)


def _pending(app: App, subscriber: Subscriber, topic: TopicId, evidence: str) -> Subscription:
    return Subscription(
        subscriber_id=subscriber.id,
        topic_id=topic,
        state=SubscriptionState.PENDING,
        since=app.now(),
        evidence=evidence,
    )


def _queue(app: App, subscriber: Subscriber, kind: LetterKind) -> None:
    now = app.now()
    if not letter_is_due(kind, app.store.deliveries(subscriber_id=subscriber.id), now):
        return
    slot = f"{kind}:{now:%Y-%m-%d}"
    queued = Delivery(
        id=DeliveryId(f"{subscriber.id}/{slot}"),
        subscriber_id=subscriber.id,
        slot=slot,
        state=DeliveryState.QUEUED,
        due=now,
    )
    app.store.plan_deliveries([queued])


def _topics(app: App, subscriber: SubscriberId, state: SubscriptionState) -> list[Topic]:
    """Return the topics on offer that a subscriber has in a state."""
    held = {one.topic_id for one in app.store.subscriptions(subscriber) if one.state is state}
    return [topic for topic in offered(app, subscriber) if topic.id in held]
