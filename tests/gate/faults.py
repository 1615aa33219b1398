"""Six phases of a mail times six faults of a relay: each mail arrives in the end, and no other waits for it.

Each case strikes once: the first connection, or the first mail on it. Only when the answer to a text was lost may its
reader get two copies.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from digest.app import App
from digest.model import DeliveryState
from digest.publish.relay import Relay, relay_of
from digest.work.planning import plan
from digest.work.sending import Sent, relays, send
from tests.factories import Clock
from tests.gate.reports import Report, unfair
from tests.gate.sites import DUE, addressed, books, copied, is_open, join, prepared, site

SEED = 20261121
PHASES = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot")
FAULTS = ("reset", "stall", "soft", "half", "wrong", "endless")
READERS, CONNECTIONS = 4, 2
PATIENCE = timedelta(seconds=0.3)
# A relay that never ends its line may fill the buffers of the system, and ours, but not the memory.
ENDLESS, SWALLOWED = 1_000_000_000, 12_000_000
SOONEST, LATEST = timedelta(minutes=1), timedelta(minutes=30)

_SOFT = {"greeting": b"421 4.3.2 closing", "EHLO": b"421 4.3.2 closing", "RCPT": b"450 4.2.0 not now"}
_WRONG = {
    "greeting": b"250 hello",
    "EHLO": b"999 what",
    "MAIL": b"354 go",
    "RCPT": b"220 hello",
    "DATA": b"250 ok",
    "dot": b"what",
}
_GOOD = {
    "greeting": b"220 relay.test",
    "EHLO": b"250-relay.test\r\n250 PIPELINING",
    "DATA": b"354 go",
    "QUIT": b"221 bye",
}


class Striking:
    """A relay that strikes once."""

    def __init__(self, dice: random.Random) -> None:
        self.came: Counter[str] = Counter()
        self.swallowed = 0
        self._dice, self._strike = dice, ("", "")
        self.victim = ""

    def strikes(self, phase: str, fault: str) -> None:
        """Say where it strikes next."""
        self._strike, self.victim, self.swallowed = (phase, fault), "", 0
        self.came.clear()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._say(writer, "greeting")
            await self._played(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _played(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        while line := await reader.readline():
            word = line.decode().split(":")[0].split()[0].upper()
            if word == "RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
            if await self._say(writer, word) and word == "DATA":
                await reader.readuntil(b"\r\n.\r\n")
                await self._end(writer, recipient)

    async def _end(self, writer: asyncio.StreamWriter, recipient: str) -> None:
        phase, fault = self._strike
        # What it does not answer rightly it may have taken all the same.
        if phase != "dot" or (fault != "soft" and self._dice.random() < 0.5):
            self.came[recipient] += 1
        if phase == "dot":
            self.victim = recipient
        await self._say(writer, "dot")

    async def _say(self, writer: asyncio.StreamWriter, phase: str) -> bool:
        """Say what a relay says, or strike. Returns whether it was the former."""
        where, fault = self._strike
        if phase != where:
            writer.write(_GOOD.get(phase, b"250 2.1.0 ok") + b"\r\n")
            return True
        self._strike = "", ""
        await getattr(self, f"_{fault}")(writer, phase)
        return False

    async def _reset(self, writer: asyncio.StreamWriter, phase: str) -> None:
        writer.transport.abort()
        raise ConnectionResetError

    async def _stall(self, writer: asyncio.StreamWriter, phase: str) -> None:
        await asyncio.sleep(3 * PATIENCE.total_seconds())
        raise ConnectionResetError

    async def _soft(self, writer: asyncio.StreamWriter, phase: str) -> None:
        writer.write(_SOFT.get(phase, b"451 4.3.0 later") + b"\r\n")

    async def _half(self, writer: asyncio.StreamWriter, phase: str) -> None:
        writer.write(b"25")
        await writer.drain()
        raise ConnectionResetError

    async def _wrong(self, writer: asyncio.StreamWriter, phase: str) -> None:
        writer.write(_WRONG[phase] + b"\r\n")

    async def _endless(self, writer: asyncio.StreamWriter, phase: str) -> None:
        while self.swallowed < ENDLESS:
            writer.write(b"x" * 65536)
            await asyncio.wait_for(writer.drain(), 3 * PATIENCE.total_seconds())
            self.swallowed += 65536


def matrix(times: int) -> Report:
    """Try each fault in each phase so many times."""
    with TemporaryDirectory() as name, _impatient():
        return asyncio.run(_all(prepared(Path(name, "site"), 1), times))


async def _all(folder: Path, times: int) -> Report:
    clock, relay, faults, cases = Clock(DUE), Striking(random.Random(SEED)), list[str](), 0
    most, copies = 0, 0
    async with relay.open() as url:
        with site(folder, clock, relay=url, connections=CONNECTIONS, timeout="1s") as app:
            await send(app)
            for turn, phase, fault in product(range(times), PHASES, FAULTS):
                relay.strikes(phase, fault)
                found = await _case(app, clock, relay, f"{phase}-{fault}-{turn}".lower())
                faults += [f"{phase} {fault} {turn}: {one}" for one in found]
                cases, most = cases + 1, max(most, relay.swallowed)
                copies += sum(relay.came.values()) - READERS
    figures = f"{copies} second copies, an endless answer was read for {most / 1e6:.1f} MB"
    return Report(cases=cases, faults=tuple(faults), figures=figures, seed=SEED)


async def _case(app: App, clock: Clock, relay: Striking, name: str) -> list[str]:
    clock.instant, swallowed = DUE, 0
    readers = [f"{name}-{number}@example.org" for number in range(READERS)]
    with app.store.transaction():
        for reader in readers:
            join(app, reader)
    plan(app)
    first = await send(_renewed(app))
    swallowed = relay.swallowed
    faults = _blocked(first) + _schedule(app)
    await _on(app, clock)
    doubted = [relay.victim] if relay.victim else []
    faults += unfair(relay.came.elements(), readers, doubted=doubted)
    faults += [f"{one} is not sent in the books" for one in set(readers) - addressed(app, DeliveryState.SENT)]
    if swallowed > SWALLOWED:
        faults.append(f"{swallowed} octets of an answer were read")
    return faults


def _blocked(first: Sent) -> list[str]:
    return [f"only {first.sent} of {READERS} went out at first"] if first.sent < READERS - 1 else []


def _schedule(app: App) -> list[str]:
    rows = app.store.deliveries(state=DeliveryState.DEFERRED)
    waits = [row.next_try - app.now() for row in rows if row.next_try]
    return [f"the next try comes after {wait}" for wait in waits if not SOONEST <= wait <= LATEST]


async def _on(app: App, clock: Clock) -> None:
    """Let time pass until the books are closed."""
    for _ in range(10):
        if not is_open(app):
            return
        clock.instant = max(clock.instant, app.store.next_try() or clock.instant) + timedelta(minutes=1)
        await send(_renewed(app))


def names(times: int) -> Report:
    """Let the name service be down, say no, be slow, or lie: nothing is tried, and all goes out when it is well."""
    with TemporaryDirectory() as name, _impatient():
        template, faults = prepared(Path(name, "site"), READERS), list[str]()
        for turn, (kind, service) in product(range(times), SERVICES.items()):
            found = asyncio.run(_named(copied(template, Path(name, "copy")), service))
            faults += [f"{kind} {turn}: {one}" for one in found]
        return Report(cases=times * len(SERVICES), faults=tuple(faults))


async def _named(folder: Path, service: Service) -> list[str]:
    relay = Striking(random.Random(SEED))
    async with relay.open() as url:
        port = int(url.rpartition(":")[2])
        with _asked(service), site(folder, relay=f"smtp://relay.example:{port}") as app:
            done = await send(app)
            held = books(app)
        with site(folder, relay=url) as app:
            last = await send(app)
    faults = [] if done.error and held == {"queued": READERS} else [f"{done}, {held}"]
    return faults if last.sent == READERS and not done.sent else [*faults, f"then {last}"]


def _down(host: str) -> None:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def _none(host: str) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def _slow(host: str) -> None:
    time.sleep(2 * PATIENCE.total_seconds())
    _down(host)


def _lie(host: str) -> None:
    """Let it name this machine: the relay that answers there is another, which has no TLS."""


Service = Callable[[str], None]
SERVICES: dict[str, Service] = {"down": _down, "none": _none, "slow": _slow, "lie": _lie}


@contextmanager
def _asked(service: Service) -> Iterator[None]:
    """Be the name service."""
    real = socket.getaddrinfo

    def answered(host: str, *given: Any, **named: Any) -> Any:
        if host == "relay.example":
            service(host)
            return real("127.0.0.1", *given, **named)
        return real(host, *given, **named)

    socket.getaddrinfo = answered  # type: ignore[assignment]
    try:
        yield
    finally:
        socket.getaddrinfo = real


def _renewed(app: App) -> App:
    """Return the site as another process finds it: one that learnt nothing of the relay yet."""
    found = replace(app)
    vars(found)["templates"] = app.templates
    return found


@contextmanager
def _impatient() -> Iterator[None]:
    """Scale the time-outs down."""
    real = relay_of

    def impatient(url: str, *, timeout: timedelta, hostname: str) -> Relay:
        found = real(url, timeout=PATIENCE, hostname=hostname)
        given = {name: getattr(found, name) for name in Relay.__struct_fields__}
        return Relay(**{**given, "at_the_dot": PATIENCE})

    vars(relays)["relay_of"] = impatient
    try:
        yield
    finally:
        vars(relays)["relay_of"] = real
