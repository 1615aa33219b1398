"""Sources, entries and papers in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter

from msgspec import convert

from digest.errors import NotFoundError
from digest.model import Arrival, Health, Paper, PaperId, Search, Sighting, Source, SourceId
from digest.store import rows
from digest.store.base import Papers
from digest.store.parts import Part, missing
from digest.store.sql import papers as sql

_DAY = timedelta(days=1)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


class SqlPapers(Part, Papers):
    def put_sources(self, sources: Iterable[Source]) -> int:
        return self._db.many(sql.PUT_SOURCE, map(rows.of_value, sources))

    def sources(self) -> list[Source]:
        return self._all(Source, sql.SOURCES)

    def source(self, source_id: SourceId) -> Source:
        found = self._first(Source, sql.SOURCE, id=source_id)
        if found is None:
            raise self._no_source(source_id)
        return found

    def remove_source(self, source_id: SourceId) -> None:
        if not self._db.run(sql.REMOVE_SOURCE, id=source_id):
            raise self._no_source(source_id)

    def _no_source(self, source_id: SourceId) -> NotFoundError:
        return missing("source", source_id, (row["id"] for row in self._db.rows(sql.SOURCE_IDS)))

    def source_tallies(self) -> dict[SourceId, tuple[int, datetime]]:
        found = self._db.rows(sql.SOURCE_TALLIES)
        return {row["source_id"]: (row["entries"], convert(row["last_seen"], datetime)) for row in found}

    def due_sources(self, now: datetime) -> list[Source]:
        return self._all(Source, sql.DUE_SOURCES, now=now)

    def source_health(self, ids: Iterable[SourceId] | None = None) -> dict[SourceId, Health]:
        found = self._all(Health, sql.ALL_HEALTH) if ids is None else self._all(Health, sql.HEALTH, ids=list(ids))
        return {health.source_id: health for health in found}

    def save_health(self, health: Health) -> None:
        if not self._db.run(sql.SAVE_HEALTH, **rows.of_value(health)):
            raise self._no_source(health.source_id)

    def cool_host(self, name: str, until: datetime) -> None:
        self._db.run(sql.COOL_HOST, name=name, until=until)

    def cooling_hosts(self, now: datetime) -> dict[str, datetime]:
        return {row["name"]: convert(row["free_at"], datetime) for row in self._db.rows(sql.COOLING_HOSTS, now=now)}

    def save_papers(self, papers: Iterable[Paper]) -> int:
        return self._db.many(sql.SAVE_PAPER, map(rows.of_paper, papers))

    def papers(self, ids: Iterable[PaperId]) -> dict[PaperId, Paper]:
        wanted = list(ids)
        found = {paper.id: paper for paper in self._all(Paper, sql.PAPERS, ids=wanted)}
        lost = [id_ for id_ in wanted if id_ not in found]
        aliased = (
            {row.pop("asked"): rows.read(Paper, row) for row in self._db.rows(sql.ALIASED, ids=lost)} if lost else {}
        )
        return dict(sorted({**found, **aliased}.items())) if aliased else found

    def unite_papers(self, unions: Mapping[PaperId, PaperId]) -> None:
        with self._db.transaction():
            for old, new in unions.items():
                for statement in sql.UNITE:
                    self._db.run(statement, old=old, new=new)

    def save_arrivals(self, arrivals: Iterable[Arrival]) -> None:
        self._db.many(sql.SAVE_ARRIVAL, map(rows.of_value, arrivals))

    def arrivals(self, since: datetime) -> list[Arrival]:
        return self._all(Arrival, sql.ARRIVALS, since=since)

    def papers_between(
        self,
        start: datetime,
        end: datetime,
        *,
        as_of: datetime,
        new_since: datetime | None = None,
        oldest: datetime | None = None,
    ) -> list[Paper]:
        # One lower bound for both kinds keeps this a single range of the index.
        lowest = min(start, oldest or start) if new_since else start
        given = {"start": start, "end": end, "as_of": as_of, "new_since": new_since, "lowest": lowest}
        return self._all(Paper, sql.PAPERS_BETWEEN, **given)

    def papers_since(self, moment: datetime) -> list[Paper]:
        return self._all(Paper, sql.PAPERS_SINCE, moment=moment)

    def first_sight(self) -> datetime | None:
        (row,) = self._db.rows(sql.FIRST_SIGHT)
        return convert(row["first_seen"], datetime | None)

    def search(self, query: str, *, limit: int) -> list[Paper]:
        wanted = self._db.wanted(query)
        return (
            self._all(Paper, _find(self._db.matching), wanted=wanted, reach=limit, limit=limit, skip=0)
            if wanted
            else []
        )

    def find(self, search: Search, *, limit: int, skip: int = 0) -> list[Paper]:
        narrow, wanted = _narrowing(search), self._db.wanted(search.words)
        if search.words.strip() and not wanted:
            return []
        query = _find(self._db.matching if wanted else sql.NEWEST, narrow)
        given = {**narrow, "wanted": wanted} if wanted else narrow
        return self._all(Paper, query, **given, reach=sql.SEARCHED, limit=limit, skip=skip)

    def save_keys(self, keys: Mapping[str, PaperId]) -> int:
        return self._db.many(sql.SAVE_KEY, ({"key": key, "paper_id": paper_id} for key, paper_id in keys.items()))

    def paper_ids(self, keys: Iterable[str]) -> dict[str, PaperId]:
        return {row["key"]: row["paper_id"] for row in self._db.rows(sql.PAPER_IDS, keys=list(keys))}

    def save_sightings(self, sightings: Iterable[Sighting]) -> int:
        return self._db.many(sql.SAVE_SIGHTING, map(rows.of_sighting, sightings))

    def sightings(self, source_id: SourceId, external_ids: Iterable[str]) -> dict[str, Sighting]:
        found = self._db.rows(sql.SIGHTINGS, source_id=source_id, external_ids=list(external_ids))
        return {row["external_id"]: rows.sighting(row) for row in found}

    def mark_baseline(self, source_id: SourceId, external_ids: Iterable[str]) -> int:
        return self._db.run(sql.MARK_BASELINE, source_id=source_id, external_ids=list(external_ids))

    def announcers(
        self, paper_ids: Iterable[PaperId], *, until: datetime | None = None
    ) -> dict[PaperId, tuple[SourceId, ...]]:
        found = self._db.rows(sql.ANNOUNCERS, paper_ids=list(paper_ids), until=until or _FOR_EVER)
        grouped = groupby(found, key=itemgetter("paper_id"))
        return {paper_id: tuple(row["source_id"] for row in group) for paper_id, group in grouped}

    def announcements(self, paper_id: PaperId) -> list[Sighting]:
        return [rows.sighting(row) for row in self._db.rows(sql.ANNOUNCEMENTS, paper_id=paper_id)]


def _find(which: str, narrow: Iterable[str] = ()) -> str:
    return sql.FIND.format(which=which, narrowed="".join(sql.NARROWED[name] for name in narrow))


def _narrowing(search: Search) -> dict[str, object]:
    """Return what narrows a search, by the names of `sql.NARROWED`; what is not asked for is absent."""
    asked = {
        "category": search.category,
        "source": search.source,
        "start": search.since and datetime.combine(search.since, time(), UTC),
        "end": search.until and search.until < date.max and datetime.combine(search.until + _DAY, time(), UTC),
        "code": search.code,
    }
    return {name: value for name, value in asked.items() if value}
