"""Senders that are told to stop, that start three at once, or that wake up after others took over."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta

from digest.model import DeliveryState
from digest.work.planning import plan
from digest.work.sending import sender as sending
from tests.gate.reports import Report, unfair
from tests.gate.sites import (
    DUE,
    LATER,
    Place,
    Post,
    addressed,
    addresses,
    books,
    ended,
    finished,
    forked,
    joined,
    prepared,
    sender,
    site,
)
from tests.gate.stores import Laid, sqlite

SEED = 20261121
READERS, CONNECTIONS = 20, 4
# Steps of the relay in a round: 10 for each mail, 2 for each greeting, EHLO and goodbye.
STEPS = READERS * 10
DRAIN, LIMIT = timedelta(seconds=0.5), 5.0
LEASE, FROZEN = "1s", 1.3

# Tries something with a site, and says what was wrong, and whose mail may come twice.
Try = Callable[[Place, Post, random.Random], Coroutine[None, None, tuple[list[str], set[str]]]]


def sigterm(times: int, on: Laid = sqlite) -> Report:
    """Tell a sender to stop at some step of a slow relay."""
    return _over(_told, times, on)


def silence(times: int) -> Report:
    """Tell a sender to stop while the relay is silent for ever."""
    return _over(_told_in_silence, times, sqlite)


def triple(times: int, on: Laid = sqlite) -> Report:
    """Start three senders at once, which enter what is due and send it."""
    return _over(_three, times, on, planned=False)


def frozen(times: int, on: Laid = sqlite) -> Report:
    """Freeze a sender until its lease has run out and another has sent all, then let it go on."""
    return _over(_woken, times, on)


def _over(attempt: Try, times: int, on: Laid, *, planned: bool = True) -> Report:
    dice, faults = random.Random(SEED), list[str]()
    with on() as ground, Post() as post:
        template = prepared(ground.new(), READERS)
        template = template if planned else joined(ground.new(), READERS)
        for number in range(times):
            post.came.clear()
            place = ground.copy(template)
            found, doubted = asyncio.run(attempt(place, post, dice))
            faults += [f"{number}: {fault}" for fault in found + _settled(place, post, doubted)]
    return Report(cases=times, faults=tuple(faults), seed=SEED)


def _settled(place: Place, post: Post, doubted: set[str]) -> list[str]:
    held = finished(place, post, DUE + LATER)
    faults = unfair([one.recipient for one in post.came], addresses(READERS), doubted=doubted)
    return faults if held == {"sent": READERS} else [*faults, f"the books say {held}"]


async def _told(place: Place, post: Post, dice: random.Random) -> tuple[list[str], set[str]]:
    at, child = dice.randrange(STEPS), forked(sender(place, post, connections=CONNECTIONS))

    async def watch(step: int, what: str) -> None:
        await asyncio.sleep(dice.uniform(0, 0.003))
        if step == at:
            os.kill(child, signal.SIGTERM)

    faults = await _stopped(child, post, watch)
    with site(place) as app:
        held = books(app)
    if set(held) - {"sent", "queued"}:
        faults.append(f"it left {held}")
    if held.get("sent", 0) != len(post.came):
        faults.append(f"{len(post.came)} mails came, {held} in the books")
    return faults, set()


async def _told_in_silence(place: Place, post: Post, dice: random.Random) -> tuple[list[str], set[str]]:
    at, child = dice.randrange(STEPS // 2), forked(_hasty(sender(place, post, connections=CONNECTIONS)))

    async def watch(step: int, what: str) -> None:
        if step == at:
            os.kill(child, signal.SIGTERM)
        if step >= at:
            await asyncio.sleep(LIMIT)

    faults = await _stopped(child, post, watch)
    with site(place) as app:
        doubted = addressed(app, DeliveryState.IN_DATA)
    if len(doubted) > CONNECTIONS:
        faults.append(f"{len(doubted)} mails are in doubt")
    return faults, doubted


def _hasty(work: Callable[[], object]) -> Callable[[], object]:
    def hastily() -> None:
        sending.DRAIN = DRAIN
        work()

    return hastily


async def _stopped(child: int, post: Post, watch: Callable[[int, str], Awaitable[None]]) -> list[str]:
    began = time.monotonic()
    with post.watched(watch):
        async with await post.open():
            code = await ended(child)
    faults = [f"it ended with {code}"] if code else []
    return faults if time.monotonic() - began < LIMIT else [*faults, f"it took {time.monotonic() - began:.1f} s"]


async def _three(place: Place, post: Post, dice: random.Random) -> tuple[list[str], set[str]]:
    def work() -> None:
        with site(place) as app:
            plan(app)
        sender(place, post, connections=CONNECTIONS)()

    children = [forked(work) for _ in range(3)]
    async with await post.open():
        codes = [await ended(child) for child in children]
    faults = [f"they ended with {codes}"] if any(codes) else []
    return faults, set()


async def _woken(place: Place, post: Post, dice: random.Random) -> tuple[list[str], set[str]]:
    at, child = dice.randrange(STEPS), forked(sender(place, post, connections=CONNECTIONS, lease=LEASE))
    asleep = asyncio.Event()

    async def watch(step: int, what: str) -> None:
        if step == at:
            os.kill(child, signal.SIGSTOP)
            asleep.set()

    with post.watched(watch):
        async with await post.open():
            ending = asyncio.create_task(ended(child))
            await asyncio.wait({ending, asyncio.create_task(asleep.wait())}, return_when=asyncio.FIRST_COMPLETED)
            with site(place) as app:
                doubted = addressed(app, DeliveryState.IN_DATA)
            await asyncio.sleep(FROZEN)
            other = await ended(forked(sender(place, post, DUE + LATER, connections=CONNECTIONS)))
            os.kill(child, signal.SIGCONT)
            codes = other, await ending
    faults = [f"they ended with {codes}"] if any(codes) else []
    if len(doubted) > CONNECTIONS:
        faults.append(f"{len(doubted)} mails are in doubt")
    return faults, doubted
