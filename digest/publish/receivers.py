"""Which domains are one receiver: those whose mail the same provider takes in, as their MX records say.

Mail hardly waits for the name service: what it does not say at once is a receiver of its own until it does. Not to wait
at all would let the first mail to each of a provider's domains pass by its limit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

# How long the name service is listened to, in seconds, and how long a mail waits for that.
PATIENCE, MOMENT = 2.0, 0.1
KEPT, KEPT_IN_DOUBT = 24 * 3600.0, 600.0
# A name service that is silent so often is left alone for a while.
FAILURES = 3
MANY = 50_000

# Hosts that take a domain's mail, the preferred first; none if it has no such record. Raises OSError without an answer.
Lookup = Callable[[str], Awaitable[Sequence[str]]]


class Receivers:
    """Remembers who receives for which domain."""

    def __init__(self, lookup: Lookup | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lookup, self._clock = lookup or mail_hosts, clock
        self._known: dict[str, tuple[str, float]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._failures, self._asks_again = 0, 0.0

    async def of(self, domain: str) -> str:
        """Return the receiver's name; the domain itself if that is not known."""
        now = self._clock()
        name, until = self._known.get(domain, ("", 0.0))
        if now < until or now < self._asks_again:
            return name or domain
        asking = self._asking.get(domain) or self._ask(domain)
        if not name:
            await asyncio.wait([asking], timeout=MOMENT)
        return self.known(domain)

    def known(self, domain: str) -> str:
        """Return what `of` said last."""
        return self._known.get(domain, (domain, 0.0))[0]

    def _ask(self, domain: str) -> asyncio.Task[None]:
        asking = self._asking[domain] = asyncio.create_task(self._asked(domain))
        asking.add_done_callback(lambda _: self._asking.pop(domain, None))
        return asking

    async def _asked(self, domain: str) -> None:
        try:
            hosts = await self._lookup(domain)
        except OSError:
            self._failures += 1
            until = self._clock() + KEPT_IN_DOUBT
            if self._failures >= FAILURES:
                self._failures, self._asks_again = 0, until
            return self._keep(domain, self.known(domain), until)
        self._failures = 0
        return self._keep(domain, provider(hosts[0]) if hosts else domain, self._clock() + KEPT)

    def _keep(self, domain: str, name: str, until: float) -> None:
        if len(self._known) >= MANY:
            self._known.clear()
        self._known[domain] = name, until


def provider(host: str) -> str:
    """Return the registered part of a host's name, near enough: three labels under such as co.uk, else two."""
    labels = host.rstrip(".").lower().split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if short else -2 :])


async def mail_hosts(domain: str) -> list[str]:
    """Ask the name service. Raises OSError if it does not answer in time."""
    from dns.asyncresolver import Resolver
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    try:
        found = await Resolver().resolve(domain, "MX", lifetime=PATIENCE)
    except (NXDOMAIN, NoAnswer):
        return []
    except DNSException as error:
        raise OSError(f"no MX of {domain}: {type(error).__name__}") from error
    return [str(one.exchange) for one in sorted(found, key=lambda one: (one.preference, str(one.exchange)))]
