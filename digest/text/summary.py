"""What readers see of a paper's text: the sentences of its abstract that say what it contributes, word for word.

No model and no key: an abstract says where its news is ("we propose", "this paper introduces", "outperforms") and where
it is not ("recently", "however", "code is available at"). Cue words have told the two apart since Edmundson, New
Methods in Automatic Extracting (1969); the order of the abstract is kept.
"""

from __future__ import annotations

import re
from functools import lru_cache

from digest.model import Paper, Rights
from digest.text.characters import tidy
from digest.text.prose import first_sentences, sentences, shorten

# In characters; a mail has a bound, and a list is read at a glance.
SUMMARY = 300
SENTENCES = 3
# Abstracts end well before; what others wrote has no bound of its own.
_READ = 6000

_SHORT = 20
_NEWS = re.compile(
    r"\b(?:we|this (?:paper|work|article|study|report|survey)|our (?:work|paper|approach|method|study))\b[^.;:]{0,40}?"
    r"\b(?:propos|introduc|present|develop|design|releas|describ|build|built|creat|contribut|study|studies|investigat"
    r"|survey|review|formaliz|formalis|unif|address|explor)\w*\b",
    re.IGNORECASE,
)
_WE = re.compile(r"\b(?:we|our|in this (?:paper|work|article|study|report|survey))\b", re.IGNORECASE)
_FINDING = re.compile(
    r"\b(?:show|find|found|demonstrat|prov|reveal|outperform|surpass|improv|reduc|achiev|establish|attain|accelerat"
    r"|reach|exceed)\w*\b|state[- ]of[- ]the[- ]art|\d\s?(?:%|×|x\b|times\b|points\b)",
    re.IGNORECASE,
)
_BACKGROUND = re.compile(
    r"^(?:recent|however|despite|although|while|existing|current|prior|previous|traditional|many|most|large language "
    r"models|nevertheless|unfortunately|yet|in recent|over the (?:past|last)|with the (?:rise|advent|rapid))\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://|\b(?:code|data|models?|weights|project page|demo)\b[^.]*\bavailable\b", re.IGNORECASE)
_DANGLING = re.compile(
    r"^(?:it|they|these|those|such|both|here|this(?! (?:paper|work|article|study|report|survey)\b))\b", re.IGNORECASE
)


def summary_of(paper: Paper) -> str:
    """Return what may be shown of a paper's abstract: one to three whole sentences in about 300 characters.

    "" where there is none, or where its sources permit a link only.
    """
    if paper.rights is Rights.LINK or not paper.abstract:
        return ""
    return extract(tidy(paper.abstract[:_READ]))


# A paper is picked for many topics, and for thousands of readers' own.
@lru_cache(maxsize=4096)
def extract(abstract: str, limit: int = SUMMARY) -> str:
    """Return the sentences that carry an abstract's contribution, in their order, within `limit` characters.

    Only where no telling sentence is that short is one cut, between words. Without any cue, as in other languages,
    the first sentences are taken.
    """
    found = sentences(abstract)
    worth = [_worth(sentence) for sentence in found]
    telling = sorted((place for place in range(len(found)) if worth[place] > 0), key=lambda place: -worth[place])
    if not telling:
        return first_sentences(" ".join(found[:SENTENCES]), limit)
    chosen = _fitting([(place, len(found[place])) for place in telling], limit)
    return " ".join(found[place] for place in sorted(chosen)) or shorten(found[telling[0]], limit)


def _fitting(telling: list[tuple[int, int]], limit: int) -> list[int]:
    """Return the places of the best sentences that fit, of (place, length), best first."""
    chosen: list[int] = []
    for place, length in telling:
        if length <= limit and len(chosen) < SENTENCES:
            chosen.append(place)
            limit -= length + 1
    return chosen


def _worth(sentence: str) -> float:
    """Return how much a sentence says of the contribution; 0 or less for one that says nothing of it."""
    if len(sentence) < _SHORT or _ADDRESS.search(sentence):
        return -1.0
    news = 3.0 if _NEWS.search(sentence) else 1.0 if _WE.search(sentence) else 0.0
    finding = 1.5 if _FINDING.search(sentence) else 0.0
    return news + finding - 2.0 * bool(_BACKGROUND.match(sentence)) - 1.0 * bool(_DANGLING.match(sentence))
