"""A site whose readers are due, on a clock that stands still, and relays that see every step of its senders."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from digest.app import App, opened
from digest.cli.sender import run_sender
from digest.config.settings import Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.model import (
    OPEN_DELIVERIES,
    Cadence,
    DeliveryState,
    Subscriber,
    SubscriberId,
    Subscription,
    SubscriptionState,
    TopicId,
    Value,
)
from digest.render.templates import Templates
from digest.tokens import subscriber_id
from digest.work.composing import compose_day
from digest.work.importing import ingest
from digest.work.messages import Messages
from digest.work.planning import plan
from digest.work.proving import proven
from digest.work.sending import send
from tests.factories import Clock, make_entry, make_source, make_topic

DUE = datetime(2026, 11, 21, 7, tzinfo=UTC)
SLOT = "daily:2026-11-21"
LATER = timedelta(minutes=20)
ROUNDS = 40
PATIENCE = 60.0

# Where a site stands: a folder with an SQLite file, or the address of a PostgreSQL.
Place = Path | str
P = TypeVar("P", bound=Place)


@cache
def _templates(url: str) -> Templates:
    with opened(Settings(site=SiteSettings(url=url), store=StoreSettings(url="sqlite://"))) as app:
        return app.templates


@contextmanager
def site(place: Place, now: datetime | Clock = DUE, *, relay: str = "", **smtp: Any) -> Iterator[App]:
    """Open a site."""
    settings = Settings(
        site=SiteSettings(url="https://papers.example", secret="s" * 32, contact="ed@papers.example"),
        store=StoreSettings(url=address(place), floor_megabytes=1),
        smtp=msgspec.structs.replace(SmtpSettings(url=relay, connections=2), **smtp),
    )
    with opened(settings, now=now if isinstance(now, Clock) else Clock(now)) as app:
        # The same for all; they take longer to load than a short round of sending.
        vars(app)["templates"] = _templates(app.settings.site.url)
        yield app


def address(place: Place) -> str:
    """Return the address of a site's store."""
    return place if isinstance(place, str) else f"sqlite:///{place}/digest.db"


def prepared(place: P, readers: int) -> P:
    """Make a site in a new place, with so many readers in the books."""
    joined(place, readers)
    with site(place) as app:
        plan(app)
        _warmed(app)
    return place


def joined(place: P, readers: int) -> P:
    """Make a site in a new place, with so many readers who are due."""
    if isinstance(place, Path):
        place.mkdir(parents=True, exist_ok=True)
    with site(place, DUE - timedelta(hours=1)) as app:
        app.store.put_topics([make_topic("cache", should=("cache",))])
        ingest(app, make_source(), [make_entry("A cache", abstract="How a cache evicts.")])
        compose_day(app, app.store.topics(), (DUE - timedelta(hours=1)).date())
        with app.store.transaction():
            for one in addresses(readers):
                join(app, one)
    return place


def _warmed(app: App) -> None:
    """Do once what each of many processes would do at its start."""
    proven(app)
    (reader, *_) = app.store.subscribers_named(one.subscriber_id for one in app.store.deliveries()[:1]).values()
    Messages(app).of(app.store.deliveries()[0], reader)


def copied(template: Path, folder: Path) -> Path:
    """Return a copy of a site that is closed."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return folder


def addresses(readers: int) -> list[str]:
    return [f"r{number}@example.org" for number in range(readers)]


def join(app: App, address: str, since: datetime = DUE - timedelta(hours=2)) -> SubscriberId:
    id_ = subscriber_id(sha256(address.encode()).digest()[:12])
    reader = Subscriber(id=id_, address=address, created=since, cadence=Cadence.DAILY, send_hour=DUE.hour)
    app.store.save_subscribers([reader])
    app.store.save_subscription(
        Subscription(subscriber_id=id_, topic_id=TopicId("cache"), state=SubscriptionState.ACTIVE, since=since)
    )
    return id_


def addressed(app: App, *states: DeliveryState) -> set[str]:
    """Return whose deliveries stand so."""
    rows = [row for state in states for row in app.store.deliveries(state=state)]
    found = app.store.subscribers_named(row.subscriber_id for row in rows)
    return {one.address for one in found.values()}


def books(app: App) -> dict[str, int]:
    return {str(state): count for state, count in app.store.books().get(SLOT, {}).items()}


def is_open(app: App) -> bool:
    return any(OPEN_DELIVERIES & states.keys() for states in app.store.books().values())


class Came(Value):
    """A mail that a relay took."""

    recipient: str
    message_id: str
    sha: str


def came(text: bytes, recipient: str) -> Came:
    found = re.search(rb"^Message-ID: (\S+)", text, re.MULTILINE)
    return Came(recipient=recipient, message_id=found[1].decode() if found else "", sha=sha256(text).hexdigest())


# What happens at a step: its number, and what the relay just heard or said.
Watch = Callable[[int, str], Awaitable[None]]


async def _nothing(step: int, what: str) -> None:
    return None


class Post:
    """A relay in this process, before and after each of whose answers something may happen."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self.watch: Watch = _nothing
        self._steps = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._socket.getsockname()[1]}"

    @contextmanager
    def watched(self, watch: Watch) -> Iterator[None]:
        self._steps, self.watch = 0, watch
        yield
        self.watch = _nothing

    async def open(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, sock=self._socket.dup(), limit=2**20)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._say(writer, b"220 post.test\r\n", "greeting")
            await self._played(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _played(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
            await self._say(writer, _ANSWERS.get(word, b"250 2.1.0 ok\r\n"), word.decode())
            if word == b"DATA":
                text = await reader.readuntil(b"\r\n.\r\n")
                self.came.append(came(text, recipient))
                await self._say(writer, b"250 2.0.0 taken\r\n", f"taken {recipient}")

    async def _say(self, writer: asyncio.StreamWriter, answer: bytes, what: str) -> None:
        await self._step(f"before {what}")
        writer.write(answer)
        await self._step(f"after {what}")

    async def _step(self, what: str) -> None:
        self._steps += 1
        await self.watch(self._steps - 1, what)


_ANSWERS = {
    b"EHLO": b"250-post.test\r\n250 PIPELINING\r\n",
    b"DATA": b"354 go\r\n",
    b"QUIT": b"221 bye\r\n",
}


def forked(work: Callable[[], object]) -> int:
    """Start a process that does it. Returns its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as it lives
        work()
        status = 0
    finally:
        os._exit(status)


async def ended(child: int) -> int:
    """Wait for a process. Returns how it ended: 0, or the number of the signal, negative, as of one without end."""
    ends = asyncio.get_running_loop().time() + PATIENCE
    while not (found := os.waitpid(child, os.WNOHANG))[0]:
        await asyncio.sleep(0.002)
        if asyncio.get_running_loop().time() > ends:
            kill(child)
    return os.waitstatus_to_exitcode(found[1])


def attended(post: Post, work: Callable[[], object]) -> int:
    """Be the relay of a process that does some work, until it ends; returns how."""
    child = forked(work)

    async def attend() -> int:
        async with await post.open():
            return await ended(child)

    return asyncio.run(attend())


def sender(place: Place, post: Post, now: datetime | Clock = DUE, **smtp: Any) -> Callable[[], object]:
    """Return the work of a sender, as `digest send` does it."""

    def work() -> None:
        with site(place, now, relay=post.url, **smtp) as app:
            run_sender(lambda stop: send(app, stop=stop))

    return work


def finished(place: Place, post: Post, now: datetime = DUE, **smtp: Any) -> dict[str, int]:
    """Let senders run undisturbed, 20 minutes apart, until the books are closed; return them."""
    for number in range(1, ROUNDS):
        attended(post, sender(place, post, now + number * LATER, **smtp))
        with site(place) as app:
            if not is_open(app):
                return books(app)
    return {"open": 1}


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
