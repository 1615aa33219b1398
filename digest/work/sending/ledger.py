"""The books of a round: what begins and what ended on all connections, many in one transaction.

A commit waits for the disk, so who comes while more mails are under way than wait here has a moment to find company;
who is alone is written at once. What ended on a connection is written before, or with, what begins there next. After an
error nothing begins any more.

The books are written in the loop itself: a sender has nothing better to do meanwhile, and in a thread of their own each
step of a statement waited for the loop's turn with the interpreter (measured: half the mails at twice the price).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from digest.app import App
from digest.errors import StoreError
from digest.model import Begun, DeliveryId, DeliveryState, Ended, Standing, Suppression, SuppressionReason, Value
from digest.publish.answers import Answer
from digest.work.caution import drop_ballast
from digest.work.sending.rules import Doubt, admission, ended, ending, still_ours
from digest.work.sending.supply import Mail
from digest.work.watermark import Watermark, mark_path, step

# How long a mail may wait for others to share its commit, in seconds: less than the answer that it waits for takes.
_MOMENT = 0.001
# The site's clock tells whole seconds.
_SECOND = timedelta(seconds=1)

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
        self._under_way = 0
        self._soon: asyncio.Handle | None = None
        self._later: asyncio.Handle | None = None
        self._mark = Watermark(mark_path(app))
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.failure: StoreError | None = None

    async def begin(self, mail: Mail, relay: str) -> bool:
        """Let a mail begin, or not: consent, suppression, pause and claim are asked in the transaction that says so.

        True once `in_data` is committed. An unsubscribe that committed before is always seen. Raises StoreError.
        """
        loop = asyncio.get_running_loop()
        came, then = loop.time(), self._app.now()
        admitted = loop.create_future()
        self._beginnings.append((Beginning(mail=mail, relay=relay), admitted))
        self._came(loop)
        begun, half = await admitted, self._lease / 2
        # Who was frozen meanwhile may have been given up, and the mail be another's; asleep, only one clock goes on.
        late = loop.time() - came >= half.total_seconds() or self._app.now() - then >= half + _SECOND
        if begun and late:
            why = "the sender stood still before it began"
            self.end(End(mail=mail, ended=ending(mail.delivery, DeliveryState.DEFERRED, why, next_try=self._app.now())))
        return begun and not late

    def end(self, end: End) -> None:
        """Have it written how a mail ended."""
        self._ends.append(end)
        self.lost()
        self._came(asyncio.get_running_loop())

    def lost(self) -> None:
        """Know that a mail that began is not under way any more."""
        self._under_way -= 1

    def close(self) -> None:
        """Write what is left; of what could not be written, try once more: each is an answer that would be lost."""
        self._write()
        left, self._left = self._left, []
        if left:
            drop_ballast(self._app)
        with suppress(StoreError):
            self.counts.update(self._kept([], left).counts if left else {})
        self._mark.close()

    def _came(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._soon is None and len(self._beginnings) >= self._under_way:
            # Not now: a connection that ends a mail begins its next one at once.
            self._soon = loop.call_soon(self._write)
        elif self._later is None:
            self._later = loop.call_later(_MOMENT, self._write)

    def _write(self) -> None:
        for handle in (self._soon, self._later):
            if handle:
                handle.cancel()
        self._soon = self._later = None
        if self._beginnings or self._ends:
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
        self._under_way += len(done.begun)
        for one, admitted in beginnings:
            if not admitted.done():
                admitted.set_result(one.mail.delivery.id in done.begun)
        self.counts.update(done.counts)
        return None

    def _kept(self, beginnings: Sequence[Beginning], ends: Sequence[End]) -> Written:
        done, now = keep(self._app, beginnings, ends, self._lease), self._app.now()
        begun = next((one.mail.delivery for one in reversed(beginnings) if one.mail.delivery.id in done.begun), None)
        self._mark.note(
            begun=step(begun, now) if begun else None, ended=step(ends[-1].mail.delivery, now) if ends else None
        )
        return done


def _fail(waiting: Sequence[asyncio.Future[bool]], error: BaseException) -> None:
    for admitted in waiting:
        if not admitted.done():
            admitted.set_exception(error)


def keep(app: App, beginnings: Sequence[Beginning], ends: Sequence[End], lease: timedelta) -> Written:
    """Write down what ended, and let begin what may, in one transaction. Raises StoreError: nothing is written."""
    now = app.now()
    with app.store.transaction():
        ours = _finished(app, ends, now)
        admitted, withheld, paused = _sorted(beginnings, _standings(app, [one.mail for one in beginnings]), now)
        if withheld:
            app.store.finish(withheld, now=now)
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


def _finished(app: App, ends: Sequence[End], now: datetime) -> list[End]:
    """Write down what ended. Returns what is as we say; a claim that is another's by now may not be."""
    if not ends or app.store.finish([one.ended for one in ends], now=now) == len(ends):
        return list(ends)
    standings = _standings(app, [one.mail for one in ends])
    return [one for one in ends if _stands(one.ended, standings.get(one.ended.id))]


def _stands(end: Ended, standing: Standing | None) -> bool:
    return standing is not None and (standing.fence, standing.state) == (end.fence, end.to)


def _standings(app: App, mails: Sequence[Mail]) -> dict[DeliveryId, Standing]:
    return app.store.standings({mail.delivery.id: mail.address_hash for mail in mails}) if mails else {}


def _sorted(
    beginnings: Sequence[Beginning], standings: dict[DeliveryId, Standing], now: datetime
) -> tuple[list[Begun], list[Ended], list[Mail]]:
    """Return what may begin, what ends instead, and what goes back as the outbox is paused."""
    admitted, withheld, paused = list[Begun](), list[Ended](), list[Mail]()
    for one in beginnings:
        delivery, standing = one.mail.delivery, standings.get(one.mail.delivery.id)
        if standing is None or not still_ours(delivery, standing, DeliveryState.IN_DATA):
            continue
        if standing.paused:
            paused.append(one.mail)
            continue
        state, reply = admission(delivery, standing, now=now, until=one.mail.ends)
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
        ended=ended(mail.delivery, found, now=app.now(), until=mail.ends, jitter=jitter, doubt=doubt),
        dead=found.no_mailbox,
    )
