"""Each mail waits here for its turn: what `flow` decides, done with a clock and a loop."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from math import inf
from operator import itemgetter

from digest.publish.answers import Answer
from digest.publish.flow import Flow, Flows
from digest.publish.receivers import Receivers

# Longer than this no connection waits for a mail's turn: the mail comes back later, and others go on. What only its
# receiver holds up must not hold up mail to others.
PATIENCE, MOMENT = 30.0, 0.25
# How long the wait may be blind to what others hear meanwhile, and to one that ends where few may be under way.
LOOK, GLANCE = 0.5, 0.02
# A mail that finds others with all of the limits comes back after so long.
STANDBY = timedelta(seconds=15)


class Pace:
    """Turns of one round of sending. `flows` and `receivers` outlive it: what they know is for the next round too.

    `gate` says when mail may go at all, by the pace's clock; `inf` if that cannot be told. It may set limits anew.
    """

    def __init__(
        self,
        flows: Flows,
        receivers: Receivers,
        *,
        stop: asyncio.Event | None = None,
        gate: Callable[[float], float] = lambda now: now,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._flows, self._receivers, self._gate = flows, receivers, gate
        self._stop, self._clock, self._sleep = stop, clock, sleep
        self._lines: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def turn(self, relay: str, domain: str, *, letter: bool = False) -> timedelta | None:
        """Wait until a mail may go, a letter before digests; it must be told of by `heard` then, however it ends.

        Otherwise, when that is too long to wait or sending is to stop, return after how long to come back.
        """
        name = await self._receivers.of(domain) if self._flows.by_receiver else domain
        now = self._clock()
        if not (flow := self._flows.receiver(name, now)):
            return await self._passed(relay, name, letter)
        line = self._line(f"to {name}", letter)
        if line.locked() and flow.opens(now, letter=letter) > now:
            return self._promised(flow, letter)
        async with line:
            # Whoever waits for a receiver must not keep others from theirs, so this wait comes first.
            closed = flow.opens(self._clock(), letter=letter) > self._clock()
            rest = await self._opened(None, name, letter) if closed else None
            return rest if rest is not None else await self._passed(relay, name, letter)

    def heard(self, relay: str, domain: str, found: Answer | None) -> None:
        """Take note of how a mail ended whose turn it was; None if it was not begun."""
        name = self._receivers.known(domain) if self._flows.by_receiver else domain
        self._flows.heard(relay, name, found, self._clock())

    def _line(self, name: str, letter: bool) -> asyncio.Lock:
        return self._lines[f"letters {name}" if letter else name]

    async def _passed(self, relay: str, name: str, letter: bool) -> timedelta | None:
        line = self._line("through", letter)
        if not line.locked() and self._taken(relay, name, letter):
            return None
        async with line:
            while True:
                rest = await self._opened(relay, name, letter)
                if rest is not None or self._taken(relay, name, letter):
                    return rest

    def _taken(self, relay: str, name: str, letter: bool) -> bool:
        now = self._clock()
        if self._gate(now) > now:
            return False
        flows = self._flows.through(relay, name, now)
        if any(flow.opens(now, letter=letter) > now for flow in flows):
            return False
        for flow in flows:
            flow.take(now, letter=letter)
        return True

    def _promised(self, flow: Flow, letter: bool) -> timedelta:
        now = self._clock()
        return timedelta(seconds=flow.promise(now, letter=letter) - now)

    def _last(self, relay: str | None, name: str, letter: bool) -> tuple[float, Flow | None, float]:
        """Return when all flows are open, the last one, and how long to wait for it; without a relay the receiver's.

        No flow is the last where the gate is.
        """
        now = self._clock()
        gate = self._gate(now) if relay else now
        to = self._flows.receiver(name, now)
        flows = self._flows.through(relay, name, now) if relay else [to] if to else []
        times = [(gate, None), *((flow.opens(now, letter=letter), flow) for flow in flows)]
        opens, last = max(times, key=itemgetter(0))
        return opens, last, MOMENT if last is to else PATIENCE

    async def _opened(self, relay: str | None, name: str, letter: bool) -> timedelta | None:
        """Wait until all flows are open; else return after how long to come back."""
        began, kept = self._clock(), False
        while True:
            opens, last, patience = self._last(relay, name, letter)
            now = self._clock()
            if self._stop and self._stop.is_set():
                return timedelta()
            if opens <= now:
                return None
            if last is None:
                if opens == inf:
                    return STANDBY
                await self._sleep(min(opens - now, LOOK))
                continue
            if (opens != inf and opens - now > patience) or now - began > patience:
                return self._promised(last, letter)
            if letter and not kept:
                kept = bool(last.promise(now, letter=True))
            await self._sleep(GLANCE if opens == inf else min(opens - now, LOOK))
