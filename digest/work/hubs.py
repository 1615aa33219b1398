"""Tell the WebSub hubs of the settings what entered the site's feeds since they were told last.

What each hub knows is kept in the store: a hub that was away, or a process that was killed, is told later. Personal
topics have no public feed, so nothing is told of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec.structs import replace

from digest import __version__
from digest.app import App
from digest.errors import FetchError, PublishError
from digest.fetch import Fetcher, Limits, Request, Response
from digest.model import Told, Value
from digest.publish.hubs import FORM, Post, pause, tell
from digest.render import archives
from digest.work.feeds import Channel, channels

# By then every process serves what changed: a hub that asks sooner finds nothing new.
SETTLED = timedelta(seconds=20)
_ANSWER = 100_000
# The rest waits for the next round: mail and polls do not wait for a hub.
_A_ROUND = 200
_LIMITS = Limits(connect=timedelta(seconds=5), total=timedelta(seconds=10), wire=_ANSWER, unpacked=_ANSWER)

log = structlog.get_logger()


class Client(Protocol):
    """Who asks: the fetcher of the site."""

    async def get(self, request: Request) -> Response:
        """Raises FetchError."""


class HubReport(Value):
    """What came of telling a hub: how many feeds it knows now, and how many must wait because of `error`."""

    hub: str
    told: int = 0
    waiting: int = 0
    error: str | None = None


async def tell_hubs(app: App, *, client: Client | None = None) -> list[HubReport]:
    """Tell each hub of the feeds that changed. One that fails is told later, and stops no other."""
    due = {hub: found for hub in app.settings.hubs if (found := await asyncio.to_thread(_due, app, hub))}
    if not due:
        return []
    # The operator named these addresses, so they may be on a private network; a POST is sent on to no other.
    agent = f"digest/{__version__} (+{app.settings.site.url})"
    async with Fetcher(agent=agent, now=app.now, limits=_LIMITS, allow_private=True) as fetcher:
        post = _poster(client or fetcher)
        return list(await asyncio.gather(*(_tell(app, post, hub, found) for hub, found in due.items())))


def _due(app: App, hub: str) -> list[tuple[Channel, Told]]:
    """Return the feeds of which a hub is to be told now, and what it knows of each."""
    told, now = app.store.told(hub), app.now()
    known = ((channel, told.get(channel.name, Told(hub=hub, feed=channel.name))) for channel in channels(app))
    return [(channel, last) for channel, last in known if _is_due(channel, last, now)][:_A_ROUND]


def _is_due(channel: Channel, last: Told, now: datetime) -> bool:
    if channel.changed is None or channel.entered <= last.number or now - channel.changed < SETTLED:
        return False
    return last.next_try is None or last.next_try <= now


async def _tell(app: App, post: Post, hub: str, due: list[tuple[Channel, Told]]) -> HubReport:
    for place, (channel, last) in enumerate(due):
        try:
            await tell(post, hub, list(archives.addresses(app.site.url, channel.stem).values()))
        except (FetchError, PublishError) as error:
            await asyncio.to_thread(_keep, app, _in_vain(app, due[place:]))
            log.warning("hub_failed", hub=hub, why=error.message, waiting=len(due) - place)
            return HubReport(hub=hub, told=place, waiting=len(due) - place, error=error.message)
        await asyncio.to_thread(app.store.save_told, Told(hub=hub, feed=last.feed, number=channel.entered))
    log.info("hub_told", hub=hub, feeds=len(due))
    return HubReport(hub=hub, told=len(due))


def _in_vain(app: App, due: Iterable[tuple[Channel, Told]]) -> Iterator[Told]:
    """Yield what a hub that failed is told later; after many tries it is left alone until a feed changes again."""
    for channel, last in due:
        wait = pause(last.tries + 1)
        if wait is None:
            yield Told(hub=last.hub, feed=last.feed, number=channel.entered)
        else:
            yield replace(last, tries=last.tries + 1, next_try=app.now() + wait)


def _keep(app: App, told: Iterable[Told]) -> None:
    with app.store.transaction():
        for one in told:
            app.store.save_told(one)


def _poster(client: Client) -> Post:
    async def post(hub: str, form: bytes) -> int:
        asked = Request(url=hub, accept="*/*", body=form, headers=(("Content-Type", FORM),))
        return (await client.get(asked)).status

    return post
