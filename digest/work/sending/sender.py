"""One round of sending over several connections, each with a mail at a time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

import structlog

from digest.app import App
from digest.config.checks import duration
from digest.errors import DeliveryError, StoreError
from digest.model import Delivery, DeliveryId, Value
from digest.publish.answers import Answer, Verdict
from digest.publish.connection import Connection
from digest.work.caution import beware, keep_ballast
from digest.work.pace_of_mail import pace_for
from digest.work.proving import proven
from digest.work.sending.breaker import Breaker
from digest.work.sending.ledger import Ledger, end_of
from digest.work.sending.recovering import asker_for, doubt_of, recover
from digest.work.sending.relays import route_for
from digest.work.sending.rules import is_letter
from digest.work.sending.supply import Mail, Supply

# Sooner than `digest run` and service managers lose patience and kill.
DRAIN = timedelta(seconds=15)

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


class Pace(Protocol):
    """Who says when the next mail may go."""

    async def turn(self, relay: str, domain: str, *, letter: bool = False) -> timedelta | None:
        """Wait until a mail to a domain may go through a relay; else return after how long it is to come back."""

    def heard(self, relay: str, domain: str, found: Answer | None) -> None:
        """Learn from an answer to a mail that had its turn; None if it did not begin."""


async def send(
    app: App,
    *,
    stop: asyncio.Event | None = None,
    pace: Pace | None = None,
    counts: Counter[str] | None = None,
) -> Sent:
    """Send all that is due now. Returns when nothing is left to claim, the relay fails, or `stop` is set.

    `counts` grow while it goes on, for somebody who looks on.
    Raises ConfigError without a relay, RenderError when a template is wrong or its mail breaks a rule: nothing is sent.
    """
    route_for(app)
    await asyncio.to_thread(proven, app)
    keep_ballast(app)
    beware(app)
    return await Sender(app, stop or asyncio.Event(), pace, Counter() if counts is None else counts).run()


class Sender:
    """One round. What ends before its answer is settled by whoever comes next: start-up is recovery."""

    def __init__(
        self, app: App, stop: asyncio.Event, pace: Pace | None = None, counts: Counter[str] | None = None
    ) -> None:
        self._app, self._stop, self._pace = app, stop, pace or pace_for(app, stop)
        self._breaker = Breaker(app)
        self._route, self._ask, self._doubt = route_for(app), asker_for(app), doubt_of(app)
        lease = self._lease = duration(app.settings.smtp.lease)
        self._ledger = Ledger(app, lease=lease, counts=counts)
        self._supply = Supply(
            app, self._stop, lease=lease, recover=lambda: recover(app, self._ask), counts=self._ledger.counts
        )
        # The last news of the relay, if it is bad: what was given back waits. Other connections may go on.
        self._failure: DeliveryError | None = None
        self._left = False
        self._taken: dict[DeliveryId, Delivery] = {}

    async def run(self) -> Sent:
        """Send until nothing is left. A connection that fails leaves its mails to the others."""
        count = self._app.settings.smtp.connections
        connections = [asyncio.create_task(self._connection()) for _ in range(count)]
        beside = [asyncio.create_task(self._leave(connections)), asyncio.create_task(self._hold())]
        try:
            await asyncio.gather(*connections)
        finally:
            for one in (*beside, *connections):
                one.cancel()
            await asyncio.gather(*connections, return_exceptions=True)
            self._ledger.close()
            with suppress(StoreError):  # its place is free again soon in any case
                self._app.share.leave()
        self._give_back()
        failure = self._ledger.failure or self._failure
        counts = {name: held for name, held in self._ledger.counts.items() if name in Sent.__struct_fields__}
        return Sent(**counts, error=failure.message if failure else None, hint=failure.hint if failure else None)

    def _give_back(self) -> None:
        """Give back what was claimed and not taken; what a failing store does not take waits for its lease."""
        try:
            self._supply.close()
        except StoreError:
            if not self._ledger.failure:
                raise

    async def _hold(self) -> None:
        """Hold what connections have in hand as long as they have it: a relay may take its time at the final dot."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            if self._taken:
                with suppress(StoreError):  # who cannot write has other worries, and finds them where answers are kept
                    self._app.store.renew(self._taken.values(), until=self._app.now() + self._lease)

    async def _leave(self, connections: Sequence[asyncio.Task[None]]) -> None:
        """Once told to stop, wait for what is under way, but not for ever: whoever comes next takes up the rest."""
        await self._stop.wait()
        _, busy = await asyncio.wait(connections, timeout=DRAIN.total_seconds())
        self._left = True
        for one in busy:
            one.cancel()

    async def _connection(self) -> None:
        connection = Connection(self._route, renew=self._app.settings.smtp.renew_after)
        try:
            while not self._ended() and (mail := await self._supply.next()):
                self._taken[mail.delivery.id] = mail.delivery
                try:
                    await self._deliver(connection, mail)
                finally:
                    del self._taken[mail.delivery.id]
        except DeliveryError as error:
            log.warning("relay_failed", why=error.message)
            self._failure = error
        except StoreError as error:
            self._ledger.failure = self._ledger.failure or error
        except asyncio.CancelledError:
            if not self._left:
                raise
            log.warning("handed_over", why="the relay was still silent when the time to stop was over")
        finally:
            await self._goodbye(connection)

    async def _goodbye(self, connection: Connection) -> None:
        try:
            await connection.close()
        except asyncio.CancelledError:
            # The relay is silent to that, too, and the time to stop is over.
            if not self._left:
                raise

    async def _deliver(self, connection: Connection, mail: Mail) -> None:
        try:
            relay = (await connection.ready()).name
            rest = await self._pace.turn(relay, mail.domain, letter=is_letter(mail.delivery))
        except (DeliveryError, StoreError, asyncio.CancelledError):
            self._supply.give_back(mail)
            raise
        if rest is not None:
            return self._supply.give_back(mail, rest)
        try:
            found = await connection.send(
                mail.return_path,
                mail.address,
                mail.text,
                begin=lambda name: self._ledger.begin(mail, name),
                name=mail.name,
            )
        except (DeliveryError, StoreError, asyncio.CancelledError):
            # Before it began the relay or the store went away: nothing was tried. What began stays, for recovery.
            self._pace.heard(relay, mail.domain, None)
            self._supply.give_back(mail)
            raise
        self._pace.heard(relay, mail.domain, found)
        if found:
            self._failure = None
            try:
                await self._breaker.heard(mail.delivery, found)
            finally:
                # Whatever becomes of the brake, an answer in hand is written down.
                self._settle(mail, found)
        return None

    def _ended(self) -> bool:
        return self._stop.is_set() or self._ledger.failure is not None

    def _settle(self, mail: Mail, found: Answer) -> None:
        """Have an answer written down; where the relay can be asked about a lost one, it is when the lease ends."""
        if found.verdict is Verdict.UNCERTAIN and self._ask:
            self._ledger.counts["deferred"] += 1
            self._ledger.lost()
        else:
            self._ledger.end(end_of(mail, found, app=self._app, jitter=random.random(), doubt=self._doubt))
