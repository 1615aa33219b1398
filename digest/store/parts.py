"""What the parts of the store share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from digest.errors import NotFoundError
from digest.model import Value
from digest.store import rows
from digest.store.driver import Driver

V = TypeVar("V", bound=Value)
S = TypeVar("S")


class Part:
    """A part of the store, over whatever driver it is given."""

    def __init__(self, db: Driver) -> None:
        self._db = db

    def _all(self, kind: type[V], query: str, /, **params: object) -> list[V]:
        return [rows.read(kind, row) for row in self._db.rows(query, **params)]

    def _first(self, kind: type[V], query: str, /, **params: object) -> V | None:
        return next(iter(self._all(kind, query, **params)), None)


def missing(what: str, name: str, known: Iterable[str] = ()) -> NotFoundError:
    """Return the error for a name that nothing has; names much like it become the hint."""
    near = get_close_matches(name, list(known), 3)
    return NotFoundError(f"no {what} is called {name!r}", hint=f"did you mean {' or '.join(near)}?" if near else None)


def origins(state: S, moves: Mapping[S, frozenset[S]]) -> list[S]:
    """Return the states from which a legal move leads to `state`."""
    return [origin for origin, targets in moves.items() if state in targets]
