"""Run a sender: on the fastest event loop there is, until it is done or told to finish what is under way."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_TOLD = (signal.SIGTERM, signal.SIGINT)


def run_sender(work: Callable[[asyncio.Event], Awaitable[T]], *, inherit: bool = False) -> T:
    """Return what `work` does, which gets an event that is set when it is to stop.

    That is by SIGTERM or SIGINT; with `inherit` when our input ends, whatever became of who started us.
    """
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(_until_told(work, inherit=inherit))


async def _until_told(work: Callable[[asyncio.Event], Awaitable[T]], *, inherit: bool) -> T:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in _TOLD:
        if inherit:
            # A terminal and a service manager tell all processes; the one that started us says when.
            signal.signal(number, signal.SIG_IGN)
        else:
            loop.add_signal_handler(number, stop.set)
    if inherit:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    return await work(stop)


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
