"""How good the trending lists are on a folder of judged data, beside what they are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from digest.model import Value
from digest.rank.measures import Estimate, differences, estimates, measured
from digest.work import trending_runs as runs
from digest.work.trending_sights import Offers, Sights, offers, sights


class Row(Value):
    """One order against one question: measures with intervals, and by how much ours is `ahead` of it, paired."""

    question: str
    order: str
    queries: int
    measures: dict[str, Estimate]
    ahead: dict[str, Estimate]


class Report(Value):
    """All that was measured; sights and offers are known only where stories were watched over time."""

    run: dict[str, list[str]]
    rows: tuple[Row, ...]
    sights: dict[str, Sights]
    offers: Offers | None = None


def evaluate(folder: Path, target: str, *, live: bool = True) -> Report:
    """Rank the queries of a folder for a target and measure it, if there are judgements. Raises ConfigError.

    `live` also replays every moment to see how soon stories are shown, which takes the longest.
    """
    moments, judged = runs.read_moments(folder), runs.read_judgements(folder, target)
    ours = runs.TARGETS[target]
    run = runs.answers(moments, ours)
    watched = folder / runs.OBSERVATIONS
    series = runs.read_series(watched) if target == "top" and live and watched.exists() else None
    final = {query: gains.keys() for query, gains in judged.get("final", {}).items()}
    return Report(
        run=run,
        rows=tuple(_rows(moments, judged, target, run)),
        sights={name: sights(series, order) for name, order in _compared(target)} if series else {},
        offers=offers(moments, series, final, ours) if series and final else None,
    )


def _compared(target: str) -> list[tuple[str, runs.Order]]:
    return [(target, runs.TARGETS[target]), *runs.BASELINES.items()]


def _rows(
    moments: list[runs.Moment], judged: dict[str, dict[str, dict[str, float]]], target: str, run: dict[str, list[str]]
) -> Iterator[Row]:
    for question, gains in judged.items():
        ours = measured(run, gains)
        for name, order in _compared(target):
            theirs = measured(runs.answers(moments, order), gains)
            ahead = {} if name == target or not ours else differences(ours, theirs)
            found = estimates(theirs) if theirs else {}
            yield Row(question=question, order=name, queries=len(theirs), measures=found, ahead=ahead)
