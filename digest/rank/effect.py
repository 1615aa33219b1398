"""What a change of a topic does: which papers come in, go out, rise and fall, and what made them. Pure.

    found = effect(pool, before, after, rule)

Both are ranked over the same papers, as if neither had told any of them before. What made a paper move is the addend
of its evidence (see `relevance`) that changed most that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from digest.model import PaperId, Phrase, Pick, Value, phrase
from digest.rank.pool import Pool
from digest.rank.query import LIKENESS, Query
from digest.rank.relevance import UNLIKE, WORDING, Fits, Match

# A smaller change of evidence moves nothing by itself: what moved such a paper are the others.
_NOTHING = 0.005


class Move(Value):
    """A paper whose place changed, from 1; no place is not picked. `why` is a clause."""

    paper_id: PaperId
    title: str
    before: int | None
    after: int | None
    why: Phrase


class Effect(Value):
    """What a change did to `considered` papers."""

    moves: tuple[Move, ...] = ()
    considered: int = 0

    @property
    def entered(self) -> list[Move]:
        return [one for one in self.moves if one.before is None]

    @property
    def left(self) -> list[Move]:
        return [one for one in self.moves if one.after is None]

    @property
    def rose(self) -> list[Move]:
        return [one for one in self.moves if one.before and one.after and one.after < one.before]

    @property
    def fell(self) -> list[Move]:
        return [one for one in self.moves if one.before and one.after and one.after > one.before]


def effect(pool: Pool, asked: tuple[Query, Query], lists: tuple[Iterable[Pick], Iterable[Pick]]) -> Effect:
    """Return what moved between the two lists of a topic, before and after, in the order of the second."""
    old, new = ({pick.paper.id: pick for pick in picks} for picks in lists)
    fits, rows = Fits(pool, asked), {one.paper.id: row for row, one in enumerate(pool.candidates)}
    moves = [
        Move(
            paper_id=id_,
            title=pick.paper.title,
            before=_place(old, id_),
            after=_place(new, id_),
            why=because(fits.match(0, rows[id_]), fits.match(1, rows[id_])),
        )
        for id_, pick in {**new, **{id_: pick for id_, pick in old.items() if id_ not in new}}.items()
        if _place(old, id_) != _place(new, id_)
    ]
    return Effect(moves=tuple(moves), considered=len(pool))


def because(before: Match, after: Match) -> Phrase:
    """Return what made a paper fit better, or worse, than before."""
    if after.barred != before.barred:
        return after.barred or phrase("no longer left out")
    gain = after.evidence - before.evidence
    changes = [(change, why) for change, why in _changes(before, after) if change * gain > 0]
    if abs(gain) < _NOTHING or not changes:
        return phrase("others moved")
    return max(changes, key=lambda one: abs(one[0]))[1]


def _changes(before: Match, after: Match) -> list[tuple[float, Phrase]]:
    """Return what changed of the evidence, each with its name."""
    like, unlike = _like(after) - _like(before), _unlike(after) - _unlike(before)
    named = [(after.bm25 - before.bm25, _words(before, after)), (like, _alike(like)), (-unlike, _unliked(unlike))]
    if (before.authors, before.categories) != (after.authors, after.categories):
        rest = after.evidence - before.evidence - sum(change for change, _ in named)
        named.append((rest, phrase("its author or category")))
    return named


def _words(before: Match, after: Match) -> Phrase:
    new = tuple(word for word in after.words if word not in before.words)
    gone = tuple(word for word in before.words if word not in after.words)
    if after.bm25 >= before.bm25:
        return phrase("holds {words:quoted}", words=new or after.words)
    return phrase("{words:quoted} counts no more", words=gone or before.words)


def _alike(change: float) -> Phrase:
    return phrase("more like what you ask for") if change > 0 else phrase("less like what you ask for")


def _unliked(change: float) -> Phrase:
    return phrase("like papers you want less of") if change > 0 else phrase("no more like papers you want less of")


def _like(fit: Match) -> float:
    return LIKENESS * fit.trust * (fit.own + fit.fed + WORDING * fit.wording)


def _unlike(fit: Match) -> float:
    return LIKENESS * fit.trust * UNLIKE * fit.unlike


def _place(picks: Mapping[PaperId, Pick], id_: PaperId) -> int | None:
    return picks[id_].rank if id_ in picks else None
