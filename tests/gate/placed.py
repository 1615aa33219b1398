"""Kills at chosen calls: at each write and each sync of the store, and at each step of the relay.

`traced` does the same from outside, with strace, at the system calls themselves.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.model import DeliveryState
from tests import disk
from tests.gate.reports import Report, unfair
from tests.gate.sites import (
    DUE,
    Post,
    addressed,
    addresses,
    attended,
    copied,
    ended,
    finished,
    forked,
    prepared,
    sender,
    site,
)

# Some 400 places; from outside each takes the start of a program.
READERS, READERS_TRACED = 24, 6
CALLS = ("pwrite64", "fdatasync", "write")

# Starts a sender that is killed at a place. False when it ended before it came there.
Killing = Callable[[Path, Post, int], bool]


def placed(step: int) -> Report:
    """Kill at every `step`th place."""
    return _over({"write": _at_disk("write"), "sync": _at_disk("sync"), "relay": _at_relay}, step, READERS)


def traced(step: int) -> Report:
    """Kill at every `step`th of some system calls."""
    if not shutil.which("strace"):
        return Report(cases=0, faults=("strace is not there",))
    return _over({call: _at_call(call) for call in CALLS}, step, READERS_TRACED)


def _over(kinds: dict[str, Killing], step: int, readers: int) -> Report:
    cases, faults, figures = 0, list[str](), list[str]()
    with TemporaryDirectory() as name, Post() as post:
        template = prepared(Path(name, "template"), readers)
        for kind, killing in kinds.items():
            found = list(_killed(template, post, killing, step, readers))
            cases += len(found)
            faults += [f"{kind} {number * step}: {fault}" for number, some in enumerate(found) for fault in some]
            figures.append(f"{len(found)} {kind}")
    return Report(cases=cases, faults=tuple(faults), figures=", ".join(figures))


def _killed(template: Path, post: Post, killing: Killing, step: int, readers: int) -> Iterator[list[str]]:
    """Yield what was wrong after a kill at each place, as far as there are some."""
    number = 0
    while True:
        folder = copied(template, template.with_name("copy"))
        post.came.clear()
        if not killing(folder, post, number):
            return
        yield _wrong(folder, post, readers)
        number += step


def _wrong(folder: Path, post: Post, readers: int) -> list[str]:
    with site(folder) as app:
        doubted = addressed(app, DeliveryState.IN_DATA)
    held = finished(folder, post)
    faults = unfair([one.recipient for one in post.came], addresses(readers), doubted=doubted)
    if held != {"sent": readers}:
        faults.append(f"the books say {held}")
    if len(set(post.came)) > readers:
        faults.append("a mail came again with other bytes")
    return faults


def _at_disk(kind: str) -> Killing:
    def kill(folder: Path, post: Post, number: int) -> bool:
        def work() -> None:
            with disk.watched(keep=False) as found:
                found.reset(disk.at(kind, number, disk.killed))
                sender(folder, post)()

        return attended(post, work) == -signal.SIGKILL

    return kill


def _at_relay(folder: Path, post: Post, number: int) -> bool:
    child = forked(sender(folder, post))

    async def watch(step: int, what: str) -> None:
        if step == number:
            os.kill(child, signal.SIGKILL)

    async def attend() -> int:
        async with await post.open():
            return await ended(child)

    with post.watched(watch):
        return asyncio.run(attend()) == -signal.SIGKILL


def _at_call(call: str) -> Killing:
    def kill(folder: Path, post: Post, number: int) -> bool:
        inject = f"inject={call}:signal=KILL:when={number + 1}"
        trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
        command = [*trace, sys.executable, "-m", "tests.gate.placed", str(folder), post.url]

        async def attend() -> int:
            async with await post.open():
                child = await asyncio.create_subprocess_exec(
                    *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                return await child.wait()

        code = asyncio.run(attend())
        if code not in {0, -signal.SIGKILL}:
            raise ChildProcessError(f"the sender ended with {code}")
        return code != 0

    return kill


class _There(Post):
    """The relay of another process."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def url(self) -> str:
        return self._url


if __name__ == "__main__":
    sender(Path(sys.argv[1]), _There(sys.argv[2]), DUE)()
