"""One score from three parts, each 0 to 1 and gated by relevance, so that votes never lift an off-topic paper.

    score = relevance x (w_relevance + w_freshness x freshness + w_trend x trend) / (sum of weights)

A part's value already holds the gate, so that values times weights add up to the score. The product form, a bounded
boost of relevance, was measured best for lists that mix topic and votes; sorting by votes throws relevance away.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from digest.model import Mode, Paper, Part, PeriodKind, SignalKind, Weights
from digest.rank.relevance import HALF, Match

# Votes at which the trend part is full: 127 is the 99th percentile of a daily list's first day, and log2(1 + 127) = 7.
FULL_TREND = 7.0

HALF_LIFE = {
    PeriodKind.DAY: timedelta(hours=48),
    PeriodKind.WEEK: timedelta(hours=96),
    PeriodKind.MONTH: timedelta(days=14),
}

TRENDING = Weights(relevance=0.4, freshness=0.1, trend=0.5)
BEST = Weights(relevance=0.7, freshness=0.0, trend=0.3)


def weights_of(mode: Mode, own: Weights | None, default: Weights) -> Weights:
    """Return a topic's weights, made to add up to one: its own, else its mode's, else the site's."""
    chosen = own or {Mode.TRENDING: TRENDING, Mode.BEST: BEST}.get(mode, default)
    total = chosen.relevance + chosen.freshness + chosen.trend
    if total <= 0:
        return Weights(relevance=1.0, freshness=0.0, trend=0.0)
    return Weights(relevance=chosen.relevance / total, freshness=chosen.freshness / total, trend=chosen.trend / total)


def freshness(paper: Paper, at: datetime, half_life: timedelta) -> float:
    """Return 1 for a paper of this moment, half of it after each half-life; a future date counts as now."""
    age = max(at - paper.fresh_from, timedelta(0))
    return float(2.0 ** -(age / half_life))


def trend(numbers: dict[SignalKind, int]) -> float | None:
    """Return votes on a log scale, 0 to 1; None when nobody counts votes for this paper."""
    votes = numbers.get(SignalKind.UPVOTES)
    return None if votes is None else min(1.0, math.log2(1 + max(votes, 0)) / FULL_TREND)


def parts(
    fit: Match,
    paper: Paper,
    numbers: dict[SignalKind, int],
    *,
    at: datetime,
    half_life: timedelta,
    weights: Weights,
) -> tuple[Part, ...]:
    """Return the addends of a score, with where each comes from in words."""
    relevance, fresh, crowd = fit.relevance, freshness(paper, at, half_life), trend(numbers)
    gate = f"relevance {relevance:.3f} × "
    votes = numbers.get(SignalKind.UPVOTES)
    return (
        Part(name="relevance", value=relevance, weight=weights.relevance, detail=_evidence(fit)),
        Part(
            name="freshness",
            value=relevance * fresh,
            weight=weights.freshness,
            detail=f"{gate}{fresh:.3f} for {_days(at - paper.fresh_from)}, half-life {_days(half_life)}",
        ),
        Part(
            name="trend",
            value=relevance * (crowd or 0.0),
            weight=weights.trend,
            detail="no votes known" if crowd is None else f"{gate}{crowd:.3f} for {votes} upvotes",
        ),
    )


def _evidence(fit: Match) -> str:
    return f"evidence {fit.evidence:.2f} (BM25), as {fit.evidence:.2f} / ({fit.evidence:.2f} + {HALF:g})"


def total(addends: tuple[Part, ...]) -> float:
    return math.fsum(part.value * part.weight for part in addends)


def _days(span: timedelta) -> str:
    hours = max(span, timedelta(0)) / timedelta(hours=1)
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"
