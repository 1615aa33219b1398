"""Serving beside nginx, and while the next editions are made: `python -m tests.bench.web [SECONDS]`.

A feed of 100 KB is asked for by wrk over 20 connections, whole and with its tag (304), from our server and from nginx
with one worker and the same bytes, turn by turn; printed are requests a second and the ratio of each turn. Budgets:
304 >= 0.6 of nginx, 200 >= 1.0. Needs nginx and wrk (Debian packages); without them it says so.

Then a reader comes 400 times a second: how long it waits when nothing else happens, while editions are composed and
rendered beside the web as `digest run` does it, and while that happens in threads of the web's own process, as it must
not. Budget: p99 <= 2 times that of the idle server.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.request import urlopen

from msgspec.structs import replace

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.model import Paper, PeriodKind, TopicId
from digest.web.beside import stand_back
from digest.web.server import Server, Web, config_of, listening, quick_runner, serve_until
from digest.web.sheets import sheet
from digest.web.shelf import Put
from digest.web.supply import from_here
from digest.web.wire import Lobby
from digest.work.census import Syndicated
from digest.work.composing import compose_due
from tests.bench.store import sample
from tests.factories import NOON, Clock, make_topic

PATH = "/topics/topic-000/feed.atom"
ROUNDS, CONNECTIONS = 7, 20
PAPERS, TOPICS = 3000, 200
A_SECOND, READERS = 400, 20
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; server_tokens off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ application/atom+xml atom; }}
  server {{ listen 127.0.0.1:{port}; root {folder}/site; }}
}}
"""


def main() -> None:
    """Measure, or be one of the processes that are measured."""
    match sys.argv[1:]:
        case ["serve", port]:
            serve(port)
        case ["web", port, name, way]:
            web(port, name, way)
        case ["compose", name]:
            compose(name)
        case given:
            seconds = int(given[0]) if given else 2
            beside_nginx(seconds)
            while_composing(seconds)


# Beside nginx


@cache
def body() -> bytes:
    """Return 100 KB that pack as a feed does."""
    text = "".join(
        f"<entry><title>{one.title}</title><summary>{one.abstract}</summary></entry>" for one in sample(110).papers
    )
    return text.encode()[:100_000]


class Rate(NamedTuple):
    """Requests a second, and microseconds of processor time that the server spent on each."""

    requests: float
    cpu: float


class Answering(NamedTuple):
    """A server that runs: its port, and its process."""

    port: int
    pid: int

    def children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()]

    def cpu(self) -> float:
        """Return the seconds of processor time it and those it started have taken."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()
        taken = (
            Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split() for pid in (self.pid, *children)
        )
        return sum(int(one[11]) + int(one[12]) for one in taken) / os.sysconf("SC_CLK_TCK")


def beside_nginx(seconds: int) -> None:
    if missing := [name for name in ("nginx", "wrk") if not shutil.which(name)]:
        print(f"not measured beside nginx: {' and '.join(missing)} not found (apt-get install nginx wrk)")
        return
    with TemporaryDirectory() as name, ExitStack() as stack:
        here, there = stack.enter_context(run("serve", free_port())), stack.enter_context(nginx(Path(name)))
        for status in (200, 304):
            turns = [(asked(here, status, seconds), asked(there, status, seconds)) for _ in range(ROUNDS)]
            for ours, theirs in turns:
                print(
                    f"{status}  digest {ours.requests:7,.0f}/s {ours.cpu:5.1f} us   "
                    f"nginx {theirs.requests:7,.0f}/s {theirs.cpu:5.1f} us   {ours.requests / theirs.requests:.2f}"
                )
            ratio = median(ours.requests / theirs.requests for ours, theirs in turns)
            cost = median(theirs.cpu / ours.cpu for ours, theirs in turns)
            print(f"{status}  median {ratio:.2f} of nginx by requests, {cost:.2f} by processor time")


def asked(server: Answering, status: int, seconds: int) -> Rate:
    """Let wrk ask for the feed, whole or with its tag."""
    more = ["-H", f"If-None-Match: {tag_of(server.port)}"] if status == 304 else []
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *more, f"http://127.0.0.1:{server.port}{PATH}"]
    before = server.cpu()
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = server.cpu() - before
    found = re.search(r"(\d+) requests in", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found
    assert rate
    assert "Non-2xx" not in told
    assert (len(body()) * int(found[1]) < size_of(told)) == (status == 200)
    return Rate(float(rate[1]), spent / int(found[1]) * 1e6)


def size_of(told: str) -> float:
    found = re.search(r"([\d.]+)([KMG]?)B read", told)
    assert found
    return float(found[1]) * 1.024 * {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}[found[2]]


@contextmanager
def nginx(folder: Path) -> Iterator[Answering]:
    port = free_port()
    file = folder / "site" / PATH.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(body())
    os.chmod(folder, 0o755)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port), "ascii")
    process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        tag_of(port)
        yield Answering(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def serve(port: str) -> None:
    """Serve the feed alone, from the shelf."""
    settings = Settings(
        site=SiteSettings(url="https://digest.example", secret="of this run"), store=StoreSettings(url="sqlite://")
    )
    with opened(settings) as app:
        site = Web(app)
        about = Syndicated(kind=PeriodKind.DAY, entered=50)
        site.shelf.apply(
            Put(sheet=sheet(PATH, body(), NOON, feed=about, links=('<https://digest.example/>; rel="self"',)))
        )
        listen(site, int(port))


def listen(site: Web, port: int) -> None:
    with listening("127.0.0.1", port) as ours, quick_runner() as runner:
        runner.run(Server(config_of(site, Lobby(site.front))).serve(sockets=[ours]))


# While editions are made


def while_composing(seconds: int) -> None:
    for way in ("beside", "threads"):
        with TemporaryDirectory() as name, ExitStack() as stack:
            folder = Path(name)
            prepare(folder)
            server = stack.enter_context(run("web", free_port(), name, way))
            if way == "beside":
                composer = stack.enter_context(started("compose", name))
                idle, busy = turn_by_turn(server, folder, composer, seconds)
            else:
                idle = waits(server.port, ROUNDS * seconds)
                begin(folder)
                busy = waits(server.port, ROUNDS * seconds)
            editions = (folder / "made").stat().st_size
            print(
                f"{way:8} idle {told(idle)}  composing {told(busy)}  "
                f"p99 {p99(busy) / p99(idle):.1f} times, {editions} editions meanwhile"
            )


def turn_by_turn(server: Answering, folder: Path, composer: int, seconds: int) -> tuple[list[float], list[float]]:
    """Return how long readers waited while composer and renderer stood still, and while they worked, in turn."""
    begin(folder)
    idle, busy = list[float](), list[float]()
    for _ in range(ROUNDS):
        workers = [composer, *server.children()]
        with stopped(workers):
            idle += waits(server.port, seconds)
        busy += waits(server.port, seconds)
    return idle, busy


@contextmanager
def stopped(processes: Sequence[int]) -> Iterator[None]:
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in processes:
        os.kill(pid, signal.SIGCONT)


def begin(folder: Path) -> None:
    """Let composing begin, and wait until it has."""
    (folder / "go").touch()
    while not (folder / "made").exists():
        time.sleep(0.05)


def prepare(folder: Path) -> None:
    """A store with a month of papers, and topics that find some of them every day."""
    die = random.Random(7)
    papers = [
        replace(one, listed=at, first_seen=at) for one, at in zip(sample(PAPERS).papers, every_quarter(), strict=False)
    ]
    with site(folder) as (app, _):
        app.store.save_papers(papers)
        topics = [
            make_topic(TopicId(f"topic-{n:03}"), name=f"Topic {n}", should=words(die, papers)) for n in range(TOPICS)
        ]
        app.store.put_topics(topics)


def every_quarter() -> Iterator[datetime]:
    at = NOON
    while True:
        yield at
        at += timedelta(minutes=15)


def words(die: random.Random, papers: Sequence[Paper]) -> tuple[str, ...]:
    return tuple(sorted({word for one in die.sample(papers, 4) for word in one.title.split()[:3]}))


@contextmanager
def site(folder: Path) -> Iterator[tuple[App, Clock]]:
    settings = Settings(
        site=SiteSettings(url="https://digest.example", secret="of this run"),
        store=StoreSettings(url=f"sqlite:///{folder}/digest.db"),
    )
    clock = Clock(NOON)
    with opened(settings, now=clock) as app:
        yield app, clock


def web(port: str, name: str, way: str) -> None:
    """Serve a site: as `digest run` does, or with all its chores in this process."""
    with site(Path(name)) as (app, _), listening("127.0.0.1", int(port)) as ours, quick_runner() as runner:
        if way == "beside":
            runner.run(serve_until(app, ours, asyncio.Event()))
        else:
            threading.Thread(target=compose, args=(name,), daemon=True).start()
            runner.run(in_threads(app, ours))


async def in_threads(app: App, ours: socket.socket) -> None:
    site = Web(app)
    lobby = Lobby(site.front)
    rendering = asyncio.create_task(from_here(site.shelf, site.printer, timedelta(seconds=1)))
    await Server(config_of(site, lobby)).serve(sockets=[ours])
    rendering.cancel()


def compose(name: str) -> None:
    """Compose the editions of one day after the other; each leaves a byte in the file `made`."""
    folder = Path(name)
    stand_back()
    while not (folder / "go").exists():
        time.sleep(0.01)
    with site(folder) as (app, clock), (folder / "made").open("wb", buffering=0) as made:
        while True:
            clock.instant += timedelta(days=1)
            made.write(b"." * len(compose_due(app)))


def waits(port: int, seconds: int) -> list[float]:
    """Return how many milliseconds each answer took, to readers that come A_SECOND times a second together."""

    async def reader(start: float, found: list[float]) -> None:
        request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        get, put = await asyncio.open_connection("127.0.0.1", port)
        for turn in range(seconds * A_SECOND // READERS):
            await asyncio.sleep(max(0.0, start + turn * READERS / A_SECOND - time.perf_counter()))
            began = time.perf_counter()
            put.write(request)
            head = await get.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            assert length, head
            await get.readexactly(int(length[1]))
            found.append((time.perf_counter() - began) * 1000)
        put.close()

    async def all_of_them() -> list[float]:
        found: list[float] = []
        start = time.perf_counter()
        await asyncio.gather(*(reader(start + number / A_SECOND, found) for number in range(READERS)))
        return found

    return asyncio.run(all_of_them())


def p99(found: Sequence[float]) -> float:
    return quantiles(found, n=100)[98]


def told(found: Sequence[float]) -> str:
    return f"median {median(found):.2f} ms, p99 {p99(found):.2f} ms"


# Processes


@contextmanager
def started(*role: object) -> Iterator[int]:
    """Run this module in a role, in a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.web", *map(str, role)], stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def run(role: str, port: int, *more: object) -> Iterator[Answering]:
    """Run this module as a server, and wait until it answers."""
    with started(role, port, *more) as pid:
        tag_of(port)
        yield Answering(port, pid)


def tag_of(port: int) -> str:
    """Return the feed's tag as soon as it is there."""
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}{PATH}", timeout=5) as answer:
                return str(answer.headers["ETag"])
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    main()
