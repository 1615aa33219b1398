"""Each mail waits here for its turn: what `flow` decides, done with a clock and a loop."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from math import inf

from digest.publish.answers import Answer
from digest.publish.flow import Flow, Flows
from digest.publish.receivers import Receivers

# Longer than this no connection waits for a mail's turn: the mail comes back later, and others go on.
PATIENCE = 30.0
# How long the wait may be blind to what others hear meanwhile, and to one that ends where few may be under way.
LOOK, GLANCE = 0.5, 0.02


class Pace:
    """Turns of one round of sending. `flows` and `receivers` outlive it: what they know is for the next round too."""

    def __init__(
        self,
        flows: Flows,
        receivers: Receivers,
        *,
        stop: asyncio.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._flows, self._receivers = flows, receivers
        self._stop, self._clock, self._sleep = stop, clock, sleep
        self._lines: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def turn(self, relay: str, domain: str) -> timedelta | None:
        """Wait until a mail may go; it must be told of by `heard` then, however it ends.

        Otherwise, when that is too long to wait or sending is to stop, return after how long to come back.
        """
        name = await self._receivers.of(domain) if self._flows.by_receiver else domain
        if not self._to(name):
            return await self._passed(relay, name)
        async with self._lines[f"to {name}"]:
            # Whoever waits for a receiver must not keep others from theirs, so this wait comes first.
            rest = await self._opened(lambda: self._to(name))
            return rest if rest is not None else await self._passed(relay, name)

    def heard(self, relay: str, domain: str, found: Answer | None) -> None:
        """Take note of how a mail ended whose turn it was; None if it was not begun."""
        name = self._receivers.known(domain) if self._flows.by_receiver else domain
        self._flows.heard(relay, name, found, self._clock())

    def _to(self, name: str) -> Sequence[Flow]:
        flow = self._flows.receiver(name, self._clock())
        return [flow] if flow else []

    async def _passed(self, relay: str, name: str) -> timedelta | None:
        line = self._lines["through"]
        if not line.locked() and self._taken(relay, name):
            return None
        async with line:
            while True:
                rest = await self._opened(lambda: self._flows.through(relay, name, self._clock()))
                if rest is not None or self._taken(relay, name):
                    return rest

    def _taken(self, relay: str, name: str) -> bool:
        now = self._clock()
        flows = self._flows.through(relay, name, now)
        if any(flow.opens(now) > now for flow in flows):
            return False
        for flow in flows:
            flow.take(now)
        return True

    async def _opened(self, through: Callable[[], Sequence[Flow]]) -> timedelta | None:
        """Wait until all flows are open; else return after how long to come back."""
        began = self._clock()
        while True:
            now, flows = self._clock(), through()
            last = max(flows, key=lambda flow: flow.opens(now), default=None)
            opens = last.opens(now) if last else now
            if self._stop and self._stop.is_set():
                return timedelta()
            if last is None or opens <= now:
                return None
            if (opens != inf and opens - now > PATIENCE) or now - began > PATIENCE:
                return timedelta(seconds=last.promise(now) - now)
            await self._sleep(GLANCE if opens == inf else min(opens - now, LOOK))
