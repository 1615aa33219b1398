"""Deliver what is due: claim, ask the books, send, write the answer down, mail by mail over several connections.

Kill the process anywhere: rows not yet `in_data` are sent by whoever comes next; those in `in_data`, at most one for
each open connection, may have arrived, so they are sent once more with the same Message-ID and bytes, then parked.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from digest.app import App
from digest.config.checks import duration
from digest.edition.slots import GIVE_UP
from digest.errors import ConfigError, DeliveryError, DigestError, NotFoundError, StoreError
from digest.model import (
    Delivery,
    DeliveryState,
    Standing,
    Subscriber,
    Suppression,
    SuppressionReason,
    Value,
)
from digest.publish.answers import Answer, Verdict, next_try
from digest.publish.relay import Connection, Relay, relay_of
from digest.work.messages import ACCESS_FOR, Messages, envelope_id, message_id, return_path
from digest.work.proving import proven
from digest.work.subscribing import BLOCKING, hash_of

T = TypeVar("T")
BATCH = 50

log = structlog.get_logger()


class Sent(Value):
    """What a round of sending came to; `error` when the relay could not be used and the rest waits."""

    sent: int = 0
    refused: int = 0
    deferred: int = 0
    parked: int = 0
    withheld: int = 0
    error: str | None = None
    hint: str | None = None


def admission(delivery: Delivery, standing: Standing, *, now: datetime) -> tuple[DeliveryState, str | None]:
    """Decide whether a claimed mail's text may begin: in_data, or the state it goes to instead and why."""
    blocked = standing.suppression in BLOCKING
    if is_letter(delivery):
        if blocked or not (standing.pending or delivery.slot.startswith("access:")):
            return DeliveryState.CANCELLED, "not wanted any more"
    elif standing.suppression:
        return DeliveryState.SUPPRESSED, f"address is suppressed: {standing.suppression}"
    elif not standing.active:
        return DeliveryState.CANCELLED, "no active subscription"
    if now >= ends(delivery):
        return DeliveryState.SKIPPED, "expired"
    return DeliveryState.IN_DATA, None


def is_letter(delivery: Delivery) -> bool:
    """Say whether it is a letter (to confirm, to give access) rather than a digest."""
    return delivery.slot.startswith(("confirm:", "access:"))


def ends(delivery: Delivery) -> datetime:
    """Return when tries end: after 48 hours; a daily digest's when the next is due, a short-lived link's with it."""
    kind = delivery.slot.partition(":")[0]
    return delivery.due + {"daily": timedelta(hours=24), "access": ACCESS_FOR}.get(kind, GIVE_UP)


def relay_for(app: App) -> Relay:
    """Return the relay that the settings name. Raises ConfigError without one, or when links would not be safe."""
    smtp = app.settings.smtp
    if not smtp.url:
        raise ConfigError("smtp.url is empty: no mail can be sent", hint="set DIGEST_SMTP_URL or smtp.url")
    if not app.settings.site.secret:
        raise ConfigError("site.secret is empty: readers' links cannot be signed", hint="`digest init` writes one")
    if not app.settings.site.url.startswith("https://") and app.settings.host not in {"localhost", "127.0.0.1"}:
        raise ConfigError(f"site.url is {app.settings.site.url!r}: mail needs https", hint="RFC 8058 asks for https")
    return relay_of(smtp.url, timeout=duration(smtp.timeout), hostname=app.settings.host)


async def send(app: App, *, stop: asyncio.Event | None = None) -> Sent:
    """Send all that is due now. Returns when nothing is left to claim, the relay fails, or `stop` is set.

    Raises ConfigError without a relay, RenderError when a template is wrong or its mail breaks a rule: nothing is sent.
    """
    relay = relay_for(app)
    await asyncio.to_thread(proven, app)
    sender = Sender(app, relay, stop or asyncio.Event())
    return await sender.run()


class Sender:
    """One round over several connections, each with a mail at a time."""

    def __init__(self, app: App, relay: Relay, stop: asyncio.Event) -> None:
        self._app, self._relay, self._stop = app, relay, stop
        self._messages = Messages(app)
        self._lease = duration(app.settings.smtp.lease)
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._counts: dict[str, int] = {}
        self._failure: DigestError | None = None

    async def run(self) -> Sent:
        await self._call(recover, self._app)
        count = self._app.settings.smtp.connections
        await asyncio.gather(*(self._connection() for _ in range(count)))
        while not (self._queue.empty() or isinstance(self._failure, StoreError)):
            await self._call(self._app.store.release, self._queue.get_nowait(), now=self._app.now())
        failure = self._failure
        return Sent(**self._counts, error=failure.message if failure else None, hint=failure.hint if failure else None)

    async def _connection(self) -> None:
        connection = Connection(self._relay)
        try:
            while not self._stop.is_set() and self._failure is None:
                delivery = await self._next()
                if delivery is None:
                    return
                await self._deliver(connection, delivery)
        finally:
            await connection.close()

    async def _next(self) -> Delivery | None:
        if self._queue.empty():
            for delivery in await self._call(self._claim):
                self._queue.put_nowait(delivery)
        # Another connection may have emptied it meanwhile.
        return None if self._queue.empty() else self._queue.get_nowait()

    def _claim(self) -> list[Delivery]:
        store, now = self._app.store, self._app.now()
        # What a paused outbox gives back must not be taken again by this very loop.
        return [] if store.switch("outbox") == "paused" else store.claim(limit=BATCH, now=now, until=now + self._lease)

    async def _deliver(self, connection: Connection, delivery: Delivery) -> None:
        try:
            await self._handed_over(connection, delivery)
        except DeliveryError as error:
            log.warning("relay_failed", why=error.message)
            self._failure = error
            await self._call(self._app.store.release, delivery, now=self._app.now())
        except NotFoundError as error:
            await self._call(self._close, delivery, DeliveryState.PARKED, error.message)
        except StoreError as error:
            # Without the books nothing more may begin; what was under way is taken up when its lease ends.
            log.error("books_failed", why=error.message)
            self._failure = error
        except DigestError as error:
            # What cannot be made is not the relay's fault: it waits for a person, and the others go on.
            log.warning("mail_parked", delivery=delivery.id, code=error.code, why=error.message)
            await self._call(self._close, delivery, DeliveryState.PARKED, error.message)

    async def _handed_over(self, connection: Connection, delivery: Delivery) -> None:
        subscriber = await self._call(self._app.store.subscriber, delivery.subscriber_id)
        text = await self._call(self._messages.of, delivery, subscriber)
        found = await connection.send(
            return_path(self._app, subscriber.id),
            subscriber.address,
            text,
            begin=lambda: self._begin(delivery, subscriber),
            name=envelope_id(self._app, delivery),
        )
        if found is None:
            self._count("withheld")
        else:
            await self._call(self._settle, delivery, subscriber, found)

    async def _begin(self, delivery: Delivery, subscriber: Subscriber) -> bool:
        return await self._call(begin, self._app, delivery, subscriber, until=self._app.now() + self._lease)

    def _settle(self, delivery: Delivery, subscriber: Subscriber, found: Answer) -> None:
        """Write an answer down."""
        if found.verdict is Verdict.SENT:
            self._close(delivery, DeliveryState.SENT, found.reply)
        elif found.verdict is Verdict.REFUSED:
            self._refuse(delivery, subscriber, found)
        elif found.verdict is Verdict.UNCERTAIN:
            self._unsettled(delivery, found)
        else:
            self._retry(delivery, found)

    def _refuse(self, delivery: Delivery, subscriber: Subscriber, found: Answer) -> None:
        with self._app.store.transaction():
            self._close(delivery, DeliveryState.REFUSED, found.reply)
            if found.no_mailbox:
                key = hash_of(self._app, subscriber.address)
                reason = SuppressionReason.HARD
                self._app.store.suppress(Suppression(address_hash=key, reason=reason, since=self._app.now()))

    def _retry(self, delivery: Delivery, found: Answer) -> None:
        now = self._app.now()
        at = next_try(delivery.attempts, now=now, ends=ends(delivery), jitter=random.random())
        if at is None:
            self._close(delivery, DeliveryState.PARKED, f"gave up: {found.reply}")
            return
        self._app.store.finish(delivery, to=DeliveryState.DEFERRED, now=now, reply=found.reply, next_try=at)
        self._count("deferred")

    def _unsettled(self, delivery: Delivery, found: Answer) -> None:
        # The relay may still be busy with the first: as long as a sender may be silent.
        state = settle_uncertain(self._app, delivery, found.reply, wait=self._lease)
        self._count("parked" if state is DeliveryState.PARKED else "deferred")

    def _close(self, delivery: Delivery, state: DeliveryState, reply: str) -> None:
        if self._app.store.finish(delivery, to=state, now=self._app.now(), reply=reply):
            self._count(str(state))

    def _count(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1

    async def _call(self, function: Callable[..., T], *given: object, **named: object) -> T:
        return await asyncio.to_thread(function, *given, **named)


def begin(app: App, delivery: Delivery, subscriber: Subscriber, *, until: datetime) -> bool:
    """Let a mail's text begin, or not, in one transaction: consent, suppression, pause and claim are asked in it.

    True once `in_data` is committed. An unsubscribe that committed before is always seen.
    """
    now = app.now()
    with app.store.transaction():
        standing = app.store.standing(delivery.id, address_hash=hash_of(app, subscriber.address))
        if standing is None or (standing.state, standing.fence) != (DeliveryState.CLAIMED, delivery.fence):
            return False
        if standing.paused:
            app.store.release(delivery, now=now)
            return False
        state, reply = admission(delivery, standing, now=now)
        if state is not DeliveryState.IN_DATA:
            app.store.finish(delivery, to=state, now=now, reply=reply)
            return False
        return app.store.admit(delivery, to=state, message_id=message_id(app, delivery), until=until, now=now)


def recover(app: App) -> int:
    """Take up what a sender that is gone left behind. Returns how many rows."""
    lapsed = app.store.lapsed(now=app.now())
    for delivery in lapsed:
        if delivery.state is DeliveryState.CLAIMED:
            app.store.release(delivery, now=app.now())
        else:
            # The lease that has run out was the wait.
            settle_uncertain(app, delivery, "no answer: the sender stopped", wait=timedelta(0))
    return len(lapsed)


def settle_uncertain(app: App, delivery: Delivery, reply: str, *, wait: timedelta) -> DeliveryState:
    """Decide about a mail that may have arrived: once more with the same bytes after a wait, then park it."""
    now = app.now()
    again = not app.settings.smtp.park and delivery.uncertain == 0 and now + wait < ends(delivery)
    state = DeliveryState.DEFERRED if again else DeliveryState.PARKED
    app.store.finish(delivery, to=state, now=now, reply=reply, next_try=now + wait if again else None, uncertain=True)
    return state
