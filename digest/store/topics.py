"""Topics and editions in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from msgspec import json

from digest.errors import NotFoundError
from digest.model import (
    Edition,
    EditionId,
    EditionState,
    PaperId,
    Period,
    PeriodKind,
    SubscriberId,
    Topic,
    TopicId,
)
from digest.store import rows, sql
from digest.store.base import Topics
from digest.store.parts import Part, missing


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
        with self._db.transaction():
            if not self._db.run(sql.SAVE_EDITION, **rows.of_edition(edition)):
                return False
            self._db.run(sql.REMOVE_PICKS, edition_id=edition.id)
            self._db.many(sql.SAVE_PICK, rows.of_picks(edition))
        return True

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
        query = sql.EDITIONS.format(where=sql.matching(given))
        return self._frozen(query, **given, limit=sql.NO_LIMIT if limit is None else limit)

    def _frozen(self, query: str, **params: object) -> list[Edition]:
        return [json.decode(row["content"], type=Edition) for row in self._db.rows(query, **params)]

    def releases(self) -> dict[EditionId, datetime]:
        return {row["id"]: rows.moment(row["released"]) for row in self._db.rows(sql.RELEASES)}

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
