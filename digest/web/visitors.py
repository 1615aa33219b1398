"""Who is asking: from which address, how often, and from which site's page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from time import monotonic
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

    def take(self, name: str) -> float:
        """Take a token. Returns 0, or if there is none after how many seconds there will be."""
        now = self._clock()
        full = max(self._full.get(name, now), now)
        wait = full - now - (self._burst - 1) * self._interval
        if wait > 0:
            return wait
        self._full[name] = full + self._interval
        self._full.move_to_end(name)
        if len(self._full) > self._names:
            self._full.popitem(last=False)
        return 0


def visitor(request: Request, trusted_proxies: int) -> str:
    """Return the address that asks, as far as it can be trusted; of IPv6 the network, which is one household's.

    X-Forwarded-For grows at its end with each proxy: with two of ours the last but one entry is what the outer one saw.
    """
    peer = request.client.host if request.client else ""
    seen = [one.strip() for line in request.headers.getlist("x-forwarded-for") for one in line.split(",")]
    given = seen[-trusted_proxies] if 0 < trusted_proxies <= len(seen) else peer
    return _network(given) or _network(peer) or "unknown"


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
