"""Kills at random moments: the journey of `tests/journeys/test_kill.py`, as often as is wanted."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.gate.reports import Report
from tests.gate.sites import address
from tests.gate.stores import Laid, sqlite
from tests.journeys.test_kill import SEED, Outcome, killed

# So many on one site.
TOGETHER = 20


def kills(times: int, connections: int, on: Laid = sqlite) -> Report:
    """Kill a sender at random so often; who was in doubt may get two copies."""
    found = _killed(times, connections, on, ask=False)
    faults = [fault for one in found for fault in _unsure(one, connections)]
    return _report(times, found, faults)


def kills_asked(times: int, on: Laid = sqlite) -> Report:
    """Kill a sender whose relay can be asked, and gives mails names of its own: nobody is lost or doubled."""
    found = _killed(times, 16, on, ask=True)
    faults = [f"lost {one.lost}, doubled {one.doubled}" for one in found if one.books != {"sent": one.readers}]
    faults += [f"doubled {one.doubled}" for one in found if one.doubled]
    return _report(times, found, faults)


def _killed(times: int, connections: int, on: Laid, *, ask: bool) -> list[Outcome]:
    found = []
    with on() as ground:
        for number in range(0, times, TOGETHER):
            url, count = address(ground.new()), min(TOGETHER, times - number)
            with TemporaryDirectory() as name:
                found.append(killed(url, Path(name), connections, kills=count, ask=ask, rewrite=ask))
    return found


def _unsure(one: Outcome, connections: int) -> list[str]:
    faults = [f"{who} was lost" for who in one.lost - one.unsent]
    faults += [f"{who} was doubled" for who in one.doubled - set(one.doubted)]
    faults += [f"{who} got {count} copies" for who, count in one.copies.items() if count > 2]
    return faults + ([f"{one.most} mails in doubt by one kill"] if one.most > connections else [])


def _report(times: int, found: list[Outcome], faults: list[str]) -> Report:
    doubted, doubled = sum(len(one.doubted) for one in found), sum(len(one.doubled) for one in found)
    figures = f"{doubted} in doubt, {doubled} doubled, {sum(len(one.unsent) for one in found)} parked"
    return Report(cases=times, faults=tuple(faults), figures=figures, seed=SEED)
