"""One connection: published files are answered as soon as the head of a request is read, and nobody holds it for ever.

uvicorn reads and writes HTTP; this adds what it leaves to a proxy: patience that ends, and of too many connections the
one goes that has been silent longest.
"""

from __future__ import annotations

import asyncio
import re
import resource
from enum import Enum, auto
from http import HTTPStatus
from math import inf
from typing import Any, NamedTuple, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from digest.web.front import READING, Front
from digest.web.headers import DEFAULTS, lines

LARGEST_HEAD = 32 * 1024
MOST_CONNECTIONS = 8192
_REMEMBERED, _LONGEST_REMEMBERED = 4096, 1024
_NOTHING = (0.0, b"")
_SPARE = 128  # open files for the store, the relay and the sources
# An address with nothing to decode in it.
_PLAIN = re.compile(rb"/[!$&'()*+,./0-9:;=@A-Z_a-z~-]*")
_STATUS = {int(status): f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Patience(NamedTuple):
    """How many seconds we wait for a request, for the rest of its head, for all of it, and until an answer is taken.

    An answer may take longer while half of what is left goes out in that time.
    """

    silent: float = 15
    head: float = 10
    body: float = 30
    unread: float = 60


class Lobby:
    """All connections of a server, those that wait for a request among them longest waiting first."""

    def __init__(self, front: Front, *, most: int | None = None, patience: Patience = Patience()) -> None:  # noqa: B008 - frozen
        self.front, self.patience = front, patience
        self._most = most or _room()
        self.connections: set[Wire] = set()
        self._silent: dict[Wire, None] = {}
        self._known: dict[bytes, tuple[float, bytes]] = {}

    def enter(self, wire: Wire) -> None:
        self.connections.add(wire)
        self._silent[wire] = None
        if len(self.connections) > self._most:
            next(iter(self._silent)).transport.abort()

    def leave(self, wire: Wire) -> None:
        self.connections.discard(wire)
        self._silent.pop(wire, None)

    def speaks(self, wire: Wire) -> None:
        self._silent.pop(wire, None)

    def waits(self, wire: Wire) -> None:
        self._silent.pop(wire, None)
        self._silent[wire] = None

    def known(self, request: bytes, now: float) -> bytes | None:
        """Return the 304 that the same bytes were answered with a moment ago.

        Readers of one kind that hold the same feed ask alike, and such an answer depends on nothing else. Not to parse
        what was just parsed makes it three times as fast.
        """
        until, answer = self._known.get(request, _NOTHING)
        return answer if now < until else None

    def remember(self, request: bytes, answer: bytes, now: float) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if len(request) <= _LONGEST_REMEMBERED:
            self._known[request] = (now + 1, answer)

    def sweep(self, now: float) -> None:
        """Send away who takes too long."""
        for wire in list(self.connections):
            wire.judge(now)

    async def keep(self, *, every: float = 1) -> None:
        """Sweep again and again, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(every)
            self.sweep(loop.time())


class Stage(Enum):
    """Where a connection stands."""

    SILENT = auto()
    HEAD = auto()
    BODY = auto()
    ANSWERING = auto()


class Wire(HttpToolsProtocol):
    """A connection, from its first byte to its last."""

    def __init__(self, *given: Any, lobby: Lobby, **named: Any) -> None:
        super().__init__(*given, **named)
        self._lobby, self._quick, self._begun, self._not_modified = lobby, False, 0, b""
        self._stage, self._since, self._head_bytes = Stage.SILENT, self.loop.time(), 0
        self._unread, self._unread_since = 0, self._since

    # What the transport tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._lobby.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lobby.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._stage is not Stage.SILENT or not self._is_ready():
            self._parse(data)
        elif answer := self._lobby.known(data, self.loop.time()):
            self._unset_keepalive_if_required()
            self.transport.write(answer)
            self._wait()
        else:
            self._begun, self._not_modified = 0, b""
            self._parse(data)
            if self._not_modified and self._begun == 1 and self._stage is Stage.SILENT:
                self._lobby.remember(data, self._not_modified, self._since)

    def _parse(self, data: bytes) -> None:
        super().data_received(data)
        if self._stage is Stage.HEAD:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                self._refuse(431)

    # What the parser tells

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._lobby.speaks(self)
        self._begun += 1
        self._stage, self._since, self._head_bytes = Stage.HEAD, self.loop.time(), 0

    def on_headers_complete(self) -> None:
        self._stage = Stage.BODY
        self._quick = self._is_ready() and self._is_usual() and self._answered()
        if not self._quick:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._quick:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._quick or self._is_idle():
            self._wait()
        else:
            self._stage = Stage.ANSWERING
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._stage is Stage.ANSWERING:
            self._wait()

    # What we do

    def judge(self, now: float) -> None:
        """Leave if what we wait for does not come."""
        if self._is_unread(now):
            self.transport.abort()
        elif now - self._since > self._patience() and not self.transport.is_closing():
            self._refuse(408) if self._stage is Stage.HEAD else self.transport.close()

    def _patience(self) -> float:
        wait = self._lobby.patience
        return {Stage.SILENT: wait.silent, Stage.HEAD: wait.head, Stage.BODY: wait.body}.get(self._stage, inf)

    def _is_unread(self, now: float) -> bool:
        """Say whether an answer is not taken: of what was waiting more than half still is, after so long."""
        waiting = self.transport.get_write_buffer_size()
        if waiting <= self._unread // 2:
            self._unread_since, self._unread = now, waiting
        self._unread = max(self._unread, waiting)
        return waiting > 0 and now - self._unread_since > self._lobby.patience.unread

    def _wait(self) -> None:
        self._stage, self._since = Stage.SILENT, self.loop.time()
        self._lobby.waits(self)

    def _is_idle(self) -> bool:
        # uvicorn says of no type that there is no cycle before the first request.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def _is_ready(self) -> bool:
        """Say whether nothing is under way here, so that an answer may be written at once."""
        return self._is_idle() and not self.flow.write_paused and not self.transport.is_closing()

    def _is_usual(self) -> bool:
        """Say whether a request wants no more than an answer, on a connection that stays."""
        return (
            self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def _answered(self) -> bool:
        """Answer for a published file at a plain address, and say whether it was one."""
        method = self.parser.get_method().decode("ascii")
        if method not in READING or not _PLAIN.fullmatch(self.url):
            return False
        self.scope["method"], self.scope["path"] = method, self.url.decode("ascii")
        found = self._lobby.front.reply(self.scope)
        if found is None:
            return False
        head = b"".join((_STATUS[found.status], *self._dates(), found.head))
        # In one call: two would wake a reader twice.
        self.transport.writelines([head, found.body] if found.body and method == "GET" else [head])
        self._not_modified = head if found.status == 304 else b""
        return True

    def _dates(self) -> list[bytes]:
        return [name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers]

    def _refuse(self, status: int) -> None:
        told = b"%s\n" % HTTPStatus(status).phrase.encode()
        own = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(told)).encode())]
        head = lines([*DEFAULTS, *own, (b"connection", b"close")])
        self.transport.write(b"".join((_STATUS[status], *self._dates(), head, told)))
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400)


def _room() -> int:
    """Return how many connections there may be, after asking for as many files as we may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(16, min(soft - _SPARE, MOST_CONNECTIONS))
