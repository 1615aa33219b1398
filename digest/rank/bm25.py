"""What a word is worth (BM25; Robertson & Zaragoza 2009): how rare it is, and how often it stands in a paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from msgspec import field

from digest.model import Value
from digest.rank.terms import telling, term

# The usual values.
K1, B = 1.2, 0.75
# A young store knows little of words: as if it had seen so many papers before, of which so many hold any one word.
PRIOR, USUAL_SHARE, USUAL_LENGTH = 100, 0.01, 100
# A phrase is rarer than its rarest word; its own frequency is not kept, so this many times that word's weight.
PHRASE = 1.25


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
        rarest = max(self.idf(word) for word in telling(text))
        return rarest * PHRASE if " " in term(text) else rarest

    def idf(self, word: str) -> float:
        """Return the inverse document frequency of a stem."""
        holding = min(self.frequencies.get(word, 0), self.papers) + PRIOR * USUAL_SHARE
        return math.log1p((self.papers + PRIOR - holding + 0.5) / (holding + 0.5))


def worth(counts: Any, lengths: Any, mean_length: float) -> Any:
    """Return what counts in texts of these lengths are worth, 0 to K1 + 1: the second hit says less than the first."""
    return counts * (K1 + 1) / (counts + K1 * (1 - B + B * lengths / mean_length))
