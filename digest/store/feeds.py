"""What is in the site's feeds, and what hubs know of it, in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from msgspec import convert, json
from msgspec.structs import replace

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
    lined_up,
)
from digest.store import rows
from digest.store.base import Feeds
from digest.store.driver import Driver
from digest.store.parts import Part, missing
from digest.store.sql import topics as sql


class SqlFeeds(Part, Feeds):
    def enter(self, feed: str, picks: Sequence[Pick], *, at: datetime) -> int:
        with self._db.transaction():
            return _enter(self._db, {feed: [_Coming(picks, at, seen_by=at)]})

    def entered(self, feed: str, paper_ids: Iterable[PaperId]) -> set[PaperId]:
        return _known(self._db, feed, list(paper_ids))

    def feeds(self) -> dict[str, FeedState]:
        return {one.name: one for one in self._all(FeedState, sql.FEEDS)}

    def feed_entries(self, feed: str, *, after: int, until: int) -> list[FeedEntry]:
        return list(map(_entry, self._db.rows(sql.FEED_ENTRIES, feed=feed, after=after, until=until)))

    def entered_by(self, feed: str, at: datetime) -> int:
        (row,) = self._db.rows(sql.ENTERED_BY, feed=feed, at=at)
        return int(row["entered"])

    def newest_entries(self, feeds: Iterable[str], *, limit: int) -> list[FeedEntry]:
        return list(map(_entry, self._db.rows(sql.NEWEST_ENTRIES, feeds=list(feeds), limit=limit)))

    def origins(self, paper_ids: Iterable[PaperId], *, until: datetime) -> dict[PaperId, Origin]:
        return _origins(self._db, paper_ids, until)

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
    coming: dict[str, list[_Coming]] = {}
    for edition in editions:
        topic = edition.topic
        if edition.period.kind is topic.shortest:
            own = _Coming(edition.shown, edition.dated, edition.as_of, edition.id)
            for feed in (feed_of_topic(topic.id), *([ALL] if topic.owner is None else [])):
                coming.setdefault(feed, []).append(own)
    _enter(db, coming)


class _Coming(NamedTuple):
    """Picks that come at one moment, and by when the sources that told of them were seen."""

    picks: Sequence[Pick]
    at: datetime
    seen_by: datetime
    edition_id: EditionId | None = None


def _enter(db: Driver, coming: Mapping[str, Sequence[_Coming]]) -> int:
    """Enter what is new to each feed, batch after batch. Returns how many entries are new."""
    states = {row["name"]: rows.read(FeedState, row) for row in db.rows(sql.FEEDS_NAMED, names=list(coming))}
    entries: list[tuple[FeedEntry, datetime]] = []
    for feed, batches in coming.items():
        state = states.get(feed, FeedState(name=feed))
        known = _known(db, feed, [pick.paper.id for batch in batches for pick in batch.picks])
        for batch in batches:
            new = list({pick.paper.id: pick for pick in batch.picks if pick.paper.id not in known}.values())
            known |= {pick.paper.id for pick in new}
            state, made = lined_up(state, new, at=batch.at, edition_id=batch.edition_id)
            entries += [(one, batch.seen_by) for one in made]
        if state.entered:
            db.run(sql.SAVE_FEED, **rows.of_value(state))
    db.many(sql.SAVE_FEED_ENTRY, map(rows.of_value, _with_origins(db, entries)))
    return len(entries)


def _known(db: Driver, feed: str, paper_ids: list[PaperId]) -> set[PaperId]:
    """Return which papers ever entered a feed, also under an id that they had before."""
    found = db.rows(sql.ENTERED, feed=feed, ids=paper_ids)
    return {paper_id for row in found for paper_id in (row["paper_id"], row["current"])}.intersection(paper_ids)


def _origins(db: Driver, paper_ids: Iterable[PaperId], until: datetime) -> dict[PaperId, Origin]:
    """Return the source's feed that told of each paper first, if any did by then."""
    first: dict[PaperId, Origin] = {}
    for row in db.rows(sql.ORIGINS, ids=list(paper_ids), seen_by=until):
        paper_id = row.pop("paper_id")
        first.setdefault(paper_id, rows.read(Origin, row))
    return first


def _with_origins(db: Driver, entries: Sequence[tuple[FeedEntry, datetime]]) -> list[FeedEntry]:
    """Return entries with where they came from, as was known by the moment that stands with each."""
    if not entries:
        return []
    first = _origins(db, {one.paper_id for one, _ in entries}, max(seen_by for _, seen_by in entries))
    found = [(one, first.get(one.paper_id), seen_by) for one, seen_by in entries]
    return [replace(one, origin=origin) if origin and origin.seen <= by else one for one, origin, by in found]


def _entry(row: Mapping[str, Any]) -> FeedEntry:
    return convert({**row, **dict(_decoded(row))}, FeedEntry)


def _decoded(row: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, kind in (("pick", Pick), ("origin", Origin)):
        if row[name] is not None:
            yield name, json.decode(row[name], type=kind)
