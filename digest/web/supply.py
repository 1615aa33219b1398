"""How the shelf is supplied: by a process of its own, as rendering would make readers wait, or by a thread of this one.

`python -m digest.web.supply` is that process. It is told the settings on its input, and ends when that does; it writes
changes on its output, each as its length in four bytes and MessagePack.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from datetime import timedelta
from select import select
from typing import BinaryIO

import msgspec
import structlog

from digest.app import App, opened
from digest.config.settings import Settings
from digest.model import Value
from digest.web.printing import Printer
from digest.web.shelf import Change, Failed, Put, Shelf

# Whoever reads what is published goes first.
_NICE = 10
_LENGTH = 4

log = structlog.get_logger()


class Order(Value):
    """What the process is to render, and how often it is to look."""

    settings: Settings
    every: timedelta


def can_be_apart(app: App) -> bool:
    """Say whether another process sees the same store."""
    return app.settings.store.url.removeprefix("sqlite://") not in {"", "/", "/:memory:"}


def fill(shelf: Shelf, printer: Printer) -> int:
    """Bring the shelf up to date. Returns how many files were made."""
    made = 0
    for change in printer.changes():
        _take(shelf, change)
        made += isinstance(change, Put)
    return made


async def from_here(shelf: Shelf, printer: Printer, every: timedelta) -> None:
    """Keep the shelf up to date from a thread."""
    loop = asyncio.get_running_loop()

    def work() -> None:
        for change in printer.changes():
            loop.call_soon_threadsafe(_take, shelf, change)

    while True:
        await asyncio.to_thread(work)
        await asyncio.sleep(every.total_seconds())


async def from_apart(shelf: Shelf, settings: Settings, every: timedelta) -> None:
    """Keep the shelf up to date from a process of its own; if that ends, from another one."""
    order = msgspec.json.encode(Order(settings=settings, every=every), enc_hook=str)
    while True:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert child.stdin
        assert child.stdout
        try:
            child.stdin.write(len(order).to_bytes(_LENGTH) + order)
            with suppress(asyncio.IncompleteReadError):
                while True:
                    length = int.from_bytes(await child.stdout.readexactly(_LENGTH))
                    _take(shelf, _CHANGE.decode(await child.stdout.readexactly(length)))
        finally:
            child.stdin.close()
            await _ended(child)
        log.warning("renderer_ended", code=child.returncode)
        await asyncio.sleep(every.total_seconds())


_CHANGE = msgspec.msgpack.Decoder(Change)


async def _ended(child: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(1):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def _take(shelf: Shelf, change: Change) -> None:
    shelf.apply(change)
    if isinstance(change, Failed):
        log.warning("site_not_rendered", code=change.code)


def main() -> None:
    """Be the process."""
    # What any library prints must not get between the changes.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.nice(_NICE)
    for one in (signal.SIGINT, signal.SIGTERM):
        # A terminal and a service manager tell all processes; the end of our input says when.
        signal.signal(one, signal.SIG_IGN)
    order = _order(sys.stdin.buffer)
    with suppress(BrokenPipeError), opened(order.settings) as app:
        printer = Printer(app)
        while True:
            for change in printer.changes():
                _write(out, change)
            if select([sys.stdin], [], [], order.every.total_seconds())[0]:
                return


def _order(given: BinaryIO) -> Order:
    length = int.from_bytes(given.read(_LENGTH))
    return msgspec.json.decode(given.read(length), type=Order, dec_hook=lambda kind, value: kind(value))


def _write(out: BinaryIO, change: Change) -> None:
    data = msgspec.msgpack.encode(change)
    out.write(len(data).to_bytes(_LENGTH) + data)
    out.flush()


if __name__ == "__main__":
    main()
