"""Who is asking: from which address, how often, and from which site's page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

_OWN = frozenset({"same-origin", "none"})


class Buckets:
    """A token bucket for each name: `burst` at once, then one an `interval`. Too many names drop the idlest."""

    def __init__(
        self, burst: int, interval: timedelta, *, names: int = 10_000, clock: Callable[[], float] = monotonic
    ) -> None:
        self._burst, self._interval, self._names, self._clock = burst, interval.total_seconds(), names, clock
        # By name, when the bucket will be full again.
        self._full: OrderedDict[str, float] = OrderedDict()

    def take(self, name: str, interval: timedelta | None = None) -> float:
        """Take a token. Returns 0, or if there is none after how many seconds there will be.

        An `interval` is another one than usual, for this name.
        """
        now, each = self._clock(), interval.total_seconds() if interval else self._interval
        full = max(self._full.get(name, now), now)
        wait = full - now - (self._burst - 1) * each
        if wait > 0:
            return wait
        self._full[name] = full + each
        self._full.move_to_end(name)
        if len(self._full) > self._names:
            self._full.popitem(last=False)
        return 0


def visitor(scope: Mapping[str, Any], trusted_proxies: int) -> str:
    """Return the address that asks, as far as it can be trusted; of IPv6 the network, which is one household's.

    X-Forwarded-For grows at its end with each proxy: with two of ours the last but one entry is what the outer one saw.
    """
    peer = _peer(scope)
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    seen = [one.strip() for line in lines for one in line.split(",")]
    given = seen[-trusted_proxies] if 0 < trusted_proxies <= len(seen) else peer
    return _network(given) or _network(peer) or "unknown"


def behind_a_stranger(scope: Mapping[str, Any], trusted_proxies: int) -> bool:
    """Say whether a proxy that we were not told of may stand between: then all the world has one address."""
    return not trusted_proxies and _is_near(_peer(scope))


def _peer(scope: Mapping[str, Any]) -> str:
    return scope["client"][0] if scope["client"] else ""


@lru_cache(1024)
def _is_near(address: str) -> bool:
    try:
        return not ip_address(address).is_global
    except ValueError:
        return True


def from_elsewhere(request: Request, site_url: str) -> bool:
    """Say whether another site's page made the browser send this.

    Sec-Fetch-Site decides where there is one. Else Origin does, but for "null", which our own pages give as they send
    no referrer (Fetch standard, "append a request Origin header").
    """
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched not in _OWN
    origin = request.headers.get("origin", "null")
    return origin != "null" and _host(origin) not in {request.headers.get("host"), _host(site_url)}


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _network(text: str) -> str | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
    return str(found)
