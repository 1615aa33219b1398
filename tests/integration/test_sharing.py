"""Two sender processes on one store: what both send together keeps the limit, and each sends its part."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from tests.factories import Clock
from tests.gate.sites import DUE, Post, Watch, addresses, books, ended, forked, prepared, sender, site
from tests.unit.test_sharing import most

RATE, READERS = 20, 70
# A mail may come later than it went, and the next one not: less than a second, then, is sure to hold no more.
SPAN = 0.8


class Flowing(Clock):
    """A clock that begins when readers are due, and goes on."""

    def __init__(self) -> None:
        super().__init__(DUE)
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return DUE + timedelta(seconds=int(time.monotonic() - self._began))


async def sent_to(posts: dict[str, Post], work: Callable[[Post], Callable[[], object]]) -> list[tuple[float, str]]:
    """Return when mails came, and to which post, while each has a sender of its own."""
    times = list[tuple[float, str]]()

    def noting(name: str) -> Watch:
        async def watch(step: int, what: str) -> None:
            if what.startswith("before taken"):
                times.append((time.monotonic(), name))

        return watch

    children = [forked(work(post)) for post in posts.values()]
    for name, post in posts.items():
        post.watch = noting(name)
    async with await posts["one"].open(), await posts["other"].open():
        assert await asyncio.gather(*(ended(child) for child in children)) == [0, 0]
    return times


def test_two_processes_share_a_limit_and_give_up_their_places(tmp_path: Path) -> None:
    place, clock = prepared(tmp_path, READERS), Flowing()

    def work(post: Post) -> Callable[[], object]:
        return sender(place, post, clock, rate=f"{RATE}/s", connections=1)

    with Post() as one, Post() as other:
        times = asyncio.run(sent_to({"one": one, "other": other}, work))
        assert sorted(came.recipient for came in one.came + other.came) == sorted(addresses(READERS))
    assert min(Counter(name for _, name in times).values()) >= READERS / 7
    assert most([at for at, _ in times], SPAN) <= RATE
    with site(place, clock) as app:
        assert books(app) == {"sent": READERS}
        assert app.store.leases("sender/", now=clock() + timedelta(seconds=3)) == []
