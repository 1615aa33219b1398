"""What an edition holds, and how the editions of one digest share their papers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.model import Edition, EditionState, PaperId, Period, Pick, Topic, TopicId

# Within a digest's set of topics a paper is not told again so soon under another topic.
ACROSS_TOPICS = timedelta(days=14)


def compose(
    topic: Topic,
    period: Period,
    picks: Sequence[Pick],
    *,
    picked: Set[PaperId],
    considered: int,
    cut: datetime,
    as_of: datetime,
    health: str | None = None,
) -> Edition:
    """Return the draft edition: the best picks that this topic has not had in this kind of period, up to its limit.

    `matched` counts all that would have fitted; a thin day stays thin.
    """
    fresh = [pick for pick in picks if pick.paper.id not in picked]
    return Edition(
        topic=topic,
        period=period,
        cut=cut,
        as_of=as_of,
        picks=_renumbered(fresh[: topic.limit]),
        considered=considered,
        matched=len(fresh),
        health=health,
    )


def release(edition: Edition, at: datetime) -> Edition:
    """Return the edition released; from here on it never changes."""
    return replace(edition, state=EditionState.RELEASED, released=at)


def share(editions: Sequence[Edition], recent: Mapping[PaperId, Collection[TopicId]]) -> list[Edition]:
    """Return the sections of one digest: each paper once, under the topic where it scores highest (tie: topic id).

    `recent` says under which topics of the set a paper stood in the last ACROSS_TOPICS: it is not told again under
    another one. A rule of the set of topics, not of a reader, so that rendering stays shared.
    """
    best: dict[PaperId, tuple[float, TopicId]] = {}
    for edition in editions:
        for pick in edition.picks:
            claim = (-pick.score, edition.topic.id)
            best[pick.paper.id] = min(best.get(pick.paper.id, claim), claim)

    def stays(pick: Pick, topic: TopicId) -> bool:
        told = set(recent.get(pick.paper.id, ())) - {topic}
        return best[pick.paper.id][1] == topic and not told

    return [
        replace(edition, picks=_renumbered([pick for pick in edition.picks if stays(pick, edition.topic.id)]))
        for edition in editions
    ]


def _renumbered(picks: Iterable[Pick]) -> tuple[Pick, ...]:
    return tuple(replace(pick, rank=number) for number, pick in enumerate(picks, 1))
