"""The editor's desk: what editors decide about an edition, as values; what they put there says so. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set

from msgspec.structs import replace

from digest.model import Desk, PaperId, Pick, Pin, phrase

CHOSEN, MOVED = phrase("chosen by the editor"), phrase("placed by the editor")


def placed(ranked: Sequence[Pick], chosen: Sequence[tuple[int, Pick]], *, limit: int) -> list[Pick]:
    """Return an edition's picks: what editors chose, each at its place, and around it the best of what was ranked.

    Together at most `limit`, unless editors chose more. A chosen pick keeps its score, whatever that is.
    """
    theirs = {pick.paper.id for _, pick in chosen}
    earned = {pick.paper.id for pick in ranked[:limit]}
    rest = [_apart_from(theirs, pick) for pick in ranked if pick.paper.id not in theirs]
    picks = rest[: max(0, limit - len(chosen))]
    for place, pick in sorted(chosen, key=lambda one: one[0]):
        reason = MOVED if pick.paper.id in earned else CHOSEN
        picks.insert(place - 1, replace(pick, chosen=True, reasons=(reason, *pick.reasons)))
    return picks


def _apart_from(papers: Set[PaperId], pick: Pick) -> Pick:
    """A sister that editors chose stands for herself, not beside another."""
    return replace(pick, also=tuple(sister for sister in pick.also if sister.id not in papers))


def pinned(desk: Desk, paper: PaperId, place: int) -> Desk:
    """Return the desk with a paper pinned at a place, instead of where it was pinned before; others keep theirs."""
    return replace(desk, pins=(*unpinned(desk, paper).pins, Pin(paper_id=paper, place=place)))


def unpinned(desk: Desk, paper: PaperId) -> Desk:
    return replace(desk, pins=tuple(pin for pin in desk.pins if pin.paper_id != paper))


def ordered(desk: Desk, papers: Sequence[PaperId]) -> Desk:
    """Return the desk with these papers first, in this order."""
    for place, paper in enumerate(papers, 1):
        desk = pinned(desk, paper, place)
    return desk
