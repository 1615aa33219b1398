"""Mails to send: claimed some at a time, and made one by one."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from heapq import heappop, heappush
from math import ceil, inf

import structlog

from digest.app import App
from digest.edition.calendar import zone_of
from digest.errors import DigestError, StoreError
from digest.model import Delivery, DeliveryId, DeliveryState, Ended, Subscriber, Value
from digest.publish.pace import PATIENCE
from digest.publish.promises import SOON
from digest.work.caution import require_room
from digest.work.messages import Messages, envelope_id, message_id, return_path
from digest.work.pace_of_mail import keep_limits
from digest.work.sending.rules import broken, ending, ends, is_letter
from digest.work.subscribing import hash_of

# So many for each connection are claimed at once, and wait for their lease if the sender dies.
EACH = 20

log = structlog.get_logger()


class Mail(Value):
    """A claimed delivery, and all that is needed to send it.

    `ends` is when its tries do; `name` is what it is called outside of our books.
    """

    delivery: Delivery
    ends: datetime
    address: str
    address_hash: str
    return_path: str
    name: str
    message_id: str
    text: bytes

    @property
    def domain(self) -> str:
        """Where it goes, in lower case."""
        return self.address.rpartition("@")[2].lower()


class Supply:
    """The mails of a round, for all its connections."""

    def __init__(
        self, app: App, stop: asyncio.Event, *, lease: timedelta, recover: Callable[[], object], counts: Counter[str]
    ) -> None:
        self._app, self._stop, self._lease, self._recover, self._counts = app, stop, lease, recover, counts
        self._messages = Messages(app)
        self._claimed: deque[tuple[Delivery, Subscriber | None]] = deque()
        self._line = asyncio.Lock()
        # Mails that were put off for a moment, and when they come back by the loop's clock.
        self._back: list[tuple[float, DeliveryId, Mail]] = []
        self._dry = self._comes_back = False

    async def next(self) -> Mail | None:
        """Return a mail, or None if nothing is due any more. Raises StoreError."""
        while True:
            if not self._claimed and not self._is_back():
                async with self._line:
                    await self._claim()
            if self._is_back():
                return heappop(self._back)[2]
            if not self._claimed:
                return None
            if mail := self._made(*self._claimed.popleft()):
                return mail

    def give_back(self, mail: Mail, rest: timedelta = timedelta()) -> None:
        """Give back what did not begin, for after a rest: a short one it has here. Raises StoreError."""
        now, span = self._app.now(), rest.total_seconds()
        self._comes_back |= bool(rest)
        self._dry &= not rest
        if 0 < span <= SOON and len(self._back) < self._most:
            heappush(self._back, (asyncio.get_running_loop().time() + span, mail.delivery.id, mail))
        else:
            # Instants are kept to the second: not a moment before the rest is over.
            later = now + timedelta(seconds=ceil(span)) if rest else None
            self._app.store.release(mail.delivery, now=now, next_try=later)

    def close(self) -> None:
        """Give back what was not taken. Raises StoreError."""
        while self._back:
            self._app.store.release(self._back.pop()[2].delivery, now=self._app.now())
        while self._claimed:
            self._app.store.release(self._claimed.popleft()[0], now=self._app.now())

    @property
    def _most(self) -> int:
        # Where mail goes slowly, what was claimed must have its turn long before the lease ends.
        return max(1, int(min(EACH * self._app.settings.smtp.connections, self._app.flows.most(self._lease / 4))))

    async def _claim(self) -> None:
        """Claim some, unless another connection just did."""
        for _ in range(int(PATIENCE)):
            if self._claimed or self._is_back() or self._dry:
                return
            await self._due()
            if not self._claimed and not await self._soon():
                break
        self._dry = not self._claimed

    def _is_back(self) -> bool:
        return bool(self._back) and self._back[0][0] <= asyncio.get_running_loop().time()

    async def _soon(self) -> bool:
        """Wait a second for what this round put off, if it comes soon: a new round would be too late for its turn."""
        wait = self._wait() if self._comes_back else inf
        if wait > PATIENCE:
            return False
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), min(1.0, wait))
        return not self._stop.is_set()

    def _wait(self) -> float:
        """Return how many seconds it is until something is due or back."""
        at = self._app.store.next_try()
        back = self._back[0][0] - asyncio.get_running_loop().time() if self._back else inf
        return max(0.0, min(back, (at - self._app.now()).total_seconds() if at else inf))

    async def _due(self) -> None:
        store, now = self._app.store, self._app.now()
        if store.lapsed(now=now):
            # It may ask the relay, which takes its time.
            await asyncio.to_thread(self._recover)
        # What a paused outbox gives back must not be taken again by this very round.
        if store.switch("outbox") == "paused":
            return
        require_room(self._app)
        if keep_limits(self._app):
            claimed = store.claim(limit=self._most, now=now, until=now + self._lease)
            readers = store.subscribers_named(one.subscriber_id for one in claimed)
            self._claimed += [(one, readers.get(one.subscriber_id)) for one in claimed]

    def _made(self, delivery: Delivery, subscriber: Subscriber | None) -> Mail | None:
        """Make a mail. One that cannot be made is not the relay's fault: it waits, and others go on."""
        now = self._app.now()
        if subscriber is None:
            return self._end(ending(delivery, DeliveryState.PARKED, f"there is no subscriber {delivery.subscriber_id}"))
        if until := self._quiet(delivery, subscriber, now):
            self._app.store.release(delivery, now=now, next_try=until)
            return None
        try:
            return self._mail(delivery, subscriber)
        except StoreError:
            raise
        except DigestError as error:
            log.warning("mail_broken", delivery=delivery.id, code=error.code, why=error.message)
            return self._end(broken(delivery, error.message, now=now, until=self._ends(delivery, subscriber)))
        except Exception as error:
            # A fault of ours in one mail must not end the round for all, nor come back for ever.
            log.exception("mail_broken", delivery=delivery.id)
            why = type(error).__name__
            return self._end(broken(delivery, why, now=now, until=self._ends(delivery, subscriber)))

    def _end(self, one: Ended) -> Mail | None:
        self._app.store.finish([one], now=self._app.now())
        self._counts[str(one.to)] += 1
        return None

    def _quiet(self, delivery: Delivery, subscriber: Subscriber, now: datetime) -> datetime | None:
        """Return until when a reader is not to be disturbed; None if a mail may come, as one that was asked for may."""
        quiet = self._app.calendar.quiet
        return quiet.over(zone_of(subscriber.zone), now) if quiet and not is_letter(delivery) else None

    def _ends(self, delivery: Delivery, subscriber: Subscriber) -> datetime:
        return ends(delivery, subscriber, self._app.calendar)

    def _mail(self, delivery: Delivery, subscriber: Subscriber) -> Mail:
        return Mail(
            delivery=delivery,
            ends=self._ends(delivery, subscriber),
            address=subscriber.address,
            address_hash=hash_of(self._app, subscriber.address),
            return_path=return_path(self._app, subscriber.id),
            name=envelope_id(self._app, delivery),
            message_id=message_id(self._app, delivery),
            text=self._messages.of(delivery, subscriber),
        )
