"""Text as stems: the one tokeniser of queries, papers and document frequencies."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

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


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    return str(_stemmer.stemWord(word))


def stems(text: str) -> list[str]:
    """Return the telling stems of a text in order: no accents, no case, no stop words; hyphens part words."""
    return [stem(word) for word in _words(text) if word not in STOP_WORDS]


def term(text: str) -> str:
    """Return a topic's word or phrase as a query term, or "" for stop words alone.

    A phrase keeps its small words: "tool use" is not "tool".
    """
    return " ".join(map(stem, _words(text))) if stems(text) else ""


@lru_cache(maxsize=32_768)
def document(title: str, abstract: str | None) -> Document:
    """Return a paper's text as stems; title and abstract count alike (measured: a title weight brings nothing)."""
    telling = stems(f"{title} {abstract or ''}")
    # The bar keeps a phrase from matching over the border of title and abstract.
    head, body = (" ".join(map(stem, _words(part))) for part in (title, abstract or ""))
    return Document(Counter(telling), len(telling), f" {head} | {body} ")


def document_of(paper: Paper) -> Document:
    return document(paper.title, paper.abstract)


def _words(text: str) -> list[str]:
    plain = text if text.isascii() else _without_accents(text)
    return [_singular(word).lower() for word in _WORD.findall(plain)]


def _singular(word: str) -> str:
    """LLMs and GPUs are LLM and GPU; the stemmer, made for words with vowels, leaves such plurals alone."""
    return word[:-1] if word.endswith("s") and len(word) > 2 and word[:-1].isupper() else word


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
