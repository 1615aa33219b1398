"""Rank papers for a topic: which fit, in what order, and why. Pure: the same values give the same picks everywhere.

    wanted = query(topic, corpus, examples)
    ranking = rank(candidates, topic, wanted, corpus, at=cut, kind=PeriodKind.DAY, default=site_weights)

Everything a renderer or `digest why` shows of a score is in the picks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import field
from msgspec.structs import replace

from digest.model import Paper, PaperId, PeriodKind, Pick, SignalKind, Topic, Value, Weights
from digest.rank import score as scores
from digest.rank.reasons import reasons
from digest.rank.relevance import Corpus, Match, Query, match, query, vocabulary
from digest.rank.terms import document_of

__all__ = [
    "Candidate",
    "Corpus",
    "Judgement",
    "Query",
    "Ranking",
    "document_of",
    "judge",
    "query",
    "rank",
    "vocabulary",
]

# Two papers whose stems overlap this much (Jaccard) are the same work under two titles; sister papers stay below 0.5.
SAME_WORK = 0.8
# Below this many stems an overlap says nothing.
ENOUGH_STEMS = 12


class Candidate(Value):
    """A paper of the window, its signals as of the ranking's moment, and the sources that announced it."""

    paper: Paper
    numbers: dict[SignalKind, int] = field(default_factory=dict)
    sources: tuple[str, ...] = ()


class Judgement(Value):
    """A paper against a topic: the pick it would be, or why it cannot be one."""

    paper: Paper
    pick: Pick | None = None
    excluded: str | None = None


class Ranking(Value):
    """All picks worth the topic's minimum score, best first, ranked from 1, of `considered` candidates."""

    picks: tuple[Pick, ...]
    considered: int
    same_work: Mapping[PaperId, PaperId] = field(default_factory=dict)


def judge(
    candidate: Candidate,
    topic: Topic,
    wanted: Query,
    corpus: Corpus,
    *,
    at: datetime,
    kind: PeriodKind,
    default: Weights,
) -> Judgement:
    """Return the score of one paper, part by part, or the reason it is out."""
    paper = candidate.paper
    if topic.sources and not set(topic.sources).intersection(candidate.sources):
        return Judgement(paper=paper, excluded="announced by none of this topic's sources")
    fit = match(paper, wanted, corpus)
    if fit.barred or not fit.relevance:
        return Judgement(paper=paper, excluded=fit.barred or "holds none of this topic's words")
    pick = _pick(candidate, topic, fit, at=at, kind=kind, default=default)
    if pick.score < topic.min_score:
        why = f"its score {pick.score:.3f} is below this topic's minimum {topic.min_score:g}"
        return Judgement(paper=paper, pick=pick, excluded=why)
    return Judgement(paper=paper, pick=pick)


def _pick(candidate: Candidate, topic: Topic, fit: Match, *, at: datetime, kind: PeriodKind, default: Weights) -> Pick:
    weights = scores.weights_of(topic.mode, topic.weights, default)
    half_life: timedelta = topic.half_life or scores.HALF_LIFE[kind]
    addends = scores.parts(fit, candidate.paper, candidate.numbers, at=at, half_life=half_life, weights=weights)
    why = reasons(fit, candidate.paper, candidate.numbers, at=at, kind=kind)
    total = scores.total(addends)
    return Pick(paper=candidate.paper, rank=0, score=total, parts=addends, reasons=why, numbers=candidate.numbers)


def rank(
    candidates: Iterable[Candidate],
    topic: Topic,
    wanted: Query,
    corpus: Corpus,
    *,
    at: datetime,
    kind: PeriodKind,
    default: Weights,
) -> Ranking:
    """Return the picks of a topic, best first.

    The order is total: score, upvotes, comments, date, id; so the order of the input never shows.
    """
    seen = list(candidates)
    judged = (judge(one, topic, wanted, corpus, at=at, kind=kind, default=default) for one in seen)
    ordered = sorted((j.pick for j in judged if j.pick and not j.excluded), key=_order)
    kept, same_work = _without_copies(ordered)
    ranked = tuple(replace(pick, rank=number) for number, pick in enumerate(kept, 1))
    return Ranking(picks=ranked, considered=len(seen), same_work=same_work)


def _order(pick: Pick) -> tuple[float, int, int, float, str]:
    votes, comments = pick.numbers.get(SignalKind.UPVOTES, -1), pick.numbers.get(SignalKind.COMMENTS, -1)
    return (-pick.score, -votes, -comments, -pick.paper.fresh_from.timestamp(), pick.paper.id)


def _without_copies(picks: list[Pick]) -> tuple[list[Pick], dict[PaperId, PaperId]]:
    """Drop each pick whose text is a better pick's text under another identity."""
    kept: list[Pick] = []
    dropped: dict[PaperId, PaperId] = {}
    for pick in picks:
        original = next((other for other in kept if _same_work(pick.paper, other.paper)), None)
        if original:
            dropped[pick.paper.id] = original.paper.id
        else:
            kept.append(pick)
    return kept, dropped


def _same_work(one: Paper, other: Paper) -> bool:
    if not (one.abstract and other.abstract):
        return False
    mine, theirs = document_of(one).counts.keys(), document_of(other).counts.keys()
    smaller, larger = sorted((len(mine), len(theirs)))
    if smaller < ENOUGH_STEMS or smaller < SAME_WORK * larger:
        return False
    shared = len(mine & theirs)
    return shared >= SAME_WORK * (len(mine) + len(theirs) - shared)
