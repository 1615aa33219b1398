"""How far a round of sending is: a bar in a terminal, a line now and then elsewhere. On stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

LOOK, LINE = timedelta(seconds=0.25), timedelta(seconds=10)
# What takes a mail off the list of those that wait.
_DONE = ("sent", "refused", "parked", "withheld", "suppressed", "cancelled", "skipped")
_TOLD = ("sent", "refused", "deferred", "parked", "withheld")


@contextmanager
def progress(counts: Mapping[str, int], *, total: int) -> Iterator[None]:
    """Show counts that grow meanwhile, of `total` mails that wait."""
    over = threading.Event()
    show = _bar if sys.stderr.isatty() else _lines
    thread = threading.Thread(target=show, args=(counts, total, over), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def done(counts: Mapping[str, int]) -> int:
    """Return how many mails are settled in this round."""
    return sum(counts.get(name, 0) for name in _DONE)


def line(counts: Mapping[str, int], total: int) -> str:
    """Return how far it is in words."""
    told = ", ".join(f"{counts[name]} {name}" for name in _TOLD if counts.get(name))
    return f"{done(counts)} of {total}" + (f": {told}" if told else "")


def _lines(counts: Mapping[str, int], total: int, over: threading.Event) -> None:
    while not over.wait(LINE.total_seconds()):
        click.echo(line(counts, total), err=True)


def _bar(counts: Mapping[str, int], total: int, over: threading.Event, console: Console | None = None) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console or Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=total)
        while not over.wait(LOOK.total_seconds()):
            shown.update(task, completed=done(counts), description=line(counts, total).partition(": ")[2])
