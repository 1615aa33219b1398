"""What a change of a topic does: which papers come in, go out, rise and fall, and what made them. Pure.

    found = effect(pool, before, after, rule)

Both are ranked over the same papers, as if neither had told any of them before. What made a paper move is the addend
of its evidence (see `relevance`) that changed most that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from digest.model import PaperId, Pick, Value
from digest.rank.pool import Pool
from digest.rank.query import LIKENESS, Query
from digest.rank.relevance import UNLIKE, WORDING, Fits, Match

# A smaller change of evidence moves nothing by itself: what moved such a paper are the others.
_NOTHING = 0.005


class Move(Value):
    """A paper whose place changed, from 1; no place is not picked. `why` is a clause in plain words."""

    paper_id: PaperId
    title: str
    before: int | None
    after: int | None
    why: str


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


def because(before: Match, after: Match) -> str:
    """Return what made a paper fit better, or worse, than before."""
    if after.barred != before.barred:
        return after.barred or f"no more: {before.barred}"
    gain = after.evidence - before.evidence
    changes = {why: change for why, change in _changes(before, after).items() if change * gain > 0}
    if abs(gain) < _NOTHING or not changes:
        return "others moved"
    return max(changes, key=lambda why: abs(changes[why]))


def _changes(before: Match, after: Match) -> dict[str, float]:
    """Return what changed of the evidence, by its name in plain words."""
    like, unlike = _like(after) - _like(before), _unlike(after) - _unlike(before)
    named = [(_words(before, after), after.bm25 - before.bm25)]
    named += [("more like what you ask for" if like > 0 else "less like what you ask for", like)]
    named += [("like papers you want less of" if unlike > 0 else "no more like papers you want less of", -unlike)]
    if (before.authors, before.categories) != (after.authors, after.categories):
        rest = after.evidence - before.evidence - sum(change for _, change in named)
        named.append(("its author or category", rest))
    return dict(named)


def _words(before: Match, after: Match) -> str:
    new = [word for word in after.words if word not in before.words]
    gone = [word for word in before.words if word not in after.words]
    if after.bm25 >= before.bm25:
        return f"holds {_quoted(new or after.words)}"
    return f"{_quoted(gone or before.words)} counts no more"


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def _like(fit: Match) -> float:
    return LIKENESS * fit.trust * (fit.own + fit.fed + WORDING * fit.wording)


def _unlike(fit: Match) -> float:
    return LIKENESS * fit.trust * UNLIKE * fit.unlike


def _place(picks: Mapping[PaperId, Pick], id_: PaperId) -> int | None:
    return picks[id_].rank if id_ in picks else None
