"""Rank papers for topics: which fit, in what order, and why. Pure: the same values give the same picks everywhere.

    shelf = Pool(candidates, space, corpus)
    (wanted,) = queries([topic], corpus, space)
    ranking = rank(shelf, wanted, at=cut, kind=PeriodKind.DAY, default=site_weights)

Everything a renderer or `digest why` shows of a score is in the picks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from msgspec import field
from msgspec.structs import asdict, replace

from digest.model import Paper, PaperId, Part, PeriodKind, Phrase, Pick, SignalKind, Value, Weights
from digest.rank import score as scores
from digest.rank.bm25 import Corpus
from digest.rank.lists import PER_AUTHOR, GoodList, good_list
from digest.rank.lsa import Space
from digest.rank.pool import Candidate, Pool
from digest.rank.query import Query, queries, vocabulary
from digest.rank.reasons import reasons
from digest.rank.relevance import Fits, Match
from digest.rank.terms import document_of, stems_of

__all__ = [
    "Candidate",
    "Corpus",
    "Judgement",
    "Pool",
    "Query",
    "Ranking",
    "Rule",
    "Space",
    "document_of",
    "judge",
    "queries",
    "rank",
    "rank_all",
    "score_all",
    "stems_of",
    "vocabulary",
]

_AT_ONCE = 512
# A score is worked out for all papers, and added up exactly for those that may be picked.
_ABOUT = 1e-9


class Judgement(Value):
    """A paper against a topic: the pick it would be, or why it cannot be one."""

    paper: Paper
    pick: Pick | None = None
    excluded: Phrase | str | None = None


class Ranking(Value):
    """The picks worth the topic's minimum score, best first, ranked from 1, of `considered` candidates.

    At least as many as the topic has room for, if there are: `matched` counts all that would fit and were not told
    before. `left_out` says which others the list is better without, and why.
    """

    picks: tuple[Pick, ...]
    considered: int
    matched: int = 0
    left_out: Mapping[PaperId, str] = field(default_factory=dict)


class Rule(Value):
    """By what topics are ranked: ages count to `at`; `default` are the weights of a topic without its own."""

    at: datetime
    kind: PeriodKind
    default: Weights
    per_author: int = PER_AUTHOR


def judge(pool: Pool, wanted: Query, rule: Rule) -> Judgement:
    """Return the score of the one paper of a pool, part by part, or the reason it is out."""
    (candidate,) = pool.candidates
    fit = Fits(pool, [wanted]).match(0, 0)
    if fit.barred or not fit.relevance:
        return Judgement(paper=candidate.paper, excluded=fit.barred or "nothing in it speaks of this topic")
    pick = _pick(candidate, fit, wanted, rule)
    if pick.score < wanted.topic.min_score:
        why = f"its score {pick.score:.3f} is below this topic's minimum {wanted.topic.min_score:g}"
        return Judgement(paper=candidate.paper, pick=pick, excluded=why)
    return Judgement(paper=candidate.paper, pick=pick)


def rank(pool: Pool, wanted: Query, rule: Rule, *, told: Set[PaperId] = frozenset()) -> Ranking:
    """Return the picks of a topic, best first, as a good list: see `lists`. `told` are the papers it had before.

    The order is total: score, upvotes and comments if they have any say, date, id.
    """
    (found,) = rank_all(pool, [wanted], rule, told=[told])
    return found


def rank_all(
    pool: Pool, wanted: Sequence[Query], rule: Rule, *, told: Sequence[Set[PaperId]] | None = None
) -> Iterator[Ranking]:
    """Yield the rankings of many topics, in their order: each is what `rank` gives it alone."""
    before = told or [frozenset()] * len(wanted)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        fits = Fits(pool, some)
        for row, one in enumerate(some):
            yield _ranking(pool, fits, row, one, rule, before[start + row])


def score_all(pool: Pool, fits: Fits, row: int, wanted: Query, rule: Rule) -> Any:
    """Return the scores of a topic, a place a paper, to within rounding of their parts' sum."""
    return fits.relevance[row] * _boost(pool, wanted, rule)


def _boost(pool: Pool, wanted: Query, rule: Rule) -> Any:
    """Return what a relevance of 1 is multiplied by, a place a paper: the same for all topics of these weights."""
    weights = scores.weights_for(wanted.topic, rule.default)
    key = rule.at, _half_life(wanted, rule), weights
    if key not in pool.boosts:
        pool.boosts[key] = _boosts(pool, wanted, rule) @ np.array(list(asdict(weights).values()))
    return pool.boosts[key]


def _boosts(pool: Pool, wanted: Query, rule: Rule) -> Any:
    """Return the same by weight, for weights of 1: papers x weights, the same for all topics of a half-life."""
    key = rule.at, _half_life(wanted, rule)
    if key not in pool.boosts:
        names = Weights.__struct_fields__
        all_of_them = Weights(**dict.fromkeys(names, 1.0))
        found = [_parts(one, Match(relevance=1.0), wanted, rule, all_of_them) for one in pool.candidates]
        values = [[{part.name: part.value for part in parts}[name] for name in names] for parts in found]
        pool.boosts[key] = np.array(values, np.float64).reshape(len(pool), len(names))
    return pool.boosts[key]


def _ranking(pool: Pool, fits: Fits, row: int, wanted: Query, rule: Rule, told: Set[PaperId]) -> Ranking:
    found = score_all(pool, fits, row, wanted, rule)
    fitting = np.flatnonzero((found >= wanted.topic.min_score - _ABOUT) & (fits.relevance[row] > 0))
    new = sum(pool.candidates[paper].paper.id not in told for paper in fitting) if told else len(fitting)
    listed = _listed(pool, fits, row, wanted, rule, told, fitting, found)
    ranked = tuple(replace(pick, rank=number) for number, pick in enumerate(listed.kept, 1))
    return Ranking(picks=ranked, considered=len(pool), matched=new, left_out=listed.left_out)


def _listed(
    pool: Pool,
    fits: Fits,
    row: int,
    wanted: Query,
    rule: Rule,
    told: Set[PaperId],
    fitting: Any,
    found: Any,
) -> GoodList:
    """Make the good list from the best, and from as many more as it takes to fill the topic's room."""
    voted = scores.asks_the_crowd(scores.weights_for(wanted.topic, rule.default))
    ordered = fitting[np.argsort(-found[fitting], kind="stable")]
    room = wanted.topic.limit + 2
    while True:
        best = ordered if room >= len(ordered) else ordered[found[ordered] >= found[ordered[room]] - _ABOUT]
        picks = [_pick(pool.candidates[paper], fits.match(row, paper), wanted, rule) for paper in best]
        enough = (one for one in picks if one.score >= wanted.topic.min_score)
        worth = sorted(enough, key=lambda pick: _order(pick, voted=voted))
        listed = good_list(worth, pool.near, told=told, followed=wanted.topic.authors, per_author=rule.per_author)
        if len(best) == len(ordered) or sum(one.paper.id not in told for one in listed.kept) >= wanted.topic.limit:
            return listed
        room *= 2


def _pick(candidate: Candidate, fit: Match, wanted: Query, rule: Rule) -> Pick:
    weights = scores.weights_for(wanted.topic, rule.default)
    addends = _parts(candidate, fit, wanted, rule, weights)
    paper, numbers, crowd = candidate.paper, candidate.numbers, candidate.crowd
    why = reasons(fit, paper, numbers, crowd, at=rule.at, kind=rule.kind, voted=scores.asks_the_crowd(weights))
    return Pick(paper=paper, rank=0, score=scores.total(addends), parts=addends, reasons=why, numbers=numbers)


def _parts(candidate: Candidate, fit: Match, wanted: Query, rule: Rule, weights: Weights) -> tuple[Part, ...]:
    paper, numbers, crowd = candidate.paper, candidate.numbers, candidate.crowd
    half_life = _half_life(wanted, rule)
    return scores.parts(fit, paper, numbers, crowd, at=rule.at, half_life=half_life, weights=weights)


def _half_life(wanted: Query, rule: Rule) -> timedelta:
    return wanted.topic.half_life or scores.HALF_LIFE[rule.kind]


def _order(pick: Pick, *, voted: bool) -> tuple[float, int, int, float, str]:
    numbers = pick.numbers if voted else {}
    votes, comments = numbers.get(SignalKind.UPVOTES, -1), numbers.get(SignalKind.COMMENTS, -1)
    return (-pick.score, -votes, -comments, -pick.paper.fresh_from.timestamp(), pick.paper.id)
