"""What words mean in this store: latent semantic analysis of its own papers, nothing to download. Pure.

    space = fit(papers)
    vectors = space.place(space.weigh(documents))

Deerwester et al. 1990: tf-idf over stems and pairs of neighbours, cut down to 150 dimensions, in which papers that
speak of the same in other words lie near each other. Later papers are folded in. A paper of which the space holds
little says little, so its vector is as long as the root of what is held of it, over the same of the average paper: at
full length noise would be taken for likeness (measured: a space fitted on the older half of the papers then loses 0.07
nDCG@10 over all of them, shortened it loses nothing).

The same papers give the same space: they are taken by id, the iteration starts from a fixed vector, and each dimension
points to where its largest weight is positive. Numbers are kept in half precision, when just fitted as when read back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from scipy.sparse import csr_array

from digest.model import Paper, PaperId
from digest.rank.bm25 import worth
from digest.rank.terms import Document, document_of

DIMENSIONS = 150
# So many papers are fitted on, the newest; the newest of these are kept for topics to find what speaks of them.
SAMPLE, KEPT = 15_000, 8_192
TERMS = 40_000
# A pair must stand in so many papers, a word in two, but in a handful of papers in one; these say nothing of meaning.
PAIR, WORD, HANDFUL = 3, 2, 50
# Numbers are kept in half precision: to learn them better costs a third more time.
TOLERANCE = 1e-3
# Papers at which a space is trusted half: a young one takes chance for meaning.
YOUNG = 200


@dataclass(frozen=True)
class Space:
    """What was learnt from `papers` papers: `basis` is terms x dimensions, and holds `held` of a paper on average.

    `known` are the papers kept, a row each in `counts` of terms, in `texts` (tf-idf) and in `places` (vectors).
    """

    papers: int
    terms: tuple[str, ...]
    idf: Any
    basis: Any
    held: float
    known: tuple[PaperId, ...]
    counts: Any

    @property
    def trust(self) -> float:
        """How much likeness in this space says, 0 to 1."""
        return self.papers / (self.papers + YOUNG)

    @cached_property
    def columns(self) -> Mapping[str, int]:
        return {term: number for number, term in enumerate(self.terms)}

    @cached_property
    def rows(self) -> Mapping[PaperId, int]:
        return {paper: number for number, paper in enumerate(self.known)}

    @cached_property
    def texts(self) -> Any:
        return _unit(self.counts, self.idf)

    @cached_property
    def places(self) -> Any:
        return self.place(self.texts)

    @cached_property
    def worth(self) -> Any:
        """Terms x known papers: what terms are worth there, as BM25 has it."""
        words = np.array([" " not in term for term in self.terms], np.float64)
        lengths = np.asarray(self.counts @ words).ravel()
        rows = np.repeat(np.arange(len(self.known)), np.diff(self.counts.indptr))
        values = worth(self.counts.data, lengths[rows], max(1.0, float(lengths.mean())) if len(lengths) else 1.0)
        return csr_array(csr_array((values, self.counts.indices, self.counts.indptr), shape=self.counts.shape).T)

    def weigh(self, documents: Sequence[Document]) -> Any:
        """Return tf-idf vectors of unit length, a sparse row a document; without a known term it is all 0."""
        return _unit(_counted([_terms(one) for one in documents], self.columns), self.idf)

    def place(self, texts: Any) -> Any:
        """Return where texts lie: a row each, about unit length, shorter the less of the text the space holds."""
        found = np.asarray(texts @ self.basis)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return found / np.sqrt(np.maximum(length, 1e-9) * self.held)


def fit(papers: Iterable[Paper]) -> Space:
    """Return the space of these papers, of which there may be none; the caller sees to there being at most SAMPLE."""
    given = sorted(papers, key=lambda paper: paper.id)
    counts = [_terms(document_of(paper)) for paper in given]
    terms, holding = _vocabulary(counts)
    idf = _kept(1 + np.log((1 + len(given)) / (1 + np.array(holding, np.float64))))
    found = _counted(counts, {term: number for number, term in enumerate(terms)})
    texts = _unit(found, idf)
    basis = _kept(_basis(texts))
    held = round(float(np.linalg.norm(texts @ basis, axis=1).mean()), 6) if basis.size else 1.0
    newest = sorted(sorted(range(len(given)), key=lambda row: (given[row].fresh_from, row))[-KEPT:])
    return Space(len(given), terms, idf, basis, held, tuple(given[row].id for row in newest), found[newest])


class _Stored(msgspec.Struct, array_like=True):
    papers: int
    terms: list[str]
    idf: bytes
    basis: bytes
    held: float
    known: list[str]
    counts: bytes
    columns: bytes
    lengths: bytes


def encode(space: Space) -> bytes:
    """Return a space as bytes: `decode` gives the same back."""
    counts = space.counts
    return msgspec.msgpack.encode(
        _Stored(
            papers=space.papers,
            terms=list(space.terms),
            idf=space.idf.astype(np.float16).tobytes(),
            basis=space.basis.astype(np.float16).tobytes(),
            held=space.held,
            known=list(space.known),
            counts=counts.data.astype(np.uint16).tobytes(),
            columns=counts.indices.astype(np.int32).tobytes(),
            lengths=np.diff(counts.indptr).astype(np.int32).tobytes(),
        )
    )


def decode(data: bytes) -> Space:
    """Read a space back. Raises msgspec.DecodeError, ValueError."""
    stored = msgspec.msgpack.decode(data, type=_Stored)
    starts = np.concatenate(([0], np.cumsum(np.frombuffer(stored.lengths, np.int32))))
    columns = np.frombuffer(stored.columns, np.int32)
    counts = np.frombuffer(stored.counts, np.uint16).astype(np.float64)
    basis = np.frombuffer(stored.basis, np.float16).astype(np.float64)
    return Space(
        papers=stored.papers,
        terms=tuple(stored.terms),
        idf=np.frombuffer(stored.idf, np.float16).astype(np.float64),
        basis=basis.reshape(len(stored.terms), basis.size // max(1, len(stored.terms))),
        held=stored.held,
        known=tuple(map(PaperId, stored.known)),
        counts=csr_array((counts, columns, starts), shape=(len(stored.known), len(stored.terms))),
    )


def _terms(document: Document) -> dict[str, int]:
    return {**document.counts, **document.pairs()}


def _vocabulary(counts: Sequence[Mapping[str, int]]) -> tuple[tuple[str, ...], list[int]]:
    """Return the terms worth knowing, in order, and how many documents hold each."""
    holding = Counter(chain.from_iterable(counts))
    least = WORD if len(counts) >= HANDFUL else 1
    worth = [(n, term) for term, n in holding.items() if n >= (PAIR if " " in term else least)]
    terms = sorted(term for _, term in sorted(worth, key=lambda one: (-one[0], one[1]))[:TERMS])
    return tuple(terms), [holding[term] for term in terms]


def _counted(counts: Sequence[Mapping[str, int]], columns: Mapping[str, int]) -> Any:
    """Return how often each known term stands in each document."""
    rows = [[(columns[term], n) for term, n in one.items() if term in columns] for one in counts]
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(rows)), np.int64).reshape(-1, 2)
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64)))
    found = csr_array((flat[:, 1].astype(np.float64), flat[:, 0], starts), shape=(len(rows), len(columns)))
    found.sort_indices()
    return found


def _unit(counts: Any, idf: Any) -> Any:
    """Return (1 + ln count) x idf, a row divided by its length."""
    values = (1 + np.log(counts.data)) * idf[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    length = np.sqrt(np.bincount(rows, values * values, minlength=counts.shape[0]))
    return csr_array((values / np.maximum(length, 1e-12)[rows], counts.indices, counts.indptr), shape=counts.shape)


def _basis(texts: Any) -> Any:
    """Return the right singular vectors, a column each, the weightiest first, each with its largest weight positive."""
    papers, terms = texts.shape
    dimensions = min(DIMENSIONS, papers // 3, terms // 3)
    if papers < HANDFUL or dimensions < 1:
        return np.zeros((terms, 0))
    from scipy.sparse.linalg import LinearOperator, eigsh  # loads for a quarter of a second; only learning needs it

    # By the papers' likeness to one another: scipy's own svds adds a dense decomposition, half the time of a small fit.
    turned = csr_array(texts.T)
    alike = LinearOperator((papers, papers), matvec=lambda one: texts @ (turned @ one), dtype=np.float64)
    squares, left = eigsh(alike, k=dimensions, v0=np.ones(papers), tol=TOLERANCE)
    order = np.argsort(-squares, kind="stable")
    found = (turned @ left[:, order]) / np.sqrt(np.maximum(squares[order], 1e-12))
    largest = found[np.abs(found).argmax(axis=0), np.arange(dimensions)]
    return found * np.where(largest < 0, -1.0, 1.0)


def _kept(values: Any) -> Any:
    return values.astype(np.float16).astype(np.float64)
