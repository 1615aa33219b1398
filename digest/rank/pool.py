"""The papers of a window made ready for all topics: each read once for its words, its wording, its place in the space.

    shelf = Pool(candidates, space, corpus)

The order in which papers come never shows: they stand by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from msgspec import field
from scipy.sparse import csc_array, csr_array

from digest.model import Paper, PaperId, SignalKind, Value
from digest.rank.bm25 import Corpus, worth
from digest.rank.lists import Kin, kin
from digest.rank.lsa import Space
from digest.rank.meaning import Meaning
from digest.rank.query import name_of
from digest.rank.terms import document_of
from digest.rank.trend import Crowd

# Texts that are compared at once: more of them hold nearly all terms, fewer are not worth picking the terms out.
_AT_ONCE = 64


class Candidate(Value):
    """A paper of the window, its signals as of the ranking's moment, and the sources that announced it.

    `crowd` is what the series of its signals say beyond the last numbers.
    """

    paper: Paper
    numbers: dict[SignalKind, int] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    crowd: Crowd = Crowd()


Asked = Callable[[Sequence[Paper]], Meaning | None]
"""Asks the operator's own model about papers, a row each."""


class Pool:
    """Candidates by id, as rows of what topics are compared with. `boosts` is for the ranker to remember."""

    def __init__(
        self, candidates: Iterable[Candidate], space: Space, corpus: Corpus, *, model: Asked = lambda papers: None
    ) -> None:
        self.candidates = sorted(candidates, key=lambda one: one.paper.id)
        self.documents = [document_of(one.paper) for one in self.candidates]
        self.boosts: dict[object, Any] = {}
        self.space, self.corpus, self.model = space, corpus, model
        self._columns: dict[str, Any] = {}
        self._wording: Any = None

    def __len__(self) -> int:
        return len(self.candidates)

    @cached_property
    def ids(self) -> tuple[PaperId, ...]:
        """The papers' ids, a row's each."""
        return tuple(one.paper.id for one in self.candidates)

    @cached_property
    def texts(self) -> Any:
        """Papers x terms of the space: tf-idf."""
        return self.space.weigh(self.documents)

    @cached_property
    def places(self) -> Any:
        """Papers x dimensions of the space."""
        return self.space.place(self.texts)

    @cached_property
    def _turned(self) -> Any:
        return csr_array(self.texts.T, dtype=np.float32)

    def wording(self, rows: Any) -> Any:
        """Known papers x papers: the cosines of their texts, right where the known are among `rows`."""
        if self._wording is None:
            known = len(self.space.known)
            self._wording, self._worded = np.zeros((known, len(self)), np.float32), np.zeros(known, bool)
        new = np.flatnonzero(np.bincount(rows, minlength=len(self._worded)).astype(bool) & ~self._worded)
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            self._wording[some] = self._cosines(self.space.texts[some])
        self._worded[new] = True
        return self._wording

    def _cosines(self, texts: Any) -> Any:
        # Dense in the few terms that these texts hold: half the time of a product of two sparse arrays.
        terms = np.unique(texts.indices)
        held = np.ascontiguousarray(texts[:, terms].toarray().T, np.float32)
        return (self._turned[terms].T @ held).T

    @cached_property
    def meaning(self) -> Meaning | None:
        """What the operator's own model says, if there is one."""
        return self.model([one.paper for one in self.candidates])

    @cached_property
    def near(self) -> Kin:
        """Who is like whom."""
        return kin(one.paper for one in self.candidates)

    @cached_property
    def authors(self) -> Mapping[str, list[int]]:
        """The papers of each author, by name made for comparing."""
        return _index([name_of(name) for name in one.paper.authors] for one in self.candidates)

    @cached_property
    def categories(self) -> Mapping[str, list[int]]:
        return _index(one.paper.categories for one in self.candidates)

    @cached_property
    def sources(self) -> Mapping[str, list[int]]:
        return _index(one.sources for one in self.candidates)

    @cached_property
    def _words(self) -> tuple[Mapping[str, int], Any]:
        """All stems by column, and how often each stands in each paper."""
        lengths = [len(one.counts) for one in self.documents]
        stems = list(chain.from_iterable(one.counts for one in self.documents))
        columns = {stem: number for number, stem in enumerate(dict.fromkeys(stems))}
        counts = np.fromiter(chain.from_iterable(one.counts.values() for one in self.documents), np.float64, len(stems))
        places = np.fromiter(map(columns.__getitem__, stems), np.int64, len(stems))
        starts = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
        found = csr_array((counts, places, starts), shape=(len(self.documents), len(columns)))
        return columns, csc_array(found)

    @cached_property
    def _lengths(self) -> Any:
        return np.array([one.length for one in self.documents], np.float64)

    def holding(self, term: str) -> tuple[Any, Any]:
        """Return the rows of the papers that hold a term, and what its count is worth in each."""
        if term not in self._columns:
            rows, counts = self._phrase(term) if " " in term else self._word(term)
            self._columns[term] = rows, worth(counts, self._lengths[rows], self.corpus.mean_length)
        return self._columns[term]  # type: ignore[no-any-return]

    def worth(self, term: str, row: int) -> float:
        """Return what a term's count is worth in one paper."""
        rows, values = self.holding(term)
        place = int(np.searchsorted(rows, row))
        return float(values[place]) if place < len(rows) and rows[place] == row else 0.0

    def _word(self, stem: str) -> tuple[Any, Any]:
        columns, counts = self._words
        if stem not in columns:
            return np.zeros(0, np.int64), np.zeros(0)
        column = slice(counts.indptr[columns[stem]], counts.indptr[columns[stem] + 1])
        return counts.indices[column], counts.data[column]

    def _phrase(self, phrase: str) -> tuple[Any, Any]:
        """Look for a phrase only where the rarest of its telling words stands."""
        columns, _ = self._words
        known = [self._word(stem)[0] for stem in phrase.split() if stem in columns]
        nearby = min(known, key=len) if known else np.zeros(0, np.int64)
        counts = np.array([self.documents[row].count(phrase) for row in nearby], np.float64)
        return nearby[counts > 0], counts[counts > 0]


def _index(groups: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, names in enumerate(groups):
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(row)
    return found
