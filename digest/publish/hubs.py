"""Tell WebSub hubs that a feed has changed: the hub then asks us for it, and tells all who subscribed there.

The specification (https://www.w3.org/TR/websub/) leaves open how a publisher tells its hub; all public hubs take what
PubSubHubbub asked for: a POST of the form `hub.mode=publish` with the changed address as `hub.url`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import urlencode

from digest.errors import PublishError

FORM = "application/x-www-form-urlencoded"
_GOOD = range(200, 300)
# A hub that was not reached is told again after a minute, and then after twice as long each time.
_FIRST, _LONGEST, TRIES = timedelta(minutes=1), timedelta(hours=6), 12

Post = Callable[[str, bytes], Awaitable[int]]
"""Sends a form to an address, and returns the status of the answer."""


async def tell(post: Post, hub: str, addresses: list[str]) -> None:
    """Tell a hub which addresses have changed. Raises PublishError at the first that it does not take."""
    for address in addresses:
        status = await post(hub, form(address))
        if status not in _GOOD:
            raise PublishError(f"the hub {hub} answers {status}", hint="does it take pings from your site?")


def form(address: str) -> bytes:
    """Return what a hub is sent."""
    return urlencode({"hub.mode": "publish", "hub.url": address}).encode()


def pause(tries: int) -> timedelta | None:
    """Return how long to wait after so many tries in vain; None when it is enough, until the feed changes again."""
    return min(_FIRST * 2 ** (tries - 1), _LONGEST) if tries < TRIES else None
