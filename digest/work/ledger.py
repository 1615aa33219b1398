"""Saves what comes from many tasks, several in one transaction: whatever came while the last ones were written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from digest.store import Store

T = TypeVar("T")

TOGETHER = 50


class _Entry(Generic[T]):
    """One thing to save, and what came of it."""

    def __init__(self, job: Callable[[], T]) -> None:
        self.job = job
        self.done = False
        self.result: T | None = None
        self.error: Exception | None = None

    def run(self, store: Store) -> None:
        """Save it alone."""
        try:
            with store.transaction():
                self.result = self.job()
        except Exception as error:  # told to the task that waits for it
            self.error = error
        self.done = True


class Ledger:
    """Each job runs wholly or not at all, and one that fails takes no other with it.

    A job may run twice, the first time for nothing: it must touch the store only, and depend on nothing it changed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._waiting: list[_Entry[object]] = []

    async def save(self, job: Callable[[], T]) -> T:
        """Run a job inside a transaction, and return its result when that is committed. Raises what the job raises."""
        mine = _Entry(job)
        self._waiting.append(mine)  # type: ignore[arg-type]
        async with self._turn:
            if not mine.done:
                group, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                await asyncio.to_thread(_save, self._store, group)
        if mine.error:
            raise mine.error
        return mine.result  # type: ignore[return-value]


def _save(store: Store, group: Sequence[_Entry[object]]) -> None:
    if len(group) == 1 or not _saved_together(store, group):
        for entry in group:
            entry.run(store)


def _saved_together(store: Store, group: Sequence[_Entry[object]]) -> bool:
    try:
        with store.transaction():
            results = [entry.job() for entry in group]
    except Exception:  # each is tried alone then, and tells its own error
        return False
    for entry, result in zip(group, results, strict=True):
        entry.result, entry.done = result, True
    return True
