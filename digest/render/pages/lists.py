"""Lists that are too long for one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from digest.model import Value
from digest.render import paths
from digest.render.views import Link

T = TypeVar("T")


class TurnView(Value):
    """Where a page of a list stands among the others: the ways to its neighbours, None at the ends."""

    number: int
    total: int
    before: Link | None
    after: Link | None


def pages_of(length: int, size: int) -> int:
    """Return how many pages a list takes: an empty one takes a page too."""
    return max(1, -(-length // size))


def sliced(items: Sequence[T], number: int, size: int) -> Sequence[T]:
    """Return what stands on a list's page, from 1."""
    return items[(number - 1) * size : number * size]


def turn(path: str, number: int, total: int) -> TurnView | None:
    """Return the ways from one page of the list at `path` to the next ones; None if there is but one page."""
    if total < 2:
        return None
    return TurnView(
        number=number, total=total, before=_way(path, number - 1, total), after=_way(path, number + 1, total)
    )


def _way(path: str, number: int, total: int) -> Link | None:
    if not 1 <= number <= total:
        return None
    return Link(label=f"Page {number} of {total}", target=paths.numbered(path, number))
