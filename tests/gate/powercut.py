"""The power is cut after each thing that the disk was told: whatever was promised before is still there.

The disk is one that keeps only what was synced; and one that keeps, of the rest, some writes and loses others.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.app import App
from digest.model import SubscriberId
from digest.work.sending import send
from digest.work.subscribing import confirm, join, leave
from tests import disk
from tests.gate.reports import Report
from tests.gate.sites import DUE, Post, addresses, prepared, site

SEED = 20261121
TORN = 0.05

# For whom each promise is kept, in the books.
_SUBSCRIBED = "select r.address from subscription s join subscriber r on r.id = s.subscriber_id where s.state in "
_MAILED = "select r.address from delivery d join subscriber r on r.id = d.subscriber_id where d.state "
PROMISES = {
    "asked": _SUBSCRIBED + "('pending', 'active', 'ended')",
    "joined": _SUBSCRIBED + "('active', 'ended')",
    "left": _SUBSCRIBED + "('ended')",
    "begun": _MAILED + "not in ('queued', 'claimed')",
    "answered": _MAILED + "= 'sent'",
}


def powercut(readers: int) -> Report:
    """Send to so many readers while as many come and go, then replay every cut."""
    with TemporaryDirectory() as name:
        events = recorded(Path(name), readers)
        (copy := Path(name, "copy")).mkdir()
        return replayed(events, copy)


def recorded(folder: Path, readers: int) -> list[disk.Event]:
    """Return what the disk was told from the first moment on, with notes of what was promised when."""
    with disk.watched() as found, Post() as post:
        site_folder = prepared(folder / "site", readers)
        with site(site_folder, DUE, relay=post.url) as app:
            asyncio.run(_lived(app, post, found, readers))
    return found.events


async def _lived(app: App, post: Post, found: disk.Disk, readers: int) -> None:
    talking: dict[object, str] = {}

    async def watch(step: int, what: str) -> None:
        # Whoever begins the next mail on a connection has the answer to the last one in the books.
        mine, (when, word, *more) = asyncio.current_task(), what.split()
        if when == "before" and word == "MAIL" and (last := talking.pop(mine, None)):
            found.note(f"answered {last}")
        if when == "after" and word == "taken":
            found.note(f"begun {more[0]}")
            talking[mine] = more[0]

    with post.watched(watch):
        async with await post.open():
            mailing = asyncio.create_task(send(app))
            for address in addresses(readers):
                _come_and_go(app, found, f"new-{address}")
                await asyncio.sleep(0)
            done = await mailing
    assert done.sent == readers, done


def _come_and_go(app: App, found: disk.Disk, address: str) -> None:
    join(app, address=address, topics=["cache"], cadence="daily", hour="7", zone="UTC")
    found.note(f"asked {address}")
    known = app.store.subscriber_by_address(address)
    assert known
    confirm(app, SubscriberId(known.id))
    found.note(f"joined {address}")
    leave(app, known.id)
    found.note(f"left {address}")


def replayed(events: list[disk.Event], folder: Path) -> Report:
    """Cut after each event, and ask the store that is left for every promise that was made before."""
    dice, durable, promised, faults = random.Random(SEED), disk.Durable(), list[str](), list[str]()
    asked = 0
    for number, event in enumerate(events):
        if event.kind == "note":
            promised.append(event.path)
        changed = durable.happens(event)
        # What is not synced changes nothing of the first disk: between two syncs only promises do.
        if promised and (changed or event.kind == "note"):
            faults += _broken(durable, folder, promised, number, lambda: False)
            asked += 1
        if promised and dice.random() < TORN:
            faults += _broken(durable, folder, promised, number, lambda: dice.random() < 0.5)
            asked += 1
    figures = f"{asked} stores opened, {len(promised)} promises"
    return Report(cases=len(events) if promised else 0, faults=tuple(faults), figures=figures, seed=SEED)


def _broken(
    durable: disk.Durable, folder: Path, promised: list[str], number: int, survives: Callable[[], bool]
) -> list[str]:
    for old in folder.iterdir():
        old.unlink()
    durable.left(folder, survives)
    with closing(sqlite3.connect(folder / "digest.db")) as store:
        if (sound := store.execute("pragma quick_check").fetchone()) != ("ok",):
            return [f"cut {number}: {sound}"]
        kept = {kind: {who for (who,) in store.execute(query)} for kind, query in PROMISES.items()}
        made = (one.split() for one in promised)
        return [f"cut {number}: {kind} {who} is lost" for kind, who in made if who not in kept[kind]]
