"""What twice the length of hostile input costs: `python -m tests.bench.shapes [MEGABYTES]`. The budget is 2.5 times.

Without the garbage collector, whose rounds depend on what else is in memory.
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from time import process_time

from digest import sources
from digest.errors import SourceError
from tests.factories import make_source
from tests.shapes import SHAPES

ROUNDS = 7
BUDGET = 2.5


def cost(data: bytes) -> float:
    """Return the least of several times, in milliseconds of processor time."""
    times = []
    for _ in range(ROUNDS):
        begun = process_time()
        with suppress(SourceError):
            sources.read(data, source=make_source(), name="https://a.example/feed")
        times.append(process_time() - begun)
    return min(times) * 1000


def main(megabytes: float) -> None:
    gc.disable()
    size = int(megabytes * 1_000_000)
    print(f"{'shape':28} {'ms':>9} {'twice':>9} {'ratio':>6}")
    for name, shape in SHAPES.items():
        once, twice = cost(shape(size).encode()), cost(shape(2 * size).encode())
        print(f"{name:28} {once:9.1f} {twice:9.1f} {twice / once:6.2f}{' over' if twice / once > BUDGET else ''}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1)
