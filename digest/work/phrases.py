"""What a reader's own topic is about, as lines of text: read and checked, and written back. Pure.

    "KV cache" pruning +attention -survey

Each word stands for itself, quotation marks keep words together; of those with a plus one must stand in a paper, what
has a minus must not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from digest.model import Topic, Value
from digest.rank.terms import term
from digest.text import shorten, tidy
from digest.work.wishes import RefusedError

T = TypeVar("T")
MOST, LONGEST, LONGEST_LINE = 30, 80, 1000
_PIECE = re.compile(r'([+\-−–]?)(?:"([^"]*)"?|([^\s,;"]+))')
_QUOTES = str.maketrans(dict.fromkeys("“”„«»″", '"'))
_CATEGORY = re.compile(r"[A-Za-z][A-Za-z-]*(\.[A-Za-z-]+)?")


class Phrases(Value):
    """The words, names and categories of a topic."""

    should: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def phrases(words: str, authors: str = "", categories: str = "") -> Phrases:
    """Read the lines of a topic; names are parted by commas. Nothing at all is no error.

    Raises RefusedError for each line that says nothing, contradicts itself, or is too long.
    """
    problems: dict[str, str] = {}

    def taken(field: str, read: Callable[[str], T], text: str) -> T | None:
        try:
            return read(_line(text))
        except ValueError as error:
            problems[field] = str(error)
            return None

    found = taken("words", _words, words)
    names, filed = taken("authors", _names, authors), taken("categories", _categories, categories)
    if problems or found is None or names is None or filed is None:
        raise RefusedError(problems)
    if found[2] and not any((*found[:2], names, filed)):
        raise RefusedError({"words": "say also what you want, not only what you do not"})
    should, must, not_ = found
    return Phrases(should=should, must=must, not_=not_, authors=names, categories=filed)


def line_of(topic: Topic) -> str:
    """Return a topic's words as a line that reads back as the same."""
    groups = (("", topic.should), ("+", topic.must), ("-", topic.not_))
    return " ".join(f"{sign}{_written(word)}" for sign, group in groups for word in group)


def _line(text: str) -> str:
    if len(text) > LONGEST_LINE:
        raise ValueError(f"at most {LONGEST_LINE} characters can be taken")
    return tidy(text)


def _words(line: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    groups: dict[str, dict[str, str]] = {"": {}, "+": {}, "-": {}}
    for sign, phrase, word in _PIECE.findall(line.translate(_QUOTES)):
        text = _bounded(" ".join((phrase or word).split()))
        if key := term(text):
            groups["-" if sign in "−–-" and sign else sign].setdefault(key, text)
    wanted = {**groups[""], **groups["+"]}
    if line and not any(groups.values()):
        raise ValueError(f"“{shorten(line, LONGEST)}” holds only words that stand in every paper: name your subject")
    both = [text for key, text in groups["-"].items() if key in wanted]
    if both:
        raise ValueError(f"“{both[0]}” is both wanted and left out")
    _few([*wanted, *groups["-"]])
    should = {key: text for key, text in groups[""].items() if key not in groups["+"]}
    return tuple(should.values()), tuple(groups["+"].values()), tuple(groups["-"].values())


def _names(line: str) -> tuple[str, ...]:
    return _few([_bounded(name) for name in map(str.strip, re.split("[,;]", line)) if name])


def _categories(line: str) -> tuple[str, ...]:
    found = [_bounded(one) for one in re.split(r"[\s,;]+", line) if one]
    strange = [one for one in found if not _CATEGORY.fullmatch(one)]
    if strange:
        raise ValueError(f"“{strange[0]}” is no category: give some such as cs.LG")
    return _few(found)


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(f"“{shorten(text, 40)}” is longer than {LONGEST} characters")
    return text


def _few(found: Iterable[str]) -> tuple[str, ...]:
    given: Sequence[str] = tuple(dict.fromkeys(found))
    if len(given) > MOST:
        raise ValueError(f"at most {MOST} can be taken, and these are {len(given)}")
    return tuple(given)


def _written(word: str) -> str:
    return word if re.fullmatch(r'[^\s,;"+\-−–][^\s,;"]*', word) else f'"{word}"'
