"""The clock of `digest run`: it only ticks, and each tick asks the store what is due.

Two at once, a late start or a changed clock are harmless: what is done stands in the store, not here.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from digest.app import App
from digest.errors import DigestError
from digest.model import Value
from digest.work.caution import require_room
from digest.work.composing import compose_due
from digest.work.counting import catch_up
from digest.work.fitting import fit_when_due
from digest.work.hubs import tell_hubs
from digest.work.live import enter
from digest.work.planning import plan
from digest.work.polling import poll
from digest.work.publishing import publish
from digest.work.sending import Sent, send
from digest.work.signals import look

EVERY = timedelta(seconds=30)
# Three missed ticks, and another process may take over the chores.
LEASE = 3 * EVERY

log = structlog.get_logger()


class Round(Value):
    """What one round of chores did: sources polled, editions composed, files written, slots entered in the books."""

    polled: int = 0
    composed: int = 0
    written: int = 0
    planned: int = 0
    held: bool = True


async def chores(app: App, holder: str) -> Round:
    """Poll, compose, publish, plan, ask for numbers and tell hubs as is due, unless another process does.

    Each step is saved for itself. Raises StoreError, and does nothing, while the disk is nearly full.
    """
    require_room(app)
    now = app.now()
    if await asyncio.to_thread(app.store.take_lease, "chores", holder=holder, now=now, until=now + LEASE) is None:
        return Round(held=False)
    polled = await poll(app)
    await asyncio.to_thread(catch_up, app)
    await asyncio.to_thread(fit_when_due, app)
    composed = await asyncio.to_thread(compose_due, app)
    entered = await asyncio.to_thread(enter, app)
    written = 0
    if (composed or entered) and app.settings.site.folder:
        folder = app.settings.folder / app.settings.site.folder
        written = (await asyncio.to_thread(publish, app, folder)).written
    plans = await asyncio.to_thread(plan, app) if app.settings.smtp.url else []
    planned = sum(one.readers for one in plans)
    # Last: mail does not wait for a service that is slow.
    await look(app)
    await tell_hubs(app)
    return Round(polled=len(polled), composed=len(composed), written=written, planned=planned)


async def tick(app: App) -> tuple[Round, Sent | None]:
    """Do one round and send what is due: what `digest tick` does, for cron and hosted schedulers."""
    holder = secrets.token_hex(8)
    done = await chores(app, holder)
    await asyncio.to_thread(app.store.drop_lease, "chores", holder=holder, now=app.now())
    return done, await send(app) if app.settings.smtp.url else None


class Clock:
    """Ticks that wake the chores. Mail is sent by processes of its own."""

    def __init__(self, app: App, stop: asyncio.Event) -> None:
        self._app, self._stop, self._holder = app, stop, secrets.token_hex(8)
        self._chores = asyncio.Event()
        self._ticks = AsyncIOScheduler(timezone="UTC")

    async def run(self) -> None:
        """Tick until `stop` is set; what is under way is finished first."""
        self._tick()
        seconds = EVERY.total_seconds()
        self._ticks.add_job(self._tick, "interval", seconds=seconds, misfire_grace_time=None, coalesce=True)
        self._ticks.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._loop(self._chores, self._one_round))
                await self._stop.wait()
                self._tick()
        finally:
            self._ticks.shutdown(wait=False)
            await asyncio.to_thread(self._app.store.drop_lease, "chores", holder=self._holder, now=self._app.now())

    def _tick(self) -> None:
        self._chores.set()

    async def _loop(self, wake: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
        while not self._stop.is_set():
            await wake.wait()
            wake.clear()
            if self._stop.is_set():
                return
            try:
                await work()
            except DigestError as error:
                log.error("round_failed", code=error.code, why=error.message)
            except Exception:
                # One broken round must not end the service: the next tick asks the store again.
                log.exception("round_broken")

    async def _one_round(self) -> None:
        done = await chores(self._app, self._holder)
        if done.held and (done.polled or done.composed or done.planned):
            log.info("round", polled=done.polled, composed=done.composed, planned=done.planned, written=done.written)
