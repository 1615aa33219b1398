"""How good a ranked list is, by judgements: nDCG@10, recall@20, MAP and P@10, with bootstrap intervals.

A gain above 0 is relevant. All are means over the queries that have a relevant document; a query without an answer
counts 0, and a document that is listed twice counts where it stands first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

MEASURES = ("nDCG@10", "recall@20", "MAP", "P@10")
DRAWS = 2000

Run = Mapping[str, Sequence[str]]
Judgements = Mapping[str, Mapping[str, float]]
Scores = tuple[float, ...]


class Estimate(NamedTuple):
    """A mean over queries, and the bounds between which 95 % of its bootstrap means lie."""

    mean: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Of a difference: it is not 0, as far as these queries can tell."""
        return self.low > 0 or self.high < 0


def measured(run: Run, judgements: Judgements) -> dict[str, Scores]:
    """Return the MEASURES of each query that has a relevant document."""
    return {
        query: scores(run.get(query, ()), gains)
        for query, gains in judgements.items()
        if any(gain > 0 for gain in gains.values())
    }


def scores(answer: Sequence[str], gains: Mapping[str, float]) -> Scores:
    """Return the MEASURES of one answer, best document first. Gains count as they are (linear nDCG)."""
    found = [max(0.0, gains.get(document, 0.0)) for document in dict.fromkeys(answer)]
    ideal = sorted((gain for gain in gains.values() if gain > 0), reverse=True)
    places = [place for place, gain in enumerate(found, 1) if gain > 0]
    precisions = [hits / place for hits, place in enumerate(places, 1)]
    return (
        _discounted(found[:10]) / _discounted(ideal[:10]),
        sum(place <= 20 for place in places) / len(ideal),
        math.fsum(precisions) / len(ideal),
        sum(place <= 10 for place in places) / 10,
    )


def estimates(scored: Mapping[str, Scores]) -> dict[str, Estimate]:
    """Return the mean of each measure with its interval."""
    columns = zip(*scored.values(), strict=True)
    return {name: estimate(column) for name, column in zip(MEASURES, columns, strict=False)}


def differences(scored: Mapping[str, Scores], other: Mapping[str, Scores]) -> dict[str, Estimate]:
    """Return by how much the first is better, query by query (paired), with intervals."""
    paired = {query: tuple(map(float.__sub__, mine, other[query])) for query, mine in scored.items()}
    return estimates(paired)


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean with its 95 % bootstrap interval; the draws are the same each time."""
    if not values:
        return Estimate(0.0, 0.0, 0.0)
    means = np.sort(np.asarray(values, np.float64)[_draws(len(values))].mean(axis=1))
    low, high = means[int(0.025 * DRAWS)], means[int(0.975 * DRAWS) - 1]
    return Estimate(math.fsum(values) / len(values), float(low), float(high))


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))


@lru_cache(maxsize=4)
def _draws(count: int) -> Any:
    """Return which queries each draw takes: what Python's `Random(1).randrange(count)` gives, call by call."""
    die, bits = np.random.RandomState([1]), count.bit_length()
    drawn = np.empty(0, np.uint32)
    while len(drawn) < DRAWS * count:
        more = die.randint(0, 2**32, DRAWS * count, dtype=np.uint32) >> (32 - bits)
        drawn = np.concatenate([drawn, more[more < count]])
    return drawn[: DRAWS * count].reshape(DRAWS, count)
