"""Serve beside the chores: in a process of its own, as composing and sending would make readers wait.

That process is given the listening socket, and ends when its input does, whatever became of who started it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from digest.app import App
from digest.web.server import FINISH_WITHIN, quick_runner, serve_until
from digest.web.supply import can_be_apart

AGAIN_AFTER = timedelta(seconds=1)
_NICE = 10

log = structlog.get_logger()


async def serve_beside(app: App, command: Sequence[str], ours: socket.socket, stop: asyncio.Event) -> None:
    """Keep a process serving on a listening socket until `stop` is set; serve here if no other can read the store.

    `command` starts it and is followed by the socket's number: it calls `serve_inherited`. This process then stands
    back: readers wait for an answer, and nobody for the chores.
    """
    if can_be_apart(app):
        await keep_up([*command, str(ours.fileno())], stop, passed=[ours.fileno()])
    else:
        await serve_until(app, ours, stop)


async def keep_up(command: Sequence[str], stop: asyncio.Event, *, passed: Sequence[int] = ()) -> None:
    """Keep a process running until `stop` is set, and then tell it to finish by the end of its input.

    This process stands back once it runs.
    """
    while not stop.is_set():
        child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, pass_fds=passed)
        stand_back()
        ended, stopped = asyncio.create_task(child.wait()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            await _ended(child, ended)
        if not stop.is_set():
            log.error("process_ended", command=command[3], code=child.returncode)
            await asyncio.wait({asyncio.create_task(stop.wait())}, timeout=AGAIN_AFTER.total_seconds())


def stand_back() -> None:
    """Let other processes go first. Linux keeps niceness by thread; those to come have that of who starts them."""
    for thread in threading.enumerate():
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread.native_id or 0, _NICE)


async def _ended(child: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    """Tell a process to finish, and see to it that it does."""
    assert child.stdin
    child.stdin.close()
    try:
        async with asyncio.timeout(2 * FINISH_WITHIN.total_seconds()):
            await asyncio.shield(ended)
    except TimeoutError:
        child.kill()
        await ended


def serve_inherited(app: App, number: int) -> None:
    """Serve on a listening socket that was passed on, until the input ends. Raises ConfigError, StoreError."""
    for one in (signal.SIGINT, signal.SIGTERM):
        # A terminal and a service manager tell all processes; the one that started us says when.
        signal.signal(one, signal.SIG_IGN)
    with socket.socket(fileno=number) as ours, quick_runner() as runner:
        runner.run(_serve_until_told(app, ours))


async def _serve_until_told(app: App, ours: socket.socket) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), stop.set)
    await serve_until(app, ours, stop)
