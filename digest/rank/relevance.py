"""How well papers fit topics, 0 to 1: words and likeness, added up as evidence. One way for one topic or ten thousand.

    evidence  = BM25 + 30 x trust x (own + fed + 6 x wording - 0.5 x unlike)
                + model + 1.5 x half if by a followed author + 1 if in a category
    relevance = evidence^2 / (evidence^2 + half^2),   half = 6 if the topic has words + 40 x trust

- `own`: likeness in the space (`lsa`) to the topic's words and example papers;
- `fed`: likeness in the space to the mean of the papers that speak of the topic: its examples, and the twenty of the
  store that fit best (Rocchio 1971), each weighed by how sure that is (as in relevance models, Lavrenko & Croft 2001);
- `wording`: likeness to each of these on average, in plain tf-idf, where papers of one field are a third as much alike;
  both are shortened by doubt, so that they say nothing where nothing in the store speaks of the topic;
- `unlike`: likeness in the space, plus six times that of the wording, to the papers of which the topic wants less;
- `model`: likeness in the operator's own model, if there is one (`meaning`), never more than all the above together;
- `trust`: how far the space knows the topic and is old enough to be believed; at 0 words alone decide.

Evidence of this kind is absolute: it depends on no other candidate, so that a day of five papers is judged as one of a
thousand is. Measured on 15 judged topics, the sum orders as well as fusing the same lists by reciprocal rank (k = 60;
nDCG@10 0.649 and 0.650), and unlike with ranks one threshold serves all topics. The square keeps what merely shares a
common word near 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from digest.model import Phrase, Value, phrase
from digest.rank.pool import Pool
from digest.rank.query import DIGITS, LIKENESS, Query, asked, name_of

WORDING, UNLIKE = 6.0, 0.5
# Evidence that makes a paper half relevant: a telling word or two; where the space is trusted, with likeness to match.
WORDS_HALF, SPACE_HALF = 6.0, 40.0
# In halves: a followed author alone makes a paper relevant, as does a category a topic of nothing else. Else a category
# is a mild preference.
AUTHOR, CATEGORY_ALONE, CATEGORY = 1.5, 2.0, 1.0


class Match(Value):
    """How a paper fits: `relevance` 0 to 1, made of `evidence` against `half`, or 0 with the reason it is `barred`."""

    relevance: float = 0.0
    evidence: float = 0.0
    half: float = WORDS_HALF
    trust: float = 0.0
    bm25: float = 0.0
    own: float = 0.0
    fed: float = 0.0
    wording: float = 0.0
    unlike: float = 0.0
    model: float = 0.0
    words: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    barred: Phrase | None = None

    @property
    def alike(self) -> bool:
        """Whether likeness alone is worth more than a passing word."""
        return LIKENESS * self.trust * (self.own + self.fed + WORDING * self.wording) > WORDS_HALF


def explained(fit: Match) -> str:
    """Return the sum that evidence is, with its numbers filled in."""
    lists = f"{fit.own:.2f} own + {fit.fed:.2f} fed + {WORDING:g} × {fit.wording:.2f} wording"
    averse = f" - {UNLIKE:g} × {fit.unlike:.2f} unlike" if fit.unlike else ""
    likeness = f" + {LIKENESS * fit.trust:.1f} × ({lists}{averse})" if fit.trust else ""
    followed = f" + {AUTHOR:g} × {fit.half:.1f} for its author" if fit.authors else ""
    filed = " + its category" if fit.categories else ""
    model = f" + {fit.model:.2f} (model)" if fit.model else ""
    made = f"{fit.bm25:.2f} (BM25){likeness}{model}{followed}{filed}"
    return f"evidence {fit.evidence:.2f} = {made}, as {fit.evidence:.2f}² / ({fit.evidence:.2f}² + {fit.half:.1f}²)"


class Fits:
    """How all papers of a pool fit some topics: each array has a row a topic and a column a paper."""

    def __init__(self, pool: Pool, wanted: Sequence[Query]) -> None:
        self._pool, self._wanted = pool, wanted

    @cached_property
    def relevance(self) -> Any:
        """What is barred has none."""
        square = np.square(self._evidence)
        found = square + np.square(self._half)[:, None]
        np.divide(square, found, out=found)
        found[self._barred] = 0.0
        return found.round(DIGITS, out=found)

    def match(self, topic: int, paper: int) -> Match:
        """Return all that is known of a pair."""
        wanted, found = self._wanted[topic], self._pool.candidates[paper].paper
        return Match(
            relevance=float(self.relevance[topic, paper]),
            evidence=float(self._evidence[topic, paper]),
            half=float(self._half[topic]),
            trust=wanted.trust,
            bm25=round(float(self.bm25[topic, paper]), DIGITS),
            own=round(float(self._own[topic, paper]), DIGITS),
            fed=round(float(self._fed[topic, paper]), DIGITS),
            wording=round(float(self._wording[topic, paper]), DIGITS),
            unlike=round(float(self._unlike[topic, paper]), DIGITS),
            model=round(float(self._model[topic, paper]), DIGITS),
            words=self._matching(wanted, paper),
            authors=tuple(name for name in found.authors if name_of(name) in wanted.authors),
            categories=tuple(sorted(set(wanted.topic.categories).intersection(found.categories))),
            barred=self._reason(wanted, paper) if self._barred[topic, paper] else None,
        )

    @cached_property
    def _evidence(self) -> Any:
        found = self._own_evidence + self._preferred
        if self._pool.meaning is not None:
            found += self._model
        return found.round(DIGITS, out=found)

    @cached_property
    def _model(self) -> Any:
        """What the operator's own model adds: a second opinion, never the only one."""
        if self._pool.meaning is None:
            return np.zeros(self._own_evidence.shape)
        return np.minimum(self._pool.meaning.evidence([one.aim for one in self._wanted]), self._own_evidence)

    @cached_property
    def _own_evidence(self) -> Any:
        """What words and the space say."""
        likeness = self._own + self._fed
        likeness += WORDING * self._wording
        likeness -= UNLIKE * self._unlike
        likeness *= LIKENESS * self._trust[:, None]
        likeness += self.bm25
        return np.maximum(likeness, 0, out=likeness)

    @cached_property
    def _trust(self) -> Any:
        return np.array([one.trust for one in self._wanted])

    @cached_property
    def _half(self) -> Any:
        wordy = np.array([bool(one.words or not one.trust) for one in self._wanted])
        return WORDS_HALF * wordy + SPACE_HALF * self._trust

    @cached_property
    def bm25(self) -> Any:
        """What the topics' words are worth."""
        terms = dict.fromkeys(term for one in self._wanted for term in one.words)
        held = [self._pool.holding(term) for term in terms]
        starts = np.concatenate(([0], np.cumsum([len(rows) for rows, _ in held], dtype=np.int64)))
        rows = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in held)])
        values = np.concatenate([np.zeros(0), *(values for _, values in held)])
        standing = csr_array((values, rows, starts), shape=(len(terms), len(self._pool)))
        columns = {term: number for number, term in enumerate(terms)}
        return (asked([one.words for one in self._wanted], columns) @ standing).toarray()

    @cached_property
    def _own(self) -> Any:
        return _near(np.stack([one.own for one in self._wanted]), self._pool)

    @cached_property
    def _fed(self) -> Any:
        return _near(np.stack([one.fed for one in self._wanted]), self._pool)

    @cached_property
    def _wording(self) -> Any:
        rows, worth = (
            np.stack(found) for found in zip(*((one.speaking, one.worth) for one in self._wanted), strict=True)
        )
        starts = np.arange(len(rows) + 1) * rows.shape[1]
        speaking = csr_array(
            (worth.ravel().astype(np.float32), rows.ravel(), starts), shape=(len(rows), len(self._pool.space.known))
        )
        found = (speaking @ self._pool.wording(rows.ravel())).astype(np.float64)
        shown = [row for row, one in enumerate(self._wanted) if one.shown is not None]
        if shown:
            found[shown] += _worded([self._wanted[row].shown for row in shown], self._pool)
        return found

    @cached_property
    def _unlike(self) -> Any:
        found = np.zeros((len(self._wanted), len(self._pool)))
        rows = [row for row, one in enumerate(self._wanted) if one.unlike is not None]
        if rows:
            averse = [self._wanted[row] for row in rows]
            found[rows] = _near(np.stack([one.unlike for one in averse]), self._pool)
            found[rows] += WORDING * _worded([one.averse for one in averse], self._pool)
        return found

    @cached_property
    def _preferred(self) -> Any:
        """What authors and categories add."""
        found = np.zeros((len(self._wanted), len(self._pool)))
        for row, one in enumerate(self._wanted):
            if filed := _rows(self._pool.categories, one.topic.categories):
                alone = not (one.words or one.authors or one.trust)
                found[row, filed] += CATEGORY_ALONE * self._half[row] if alone else CATEGORY
            if followed := _rows(self._pool.authors, one.authors):
                found[row, followed] += AUTHOR * self._half[row]
        return found

    @cached_property
    def _barred(self) -> Any:
        barred = np.zeros((len(self._wanted), len(self._pool)), bool)
        for row, one in enumerate(self._wanted):
            for term in one.bars:
                barred[row, self._pool.holding(term)[0]] = True
            if one.needs:
                barred[row] |= _without([self._pool.holding(term)[0] for term in one.needs], len(self._pool))
            if one.topic.sources:
                barred[row] |= _without([_rows(self._pool.sources, one.topic.sources)], len(self._pool))
        return barred

    def _reason(self, wanted: Query, paper: int) -> Phrase:
        text, sources = self._pool.documents[paper], self._pool.candidates[paper].sources
        if wanted.topic.sources and not set(wanted.topic.sources).intersection(sources):
            return phrase("announced by none of this topic's sources")
        for term, word in wanted.bars.items():
            if text.count(term):
                return phrase("holds {word:quoted}, which this topic leaves out", word=word)
        return phrase("holds none of the words this topic needs: {words}", words=", ".join(wanted.needs.values()))

    def _matching(self, wanted: Query, paper: int) -> tuple[str, ...]:
        """Return the topic's words that stand in a paper, the weightiest there first."""
        worth = {term: weight * self._pool.worth(term, paper) for term, (_, weight) in wanted.words.items()}
        hits = sorted((term for term in worth if worth[term]), key=lambda term: (-worth[term], term))
        return tuple(wanted.words[term][0] for term in hits)


def _near(directions: Any, pool: Pool) -> Any:
    found = directions @ pool.places.T
    return np.maximum(found, 0, out=found)


def _worded(rows: Sequence[Any], pool: Pool) -> Any:
    return (vstack(rows) @ pool.texts.T).toarray()


def _rows(index: Any, names: Any) -> list[int]:
    return sorted({row for name in names for row in index.get(name, ())})


def _without(groups: Sequence[Any], papers: int) -> Any:
    found = np.ones(papers, bool)
    for rows in groups:
        found[rows] = False
    return found
