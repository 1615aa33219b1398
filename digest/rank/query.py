"""Topics made ready for the ranker: their words with weights, and where they point in the store's space.

    wanted = queries(topics, corpus, space, papers)

What speaks of a topic is looked up among the papers that the space keeps, once for all papers it will be asked about.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace
from scipy.sparse import csr_array

from digest.model import Paper, PaperId, Topic
from digest.rank.bm25 import Corpus
from digest.rank.lsa import Space
from digest.rank.terms import STOP_STEMS, document, document_of, telling, term

# What full likeness is worth, in units of BM25: about as much as the words of a good match.
LIKENESS = 30.0
# So many papers of the store speak for a topic, each weighed by how sure that is: half, with so much evidence. The
# doubt is so many papers' worth.
FED, FED_HALF, DOUBT = 20, 20.0, 2.0
# Sums of many products differ in their last digits with how many topics are asked about at once.
DIGITS = 9
_AT_ONCE = 256

Words = Mapping[str, tuple[str, float]]


@dataclass(frozen=True)
class Query:
    """A topic made ready. `words`: term -> (as written, weight); one of `needs` must stand, none of `bars`.

    `own`, `fed` and `unlike` are directions in the space; `speaking` are rows of papers that it knows, each of so much
    `worth`; `shown` are the texts of the topic's examples, worth as much as they count, and `averse` the mean of those
    it wants less of. `trust` is how much likeness counts, 0 where the space knows nothing of the topic. `aim` is a
    direction in the operator's own model, if there is one.
    """

    topic: Topic
    words: Words
    needs: Mapping[str, str]
    bars: Mapping[str, str]
    authors: frozenset[str]
    trust: float
    own: Any
    fed: Any
    speaking: Any
    worth: Any
    shown: Any = None
    unlike: Any = None
    averse: Any = None
    aim: Any = None

    def but(self, **changes: Any) -> Query:
        """Return the same query of a topic with another limit or minimum score."""
        return dataclasses.replace(self, topic=replace(self.topic, **changes))


def vocabulary(topics: Iterable[Topic]) -> set[str]:
    """Return the stems whose document frequencies the queries of these topics need."""
    return {word for topic in topics for text in (*topic.should, *topic.must) for word in telling(text)}


def queries(
    topics: Sequence[Topic],
    corpus: Corpus,
    space: Space,
    papers: Mapping[PaperId, Paper] | None = None,
    aims: Sequence[Any] | None = None,
) -> list[Query]:
    """Return topics made ready; `papers` holds those that topics name as examples, or as unlike what they want.

    `aims` are where they point in the operator's own model.
    """
    found: list[Query] = []
    for start in range(0, len(topics), _AT_ONCE):
        found += _ready(topics[start : start + _AT_ONCE], corpus, space, papers or {})
    return [dataclasses.replace(one, aim=aim) for one, aim in zip(found, aims, strict=True)] if aims else found


def name_of(author: str) -> str:
    """Return an author's name for comparing: "Ruiz, Ana" is "Ana Ruiz"."""
    return " ".join(sorted(author.casefold().replace(",", " ").replace(".", " ").split()))


def asked(words: Sequence[Words], columns: Mapping[str, int]) -> Any:
    """Return the weights of topics' words, a row a topic, as far as there are columns for them."""
    rows = [[(columns[key], weight) for key, (_, weight) in one.items() if key in columns] for one in words]
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64)))
    places = np.array([column for row in rows for column, _ in row], np.int64)
    weights = np.array([weight for row in rows for _, weight in row], np.float64)
    return csr_array((weights, places, starts), shape=(len(rows), len(columns)))


def _ready(topics: Sequence[Topic], corpus: Corpus, space: Space, papers: Mapping[PaperId, Paper]) -> list[Query]:
    words = [_words(topic, corpus) for topic in topics]
    texts = space.weigh([document(" ".join((*topic.must, *topic.should)), None) for topic in topics])
    examples = _named([topic.examples for topic in topics], space, papers)
    unlike = _named([topic.unlike for topic in topics], space, papers)
    own, grasp = _own(space.place(texts), examples)
    fed, rows, worth, shown = _fed(space, words, own, examples)
    averse = _unit(unlike.places)
    return [
        Query(
            topic=topic,
            words=words[row],
            needs={key: text for text in topic.must if (key := term(text))},
            bars={key: text for text in topic.not_ if (key := term(text))},
            authors=frozenset(map(name_of, topic.authors)),
            trust=space.trust * float(grasp[row]),
            own=own[row],
            fed=fed[row],
            speaking=rows[row],
            worth=worth[row],
            shown=examples.texts[[row]] * shown[row] if examples.counts[row] else None,
            unlike=averse[row] if unlike.counts[row] else None,
            averse=unlike.texts[[row]] / unlike.counts[row] if unlike.counts[row] else None,
        )
        for row, topic in enumerate(topics)
    ]


def _words(topic: Topic, corpus: Corpus) -> Words:
    return {key: (text, corpus.weight(text)) for text in (*topic.must, *topic.should) if (key := term(text))}


@dataclass(frozen=True)
class _Named:
    """The papers that topics name in a role: how many, their texts and places summed up, and where the space has them.

    A row a topic; `held` are pairs of a topic's row and a known paper's.
    """

    counts: Any
    texts: Any
    places: Any
    held: Sequence[tuple[int, int]]


def _named(groups: Sequence[Sequence[PaperId]], space: Space, papers: Mapping[PaperId, Paper]) -> _Named:
    known = [[id_ for id_ in dict.fromkeys(group) if id_ in papers] for group in groups]
    texts = space.weigh([document_of(papers[id_]) for group in known for id_ in group])
    counts = np.array([len(group) for group in known], np.int64)
    starts = np.concatenate(([0], np.cumsum(counts)))
    of = csr_array((np.ones(starts[-1]), np.arange(starts[-1]), starts), shape=(len(groups), int(starts[-1])))
    held = [(row, space.rows[id_]) for row, group in enumerate(known) for id_ in group if id_ in space.rows]
    return _Named(counts, (of @ texts).tocsr(), of @ space.place(texts), held)


def _own(placed: Any, examples: _Named) -> tuple[Any, Any]:
    """Return where topics point by themselves, and how much of that the space holds, 0 to 1: of examples all.

    Each example counts as much as all the words.
    """
    grasp = np.where(examples.counts, 1.0, np.minimum(1.0, np.linalg.norm(placed, axis=1)))
    return _unit(_unit(placed) + examples.places), grasp


def _fed(space: Space, words: Sequence[Words], own: Any, examples: _Named) -> tuple[Any, Any, Any, Any]:
    """Return where the papers point that speak of each topic; which they are; the worth of each, and of each example.

    Doubt shortens the first, and keeps the worth of all together below 1.
    """
    rows, sure = _speaking(space, words, own, examples)
    starts = np.arange(len(rows) + 1) * rows.shape[1]
    chosen = csr_array((sure.ravel(), rows.ravel(), starts), shape=(len(rows), len(space.known)))
    total = sure.sum(axis=1) + examples.counts
    worth = 1 / (total + DOUBT)
    fed = _unit(chosen @ space.places + examples.places) * (total * worth)[:, None]
    return fed, rows, sure * worth[:, None], worth


def _speaking(space: Space, words: Sequence[Words], own: Any, examples: _Named) -> tuple[Any, Any]:
    """Return which known papers speak of each topic, a row a topic, and how sure that is, 0 to 1."""
    known = [{_as_known(key): weight for key, weight in one.items()} for one in words]
    evidence = LIKENESS * np.maximum(own @ space.places.T, 0) + (asked(known, space.columns) @ space.worth).toarray()
    for row, paper in examples.held:
        evidence[row, paper] = 0
    rows = _highest(evidence.round(DIGITS), FED)
    square = np.take_along_axis(evidence, rows, axis=1) ** 2
    return rows, square / (square + FED_HALF**2)


def _highest(values: Any, number: int) -> Any:
    """Return the columns of the highest values of each row, in their order."""
    if number >= values.shape[1]:
        return np.tile(np.arange(values.shape[1]), (len(values), 1))
    return np.sort(np.argpartition(-values, number - 1, axis=1)[:, :number], axis=1)


def _as_known(key: str) -> str:
    """Return the term by which a space knows a word, or a phrase: as its first pair of telling stems."""
    telling = [stem for stem in key.split() if stem not in STOP_STEMS]
    return " ".join(telling[:2])


def _unit(rows: Any) -> Any:
    """Return dense rows at unit length; what has none stays 0."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
