"""Many feeds at once, beside `reader`: `python -m tests.bench.feeds_many [FEEDS]`; needs the extra `bench`.

Both poll the same server into SQLite: first all is new, then all is unchanged (304). Printed are entries (or feeds) a
second and processor time, with the ratios of one run; the budgets are 5 times on new, 2 times on 304. What we store
can be searched at once; `reader` is measured without and with its index brought up to date.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from digest.app import App, opened, system_clock
from digest.config.settings import FetchSettings, Settings, StoreSettings
from digest.model import Source, SourceId
from digest.work.polling import poll
from tests.bench.reading import arxiv_rss, papers

ENTRIES = 30
HOSTS = 50
WORKERS = 8


class Cost(NamedTuple):
    """Seconds on the wall and of processor time."""

    wall: float
    cpu: float


def urls(port: int, feeds: int) -> list[str]:
    """Return the addresses of the feeds, spread over hosts as feeds are: each host is asked one thing at a time."""
    return [f"http://127.0.1.{number % HOSTS + 1}:{port}/{number}" for number in range(feeds)]


@contextmanager
def server(feeds: int) -> Iterator[int]:
    """Serve the feeds from a process of their own, and yield its port."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(theirs, feeds), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, feeds: int) -> None:
    bodies = [arxiv_rss(papers(ENTRIES, seed=number)) for number in range(feeds)]
    tags = [f'"{blake2b(body, digest_size=8).hexdigest()}"' for body in bodies]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        number = int(head.split(" ")[1].strip("/"))
        same = tags[number] in head
        body, status = (b"", "304 Not Modified") if same else (bodies[number], "200 OK")
        answer = (
            f"HTTP/1.1 {status}\r\nETag: {tags[number]}\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n"
        )
        writer.write(f"{answer}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async def run() -> None:
        listening = await asyncio.start_server(talk, "0.0.0.0", 0, backlog=1024)
        pipe.send(listening.sockets[0].getsockname()[1])
        await listening.serve_forever()

    asyncio.run(run())


def cost(work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def ours(folder: str, addresses: list[str]) -> tuple[Cost, Cost]:
    """Poll twice through `work.polling.poll`."""
    settings = Settings(store=StoreSettings(url=f"sqlite:///{folder}/ours.db"), fetch=FetchSettings(allow_private=True))
    with opened(settings, now=system_clock) as app:
        sources = [
            Source(id=SourceId(f"s{number}"), kind="feed", name=url, url=url) for number, url in enumerate(addresses)
        ]
        app.store.put_sources(sources)
        new = cost(lambda: _poll(app, sources, "new"))
        return new, cost(lambda: _poll(app, sources, "not_modified"))


def _poll(app: App, sources: list[Source], what: str) -> None:
    reports = asyncio.run(poll(app, [source.id for source in sources]))
    counted = sum(int(getattr(report, what)) for report in reports)
    expected = len(sources) * (ENTRIES if what == "new" else 1)
    assert counted == expected, (what, counted, expected, [report.error for report in reports if report.error][:3])


def theirs(folder: str, addresses: list[str], *, searched: bool) -> tuple[Cost, Cost]:
    """Update twice through `reader`, with as many workers as are good for it."""
    from reader import make_reader

    with make_reader(str(Path(folder, f"theirs-{searched}.db")), search_enabled=searched) as reader:
        for url in addresses:
            reader.add_feed(url)

        def update() -> None:
            reader.update_feeds(scheduled=False, workers=WORKERS)
            if searched:
                reader.update_search()

        new = cost(update)
        assert reader.get_entry_counts().total == len(addresses) * ENTRIES
        return new, cost(update)


def main(feeds: int) -> None:
    with server(feeds) as port, TemporaryDirectory() as folder:
        addresses = urls(port, feeds)
        mine = ours(folder, addresses)
        others = {
            "reader": theirs(folder, addresses, searched=False),
            "reader, searchable": theirs(folder, addresses, searched=True),
        }
    for place, (what, count) in enumerate((("entries, new", feeds * ENTRIES), ("feeds, 304", feeds))):
        us = mine[place]
        print(f"{what:14} {'digest':20} {count / us.wall:8,.0f}/s {us.cpu:7.2f} s of processor time")
        for name, measured in others.items():
            them = measured[place]
            ratios = f"{them.wall / us.wall:5.1f} times our time, {them.cpu / us.cpu:5.1f} times our processor time"
            print(f"{what:14} {name:20} {count / them.wall:8,.0f}/s {them.cpu:7.2f} s {ratios}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
