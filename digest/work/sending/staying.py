"""Stay and send whatever becomes due: what a sender in a process of its own does."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from digest.app import App
from digest.errors import DigestError
from digest.work.sending.sender import Pace, Sent, send

LOOK_EVERY = timedelta(seconds=1)
# A relay or a store that has failed is left alone for a while.
REST = timedelta(seconds=15)

log = structlog.get_logger()


async def keep_sending(app: App, stop: asyncio.Event, pace: Pace | None = None) -> None:
    """Send round after round until `stop` is set; what is under way is finished first. Any number may do so at once."""
    while not stop.is_set():
        rest = LOOK_EVERY
        try:
            if await asyncio.to_thread(due, app) and not await _round(app, stop, pace):
                rest = REST
        except DigestError as error:
            log.error("round_failed", code=error.code, why=error.message)
            rest = REST
        except Exception:
            # One broken round must not end the service: the next asks the store again.
            log.exception("round_broken")
            rest = REST
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), rest.total_seconds())


def due(app: App) -> bool:
    """Say whether there is something to send, or left behind by a sender that is gone."""
    now, at = app.now(), app.store.next_try()
    if app.store.switch("outbox") == "paused":
        return False
    return (at is not None and at <= now) or bool(app.store.lapsed(now=now))


async def _round(app: App, stop: asyncio.Event, pace: Pace | None) -> bool:
    done = await send(app, stop=stop, pace=pace)
    if done != Sent():
        log.info("mailed", sent=done.sent, refused=done.refused, deferred=done.deferred, parked=done.parked)
    return done.error is None
