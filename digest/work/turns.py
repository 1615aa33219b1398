"""Whose turn it is, over all processes of a site: what one must not do while another does it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta

from digest.app import App
from digest.errors import FetchError
from digest.fetch import GAPS

# A process that was killed keeps its turn for so long.
LEASE = timedelta(seconds=90)
_LOOK = timedelta(seconds=1)
_PATIENCE = timedelta(minutes=5)


@asynccontextmanager
async def only_one(app: App, name: str, *, patience: timedelta = timedelta()) -> AsyncIterator[bool]:
    """Hold what only one process may, and say whether it is held: another may still have it after `patience`."""
    holder = secrets.token_hex(8)
    if not await _taken(app, name, holder, patience):
        yield False
        return
    renewing = asyncio.create_task(_renewed(app, name, holder))
    try:
        yield True
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await asyncio.to_thread(app.store.drop_lease, name, holder=holder, now=app.now())


def queue_of(app: App, gaps: Mapping[str, timedelta] = GAPS) -> Callable[[str], AbstractAsyncContextManager[None]]:
    """Return the queue of all processes before a domain that wants a gap between two questions.

    Raises FetchError inside `async with` if the turn does not come within five minutes.
    """

    @asynccontextmanager
    async def turn(domain: str) -> AsyncIterator[None]:
        name, holder = f"host {domain}", secrets.token_hex(8)
        if not await _taken(app, name, holder, _PATIENCE):
            raise FetchError(f"others of this site keep asking {domain}", hint="is another Digest running here?")
        try:
            yield
        finally:
            # Instants are kept to the second: one more, or the gap would be shorter than it should.
            until = app.now() + gaps.get(domain, timedelta()) + timedelta(seconds=1)
            await asyncio.to_thread(app.store.drop_lease, name, holder=holder, now=until)

    return turn


async def _taken(app: App, name: str, holder: str, patience: timedelta) -> bool:
    waited = timedelta()
    while not await asyncio.to_thread(_take, app, name, holder):
        if waited >= patience:
            return False
        await asyncio.sleep(_LOOK.total_seconds())
        waited += _LOOK
    return True


def _take(app: App, name: str, holder: str) -> bool:
    now = app.now()
    return app.store.take_lease(name, holder=holder, now=now, until=now + LEASE) is not None


async def _renewed(app: App, name: str, holder: str) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        await asyncio.to_thread(_take, app, name, holder)
