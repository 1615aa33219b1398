"""Find the source behind an address that a person has: a feed, or a page that has one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from digest import text
from digest.config.settings import Settings
from digest.errors import SourceError
from digest.fetch import Request, Response
from digest.model import Source, SourceId
from digest.sources import discovery
from digest.sources.discovery import Found
from digest.work.polling import fetcher_of
from digest.work.visits import batch_of

_GOOD = range(200, 300)
_NAMED = 10


class Client(Protocol):
    """Who asks: the fetcher of the site."""

    async def get(self, request: Request) -> Response:
        """Raises FetchError."""


async def find(settings: Settings, now: Callable[[], datetime], address: str, *, guess: bool = False) -> Found:
    """Return the one source behind an address: what we know of it, itself, or the one feed that the page there names.

    With `guess` a page that names none is looked for in the usual places. Raises FetchError, and SourceError if there
    is no feed, or more than one: the hint lists them.
    """
    address = text.safe_url(address) or address
    found = discovery.known(address)
    if found:
        return found
    kind = discovery.kind_of(address)
    if kind != "feed":
        return Found(url=address, kind=kind)
    async with fetcher_of(settings, now) as fetcher:
        return await _looked_up(fetcher, address, guess=guess)


async def _looked_up(client: Client, address: str, *, guess: bool) -> Found:
    answer = await client.get(Request(url=address))
    try:
        return _itself(address, answer)
    except SourceError:
        named = discovery.feeds_of(answer.body, answer.url) if answer.status in _GOOD else ()
        if not named and not (guess and answer.status in _GOOD):
            raise
    if len(named) == 1:
        return named[0]
    if named:
        shown = "".join(f"\n  {feed.url}{f'  {feed.title}' if feed.title else ''}" for feed in named[:_NAMED])
        raise SourceError(f"{address} names {len(named)} feeds", hint=f"choose one:{shown}")
    return await _guessed(client, answer.url)


async def _guessed(client: Client, address: str) -> Found:
    for place in discovery.usual(address):
        try:
            return _itself(place, await client.get(Request(url=place)))
        except SourceError:
            continue
    raise SourceError(
        f"{address} names no feed, and none stands in the usual places", hint="give the address of the feed itself"
    )


def _itself(address: str, answer: Response) -> Found:
    """Return what stands at an address, if it is a feed. Raises FetchError, SourceError."""
    url = answer.moved_to or address
    batch = batch_of(Source(id=SourceId("found"), kind="feed", name=url, url=url), answer)
    return Found(url=url, kind=discovery.kind_of(url), title=(batch.title if batch else None) or "")
