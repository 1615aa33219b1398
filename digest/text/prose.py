"""Sentences, shortening, and the forms of a text that are compared or put into addresses."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

from digest.text.characters import visible

_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\W_a-zß-ÿ])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“])(?:[A-Z]|e\.?g|i\.?e|cf|vs|etc|al|resp|approx|ca|no|nos|dr|prof|mr|mrs|ms|st|jr|"
    r"figs?|eqs?|eqn|secs?|tab|refs?|ch|vol|pp?|w\.r\.t|a\.k\.a|u\.s|ph\.d)\.[)\]]*\s*\Z",
    re.IGNORECASE,
)
_BEHIND = " ,;:.!?-–—([{“‘\"'"
# Letters that no decomposition takes apart.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
_NOT_WORDS = re.compile(r"[\W_]+")
_ASCII_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}
_NOT_LETTERS = re.compile(r"[^\w\x00-\x7f]+")
_SLUG_LENGTH = 60


def shorten(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters: whole words and "…". Only a first word beyond the limit is cut."""
    if len(text) <= limit:
        return text
    if limit < 2:
        return "…"[: max(limit, 0)]
    cut = text[:limit]
    at_end = cut[-1].isspace() or (text[limit].isspace() and cut[-1] in _BEHIND)
    whole = cut[:-1] if at_end else cut.rpartition(" ")[0]
    return (whole.rstrip(_BEHIND) or _without_split_mark(cut[:-1], text)) + "…"


def within(text: str, octets: int) -> str:
    """Return as much of the start of `text` as so many bytes of UTF-8 hold, in whole characters."""
    return text if len(text) * 4 <= octets else text.encode("utf-8", "replace")[:octets].decode("utf-8", "ignore")


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a cleaned text; full stops of abbreviations, initials and numbers end none."""
    found, start = [], 0
    for end in _END.finditer(text):
        if not _ABBREVIATION.search(text, max(start - 1, end.start() - 12, 0), end.end()):
            found.append(text[start : end.end()].strip())
            start = end.end()
    return tuple(sentence for sentence in (*found, text[start:].strip()) if sentence)


def first_sentences(text: str, limit: int) -> str:
    """Return as many whole sentences from the start as `limit` characters hold; if not even one, that one shortened."""
    taken: list[str] = []
    left = limit
    for sentence in sentences(text):
        if len(sentence) > left:
            return " ".join(taken) or shorten(sentence, limit)
        taken.append(sentence)
        left -= len(sentence) + 1
    return " ".join(taken)


def fold(text: str) -> str:
    """Return `text` for comparing: case, accents and punctuation gone, words one space apart.

    >>> fold("Poincaré’s “Maps” – a  Survey")
    'poincare s maps a survey'
    """
    lowered = text.casefold()
    if lowered.isascii():
        return " ".join(lowered.translate(_ASCII_WORDS).split())  # a third of the cost of the pattern
    apart = unicodedata.normalize("NFKD", visible(lowered).translate(_LETTERS))
    lowered = _NOT_LETTERS.sub(lambda run: "" if _only_marks(run[0]) else " ", apart).casefold()
    return _NOT_WORDS.sub(" ", lowered).strip()


def slug(text: str) -> str:
    """Return a name for addresses and files: lower-case ASCII letters, digits and hyphens, 60 characters at most.

    A text without any such letter gets a name from its hash, so that two of them differ.
    """
    words = fold(text[: 4 * _SLUG_LENGTH]).encode("ascii", "ignore").decode().split()
    name = "-".join(words)[:_SLUG_LENGTH].rstrip("-")
    return name or "n-" + blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()


def _only_marks(run: str) -> bool:
    return all(unicodedata.category(character).startswith("M") for character in run)


def _without_split_mark(cut: str, text: str) -> str:
    """Return a cut first word, shorter by what it would tear: a letter from its accent, an emoji from its sequence."""
    end = len(cut)
    while end and (unicodedata.category(text[end]) in ("Mn", "Me") or "\u200d" in text[end - 1 : end + 1]):
        end -= 1
    return text[: end or len(cut)]
