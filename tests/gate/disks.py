"""Disks that are full, broken or busy: nothing is sent that is not recorded, and it goes on when they are well."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.model import DeliveryState
from tests import disk
from tests.gate.reports import Report, unfair
from tests.gate.sites import (
    Post,
    addressed,
    addresses,
    attended,
    books,
    copied,
    ended,
    finished,
    forked,
    prepared,
    sender,
    site,
)

READERS = 6
ERRORS = {"full": ("write", disk.FULL), "broken": ("write", disk.BROKEN), "unsynced": ("sync", disk.BROKEN_SYNC)}
MEGABYTES = 24
HELD = 0.4


def failing(step: int) -> Report:
    """Let the disk fail for good from every `step`th write or sync on, until the sender gives up; then it is well."""
    cases, faults = 0, list[str]()
    with TemporaryDirectory() as name, Post() as post:
        template = prepared(Path(name, "template"), READERS)
        for kind, (call, code) in ERRORS.items():
            number = 0
            while (found := _failed(template, post, disk.from_then(call, number, code))) is not None:
                cases, number = cases + 1, number + step
                faults += [f"{kind} from {number - step}: {fault}" for fault in found]
    return Report(cases=cases, faults=tuple(faults))


def _failed(template: Path, post: Post, trap: disk.Trap) -> list[str] | None:
    """Return what was wrong; None if all was sent before the disk failed."""
    folder = copied(template, template.with_name("copy"))
    post.came.clear()

    def work() -> None:
        with disk.watched(keep=False) as found:
            found.reset(trap)
            sender(folder, post)()

    attended(post, work)
    with site(folder) as app:
        held, doubted = books(app), addressed(app, DeliveryState.IN_DATA)
    if held == {"sent": READERS}:
        return None
    faults = []
    if len(post.came) > held.get("sent", 0) + len(doubted):
        faults.append(f"{len(post.came)} mails came, {held} in the books")
    return faults + _settled(folder, post, doubted)


def _settled(folder: Path, post: Post, doubted: set[str]) -> list[str]:
    held = finished(folder, post)
    faults = unfair([one.recipient for one in post.came], addresses(READERS), doubted=doubted)
    return faults if held == {"sent": READERS} else [*faults, f"the books say {held}"]


def full(step: int) -> Report:
    """Fill a real disk at every `step`th step of the relay: the ballast holds the last answers, so none is in doubt."""
    with TemporaryDirectory() as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", name]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            return Report(cases=0, faults=("no right to mount a disk",))
        try:
            return _filled(Path(name), step)
        finally:
            subprocess.run(["umount", name], check=True)


def _filled(folder: Path, step: int) -> Report:
    faults, steps = list[str](), range(0, READERS * 10, step)
    with TemporaryDirectory() as name, Post() as post:
        template = prepared(Path(name, "template"), READERS)
        for at in steps:
            post.came.clear()
            asked = copied(template, folder / "site")
            found = asyncio.run(_filled_at(asked, post, at)) + _settled(asked, post, set())
            faults += [f"step {at}: {fault}" for fault in found]
    return Report(cases=len(steps), faults=tuple(faults))


async def _filled_at(folder: Path, post: Post, at: int) -> list[str]:
    filler, child = folder / "filler", forked(sender(folder, post))

    async def watch(step: int, what: str) -> None:
        if step == at:
            _fill(filler)

    with post.watched(watch):
        async with await post.open():
            code = await ended(child)
    filler.unlink(missing_ok=True)
    with site(folder) as app:
        doubted = addressed(app, DeliveryState.IN_DATA)
    return [f"{one} is in doubt" for one in doubted] + ([f"it ended with {code}"] if code else [])


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            os.fsync(file.fileno())


def busy(times: int) -> Report:
    """Let another program hold the store for a while at some steps: the sender waits, and all goes out."""
    faults = list[str]()
    with TemporaryDirectory() as name, Post() as post:
        template = prepared(Path(name, "template"), READERS)
        for number in range(times):
            post.came.clear()
            found = asyncio.run(_held(copied(template, template.with_name("copy")), post, number * 7))
            faults += [f"{number}: {fault}" for fault in found]
    return Report(cases=times, faults=tuple(faults))


async def _held(folder: Path, post: Post, at: int) -> list[str]:
    child = forked(sender(folder, post))

    async def watch(step: int, what: str) -> None:
        if step == at:
            with closing(sqlite3.connect(folder / "digest.db", isolation_level=None)) as other:
                other.execute("begin immediate")
                await asyncio.sleep(HELD)
                other.execute("rollback")

    with post.watched(watch):
        async with await post.open():
            code = await ended(child)
    with site(folder) as app:
        held = books(app)
    faults = unfair([one.recipient for one in post.came], addresses(READERS))
    return faults if (code, held) == (0, {"sent": READERS}) else [*faults, f"it ended with {code}, {held}"]
