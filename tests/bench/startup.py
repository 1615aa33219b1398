"""How long a person waits for `digest --help` (budget 150 ms) and `digest demo` (3 s), beside a bare interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 7


def seconds(*command: str) -> float:
    """The median time of a command as a whole process, after one warm-up."""
    found = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return statistics.median(found[1:])


def main() -> None:
    bare = seconds(sys.executable, "-c", "pass")
    with tempfile.TemporaryDirectory() as folder:
        for name, budget, words in (("--help", 0.15, ["--help"]), ("demo", 3.0, ["demo", "--out", folder])):
            taken = seconds(sys.executable, "-m", "digest", *words)
            ratio = taken / bare
            print(f"digest {name:<7} {taken * 1000:7.0f} ms   budget {budget * 1000:5.0f} ms   {ratio:5.1f} x python")


if __name__ == "__main__":
    main()
