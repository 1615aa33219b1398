"""One score from parts, each 0 to 1 and gated by relevance, so that votes never lift an off-topic paper.

    score = relevance x (w_relevance + w_freshness x freshness + w_trend x trend + ...) / (sum of weights)

A part's value already holds the gate, so that values times weights add up to the score. The product form, a bounded
boost of relevance, was measured best for lists that mix topic and votes; sorting by votes throws relevance away. What
nobody counts adds nothing: the boost is then 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec.structs import asdict

from digest.model import Mode, Paper, Part, PeriodKind, Pick, SignalKind, Topic, Weights
from digest.rank import trend as crowds
from digest.rank.relevance import Match, explained
from digest.rank.trend import Crowd

HALF_LIFE = {
    PeriodKind.DAY: timedelta(hours=48),
    PeriodKind.WEEK: timedelta(hours=96),
    PeriodKind.MONTH: timedelta(days=14),
}

TRENDING = Weights(relevance=0.4, freshness=0.1, trend=0.4, rising=0.05, mentions=0.05)
BEST = Weights(relevance=0.7, freshness=0.0, trend=0.3)
RELEVANCE = Weights(relevance=1.0, freshness=0.0, trend=0.0)
# The ends of the dial. A boost of 1 + w log2(1 + votes) / 5 is best for w from 0.5 to 1: a trend of 0.5 to a relevance
# of 0.4 is w = 0.9.
CONTENT = Weights(relevance=0.7, freshness=0.3, trend=0.0)
CROWD = Weights(relevance=0.4, freshness=0.0, trend=0.5, rising=0.05, mentions=0.05)


@lru_cache(maxsize=4096)
def weights_of(mode: Mode, own: Weights | None, default: Weights, dial: float | None = None) -> Weights:
    """Return a topic's weights, made to add up to one: its own, else by its dial, its mode's, or the site's."""
    by_mode = {Mode.TRENDING: TRENDING, Mode.BEST: BEST}.get(mode, default)
    chosen = own or (by_mode if dial is None else _dialled(min(1.0, max(0.0, dial))))
    total = math.fsum(asdict(chosen).values())
    return _scaled(chosen, 1 / total) if total > 0 else RELEVANCE


def _dialled(dial: float) -> Weights:
    content, crowd = asdict(CONTENT), asdict(CROWD)
    return Weights(**{name: (1 - dial) * content[name] + dial * crowd[name] for name in content})


def _scaled(weights: Weights, factor: float) -> Weights:
    return Weights(**{name: weight * factor for name, weight in asdict(weights).items()})


def weights_for(topic: Topic, default: Weights) -> Weights:
    """Return the weights by which a topic is scored."""
    return weights_of(topic.mode, topic.weights, default, topic.crowd)


def asks_the_crowd(weights: Weights) -> bool:
    """Return whether votes and mentions have any say; without, they decide not even a tie."""
    return weights.trend + weights.rising + weights.mentions > 0


def freshness(paper: Paper, at: datetime, half_life: timedelta) -> float:
    """Return 1 for a paper of this moment, half of it after each half-life; a future date counts as now."""
    age = max(at - paper.fresh_from, timedelta(0))
    return float(2.0 ** -(age / half_life))


def parts(
    fit: Match,
    paper: Paper,
    numbers: Mapping[SignalKind, int],
    known: Crowd,
    *,
    at: datetime,
    half_life: timedelta,
    weights: Weights,
) -> tuple[Part, ...]:
    """Return the addends of a score, with where each comes from in words; what has no weight is left out."""
    votes = numbers.get(SignalKind.UPVOTES)
    fresh, wanted = freshness(paper, at, half_life), crowds.trend(votes, known)
    found = (
        ("relevance", 1.0, explained(fit)),
        ("freshness", fresh, f"{fresh:.3f} for {_days(at - paper.fresh_from)}, half-life {_days(half_life)}"),
        ("trend", wanted, _wanted(votes, known, wanted)),
        ("rising", crowds.level(known.rising) if known.pace else None, _rising(known)),
        ("mentions", crowds.mentions(known), f"{crowds.mentions(known):.3f} for {known.announced} sources"),
    )
    return tuple(
        _part(fit, name, value, detail, getattr(weights, name))
        for name, value, detail in found
        if getattr(weights, name)
    )


def _part(fit: Match, name: str, value: float | None, detail: str, weight: float) -> Part:
    """Put a value behind the gate; of what is not known, the detail says so."""
    gate = "" if name == "relevance" or value is None else f"relevance {fit.relevance:.3f} × "
    return Part(name=name, value=fit.relevance * (value or 0.0), weight=weight, detail=gate + detail)


def _wanted(votes: int | None, known: Crowd, value: float | None) -> str:
    if votes is None or value is None:
        return "no votes known"
    coming = f" + {crowds.FORECAST:g} h × {known.pace:.1f} an hour" if known.pace >= 0.05 else ""
    text = f"{value:.3f} for {votes} upvotes{coming}"
    return f"{text}, more than {known.beaten} of {known.others} others of its day" if known.others else text


def _rising(known: Crowd) -> str:
    if not known.pace:
        return "no new votes known"
    youth = known.rising / known.pace
    return f"{crowds.level(known.rising):.3f} for {known.pace:.1f} upvotes an hour × {youth:.2f} for its age"


def total(addends: tuple[Part, ...]) -> float:
    return math.fsum(part.value * part.weight for part in addends)


def formula(pick: Pick) -> str:
    """Return the sum that a score is, with its numbers filled in."""
    addends = " + ".join(f"{part.weight:.3f} × {part.value:.4f} {part.name}" for part in pick.parts)
    return f"{pick.score:.4f} = {addends or 'nothing'}"


def _days(span: timedelta) -> str:
    hours = max(span, timedelta(0)) / timedelta(hours=1)
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"
