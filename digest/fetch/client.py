"""The HTTP client: polite to hosts, deaf to what they have no business to ask, and done when it said it would be."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, Self
from urllib.parse import urljoin, urlsplit

from digest import text
from digest.errors import FetchError
from digest.fetch import decoding
from digest.fetch.headers import Headers
from digest.fetch.transport import Answer, Dial, NoAnswerError, Resolve, Transport, system_resolve
from digest.model import Value

FEEDS = (
    "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.9, */*;q=0.1"
)
REDIRECTS = 5
# https://info.arxiv.org/help/api/tou.html: one request every three seconds, over all of its services together.
GAPS = MappingProxyType({"arxiv.org": timedelta(seconds=3)})

_PERMANENT = frozenset({301, 308})
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
_BODIES = range(200, 300)
_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since"})
# Below 1024 stand services that must not be spoken to in HTTP, such as mail.
_PORTS = frozenset({80, 443})
_FIRST_FREE_PORT = 1024
# Small texts of one letter are no bomb.
_HARMLESS = 1_000_000


class Request(Value):
    """What to ask for. The validators are those of the last answer, word for word; they are told to nobody but the
    address that gave it: `address`, else `url` itself.

    With a `body` it is a POST of JSON, which is not sent on to where a redirect leads. `headers`, such as a key, are
    for the host of `url` alone.
    """

    url: str
    address: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    accept: str = FEEDS
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Response(Value):
    """What was answered, by `url` in the end; the validators are that address's. `body` is unpacked, and only with 2xx.

    `moved_to` is where permanent redirects, unbroken from the first on, say the address is now. `retry_after` and
    `fresh_for` count from now. Not `whole`: the end was not told, only reached, so there may have been more of it.
    """

    url: str
    status: int
    body: bytes = b""
    etag: str | None = None
    last_modified: str | None = None
    retry_after: timedelta | None = None
    fresh_for: timedelta | None = None
    moved_to: str | None = None
    whole: bool = True


@dataclass(frozen=True)
class Limits:
    """When to give up: times per connection and per request with its redirects, sizes in bytes, and packed to unpacked.

    The waiting for a turn does not count.
    """

    connect: timedelta = timedelta(seconds=10)
    total: timedelta = timedelta(seconds=30)
    wire: int = 10_000_000
    unpacked: int = 32_000_000
    ratio: int = 100


Queue = Callable[[str], AbstractAsyncContextManager[None]]
"""Waits until no other process asks a domain that wants a gap, and holds that turn."""


def alone(domain: str) -> AbstractAsyncContextManager[None]:
    """The queue of a process that is the only one."""
    return nullcontext()


class _Hop(NamedTuple):
    status: int
    headers: Headers
    body: bytes
    seconds: float


class Fetcher:
    """Asks one question a host at a time, and leaves some hosts a gap between two. Used inside `async with`."""

    def __init__(
        self,
        *,
        agent: str,
        now: Callable[[], datetime],
        limits: Limits = Limits(),
        allow_private: bool = False,
        contact: str | None = None,
        gaps: Mapping[str, timedelta] = GAPS,
        queue: Queue = alone,
        resolve: Resolve = system_resolve,
        dial: Dial | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._who = {"User-Agent": agent, "From": contact}
        self._now, self._limits, self._gaps, self._queue = now, limits, gaps, queue
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._free_at: dict[str, float] = {}
        self._transport = Transport(
            allow_private=allow_private,
            connect_timeout=limits.connect.total_seconds(),
            resolve=resolve,
            dial=dial,
            trust=trust,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is left to close: a connection ends with its exchange. Callers are ready for one that does not."""

    async def get(self, request: Request) -> Response:
        """Return the answer to a conditional GET, whatever its status, after at most 5 redirects.

        Raises FetchError, with the reason in one line: an address that is never fetched, no connection, an answer that
        breaks off, breaks HTTP, is too large, or takes too long. It is a NoAnswerError if the `host` is to blame.
        """
        at = [request.url]
        try:
            return await self._follow(request, at)
        except FetchError as error:
            via = f"sent on to {_shown(at[-1])}: " if len(at) > 1 else ""
            why = f"cannot fetch {_shown(request.url)}: {via}{error.message}"
            if isinstance(error, NoAnswerError):
                raise NoAnswerError(why, hint=error.hint, host=host_of(at[-1])) from error
            raise FetchError(why, hint=error.hint) from error

    def turn_of(self, url: str) -> str:
        """Return what those addresses share that are asked one after the other: a host, or a domain with a gap."""
        host = (urlsplit(text.safe_url(url) or "").hostname or "").rstrip(".")
        return next((domain for domain in self._gaps if host == domain or host.endswith(f".{domain}")), host)

    async def _follow(self, request: Request, at: list[str]) -> Response:
        """Return the answer at the end of the redirects; `at` gets each address on the way."""
        moved_to, permanent, left = None, True, self._limits.total.total_seconds()
        while True:
            headers = self._headers(request, at[-1])
            hop = await self._hop(at[-1], headers, left, request.body)
            if hop.status not in _ELSEWHERE or request.body is not None:
                return self._response(at[-1], hop, moved_to, conditional=bool(headers.keys() & _CONDITIONS))
            at.append(_target(hop.headers.location, at))
            permanent = permanent and hop.status in _PERMANENT
            moved_to = at[-1] if permanent else moved_to
            left -= hop.seconds

    def _headers(self, request: Request, url: str) -> dict[str, str]:
        # Validators belong to one address: another might take them for its own by chance.
        theirs = url == (request.address or request.url)
        given = {
            **self._who,
            "Accept": request.accept,
            "Accept-Encoding": decoding.OFFERED,
            "Connection": "close",
            "If-None-Match": request.etag if theirs else None,
            "If-Modified-Since": request.last_modified if theirs else None,
            "Content-Type": None if request.body is None else "application/json",
            **(dict(request.headers) if request.headers and _origin(url) == _origin(request.url) else {}),
        }
        return {name: value for name, value in given.items() if value is not None}

    async def _hop(self, url: str, headers: dict[str, str], left: float, body: bytes | None) -> _Hop:
        address, clock = _checked(url), asyncio.get_running_loop()
        async with self._turn(address):
            begun = clock.time()
            try:
                async with asyncio.timeout(left), self._transport.ask(address, headers, body) as answer:
                    found = await _body(answer, self._limits) if answer.status in _BODIES else b""
            except TimeoutError:
                raise NoAnswerError(f"it takes longer than {self._limits.total.total_seconds():g} s") from None
            return _Hop(answer.status, answer.headers, found, clock.time() - begun)

    @asynccontextmanager
    async def _turn(self, url: str) -> AsyncIterator[None]:
        """Wait until nobody else asks that host, and its gap is over."""
        domain, clock = self.turn_of(url), asyncio.get_running_loop()
        async with self._turns[domain]:
            gap = self._gaps.get(domain)
            if not gap:
                yield
                return
            await asyncio.sleep(self._free_at.get(domain, 0) - clock.time())
            try:
                async with self._queue(domain):
                    yield
            finally:
                self._free_at[domain] = clock.time() + gap.total_seconds()

    def _response(self, url: str, hop: _Hop, moved_to: str | None, *, conditional: bool) -> Response:
        if hop.status == _NOT_MODIFIED and not conditional:
            raise FetchError("it says “not modified”, though nobody asked it that")
        now = self._now()
        return Response(
            url=url,
            status=hop.status,
            body=hop.body,
            etag=hop.headers.validator("etag"),
            last_modified=hop.headers.validator("last-modified"),
            retry_after=hop.headers.retry_after(now),
            fresh_for=hop.headers.fresh_for(now),
            moved_to=moved_to,
            whole=hop.headers.tell_the_end,
        )


def _target(location: str, at: list[str]) -> str:
    """Return where a redirect leads. Raises FetchError if it must not be followed."""
    if not location:
        raise FetchError("it redirects, but does not say where")
    try:
        target = _checked(urljoin(at[-1], location))
    except (FetchError, ValueError) as error:
        raise FetchError(f"it redirects to {_shown(location)}: {error}") from error
    if target in at:
        raise FetchError("it redirects in a circle")
    if len(at) > REDIRECTS:
        raise FetchError(f"it redirects more than {REDIRECTS} times")
    return target


async def _body(answer: Answer, limits: Limits) -> bytes:
    """Return the unpacked body. Raises FetchError as soon as it is more than the limits allow, or not whole."""
    packed, body = 0, bytearray()
    decoder = decoding.decoder(answer.headers["content-encoding"])
    async for chunk in answer.body:
        packed += len(chunk)
        if packed > limits.wire:
            raise FetchError(f"it is larger than {limits.wire / 1e6:g} MB")
        for piece in decoder.feed(chunk):
            body += piece
            if len(body) > limits.unpacked or len(body) > max(_HARMLESS, limits.ratio * packed):
                raise FetchError(f"{packed / 1e6:.1f} MB of it unpack to more than {len(body) / 1e6:.0f} MB")
    decoder.finish()
    return bytes(body)


def _checked(url: str) -> str:
    """Return an address rebuilt in ASCII, without its fragment. Raises FetchError for one that is never fetched."""
    safe = text.safe_url(url)
    if safe is None:
        raise FetchError("only http and https addresses without a user name are fetched")
    port = urlsplit(safe).port
    if port is not None and port not in _PORTS and port < _FIRST_FREE_PORT:
        raise FetchError(f"port {port} is not one of the web")
    return safe.partition("#")[0]


def host_of(url: str) -> str:
    """Return the name of an address's host, with its port if that is not the usual one."""
    return urlsplit(text.safe_url(url) or "").netloc


def _origin(url: str) -> tuple[str, ...]:
    """Return the host of an address as the browser means it: scheme, name and port."""
    return urlsplit(text.safe_url(url) or "").scheme, host_of(url)


def _shown(url: str) -> str:
    """Return an address for a message: in one line, not too long, and without a password that somebody put there."""
    return text.shorten(text.tidy(re.sub("//[^/]*@", "//...@", url)), 200)
