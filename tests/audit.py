"""What this process really does to the world around it, as Python's audit events (PEP 578) tell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_Event = tuple[str, tuple[Any, ...]]
_WATCHES: list[tuple[tuple[str, ...], list[_Event]]] = []


@contextmanager
def audited(*kinds: str) -> Iterator[list[_Event]]:
    """The events whose names start with one of `kinds`, such as `socket.`, each with what was given, as they happen."""
    _hear()
    watch = (kinds, list[_Event]())
    _WATCHES.append(watch)
    try:
        yield watch[1]
    finally:
        _WATCHES.remove(watch)


@cache
def _hear() -> None:
    # An audit hook stays for good, so one is enough.
    sys.addaudithook(_note)


def _note(event: str, given: tuple[Any, ...]) -> None:
    for kinds, seen in _WATCHES:
        if event.startswith(kinds):
            seen.append((event, given))
