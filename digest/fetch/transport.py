"""One exchange with one host: the only module that knows httpcore2, the engine of httpx2.

The engine without httpx2's client, because that brings what must not happen here (cookies, proxies of the environment,
unpacking whatever comes) and does not take the one thing that must: a network of our own. Connections are opened
below and nowhere else; a name is looked up once, every address it has is judged, and what was judged is dialled, so a
name server that changes its mind wins nothing. TLS and Host still go by the name.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from itertools import zip_longest
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

from digest import text
from digest.errors import FetchError
from digest.fetch.addresses import refusal
from digest.fetch.headers import Headers

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Returns the IP addresses of a host. Raises OSError."""
Dial = AsyncNetworkBackend
"""Connects to an IP address."""

# A dead address must not use up the patience that the others of a host need.
_ADDRESSES_TRIED = 3


class NoAnswerError(FetchError):
    """Nothing came from `host`, or not in time: the others that ask it may save themselves the trouble."""

    def __init__(self, message: str, *, hint: str | None = None, host: str = "") -> None:
        super().__init__(message, hint=hint)
        self.host = host


class Answer(NamedTuple):
    """The head of an answer, and its body as it comes over the wire."""

    status: int
    headers: Headers
    body: AsyncIterator[bytes]


class Transport:
    """Asks one question a connection: a body longer or shorter than was said cannot spoil the next answer."""

    def __init__(
        self,
        *,
        allow_private: bool,
        connect_timeout: float,
        resolve: Resolve,
        dial: Dial | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._timeouts = {"connect": connect_timeout}
        self._trust = trust or _usual_trust()
        self._resolve, self._dial, self._allow_private = resolve, dial or httpcore2.AnyIOBackend(), allow_private

    @asynccontextmanager
    async def ask(self, url: str, headers: dict[str, str], body: bytes | None = None) -> AsyncIterator[Answer]:
        """Yield the answer to a GET for an address in ASCII, or to a POST of `body`.

        Raises FetchError, also where the answer's body is read.
        """
        raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        name = (urlsplit(url).hostname or "").rstrip(".")
        given = {"timeout": self._timeouts, "sni_hostname": name}
        with _told():
            target = _target(url)
            async with (
                self._connection(target.origin) as connection,
                connection.stream(
                    "GET" if body is None else "POST", target, headers=raw, content=body, extensions=given
                ) as found,
            ):
                yield Answer(found.status, Headers(found.headers), found.aiter_stream())

    @asynccontextmanager
    async def _connection(self, origin: httpcore2.Origin) -> AsyncIterator[httpcore2.AsyncHTTPConnection]:
        """Lend a connection for one exchange, and close what it opened: a cancelled handshake leaves its socket."""
        network = _Network(self._resolve, self._dial, allow_private=self._allow_private)
        try:
            async with httpcore2.AsyncHTTPConnection(
                origin, ssl_context=self._trust, network_backend=network
            ) as connection:
                yield connection
        finally:
            for stream in network.opened:
                await stream.aclose()


@cache
def _usual_trust() -> ssl.SSLContext:
    """Return what vouches for hosts; reading it costs a tenth of a second."""
    return httpcore2.default_ssl_context()


def _target(url: str) -> httpcore2.URL:
    parts = urlsplit(url)
    host = parts.netloc if parts.port is None else parts.netloc.rpartition(":")[0]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return httpcore2.URL(scheme=parts.scheme, host=host, port=parts.port, target=path)


class _Network(AsyncNetworkBackend):
    """Opens connections, to judged addresses only."""

    def __init__(self, resolve: Resolve, dial: Dial, *, allow_private: bool) -> None:
        self._resolve, self._dial, self._allow_private = resolve, dial, allow_private
        self.opened: list[AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        addresses = await self._judged(host.strip("[]"), port)
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._connected(address, port, share)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._connected(addresses[-1], port, share)

    async def _connected(self, address: str, port: int, timeout: float | None) -> AsyncNetworkStream:
        self.opened.append(await self._dial.connect_tcp(address, port, timeout=timeout))
        return self.opened[-1]

    async def _judged(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host. Raises FetchError if it has none, or any that is not public."""
        try:
            found = list(dict.fromkeys(await self._resolve(host, port)))
        except (OSError, UnicodeError) as error:
            why = f"its name {host} is not known" if isinstance(error, socket.gaierror) else str(error)
            raise NoAnswerError(why, hint="is the address spelled right, and is there a network?") from error
        for address in found:
            kind = refusal(address, allow_private=self._allow_private)
            if kind:
                where = address if host == address else f"{host} is at {address}, which"
                raise FetchError(
                    f"{where} is {kind}",
                    hint="a source on your own network needs fetch.allow_private = true",
                )
        if not found:
            raise FetchError(f"its name {host} has no address")
        return _mixed(found)[:_ADDRESSES_TRIED]


def _mixed(addresses: list[str]) -> list[str]:
    """Return IPv6 and IPv4 by turns, best first: where one of the two leads nowhere, the other is tried in time."""
    first = [address for address in addresses if (":" in address) == (":" in addresses[0])]
    second = [address for address in addresses if address not in first]
    return [address for pair in zip_longest(first, second) for address in pair if address]


async def system_resolve(host: str, port: int) -> list[str]:
    """Return a host's addresses as the system has them, best first. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@contextmanager
def _told() -> Iterator[None]:
    """Say what goes wrong on the wire in our words."""
    try:
        yield
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
        nobody = isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout)
        raise (NoAnswerError if nobody else FetchError)(_reason(error)) from error


def _reason(error: Exception) -> str:
    cause = _cause(error)
    said = text.shorten(text.tidy(str(cause)), 160)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {cause.verify_message}"
    match error:
        case httpcore2.ConnectTimeout():
            return "it does not take a connection in time"
        case httpcore2.ConnectError():
            number = getattr(cause, "errno", None)
            return f"no connection: {os.strerror(number) if number else said}"
        case httpcore2.ProtocolError():
            return f"its answer is not sound HTTP: {said}"
        case _:
            return f"the connection breaks off{f': {said}' if said else ''}"


def _cause(error: BaseException) -> BaseException:
    """Return what is behind an error: the engine passes on the error it translates, not always as its cause."""
    while inner := error.__cause__ or next((given for given in error.args if isinstance(given, BaseException)), None):
        error = inner
    return error
