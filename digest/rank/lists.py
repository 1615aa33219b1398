"""A good list says nothing twice: the same work once, its sisters beside it, no author all over it. Pure.

    near = kin(papers)
    found = good_list(picks, near, told=picked)

Likeness is the cosine of tf-idf vectors over title and abstract, with counts on a log scale. Measured on 13,610 papers:
from 0.7 on it is the same work under another title, from 0.5 on a next version or a sister model; below that, papers of
one topic, which must not be thinned out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from itertools import chain
from typing import Any

import numpy as np
from msgspec import field
from msgspec.structs import replace
from scipy.sparse import csr_array

from digest.model import Paper, PaperId, Pick, Sister, Value
from digest.rank.terms import Document, document_of

SAME_WORK, SISTERS = 0.7, 0.5
# Below this many stems likeness says nothing.
ENOUGH_STEMS = 12
PER_AUTHOR, PER_GROUP = 3, 1
# Who is that much alike shares its heaviest words: comparing by these first finds every pair and costs a quarter.
_HEAVIEST, _HINT = 16, 0.1

Kin = Mapping[PaperId, Mapping[PaperId, float]]
"""To each paper the papers like it, with their cosine, from SISTERS on."""


class GoodList(Value):
    """The picks that stay, in their order, and for each one left out the reason in words."""

    kept: tuple[Pick, ...]
    left_out: Mapping[PaperId, str] = field(default_factory=dict)


def kin(papers: Iterable[Paper]) -> Kin:
    """Return who is like whom; to be asked once for all topics that choose from the same papers."""
    known = [paper for paper in sorted(papers, key=lambda one: one.id) if _telling(paper)]
    found: dict[PaperId, dict[PaperId, float]] = {}
    for one, other, cosine in _pairs([document_of(paper) for paper in known]):
        found.setdefault(known[one].id, {})[known[other].id] = cosine
        found.setdefault(known[other].id, {})[known[one].id] = cosine
    return found


def good_list(
    picks: Sequence[Pick],
    near: Kin,
    *,
    told: Set[PaperId] = frozenset(),
    followed: Collection[str] = (),
    per_author: int = PER_AUTHOR,
    per_group: int = PER_GROUP,
) -> GoodList:
    """Return the good list of picks that come best first.

    The same work stands once, and not at all if it was `told` before. Of sisters the first `per_group` stand, the
    first names the others. No first or last author stands more than `per_author` times (0: no bound), but for those
    whom the topic follows. What was told stays, and counts for nothing: composing takes it out.
    """
    rules = _Rules(near, told, {person(name) for name in followed}, per_author, per_group)
    for pick in picks:
        rules.judge(pick)
    return GoodList(kept=tuple(map(rules.with_sisters, rules.kept)), left_out=rules.left_out)


def person(name: str) -> str:
    """Return a name for comparing: "Ruiz, Ana" is "Ana Ruiz"."""
    return " ".join(sorted(name.casefold().replace(",", " ").replace(".", " ").split()))


class _Rules:
    """What was decided so far."""

    def __init__(self, near: Kin, told: Set[PaperId], followed: Set[str], per_author: int, per_group: int) -> None:
        self._near, self._told, self._followed = near, told, followed
        self._per_author, self._per_group = per_author, per_group
        self._titles: dict[PaperId, str] = {}
        self._group: Counter[PaperId] = Counter()
        self._leader: dict[PaperId, PaperId] = {}
        self._sisters: dict[PaperId, list[Sister]] = {}
        self._authors: Counter[str] = Counter()
        self.kept: list[Pick] = []
        self.left_out: dict[PaperId, str] = {}

    def judge(self, pick: Pick) -> None:
        paper = pick.paper
        if paper.id in self._told:
            self.kept.append(pick)
        elif reason := self._same_work(paper) or self._crowded(paper) or self._sister(paper):
            self.left_out[paper.id] = reason
        else:
            self._keep(pick)

    def with_sisters(self, pick: Pick) -> Pick:
        sisters = self._sisters.get(pick.paper.id)
        return replace(pick, also=tuple(sisters)) if sisters else pick

    def _same_work(self, paper: Paper) -> str | None:
        for other, cosine in self._near.get(paper.id, {}).items():
            if cosine >= SAME_WORK and other in self._told:
                return f"the same work as {other}, which this topic had before"
            if cosine >= SAME_WORK and other in self._titles:
                return f"the same work as “{self._titles[other]}”"
        return None

    def _crowded(self, paper: Paper) -> str | None:
        for name in _outer_authors(paper):
            if self._per_author and self._authors[person(name)] >= self._per_author:
                return f"{self._per_author} papers by {name} are enough for one edition"
        return None

    def _sister(self, paper: Paper) -> str | None:
        leader = self._leader_of(paper)
        if leader is None or self._group[leader] < self._per_group:
            return None
        sister = Sister(id=paper.id, title=paper.title, url=paper.links.abstract)
        self._sisters.setdefault(leader, []).append(sister)
        return f"named beside “{self._titles[leader]}”, which is much like it"

    def _leader_of(self, paper: Paper) -> PaperId | None:
        """Return the first of the group that a paper belongs to by its likeness to one that stands."""
        alike = (other for other in self._near.get(paper.id, {}) if other in self._leader)
        return next((self._leader[other] for other in alike), None)

    def _keep(self, pick: Pick) -> None:
        paper = pick.paper
        leader = self._leader_of(paper) or paper.id
        self._titles[paper.id], self._leader[paper.id] = paper.title, leader
        self._group[leader] += 1
        names = {person(name) for name in _outer_authors(paper)}
        self._authors.update(names - self._followed)
        self.kept.append(pick)


def _outer_authors(paper: Paper) -> tuple[str, ...]:
    """Return who led the work and in whose group it was done: the first author and the last."""
    return tuple(dict.fromkeys((*paper.authors[:1], *paper.authors[-1:])))


def _telling(paper: Paper) -> bool:
    return bool(paper.abstract) and len(document_of(paper).counts) >= ENOUGH_STEMS


def _pairs(documents: Sequence[Document]) -> list[tuple[int, int, float]]:
    """Return the pairs from SISTERS on, most alike first."""
    if len(documents) < 2:
        return []
    vectors = unit_vectors(documents)
    one, other = _hints(vectors)
    cosines = np.asarray(vectors[one].multiply(vectors[other]).sum(axis=1)).ravel().round(9)
    order = [int(place) for place in np.lexsort((other, one, -cosines)) if cosines[place] >= SISTERS]
    return [(int(one[place]), int(other[place]), float(cosines[place])) for place in order]


def unit_vectors(documents: Sequence[Document]) -> Any:
    """Return unit vectors, a row a document: (1 + ln count) x (1 + ln((1 + papers) / (1 + papers that hold it)))."""
    lengths = np.array([len(one.counts) for one in documents])
    words = list(chain.from_iterable(one.counts for one in documents))
    numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}
    columns = np.fromiter(map(numbers.__getitem__, words), np.int64, len(words))
    counts = np.fromiter(chain.from_iterable(one.counts.values() for one in documents), np.float64, len(words))
    holding = np.bincount(columns, minlength=len(numbers))
    values = (1 + np.log(counts)) * (1 + np.log((1 + len(documents)) / (1 + holding)))[columns]
    rows = np.repeat(np.arange(len(documents)), lengths)
    values /= np.sqrt(np.bincount(rows, values * values))[rows]
    starts = np.concatenate(([0], np.cumsum(lengths)))
    return csr_array((values, columns, starts), shape=(len(documents), len(numbers)))


def _hints(vectors: Any) -> tuple[Any, Any]:
    """Return the pairs, as two arrays of row numbers, whose heaviest words meet."""
    rows = np.repeat(np.arange(vectors.shape[0]), np.diff(vectors.indptr))
    # One key, as sorting by two costs four times as much: weights of a unit vector never reach from row to row.
    order = np.argsort(rows - vectors.data / 2, kind="stable")
    place = np.arange(len(order)) - vectors.indptr[rows]
    heavy = order[place < _HEAVIEST]
    few = csr_array((vectors.data[heavy], (rows[heavy], vectors.indices[heavy])), shape=vectors.shape)
    meeting = (few @ few.T).tocoo()
    chosen = (meeting.data >= _HINT) & (meeting.row < meeting.col)
    return meeting.row[chosen], meeting.col[chosen]
