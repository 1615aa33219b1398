"""How readers stand a million changed inputs: `python -m tests.bench.mutations [COUNT]`.

Prints how many were read and refused, the longest in milliseconds, and every bug with the number that makes it again.
"""

from __future__ import annotations

import sys
from time import perf_counter

from tests.mutations import survey


def main(count: int) -> None:
    begun = perf_counter()
    found = survey(range(count))
    took = perf_counter() - begun
    print(
        f"{count:,} mutations in {took:.0f} s: {found.read:,} read, {found.refused:,} refused, {len(found.bugs)} bugs"
    )
    print(f"longest {found.slowest * 1000:.0f} ms, all in all {count / took:,.0f} a second")
    print(*found.bugs[:100], sep="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
