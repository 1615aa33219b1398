"""Papers much like one another: neighbours by the cosine of their weighted words (tf-idf), and where to look for them.

In a large store nobody compares with all: who is like a paper shares some of its rare words, so that the newest papers
with each of these are enough to choose from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from digest.model import Paper, PaperId
from digest.rank.bm25 import Corpus
from digest.rank.lists import unit_vectors
from digest.rank.terms import document_of, stem, written

# Below it two papers share little but their field; `lists.SISTERS` is the same work in the next version.
ALIKE = 0.12
RARE_WORDS = 12
# Papers compared at once: so many rows of a dense product, a few megabytes.
_SLICE = 256


def rare_words(paper: Paper, corpus: Corpus, limit: int = RARE_WORDS) -> list[str]:
    """Return the words, as the paper writes them, that tell it from others: frequent here, rare elsewhere."""
    counts = document_of(paper).counts
    weighed = sorted(counts, key=lambda word: (-(1 + np.log(counts[word])) * corpus.idf(word), word))
    spelled = {stem(word): word for word in reversed(written(f"{paper.title} {paper.abstract or ''}"))}
    return [spelled[word] for word in weighed[:limit]]


def nearest(wanted: Iterable[Paper], pool: Iterable[Paper], limit: int) -> dict[PaperId, tuple[PaperId, ...]]:
    """Return for each wanted paper those of the pool most like it, the most alike first, at most `limit`.

    Who has none is absent. Ties fall to the smaller id, so that the order of the input never shows.
    """
    asked = {paper.id: paper for paper in wanted}
    papers = sorted({**{paper.id: paper for paper in pool}, **asked}.values(), key=lambda one: one.id)
    telling = [paper for paper in papers if document_of(paper).counts]
    if len(telling) < 2:
        return {}
    ids, rows = [paper.id for paper in telling], unit_vectors([document_of(paper) for paper in telling])
    places = [place for place, id_ in enumerate(ids) if id_ in asked]
    found: dict[PaperId, tuple[PaperId, ...]] = {}
    for start in range(0, len(places), _SLICE):
        some = places[start : start + _SLICE]
        cosines = (rows[some] @ rows.T).toarray()
        found |= {ids[place]: _best(row, place, ids, limit) for place, row in zip(some, cosines, strict=True)}
    return {id_: near for id_, near in found.items() if near}


def _best(cosines: Any, own: int, ids: Sequence[PaperId], limit: int) -> tuple[PaperId, ...]:
    cosines[own] = 0.0
    order = np.argsort(-cosines.round(9), kind="stable")[:limit]
    return tuple(ids[place] for place in order if cosines[place] >= ALIKE)
