"""Input four times as long may cost about four times as much, whatever its shape; the square would be sixteen."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from time import process_time

import pytest

from digest import sources
from digest.errors import SourceError
from tests.factories import make_source
from tests.shapes import SHAPES

SIZE = 50_000
TOO_MUCH = 10
# Processor time of this very work, the least of several: what else runs hardly shows. Less is not measured at all.
ROUNDS, NOTHING = 3, 0.03


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """Without the garbage collector, whose work depends on what other tests left behind."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("shape", SHAPES)
def test_four_times_the_length_never_costs_its_square(shape: str) -> None:
    once, more = (_cost(SHAPES[shape](SIZE * times).encode()) for times in (1, 4))
    assert more < TOO_MUCH * max(once, NOTHING)


def _cost(data: bytes) -> float:
    return min(_seconds(data) for _ in range(ROUNDS))


def _seconds(data: bytes) -> float:
    begun = process_time()
    with suppress(SourceError):
        sources.read(data, source=make_source(), name="https://a.example/feed")
    return process_time() - begun
