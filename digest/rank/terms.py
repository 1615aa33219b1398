"""Text as stems: the one tokeniser of queries, papers and document frequencies."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import pairwise

import Stemmer
from msgspec import Struct

from digest.model import Paper

# Function words, and the words that every abstract holds: they tell no topic from another.
STOP_WORDS = frozenset(
    """a about above across after again against all also although always am among an and any are as at be because been
    before being below between both but by can cannot could did do does doing done down due during e each either et al
    etc even few for from further g had has have having he hence her here hers him his how however i if in into is it
    its itself just less let like may me might more most much must my neither no nor not now of off often on once one
    only onto or other our ours out over own per please rather s same she should since so some such t than that the
    their theirs them then there therefore these they this those though through thus to too toward towards two under
    until up upon us use used using very via was we were what when where whether which while who whom whose why will
    with within without would yet you your
    abstract achieve achieves based demonstrate demonstrates existing experiments extensive approach approaches method
    methods novel paper papers propose proposed proposes result results show shows shown work works""".split()
)

_WORD = re.compile(r"[^\W_]+")
_stemmer = Stemmer.Stemmer("english")


class Document(Struct, frozen=True):
    """A paper's stems: how often each telling one stands there, how many in all, and the running text for phrases."""

    counts: dict[str, int]
    length: int
    text: str

    def count(self, term: str) -> int:
        """Return how often a term stands here; a term with spaces is a phrase of neighbours."""
        return self.text.count(f" {term} ") if " " in term else self.counts.get(term, 0)

    def pairs(self) -> Counter[str]:
        """Return how often which two telling stems follow each other, title and abstract kept apart."""
        telling = [[one for one in part.split() if one not in STOP_STEMS] for part in self.text.split("|")]
        return Counter(f"{one} {other}" for part in telling for one, other in pairwise(part))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    return str(_stemmer.stemWord(word))


STOP_STEMS = frozenset(map(stem, STOP_WORDS))


def stems(text: str) -> list[str]:
    """Return the telling stems of a text in order: no accents, no case, no stop words; hyphens part words."""
    return [found for found in map(_telling, _WORD.findall(_plain(text))) if found]


def written(text: str) -> list[str]:
    """Return the telling words of a text, as `stems` does before it stems them."""
    return [word for word in _words(text) if word not in STOP_WORDS]


@lru_cache(maxsize=65_536)
def telling(text: str) -> tuple[str, ...]:
    """Return the telling stems of a topic's word or phrase; topics are made ready again and again."""
    return tuple(stems(text))


@lru_cache(maxsize=65_536)
def term(text: str) -> str:
    """Return a topic's word or phrase as a query term, or "" for stop words alone.

    A phrase keeps its small words: "tool use" is not "tool".
    """
    return " ".join(map(stem, _words(text))) if telling(text) else ""


@lru_cache(maxsize=32_768)
def document(title: str, abstract: str | None) -> Document:
    """Return a paper's text as stems; title and abstract count alike (measured: a title weight brings nothing)."""
    head, body = _words(title), _words(abstract or "")
    telling = [stem(word) for word in head + body if word not in STOP_WORDS]
    # The bar keeps a phrase from matching over the border of title and abstract.
    return Document(Counter(telling), len(telling), f" {' '.join(map(stem, head))} | {' '.join(map(stem, body))} ")


def stems_of(paper: Paper) -> list[str]:
    """Return the telling stems of a paper as `document_of` counts them, in less time: for document frequencies."""
    return stems(f"{paper.title} {paper.abstract or ''}")


def document_of(paper: Paper) -> Document:
    return document(paper.title, paper.abstract)


def _words(text: str) -> list[str]:
    return [*map(_lowered, _WORD.findall(_plain(text)))]


@lru_cache(maxsize=65_536)
def _telling(word: str) -> str:
    """Return the stem of a word as it is written, "" for a stop word: one look-up where there would be three."""
    lowered = _lowered(word)
    return "" if lowered in STOP_WORDS else stem(lowered)


def _lowered(word: str) -> str:
    """LLMs and GPUs are llm and gpu; the stemmer, made for words with vowels, leaves such plurals alone."""
    singular = word[:-1] if word.endswith("s") and len(word) > 2 and word[:-1].isupper() else word
    return singular.lower()


def _plain(text: str) -> str:
    """Return a text without its accents."""
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
