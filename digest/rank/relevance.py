"""How well a paper fits a topic's words: BM25 over words and phrases, followed authors and categories, made 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import field

from digest.model import Paper, Topic, Value
from digest.rank.terms import Document, document_of, stems, term

# Robertson & Zaragoza 2009, the usual values.
K1, B = 1.2, 0.75
# The evidence that makes a paper half relevant: about one topic word that stands in one paper of a hundred.
HALF = 4.0
# A young store knows little of words: as if it had seen so many papers before, of which so many hold any one word.
PRIOR, USUAL_SHARE, USUAL_LENGTH = 100, 0.01, 100
# Evidence that is not a word. A followed author alone makes a paper relevant; a category alone does not.
AUTHOR, CATEGORY = 8.0, 1.0
# A phrase is rarer than its rarest word; its own frequency is not kept, so this many times that word's weight.
PHRASE = 1.25
EXAMPLE_WORDS, EXAMPLE_WEIGHT = 16, 0.4


class Corpus(Value):
    """What the store knows of all papers: how many, how many stems, and in how many papers each stem stands."""

    papers: int = 0
    tokens: int = 0
    frequencies: Mapping[str, int] = field(default_factory=dict)

    @property
    def mean_length(self) -> float:
        return (self.tokens + PRIOR * USUAL_LENGTH) / (self.papers + PRIOR)

    def weight(self, text: str) -> float:
        """Return the weight of a topic's word, or of a phrase: a little more than its rarest word's."""
        rarest = max(self.idf(word) for word in stems(text))
        return rarest * PHRASE if " " in term(text) else rarest

    def idf(self, word: str) -> float:
        """Return the inverse document frequency of a stem."""
        holding = min(self.frequencies.get(word, 0), self.papers) + PRIOR * USUAL_SHARE
        return math.log1p((self.papers + PRIOR - holding + 0.5) / (holding + 0.5))


class Query(Value):
    """A topic made ready. `words`: term -> (as written, weight); one of `needs` must stand, none of `bars`."""

    words: dict[str, tuple[str, float]]
    needs: dict[str, str]
    bars: dict[str, str]
    authors: dict[str, str]
    categories: frozenset[str]

    @property
    def empty(self) -> bool:
        return not (self.words or self.needs or self.authors or self.categories)


class Match(Value):
    """How a paper fits: `relevance` 0 to 1, made of its `evidence`, or 0 with the reason it is `barred`."""

    relevance: float = 0.0
    evidence: float = 0.0
    words: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    barred: str | None = None


def vocabulary(topic: Topic, examples: Iterable[Paper]) -> set[str]:
    """Return the stems whose document frequencies a query of this topic needs."""
    found = {word for text in (*topic.should, *topic.must) for word in stems(text)}
    return found.union(*(document_of(paper).counts for paper in examples))


def query(topic: Topic, corpus: Corpus, examples: Sequence[Paper] = ()) -> Query:
    """Make a topic ready for matching; the telling words of its example papers are added at a lower weight."""
    words = {key: (text, corpus.weight(text)) for text in (*topic.must, *topic.should) if (key := term(text))}
    for word, weight in _telling_words(examples, corpus):
        words.setdefault(word, (word, weight * EXAMPLE_WEIGHT))
    return Query(
        words=words,
        needs={key: text for text in topic.must if (key := term(text))},
        bars={key: text for text in topic.not_ if (key := term(text))},
        authors={_name(author): author for author in topic.authors},
        categories=frozenset(topic.categories),
    )


def _telling_words(examples: Sequence[Paper], corpus: Corpus) -> list[tuple[str, float]]:
    found: dict[str, float] = {}
    for paper in examples:
        for word, count in document_of(paper).counts.items():
            found[word] = found.get(word, 0.0) + (1 + math.log(count)) * corpus.idf(word) / len(examples)
    best = sorted(found, key=lambda word: (-found[word], word))[:EXAMPLE_WORDS]
    return [(word, corpus.idf(word)) for word in best]


def match(paper: Paper, wanted: Query, corpus: Corpus) -> Match:
    """Return how well a paper fits."""
    text = document_of(paper)
    barred = _barred(text, wanted)
    if barred:
        return Match(barred=barred)
    evidence = {key: _bm25(text, key, weight, corpus) for key, (_, weight) in wanted.words.items()}
    authors = tuple(name for name in paper.authors if _name(name) in wanted.authors)
    categories = tuple(sorted(wanted.categories.intersection(paper.categories)))
    total = math.fsum(evidence.values()) + AUTHOR * bool(authors) + _category_evidence(categories, wanted)
    hits = sorted((key for key in evidence if evidence[key] > 0), key=lambda key: (-evidence[key], key))
    return Match(
        relevance=total / (total + HALF),
        evidence=total,
        words=tuple(wanted.words[key][0] for key in hits),
        authors=authors,
        categories=categories,
    )


def _barred(text: Document, wanted: Query) -> str | None:
    for key, word in wanted.bars.items():
        if text.count(key):
            return f"holds “{word}”, which this topic leaves out"
    if wanted.needs and not any(text.count(key) for key in wanted.needs):
        return f"holds none of the words this topic needs: {', '.join(wanted.needs.values())}"
    return None


def _bm25(text: Document, key: str, weight: float, corpus: Corpus) -> float:
    count = text.count(key)
    longer = 1 - B + B * text.length / corpus.mean_length
    return weight * count * (K1 + 1) / (count + K1 * longer) if count else 0.0


def _category_evidence(categories: tuple[str, ...], wanted: Query) -> float:
    """A category is a mild preference beside words; a topic of categories alone takes all they hold."""
    if not categories:
        return 0.0
    return CATEGORY if wanted.words or wanted.authors else 4 * HALF


def _name(author: str) -> str:
    """Compare names by their stems-free letters, so that "Ruiz, Ana" is "Ana Ruiz"."""
    return " ".join(sorted(author.casefold().replace(",", " ").replace(".", " ").split()))
