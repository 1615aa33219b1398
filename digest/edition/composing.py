"""What an edition holds, and how the editions of one digest share their papers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.edition.desk import placed
from digest.model import Edition, EditionState, PaperId, Period, Phrase, Pick, Topic, TopicId
from digest.text import summary_of

# Within a digest's set of topics a paper is not told again so soon under another topic.
ACROSS_TOPICS = timedelta(days=14)


def compose(
    topic: Topic,
    period: Period,
    picks: Sequence[Pick],
    *,
    picked: Set[PaperId],
    considered: int,
    matched: int = 0,
    cut: datetime,
    as_of: datetime,
    health: tuple[Phrase, ...] | str | None = None,
    note: str | None = None,
    chosen: Sequence[tuple[int, Pick]] = (),
    late: Sequence[Pick] = (),
) -> Edition:
    """Return the draft edition: the best picks that this topic has not had in this kind of period, up to its limit.

    `matched` counts all that would have fitted; a thin day stays thin. What editors have `chosen`, each with its
    place, stands whether it fits or not. `late` bloomers are told beside picks: an edition without any is not sent.
    """
    fresh = [pick for pick in picks if pick.paper.id not in picked]
    listed = _renumbered(map(_with_text, placed(fresh, chosen, limit=topic.limit)))
    held = {pick.paper.id for pick in listed}
    return Edition(
        topic=topic,
        period=period,
        cut=cut,
        as_of=as_of,
        picks=listed,
        considered=considered,
        matched=max(matched, len({pick.paper.id for pick in fresh} | {pick.paper.id for _, pick in chosen})),
        health=health,
        note=note,
        late=_renumbered(_with_text(pick) for pick in late if held and pick.paper.id not in held),
    )


def release(edition: Edition, at: datetime) -> Edition:
    """Return the edition released; from here on it never changes."""
    return replace(edition, state=EditionState.RELEASED, released=at)


def share(
    editions: Sequence[Edition], recent: Mapping[PaperId, Collection[TopicId]], *, limit: int = 0
) -> list[Edition]:
    """Return the sections of one digest: each paper once, under the topic where it scores highest (tie: topic id).

    Where an editor put a paper counts more than scores. `recent` says under which topics of the set a paper stood in
    the last ACROSS_TOPICS: it is not told again under another one. With more than `limit` papers (0: no bound) topics
    take turns by rank, so that none fills the digest while another has something to say. A rule of the set of topics,
    not of a reader, so that rendering stays shared.
    """
    best: dict[PaperId, tuple[bool, float, TopicId]] = {}
    for edition in editions:
        for pick in edition.picks:
            claim = (not pick.chosen, -pick.score, edition.topic.id)
            best[pick.paper.id] = min(best.get(pick.paper.id, claim), claim)

    def stays(pick: Pick, topic: TopicId) -> bool:
        told = set(recent.get(pick.paper.id, ())) - {topic}
        return best[pick.paper.id][-1] == topic and not told

    sections = [[pick for pick in edition.picks if stays(pick, edition.topic.id)] for edition in editions]
    room = _fair([len(section) for section in sections], limit or sum(map(len, sections)))
    return [
        replace(edition, picks=_renumbered(section[:places]))
        for edition, section, places in zip(editions, sections, room, strict=True)
    ]


def _fair(wanted: Sequence[int], limit: int) -> list[int]:
    """Return how many places each gets: taking turns, the first of them first, until all have what they want."""
    given = [0] * len(wanted)
    while limit > 0 and given != list(wanted):
        for number, places in enumerate(wanted):
            if given[number] < places and limit > 0:
                given[number] += 1
                limit -= 1
    return given


def _renumbered(picks: Iterable[Pick]) -> tuple[Pick, ...]:
    return tuple(replace(pick, rank=number) for number, pick in enumerate(picks, 1))


def _with_text(pick: Pick) -> Pick:
    return replace(pick, summary=summary_of(pick.paper))
