"""Signals and term counts in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from digest.model import PaperId, Signal, SignalKind
from digest.store import rows, sql
from digest.store.base import Signals
from digest.store.parts import Part


class SqlSignals(Part, Signals):
    def save_signals(self, signals: Iterable[Signal]) -> int:
        return self._db.many(sql.SAVE_SIGNAL, map(rows.of_value, signals))

    def numbers(self, paper_ids: Iterable[PaperId], *, at: datetime) -> dict[PaperId, dict[SignalKind, int]]:
        numbers: dict[PaperId, dict[SignalKind, int]] = {}
        for row in self._db.rows(sql.NUMBERS, paper_ids=list(paper_ids), at=at):
            numbers.setdefault(row["paper_id"], {})[SignalKind(row["kind"])] = row["value"]
        return numbers

    def series(self, paper_id: PaperId, *, until: datetime) -> list[Signal]:
        return self._all(Signal, sql.SERIES, paper_id=paper_id, until=until)

    def count_terms(self, changes: Mapping[str, int], *, papers: int, tokens: int) -> None:
        with self._db.transaction():
            self._db.many(sql.COUNT_TERM, ({"term": term, "papers": number} for term, number in changes.items()))
            self._db.run(sql.COUNT_CORPUS, papers=papers, tokens=tokens)

    def document_frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        return {row["term"]: row["papers"] for row in self._db.rows(sql.FREQUENCIES, terms=list(terms))}

    def corpus(self) -> tuple[int, int]:
        (row,) = self._db.rows(sql.CORPUS)
        return row["papers"], row["tokens"]
