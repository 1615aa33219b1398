"""Weeks in seconds: an event loop whose time jumps, and a small web in memory that writes down who was rude to it."""

from __future__ import annotations

import asyncio
import random
import selectors
import socket
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar, TypeVarTuple
from urllib.parse import urlsplit

import httpcore2

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# A Monday.
START = datetime(2026, 9, 7, tzinfo=UTC)
HOUR, DAY = 3600.0, 86400.0
WEEK = timedelta(days=7).total_seconds()


class _Jump(selectors.SelectSelector):
    """Waits for nothing: where nothing happens, it is later at once."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout:
            self.time += timeout
        return found


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop with a time of its own; threads are called in its own, so that time stands still for them."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.time

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)


def elapsed() -> float:
    """The seconds since the simulation began."""
    return asyncio.get_running_loop().time()


def now() -> datetime:
    """The clock of the program: whole seconds."""
    return START + timedelta(seconds=int(elapsed()))


@dataclass
class Feed:
    """One address: when it publishes, how it answers, and what it saw.

    `patience` is what it asks for and how ("max-age", "expires", "ttl"); `validators` are those it gives of "em", ETag
    and Last-Modified. `moves` is when it leads to `to` for good, `ends` when it is gone with `end`, and `fails` what it
    answers always. With `limit` it answers 429 to those who come sooner again.
    """

    host: str
    path: str
    published: list[float] = field(default_factory=list)
    kind: str = "feed"
    validators: str = "em"
    patience: tuple[str, float] | None = None
    until: Callable[[float], float] | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[str, ...] = ()
    moves: float | None = None
    to: Feed | None = None
    ends: float | None = None
    end: int = 410
    fails: int | None = None
    limit: float = 0.0
    asked: list[float] = field(default_factory=list)
    full: int = 0
    delays: list[tuple[float, float]] = field(default_factory=list)
    rude: Counter[str] = field(default_factory=Counter)
    _seen: int = -1
    _validators: tuple[str, str] = ("", "")
    _not_before: float = 0.0

    @property
    def url(self) -> str:
        return f"http://{self.host}{self.path}"

    def answer(self, headers: dict[str, str], at: float) -> bytes:
        """Answer a request, and note what is rude about it."""
        if not self._moved(at):
            self._judge(headers, at)
        early = bool(self.asked) and at - self.asked[-1] < self.limit
        self.asked.append(at)
        if self.fails:
            return _message(self.fails, [])
        if self.ends is not None and at >= self.ends:
            return _message(self.end, [])
        if early:
            self._not_before = int(at) + self.limit
            return _message(429, [f"Retry-After: {self.limit:.0f}"])
        if self.to and self._moved(at):
            return _message(301, [f"Location: {self.to.url}"])
        return self._content(headers, at)

    def _moved(self, at: float) -> bool:
        """Say whether all that is left here is a signpost, to which no validators belong."""
        return self.moves is not None and at >= self.moves

    def _judge(self, headers: dict[str, str], at: float) -> None:
        if at < self._not_before:
            self.rude["too early"] += 1
        day = START + timedelta(seconds=at)
        if self.asked and (day.hour in self.skip_hours or f"{day:%A}" in self.skip_days):
            self.rude["at an hour it skips"] += 1
        etag, modified = headers.get("if-none-match", ""), headers.get("if-modified-since", "")
        if any(self._validators) and not (etag or modified):
            self.rude["without validators"] += 1
        if (etag or modified) and (etag, modified) != self._validators:
            self.rude["with validators of others"] += 1

    def _content(self, headers: dict[str, str], at: float) -> bytes:
        count = bisect_right(self.published, at)
        lines = [f"Date: {_date(at)}"]
        etag = f'"{self.host}{self.path} {count}"' if "e" in self.validators else ""
        modified = _date(self.published[count - 1] if count else -DAY) if "m" in self.validators else ""
        lines += [f"ETag: {etag}"] * bool(etag) + [f"Last-Modified: {modified}"] * bool(modified)
        lines += self._wait(at)
        same = count == self._seen and any(self._validators) and headers.get("if-none-match", "") == etag
        self._validators = (etag, modified)
        if same:
            return _message(304, lines)
        if self._seen >= 0:
            self.delays += [(each, at - each) for each in self.published[self._seen : count]]
        self._seen, self.full = count, self.full + 1
        return _message(200, lines, self._feed(count))

    def _wait(self, at: float) -> list[str]:
        how, seconds = self.patience or ("", 0.0)
        if self.until:
            how, seconds = "max-age", self.until(at) - at
        self._not_before = int(at) + min(int(seconds), WEEK)
        if how == "max-age":
            return [f"Cache-Control: max-age={int(seconds)}"]
        return [f"Expires: {_date(int(at) + seconds)}"] if how == "expires" else []

    def _feed(self, count: int) -> bytes:
        how, seconds = self.patience or ("", 0.0)
        head = f"<ttl>{seconds / 60:.0f}</ttl>" if how == "ttl" else ""
        head += _list("skipHours", "hour", map(str, self.skip_hours)) + _list("skipDays", "day", self.skip_days)
        numbers = range(count, max(count - 20, 0), -1)
        items = (
            f"<item><guid>{self.url}/{n}</guid><title>Paper {n} of {self.host}{self.path}</title></item>"
            for n in numbers
        )
        return f"<rss version='2.0'><channel><title>x</title>{head}{''.join(items)}</channel></rss>".encode()


def _list(name: str, item: str, values: Iterable[str]) -> str:
    inner = "".join(f"<{item}>{value}</{item}>" for value in values)
    return f"<{name}>{inner}</{name}>" if inner else ""


def _date(at: float) -> str:
    return format_datetime(START + timedelta(seconds=int(at)), usegmt=True)


def _message(status: int, lines: list[str], body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} So", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode("latin-1") + body


class Web(httpcore2.AsyncNetworkBackend):
    """All hosts: names, connections, answers. `most` is how many connections a host ever had at once."""

    def __init__(self, feeds: Iterable[Feed], *, unknown: Iterable[str] = (), refusing: Iterable[str] = ()) -> None:
        self.feeds = {(feed.host, feed.path): feed for feed in feeds}
        self._unknown, self._refusing = frozenset(unknown), frozenset(refusing)
        self._names: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self.open: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.attempts = 0
        # When hosts of arXiv were left alone again, and the shortest time until they were asked after that.
        self.left, self.gap = -WEEK, WEEK
        self._die = random.Random(5)

    async def resolve(self, name: str, port: int) -> list[str]:
        if name in self._unknown:
            self.attempts += 1
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if name not in self._addresses:
            number = len(self._addresses)
            self._addresses[name] = f"20.0.{number // 250}.{number % 250 + 1}"
            self._names[self._addresses[name]] = name
        return [self._addresses[name]]

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> Any:
        name = self._names[host]
        if name in self._refusing:
            self.attempts += 1
            raise httpcore2.ConnectError("refused")
        if name.endswith("arxiv.org"):
            self.gap = min(self.gap, elapsed() - self.left)
        self.open[name] += 1
        self.most[name] = max(self.most[name], self.open[name])
        await asyncio.sleep(self._die.uniform(0.02, 0.2))
        return _Connection(self, name)

    def closed(self, name: str) -> None:
        self.open[name] -= 1
        if name.endswith("arxiv.org"):
            self.left = elapsed()

    async def answer(self, name: str, request: bytes) -> bytes:
        await asyncio.sleep(self._die.uniform(0.02, 1.5))
        first, *lines = request.decode("latin-1").split("\r\n")
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        feed = self.feeds.get((name, first.split(" ")[1]))
        return feed.answer(headers, elapsed()) if feed else _message(404, [])

    @property
    def requests(self) -> int:
        return self.attempts + sum(len(feed.asked) for feed in self.feeds.values())

    @property
    def rude(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for feed in self.feeds.values():
            found.update(feed.rude)
        return found


class _Connection(httpcore2.AsyncNetworkStream):
    def __init__(self, web: Web, name: str) -> None:
        self._web, self._name = web, name
        self._asked, self._answer, self._open = b"", b"", True

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._asked += buffer
        if self._asked.endswith(b"\r\n\r\n"):
            asked, self._asked = self._asked, b""
            self._answer = await self._web.answer(self._name, asked)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data, self._answer = self._answer[:max_bytes], self._answer[max_bytes:]
        return data

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._web.closed(self._name)

    def get_extra_info(self, info: str) -> Any:
        return None


# How feeds publish: instants in seconds


def daily(die: random.Random, days: int, *, at: float, spread: float, week: Iterable[int] = range(5)) -> list[float]:
    """One batch on each of these days of the week, at about the same hour."""
    chosen = frozenset(week)
    return sorted(day * DAY + at + die.uniform(-spread, spread) for day in range(days) if day % 7 in chosen)


def at_random(die: random.Random, days: int, *, a_day: float, hours: tuple[int, int] = (0, 24)) -> list[float]:
    """So many a day at any time of these hours."""
    found, at = [], 0.0
    share = (hours[1] - hours[0]) / 24
    while at < days * DAY:
        at += die.expovariate(a_day / share / DAY)
        if hours[0] * HOUR <= at % DAY < hours[1] * HOUR:
            found.append(at)
    return found


def bursts(die: random.Random, days: int) -> list[float]:
    """Every few days, several within two hours."""
    return sorted(start + die.uniform(0, 2 * HOUR) for start in at_random(die, days, a_day=0.25) for _ in range(5))


def by_host(feeds: Iterable[Feed]) -> dict[str, list[Feed]]:
    found: defaultdict[str, list[Feed]] = defaultdict(list)
    for feed in feeds:
        found[urlsplit(feed.url).netloc].append(feed)
    return dict(found)
