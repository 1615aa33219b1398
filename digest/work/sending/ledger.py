"""The books of a round: what begins and what ended on all connections, many in one transaction.

A commit waits for the disk, so those who come while one is written share the next; nobody waits for company. What
ended on a connection is written before, or with, what begins there next. After an error nothing begins any more.

The books are written in the loop itself: a sender has nothing better to do meanwhile, and in a thread of their own each
step of a statement waited for the loop's turn with the interpreter (measured: half the mails at twice the price).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from digest.app import App
from digest.errors import StoreError
from digest.model import Begun, DeliveryId, DeliveryState, Ended, Standing, Suppression, SuppressionReason, Value
from digest.publish.answers import Answer
from digest.work.caution import drop_ballast
from digest.work.sending.rules import Doubt, admission, ended, ending, still_ours
from digest.work.sending.supply import Mail
from digest.work.watermark import Watermark, mark_path, step

# Turns of the loop before a commit: they take no time, and with four of them a commit is shared by twice as many.
_PASSES = 4

log = structlog.get_logger()


class Beginning(Value):
    """A mail that wants to begin at a relay."""

    mail: Mail
    relay: str


class End(Value):
    """How a mail ended. `dead`: its address is to be mailed no more."""

    mail: Mail
    ended: Ended
    dead: bool = False


class Written(Value):
    """What a transaction came to: which mails may begin, and how many ended how."""

    begun: frozenset[DeliveryId]
    counts: dict[str, int]


class Ledger:
    """Writes the books. `failure` is why it cannot."""

    def __init__(self, app: App, *, lease: timedelta, counts: Counter[str] | None = None) -> None:
        self._app, self._lease = app, lease
        self._beginnings: list[tuple[Beginning, asyncio.Future[bool]]] = []
        self._ends: list[End] = []
        self._left: list[End] = []
        self._writer: asyncio.Task[None] | None = None
        self._mark = Watermark(mark_path(app))
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.failure: StoreError | None = None

    async def begin(self, mail: Mail, relay: str) -> bool:
        """Let a mail begin, or not: consent, suppression, pause and claim are asked in the transaction that says so.

        True once `in_data` is committed. An unsubscribe that committed before is always seen. Raises StoreError.
        """
        loop = asyncio.get_running_loop()
        came = loop.time()
        admitted = loop.create_future()
        self._beginnings.append((Beginning(mail=mail, relay=relay), admitted))
        self._wake()
        # Who was frozen meanwhile may have been given up, and the mail be another's.
        return await admitted and loop.time() - came < self._lease.total_seconds() / 2

    def end(self, end: End) -> None:
        """Have it written how a mail ended."""
        self._ends.append(end)
        self._wake()

    async def close(self) -> None:
        """Write what is left; of what could not be written, try once more: each is an answer that would be lost."""
        if self._writer:
            await self._writer
        left, self._left = self._left, []
        if left:
            drop_ballast(self._app)
        with suppress(StoreError):
            self.counts.update(self._kept([], left).counts if left else {})
        self._mark.close()

    def _wake(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while True:
            # A connection that ends a mail begins its next one at once, and other answers may be there already.
            for _ in range(_PASSES):
                await asyncio.sleep(0)
            if not (self._beginnings or self._ends):
                return
            beginnings, self._beginnings = self._beginnings, []
            ends, self._ends = self._ends, []
            self._written(beginnings, ends)

    def _written(self, beginnings: list[tuple[Beginning, asyncio.Future[bool]]], ends: list[End]) -> None:
        waiting = [admitted for _, admitted in beginnings]
        try:
            if self.failure:
                raise self.failure
            done = self._kept([one for one, _ in beginnings], ends)
        except StoreError as error:
            # Without the books nothing more may begin; what was under way is taken up when its lease ends.
            self._left += ends
            if self.failure is None:
                log.error("books_failed", why=error.message)
            self.failure = error
            return _fail(waiting, error)
        except BaseException as error:
            _fail(waiting, error)
            raise
        for one, admitted in beginnings:
            if not admitted.done():
                admitted.set_result(one.mail.delivery.id in done.begun)
        self.counts.update(done.counts)
        return None

    def _kept(self, beginnings: Sequence[Beginning], ends: Sequence[End]) -> Written:
        done, now = keep(self._app, beginnings, ends, self._lease), self._app.now()
        begun = [step(one.mail.delivery, now) for one in beginnings if one.mail.delivery.id in done.begun]
        ended = [step(one.mail.delivery, now) for one in ends]
        self._mark.note(begun=begun[-1] if begun else None, ended=ended[-1] if ended else None)
        return done


def _fail(waiting: Sequence[asyncio.Future[bool]], error: BaseException) -> None:
    for admitted in waiting:
        if not admitted.done():
            admitted.set_exception(error)


def keep(app: App, beginnings: Sequence[Beginning], ends: Sequence[End], lease: timedelta) -> Written:
    """Write down what ended, and let begin what may, in one transaction. Raises StoreError: nothing is written."""
    now = app.now()
    mails = [*(one.mail for one in ends), *(one.mail for one in beginnings)]
    with app.store.transaction():
        standings = app.store.standings({mail.delivery.id: mail.address_hash for mail in mails})
        ours = [one for one in ends if still_ours(one.mail.delivery, standings.get(one.ended.id), one.ended.to)]
        admitted, withheld, paused = _sorted(app, beginnings, standings)
        app.store.finish([*(one.ended for one in ours), *withheld], now=now)
        if admitted:
            app.store.admit(admitted, until=now + lease, now=now)
        for mail in paused:
            app.store.release(mail.delivery, now=now)
        for one in ours:
            if one.dead:
                app.store.suppress(
                    Suppression(address_hash=one.mail.address_hash, reason=SuppressionReason.HARD, since=now)
                )
    counts = Counter(str(one.ended.to) for one in ours)
    counts["withheld"] = len(beginnings) - len(admitted)
    return Written(begun=frozenset(one.id for one in admitted), counts=dict(counts))


def _sorted(
    app: App, beginnings: Sequence[Beginning], standings: dict[DeliveryId, Standing]
) -> tuple[list[Begun], list[Ended], list[Mail]]:
    """Return what may begin, what ends instead, and what goes back as the outbox is paused."""
    now, admitted, withheld, paused = app.now(), list[Begun](), list[Ended](), list[Mail]()
    for one in beginnings:
        delivery, standing = one.mail.delivery, standings.get(one.mail.delivery.id)
        if standing is None or not still_ours(delivery, standing, DeliveryState.IN_DATA):
            continue
        if standing.paused:
            paused.append(one.mail)
            continue
        state, reply = admission(delivery, standing, now=now)
        if state is DeliveryState.IN_DATA:
            admitted.append(
                Begun(id=delivery.id, fence=delivery.fence, message_id=one.mail.message_id, relay=one.relay)
            )
        else:
            withheld.append(ending(delivery, state, reply))
    return admitted, withheld, paused


def end_of(mail: Mail, found: Answer, *, app: App, jitter: float, doubt: Doubt) -> End:
    """Return what an answer makes of a mail."""
    return End(
        mail=mail,
        ended=ended(mail.delivery, found, now=app.now(), jitter=jitter, doubt=doubt),
        dead=found.no_mailbox,
    )
