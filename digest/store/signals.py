"""Signals and term counts in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter

from digest.model import FittedSpace, Paper, PaperId, Signal, SignalKind, SourceId
from digest.store import rows
from digest.store.base import Signals
from digest.store.parts import Part
from digest.store.sql import papers as sql


class SqlSignals(Part, Signals):
    def save_signals(self, signals: Iterable[Signal]) -> int:
        return self._db.many(sql.SAVE_SIGNAL, map(rows.of_value, signals))

    def numbers(self, paper_ids: Iterable[PaperId], *, at: datetime) -> dict[PaperId, dict[SignalKind, int]]:
        numbers: dict[PaperId, dict[SignalKind, int]] = {}
        for row in self._db.rows(sql.NUMBERS, paper_ids=list(paper_ids), at=at):
            numbers.setdefault(row["paper_id"], {})[SignalKind(row["kind"])] = row["value"]
        return numbers

    def series(self, paper_ids: Iterable[PaperId], *, until: datetime) -> dict[PaperId, list[Signal]]:
        found = self._all(Signal, sql.SERIES, paper_ids=list(paper_ids), until=until)
        return {paper_id: list(group) for paper_id, group in groupby(found, key=attrgetter("paper_id"))}

    def day_votes(self, start: datetime, end: datetime, *, at: datetime) -> dict[tuple[SourceId, date], list[int]]:
        votes: dict[tuple[SourceId, date], list[int]] = {}
        for row in self._db.rows(sql.DAY_VOTES, start=start, end=end, at=at):
            votes.setdefault((row["source_id"], date.fromisoformat(row["day"])), []).append(row["value"])
        return votes

    def grown(self, start: datetime, end: datetime, *, since: datetime, at: datetime, least: int) -> list[PaperId]:
        found = self._db.rows(sql.GROWN, start=start, end=end, since=since, at=at, least=least)
        return [row["paper_id"] for row in found]

    def count_terms(self, changes: Mapping[str, int], *, papers: int, tokens: int) -> None:
        with self._db.transaction():
            self._db.many(sql.COUNT_TERM, ({"term": term, "papers": number} for term, number in changes.items()))
            self._db.run(sql.COUNT_CORPUS, papers=papers, tokens=tokens)

    def leave_uncounted(self, paper_ids: Iterable[PaperId]) -> None:
        self._db.many(sql.LEAVE_UNCOUNTED, ({"paper_id": paper_id} for paper_id in paper_ids))

    def uncounted(self, *, limit: int) -> list[Paper]:
        return self._all(Paper, sql.UNCOUNTED, limit=limit)

    def uncounted_of(self, paper_ids: Iterable[PaperId]) -> set[PaperId]:
        return {row["paper_id"] for row in self._db.rows(sql.UNCOUNTED_OF, paper_ids=list(paper_ids))}

    def forget_uncounted(self, paper_ids: Iterable[PaperId]) -> None:
        self._db.run(sql.FORGET_UNCOUNTED, paper_ids=list(paper_ids))

    def document_frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        return {row["term"]: row["papers"] for row in self._db.rows(sql.FREQUENCIES, terms=list(terms))}

    def newest_papers(self, limit: int, *, until: datetime) -> list[Paper]:
        return self._all(Paper, sql.NEWEST_PAPERS, limit=limit, until=until)

    def save_vectors(self, model: str, places: Mapping[PaperId, tuple[str, bytes]]) -> None:
        given = ({"paper_id": id_, "model": model, "text": text, "place": at} for id_, (text, at) in places.items())
        with self._db.transaction():
            self._db.run(sql.FORGET_VECTORS, model=model)
            self._db.many(sql.SAVE_VECTOR, given)

    def vectors(self, model: str, texts: Mapping[PaperId, str]) -> dict[PaperId, bytes]:
        found = self._db.rows(sql.VECTORS, model=model, paper_ids=list(texts))
        return {row["paper_id"]: bytes(row["place"]) for row in found if row["text"] == texts[row["paper_id"]]}

    def save_space(self, space: FittedSpace) -> None:
        with self._db.transaction():
            self._db.run(sql.SAVE_SPACE, **rows.of_value(space))
            self._db.run(sql.FORGET_SPACES)

    def space(self, *, at: datetime) -> FittedSpace | None:
        return self._first(FittedSpace, sql.SPACE, at=at) or self._first(FittedSpace, sql.FIRST_SPACE)

    def space_fitted(self) -> tuple[datetime, int] | None:
        found = self._db.rows(sql.SPACE_FITTED)
        return (rows.moment(found[0]["fitted"]), found[0]["papers"]) if found else None

    def corpus(self) -> tuple[int, int]:
        (row,) = self._db.rows(sql.CORPUS)
        return row["papers"], row["tokens"]
