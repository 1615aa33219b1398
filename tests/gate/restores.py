"""An old copy of the store is put back: nothing that it would send leaves before a person has looked."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.work import brake
from digest.work.caution import held_back
from tests.gate.reports import Report, unfair
from tests.gate.sites import (
    DUE,
    LATER,
    Post,
    addresses,
    attended,
    copied,
    ended,
    finished,
    forked,
    is_open,
    prepared,
    sender,
    site,
)

READERS = 6


def restored(step: int) -> Report:
    """Copy the store at every `step`th step of the relay, send on, put the copy back, and start a sender."""
    cases, faults = 0, list[str]()
    with TemporaryDirectory() as name, Post() as post:
        template = prepared(Path(name, "template"), READERS)
        for marked in (True, False):
            for at in range(0, READERS * 10, step):
                post.came.clear()
                found = _put_back(copied(template, template.with_name("site")), post, at, marked=marked)
                cases += 1
                faults += [f"step {at}, marked {marked}: {fault}" for fault in found]
    return Report(cases=cases, faults=tuple(faults))


def _put_back(folder: Path, post: Post, at: int, *, marked: bool) -> list[str]:
    copy = folder.with_name("old.db")
    asyncio.run(_copied_at(folder, post, at, copy))
    for suffix in ("-wal", "-shm", *(() if marked else ("-mark",))):
        Path(f"{folder}/digest.db{suffix}").unlink(missing_ok=True)
    os.replace(copy, folder / "digest.db")
    # Without a mark only a store that waits for long looks old.
    now = DUE + (LATER if marked else 4 * LATER)
    before = len(post.came)
    with site(folder, now) as app:
        waits = is_open(app)
    attended(post, sender(folder, post, now))
    with site(folder, now) as app:
        why = held_back(app)
        brake.resume(app)
    if not waits:
        return [f"it was held for nothing: {why}"] if why else []
    faults = [] if len(post.came) == before else [f"{len(post.came) - before} mails left"]
    if not why:
        faults.append("nobody was asked")
    # Whoever says yes gets what was shown, once.
    held = finished(folder, post, now)
    faults += unfair([one.recipient for one in post.came], addresses(READERS), doubted=addresses(READERS))
    return faults if held == {"sent": READERS} else [*faults, f"the books say {held}"]


async def _copied_at(folder: Path, post: Post, at: int, copy: Path) -> None:
    child = forked(sender(folder, post))

    async def watch(step: int, what: str) -> None:
        if step == at:
            _copy(folder / "digest.db", copy)

    with post.watched(watch):
        async with await post.open():
            await ended(child)
    if not copy.exists():
        _copy(folder / "digest.db", copy)


def _copy(store: Path, copy: Path) -> None:
    """Copy a store in use, as its makers advise."""
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
