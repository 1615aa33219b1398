"""What a reader's own topic is about, as lines of text: read and checked, and written back. Pure.

    "KV cache" pruning +attention -survey

Each word stands for itself, quotation marks keep words together; of those with a plus one must stand in a paper, what
has a minus must not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from digest.model import Phrase, Topic, Value, phrase
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
    problems: dict[str, Phrase | str] = {}

    def taken(field: str, read: Callable[[str], T], text: str) -> T | None:
        try:
            return read(_line(text))
        except ValueError as error:
            problems[field] = error.args[0]
            return None

    found = taken("words", _words, words)
    names, filed = taken("authors", _names, authors), taken("categories", _categories, categories)
    if problems or found is None or names is None or filed is None:
        raise RefusedError(problems)
    if found[2] and not any((*found[:2], names, filed)):
        raise RefusedError({"words": phrase("say also what you want, not only what you do not")})
    should, must, not_ = found
    return Phrases(should=should, must=must, not_=not_, authors=names, categories=filed)


def line_of(topic: Topic) -> str:
    """Return a topic's words as a line that reads back as the same."""
    groups = (("", topic.should), ("+", topic.must), ("-", topic.not_))
    return " ".join(f"{sign}{_written(word)}" for sign, group in groups for word in group)


def _line(text: str) -> str:
    if len(text) > LONGEST_LINE:
        raise ValueError(phrase("at most {most} characters can be taken", most=LONGEST_LINE))
    return tidy(text)


def _words(line: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    groups: dict[str, dict[str, str]] = {"": {}, "+": {}, "-": {}}
    for sign, kept, word in _PIECE.findall(line.translate(_QUOTES)):
        text = _bounded(" ".join((kept or word).split()))
        if key := term(text):
            groups["-" if sign in "−–-" and sign else sign].setdefault(key, text)
    wanted = {**groups[""], **groups["+"]}
    if line and not any(groups.values()):
        raise ValueError(
            phrase(
                "{words:quoted} holds only words that stand in every paper: name your subject",
                words=shorten(line, LONGEST),
            )
        )
    both = [text for key, text in groups["-"].items() if key in wanted]
    if both:
        raise ValueError(phrase("{words:quoted} is both wanted and left out", words=both[0]))
    _few([*wanted, *groups["-"]])
    should = {key: text for key, text in groups[""].items() if key not in groups["+"]}
    return tuple(should.values()), tuple(groups["+"].values()), tuple(groups["-"].values())


def _names(line: str) -> tuple[str, ...]:
    return _few([_bounded(name) for name in map(str.strip, re.split("[,;]", line)) if name])


def _categories(line: str) -> tuple[str, ...]:
    found = [_bounded(one) for one in re.split(r"[\s,;]+", line) if one]
    strange = [one for one in found if not _CATEGORY.fullmatch(one)]
    if strange:
        raise ValueError(phrase("{category:quoted} is no category: give some such as cs.LG", category=strange[0]))
    return _few(found)


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(
            phrase("{words:quoted} is longer than {most} characters", words=shorten(text, 40), most=LONGEST)
        )
    return text


def _few(found: Iterable[str]) -> tuple[str, ...]:
    given: Sequence[str] = tuple(dict.fromkeys(found))
    if len(given) > MOST:
        raise ValueError(phrase("at most {most} can be taken, and these are {count}", most=MOST, count=len(given)))
    return tuple(given)


def _written(word: str) -> str:
    return word if re.fullmatch(r'[^\s,;"+\-−–][^\s,;"]*', word) else f'"{word}"'
