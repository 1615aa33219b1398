"""What is in the site's feeds, and what hubs know of it, in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import convert, json

from digest.model import (
    ALL,
    Edition,
    EditionId,
    FeedEntry,
    FeedState,
    Origin,
    PaperId,
    Period,
    Pick,
    SubscriberId,
    Told,
    TopicId,
    feed_of_topic,
)
from digest.store import rows, sql
from digest.store.base import Feeds
from digest.store.driver import Driver
from digest.store.parts import Part, missing


class SqlFeeds(Part, Feeds):
    def enter(self, feed: str, picks: Sequence[Pick], *, at: datetime) -> int:
        with self._db.transaction():
            return _enter(self._db, feed, picks, at=at, seen_by=at)

    def entered(self, feed: str, paper_ids: Iterable[PaperId]) -> set[PaperId]:
        return _known(self._db, feed, list(paper_ids))

    def feeds(self) -> dict[str, FeedState]:
        return {one.name: one for one in self._all(FeedState, sql.FEEDS)}

    def feed_entries(self, feed: str, *, after: int, until: int) -> list[FeedEntry]:
        return list(map(_entry, self._db.rows(sql.FEED_ENTRIES, feed=feed, after=after, until=until)))

    def newest_entries(self, feeds: Iterable[str], *, limit: int) -> list[FeedEntry]:
        return list(map(_entry, self._db.rows(sql.NEWEST_ENTRIES, feeds=list(feeds), limit=limit)))

    def feed_days(self, feed: str, *, limit: int) -> list[date]:
        return [date.fromisoformat(row["day"]) for row in self._db.rows(sql.FEED_DAYS, feed=feed, limit=limit)]

    def newest_periods(self) -> set[tuple[TopicId, Period]]:
        found = self._db.rows(sql.NEWEST_PERIODS)
        return {(row["topic_id"], convert({"kind": row["kind"], "start": row["start"]}, Period)) for row in found}

    def editions_named(self, ids: Iterable[EditionId]) -> dict[EditionId, Edition]:
        found = self._db.rows(sql.EDITIONS_NAMED, ids=list(ids))
        return {row["id"]: json.decode(row["content"], type=Edition) for row in found}

    def renew_feed(self, subscriber_id: SubscriberId) -> int:
        with self._db.transaction():
            if not self._db.run(sql.RENEW_FEED, id=subscriber_id):
                raise missing("subscriber", subscriber_id)
            (row,) = self._db.rows(sql.RENEWALS, id=subscriber_id)
        return int(row["renewals"])

    def told(self, hub: str) -> dict[str, Told]:
        return {one.feed: one for one in self._all(Told, sql.TOLD, hub=hub)}

    def save_told(self, told: Told) -> None:
        self._db.run(sql.SAVE_TOLD, **rows.of_value(told))


def enter_released(db: Driver, editions: Iterable[Edition]) -> None:
    """Let what released editions picked enter their topics' feeds, and the site's if the topic is the site's.

    Papers come once: of a topic's editions only the shortest kind counts. Runs inside a transaction.
    """
    for edition in editions:
        topic = edition.topic
        if edition.period.kind is topic.shortest:
            shown = sorted(edition.picks, key=lambda pick: pick.rank) + list(edition.late)
            for feed in (feed_of_topic(topic.id), *([ALL] if topic.owner is None else [])):
                _enter(db, feed, shown, at=edition.dated, seen_by=edition.as_of, edition_id=edition.id)


def _enter(
    db: Driver,
    feed: str,
    picks: Sequence[Pick],
    *,
    at: datetime,
    seen_by: datetime,
    edition_id: EditionId | None = None,
) -> int:
    """Enter what is new, the first of the picks as the newest: each is a second older than the one before it."""
    known = _known(db, feed, [pick.paper.id for pick in picks])
    new = list({pick.paper.id: pick for pick in picks if pick.paper.id not in known}.values())
    if not new:
        return 0
    state = _state(db, feed)
    last, batch = state.entered, state.batch if state.changed == at else 0
    db.run(sql.SAVE_FEED, name=feed, entered=last + len(new), changed=at, batch=batch + len(new))
    origins = _origins(db, [pick.paper.id for pick in new], seen_by)
    db.many(
        sql.SAVE_FEED_ENTRY,
        (
            {
                "feed": feed,
                "number": last + len(new) - place,
                "paper_id": pick.paper.id,
                "at": at - timedelta(seconds=batch + place),
                "edition_id": edition_id,
                "pick": None if edition_id else pick,
                "origin": origins.get(pick.paper.id),
            }
            for place, pick in enumerate(new)
        ),
    )
    return len(new)


def _known(db: Driver, feed: str, paper_ids: list[PaperId]) -> set[PaperId]:
    """Return which papers ever entered a feed, also under an id that they had before."""
    found = db.rows(sql.ENTERED, feed=feed, ids=paper_ids)
    return {paper_id for row in found for paper_id in (row["paper_id"], row["current"])}.intersection(paper_ids)


def _state(db: Driver, feed: str) -> FeedState:
    found = db.rows(sql.FEED, name=feed)
    return rows.read(FeedState, found[0]) if found else FeedState(name=feed)


def _origins(db: Driver, paper_ids: list[PaperId], seen_by: datetime) -> Mapping[PaperId, Origin]:
    found: dict[PaperId, Origin] = {}
    for row in db.rows(sql.ORIGINS, ids=paper_ids, seen_by=seen_by):
        paper_id = row.pop("paper_id")
        found.setdefault(paper_id, rows.read(Origin, row))
    return found


def _entry(row: Mapping[str, Any]) -> FeedEntry:
    return convert({**row, **dict(_decoded(row))}, FeedEntry)


def _decoded(row: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, kind in (("pick", Pick), ("origin", Origin)):
        if row[name] is not None:
            yield name, json.decode(row[name], type=kind)
