"""Topics and editions in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import chain

from msgspec import Struct, convert, json
from msgspec.structs import replace

from digest.errors import NotFoundError
from digest.model import (
    Cadence,
    Desk,
    Edition,
    EditionId,
    EditionState,
    Paper,
    PaperId,
    Period,
    PeriodKind,
    SubscriberId,
    Summary,
    Topic,
    TopicId,
    feed_of_topic,
)
from digest.store import rows
from digest.store.base import Topics
from digest.store.feeds import enter_released
from digest.store.parts import Part, missing
from digest.store.sql import NO_LIMIT, matching
from digest.store.sql import topics as sql


class _Paper(Struct):
    id: PaperId


class _Pick(Struct):
    paper: _Paper


class _Picked(Struct):
    """What is read of an edition to know its papers: a tenth of the work of reading it all."""

    picks: tuple[_Pick, ...] = ()


class SqlTopics(Part, Topics):
    def put_topics(self, topics: Iterable[Topic]) -> int:
        return self._db.many(sql.PUT_TOPIC, map(rows.of_topic, topics))

    def topics(self, *, owner: SubscriberId | None = None) -> list[Topic]:
        return self._defined(sql.OWN_TOPICS, owner=owner) if owner else self._defined(sql.SITE_TOPICS)

    def topic(self, topic_id: TopicId) -> Topic:
        found = self._defined(sql.TOPIC, id=topic_id)
        if not found:
            raise self._no_topic(topic_id)
        return found[0]

    def remove_topic(self, topic_id: TopicId) -> None:
        if not self._db.run(sql.REMOVE_TOPIC, id=topic_id):
            raise self._no_topic(topic_id)

    def _defined(self, query: str, **params: object) -> list[Topic]:
        return [json.decode(row["definition"], type=Topic) for row in self._db.rows(query, **params)]

    def _no_topic(self, topic_id: TopicId) -> NotFoundError:
        return missing("topic", topic_id, (row["id"] for row in self._db.rows(sql.TOPIC_IDS)))

    def save_edition(self, edition: Edition) -> bool:
        return bool(self.save_editions([edition]))

    def save_editions(self, editions: Iterable[Edition]) -> list[Edition]:
        given = list(editions)
        with self._db.transaction():
            frozen = {row["id"] for row in self._db.rows(sql.FROZEN, ids=[one.id for one in given])}
            saved = [one for one in given if one.id not in frozen]
            ids = [{"edition_id": one.id} for one in saved]
            self._db.many(sql.SAVE_EDITION, map(rows.of_edition, saved))
            self._db.many(sql.REMOVE_PICKS, ids)
            self._db.many(sql.SAVE_PICK, chain.from_iterable(map(rows.of_picks, saved)))
            self._db.many(sql.REMOVE_NOTICES, ids)
            self._db.many(sql.SAVE_NOTICE, chain.from_iterable(map(rows.of_notices, saved)))
            enter_released(self._db, [one for one in saved if one.state is EditionState.RELEASED])
        return saved

    def edition(self, edition_id: EditionId) -> Edition:
        found = self._frozen(sql.EDITION, id=edition_id)
        if not found:
            raise missing("edition", edition_id)
        return found[0]

    def editions(
        self,
        topic_id: TopicId | None = None,
        *,
        kind: PeriodKind | None = None,
        state: EditionState | None = None,
        limit: int | None = None,
    ) -> list[Edition]:
        given = {"topic_id": topic_id, "kind": kind, "state": state}
        query = sql.EDITIONS.format(where=matching(given))
        return self._frozen(query, **given, limit=NO_LIMIT if limit is None else limit)

    def _frozen(self, query: str, **params: object) -> list[Edition]:
        return [json.decode(row["content"], type=Edition) for row in self._db.rows(query, **params)]

    def editions_of(self, paper_id: PaperId) -> list[EditionId]:
        return [row["edition_id"] for row in self._db.rows(sql.EDITIONS_OF, paper_id=paper_id)]

    def sizes(self, topic_id: TopicId) -> dict[EditionId, int]:
        return {row["edition_id"]: row["size"] for row in self._db.rows(sql.SIZES, topic_id=topic_id)}

    def releases(self) -> dict[EditionId, datetime]:
        return {row["id"]: rows.moment(row["released"]) for row in self._db.rows(sql.RELEASES)}

    def shown_papers(self) -> dict[PaperId, datetime]:
        return {row["paper_id"]: rows.moment(row["released"]) for row in self._db.rows(sql.SHOWN_PAPERS)}

    def past_topics(self) -> list[TopicId]:
        ids = [TopicId(row["topic_id"]) for row in self._db.rows(sql.PAST_TOPICS)]
        return [id_ for id_ in ids if self.editions(id_, limit=1)[0].topic.owner is None]

    def periods(self, topic_id: TopicId) -> set[Period]:
        return set(self._all(Period, sql.PERIODS, topic_id=topic_id))

    def picked(
        self,
        topic_id: TopicId,
        kind: PeriodKind,
        *,
        before: date | None = None,
        since: date | None = None,
        apart_from: str | None = None,
    ) -> set[PaperId]:
        found = self._db.rows(
            sql.PICKED,
            topic_id=topic_id,
            kind=kind,
            before=before or date.max,
            since=since or date.min,
            apart_from=f"{topic_id}/{apart_from}",
        )
        return {row["paper_id"] for row in found}

    def told_since(
        self, topic_id: TopicId, kind: PeriodKind, since: date
    ) -> list[tuple[EditionId, date, frozenset[PaperId]]]:
        found = self._db.rows(sql.RELEASED_SINCE, topic_id=topic_id, kind=kind, since=since)
        return [(row["id"], date.fromisoformat(row["start"]), _told(row["content"])) for row in found]

    def had(
        self,
        topics: Iterable[TopicId],
        papers: Iterable[PaperId],
        kind: PeriodKind,
        *,
        before: date | None = None,
        since: date | None = None,
        apart_from: str | None = None,
    ) -> dict[TopicId, set[PaperId]]:
        given = {"topics": list(topics), "papers": list(papers), "kind": kind, "apart_from": f"/{apart_from}"}
        found: dict[TopicId, set[PaperId]] = {}
        for row in self._db.rows(sql.HAD, **given, before=before or date.max, since=since or date.min):
            found.setdefault(row["topic_id"], set()).add(row["paper_id"])
        return found

    def due_personal(self, cadence: Cadence, period: Period, *, begun: bool) -> list[Topic]:
        return self._defined(sql.DUE_PERSONAL, cadence=cadence, kind=period.kind, start=period.start, begun=int(begun))

    def forget_topic(self, topic_id: TopicId) -> None:
        with self._db.transaction():
            for statement in sql.FORGET_TOPIC:
                self._db.run(statement, id=topic_id, feed=feed_of_topic(topic_id))

    def withdrawals(self, kind: PeriodKind, *, apart_from: str) -> dict[TopicId, list[tuple[Paper, Period]]]:
        found: dict[TopicId, dict[PaperId, tuple[Paper, Period]]] = {}
        for row in self._db.rows(sql.WITHDRAWALS, kind=kind, apart_from=f"/{apart_from}"):
            paper = rows.read(Paper, {name: row[name] for name in Paper.__struct_fields__})
            period = convert({"kind": row["kind"], "start": row["start"]}, Period)
            found.setdefault(row["topic_id"], {}).setdefault(paper.id, (paper, period))
        return {topic: list(told.values()) for topic, told in found.items()}

    def desk(self, edition_id: EditionId) -> Desk:
        found = self._db.rows(sql.DESK, edition_id=edition_id)
        return json.decode(found[0]["content"], type=Desk) if found else Desk(edition_id=edition_id)

    def save_desk(self, desk: Desk) -> bool:
        kept = replace(desk, version=desk.version + 1)
        return self._db.run(sql.SAVE_DESK, edition_id=kept.edition_id, version=kept.version, content=kept) > 0

    def block(self, topic_id: TopicId, paper_id: PaperId, *, now: datetime) -> bool:
        return self._db.run(sql.BLOCK, topic_id=topic_id, paper_id=paper_id, since=now) > 0

    def unblock(self, topic_id: TopicId, paper_id: PaperId) -> bool:
        return self._db.run(sql.UNBLOCK, topic_id=topic_id, paper_id=paper_id) > 0

    def blocked(self, topic_id: TopicId, *, until: datetime) -> set[PaperId]:
        return {row["paper_id"] for row in self._db.rows(sql.BLOCKED, topic_id=topic_id, until=until)}

    def save_summaries(self, summaries: Iterable[Summary]) -> int:
        return self._db.many(sql.SAVE_SUMMARY, map(rows.of_value, summaries))

    def summaries(self, hashes: Iterable[str]) -> dict[str, Summary]:
        return {one.hash: one for one in self._all(Summary, sql.SUMMARIES, hashes=list(hashes))}


def _told(content: str) -> frozenset[PaperId]:
    return frozenset(pick.paper.id for pick in json.decode(content, type=_Picked).picks)
