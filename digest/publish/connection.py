"""A connection to a relay, mail after mail, opened anew when it is lost or old; and which relay, when one is down.

The order of things is the promise: the books say `in_data` before a mail begins, and the answer is written down before
the connection's next mail. So `send` is given a function that asks the books first.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import takewhile

from digest.errors import DeliveryError
from digest.publish.answers import Answer, Verdict
from digest.publish.envelope import commands, text_of
from digest.publish.relay import Relay, connected
from digest.publish.wire import Wire

# How long a relay that could not be used is left alone, if there is another.
REST = timedelta(minutes=1)

# Asked just before a mail begins, with the relay's name.
Begin = Callable[[str], Awaitable[bool]]


async def _always(relay: str) -> bool:
    return True


class Route:
    """The relays in the order in which they are wanted; all connections of a sender share one."""

    def __init__(self, relays: Sequence[Relay], context: ssl.SSLContext | None = None) -> None:
        self._relays, self._context = tuple(relays), context
        self._rests: dict[str, float] = {}

    async def open(self) -> tuple[Relay, Wire]:
        """Return a relay and a connection to it. Raises DeliveryError with what the first one said, if all fail."""
        failures: list[DeliveryError] = []
        for relay in self._ordered():
            try:
                return relay, await self._tried(relay)
            except DeliveryError as error:
                failures.append(error)
        raise failures[0]

    async def better(self, relay: Relay) -> tuple[Relay, Wire] | None:
        """Return a connection to a relay that is wanted more, if there is one that may be tried again and is back."""
        for one in takewhile(lambda one: one is not relay, self._relays):
            if not self._resting(one):
                with suppress(DeliveryError):
                    return one, await self._tried(one)
        return None

    async def _tried(self, relay: Relay) -> Wire:
        if relay.name in self._rests:
            # One connection tries whether it is back; it may take so long that others had better not.
            self._rest(relay, REST + relay.timeout)
        try:
            wire = await connected(relay, self._context)
        except BaseException:
            self._rest(relay, REST)
            raise
        self._rests.pop(relay.name, None)
        return wire

    def _rest(self, relay: Relay, span: timedelta) -> None:
        self._rests[relay.name] = self._time() + span.total_seconds()

    def _ordered(self) -> list[Relay]:
        return sorted(self._relays, key=self._resting)

    def _resting(self, relay: Relay) -> bool:
        return self._rests.get(relay.name, 0.0) > self._time()

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


class Connection:
    """Opened at its first mail and after each loss, and anew after `renew` mails (0: never). Not for two at once."""

    def __init__(self, route: Route | Relay, *, renew: int = 0) -> None:
        self._route = route if isinstance(route, Route) else Route([route])
        self._renew, self._mails = renew, 0
        self._open: tuple[Relay, Wire] | None = None

    async def ready(self) -> Relay:
        """Return the relay that the next mail goes to, connected.

        Raises DeliveryError when none can be reached or all refuse us: then nothing was tried for any mail.
        """
        relay, _ = await self._ready()
        return relay

    async def send(
        self, sender: str, recipient: str, text: bytes, *, begin: Begin = _always, name: str | None = None
    ) -> Answer | None:
        """Hand over one mail; None if `begin`, asked just before it, says no.

        `name` is what a relay that makes reports calls the mail in them (ENVID, RFC 3461). Raises DeliveryError, as
        `ready` does.
        """
        relay, wire = await self._ready()
        if not recipient.isascii() and not wire.abilities.smtputf8:
            return Answer(
                verdict=Verdict.REFUSED, reply="the address needs SMTPUTF8 (RFC 6531), which this relay does not speak"
            )
        try:
            mail, rcpt = commands(sender, recipient, name, wire.abilities)
            whole = text_of(text)
        except ValueError as error:
            return Answer(verdict=Verdict.REFUSED, reply=str(error))
        if not await begin(relay.name):
            return None
        self._mails += 1
        return await wire.deliver(mail, rcpt, whole)

    async def close(self) -> None:
        """Say goodbye, briefly."""
        if self._open:
            await self._open[1].quit()
        self._open = None

    async def _ready(self) -> tuple[Relay, Wire]:
        if self._open and (better := await self._route.better(self._open[0])):
            await self.close()
            self._open, self._mails = better, 0
        if self._open and 0 < self._renew <= self._mails:
            await self.close()
        if self._open is None or not self._open[1].usable:
            self._open, self._mails = await self._route.open(), 0
        return self._open
