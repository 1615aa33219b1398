"""Run the gate, and print its table: `python -m tests.gate [--short] [PART...]`. Exit code 1 if anything is red."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from functools import partial

import structlog

from tests.gate import clocks, disks, faults, kills, placed, powercut, restores, stops, stores
from tests.gate.reports import Part, Report

# Each part with its sizes: in short, and for a release. Of some it is how many times, of others each which place.
PARTS: dict[str, tuple[Part, int, int]] = {
    "kills, 1 connection": (partial(kills.kills, connections=1), 20, 400),
    "kills, 4 connections": (partial(kills.kills, connections=4), 20, 400),
    "kills, 16 connections": (partial(kills.kills, connections=16), 20, 200),
    "kills, relay asked": (kills.kills_asked, 20, 200),
    "kills placed in the store and the relay": (placed.placed, 60, 1),
    "kills placed at system calls": (placed.traced, 40, 1),
    "power cuts": (powercut.powercut, 8, 150),
    "orderly stops": (stops.sigterm, 4, 100),
    "stops while the relay is silent": (stops.silence, 4, 20),
    "three starts at once": (stops.triple, 3, 100),
    "frozen and woken": (stops.frozen, 1, 20),
    "faults of a relay": (faults.matrix, 1, 20),
    "faults of names": (faults.names, 1, 20),
    "a disk that fails": (disks.failing, 25, 1),
    "a disk that is full": (disks.full, 20, 1),
    "a store that is busy": (disks.busy, 2, 20),
    "old copies put back": (restores.restored, 12, 1),
    "clock changes": (clocks.clocks, 80, 1),
    # What rests on the store's commit, again on the other store.
    "kills, 4 connections, PostgreSQL": (partial(kills.kills, connections=4, on=stores.postgres), 20, 400),
    "kills, relay asked, PostgreSQL": (partial(kills.kills_asked, on=stores.postgres), 20, 200),
    "orderly stops, PostgreSQL": (partial(stops.sigterm, on=stores.postgres), 4, 100),
    "three starts at once, PostgreSQL": (partial(stops.triple, on=stores.postgres), 3, 100),
    "frozen and woken, PostgreSQL": (partial(stops.frozen, on=stores.postgres), 1, 20),
}


def main(words: list[str]) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    short, wanted = "--short" in words, [word for word in words if word != "--short"]
    print(f"{'part':42}{'':>6}{'cases':>7}{'faults':>7}{'seconds':>9}{'seed':>10}  figures", flush=True)
    reds = 0
    for name, (part, small, large) in PARTS.items():
        began = time.monotonic()
        skipped = wanted and not any(word in name for word in wanted)
        found = Report(cases=0) if skipped else _ran(part, small if short else large)
        reds += not found.green
        _print(name, found, "not run" if skipped else found.figures, time.monotonic() - began)
    print(f"{len(PARTS) - reds} of {len(PARTS)} parts are green")
    return 1 if reds else 0


def _ran(part: Part, size: int) -> Report:
    try:
        return part(size)
    except Exception as error:
        traceback.print_exc()
        return Report(cases=0, faults=(f"it broke: {type(error).__name__}: {error}",))


def _print(name: str, found: Report, figures: str, seconds: float) -> None:
    colour, seed = "green" if found.green else "RED", found.seed or ""
    print(f"{name:42}{colour:>6}{found.cases:>7}{len(found.faults):>7}{seconds:>9.1f}{seed:>10}  {figures}", flush=True)
    for fault in found.faults[:20]:
        print(f"    {fault}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
