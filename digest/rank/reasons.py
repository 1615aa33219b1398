"""Why a paper is a pick, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from digest.model import Paper, PeriodKind, SignalKind
from digest.rank.relevance import Match
from digest.rank.trend import HOUR, Crowd

SHOWN_WORDS = 4
# Since the period began: it ends hours before its cut, on which ages count.
_NEW = {PeriodKind.DAY: timedelta(hours=36), PeriodKind.WEEK: timedelta(days=8), PeriodKind.MONTH: timedelta(days=32)}
_NEW_WORDS = {PeriodKind.DAY: "new", PeriodKind.WEEK: "new this week", PeriodKind.MONTH: "new this month"}
# A place is worth telling in the best quarter of a day of at least so many others.
_FIELD, _HIGH = 9, 0.25
# So many new votes, and such a part of all, are a rise.
_RISE, _RISE_SHARE = 5, 0.2
# From so many on, stars say something.
_STARS = 50


def reasons(
    fit: Match,
    paper: Paper,
    numbers: Mapping[SignalKind, int],
    known: Crowd,
    *,
    at: datetime,
    kind: PeriodKind,
    voted: bool = True,
) -> tuple[str, ...]:
    """Return the reasons, strongest first; joined by semicolons they read as one sentence.

    Where votes had no say (`voted`) they are no reason.
    """
    said = [_votes(numbers, known), _rise(numbers, known), _stars(numbers), _mentions(known)] if voted else []
    found = [_words(fit), _authors(fit), _categories(fit), *said, _age(paper, at, kind)]
    return tuple(reason for reason in found if reason)


def _words(fit: Match) -> str | None:
    if not fit.words:
        return "much like the papers of this topic" if fit.alike else None
    more = len(fit.words) - SHOWN_WORDS
    quoted = ", ".join(f"“{word}”" for word in fit.words[:SHOWN_WORDS])
    return f"matches {quoted}{f' and {more} more' if more > 0 else ''}"


def _authors(fit: Match) -> str | None:
    return f"by {', '.join(fit.authors[:2])}, whom this topic follows" if fit.authors else None


def _categories(fit: Match) -> str | None:
    return f"in {', '.join(fit.categories)}" if fit.categories else None


def _votes(numbers: Mapping[SignalKind, int], known: Crowd) -> str | None:
    votes = numbers.get(SignalKind.UPVOTES)
    if not votes or votes < 0:
        return None
    return ", ".join(filter(None, [counted(votes, "upvote"), _place(known)]))


def _place(known: Crowd) -> str | None:
    if known.others < _FIELD:
        return None
    if not known.ahead:
        return "most of its day"
    share = (known.ahead + 1) / (known.others + 1)
    return f"top {math.ceil(100 * share)} % of its day" if share <= _HIGH else None


def _rise(numbers: Mapping[SignalKind, int], known: Crowd) -> str | None:
    if known.over is None or known.gained < max(_RISE, _RISE_SHARE * numbers.get(SignalKind.UPVOTES, 0)):
        return None
    hours = max(1, round(known.over / HOUR))
    return f"+{known.gained:,} in {'an hour' if hours == 1 else f'{hours} hours'}"


def _stars(numbers: Mapping[SignalKind, int]) -> str | None:
    stars = numbers.get(SignalKind.STARS, 0)
    return counted(stars, "star") if stars >= _STARS else None


def _mentions(known: Crowd) -> str | None:
    return f"announced by {known.announced} sources" if known.announced > 1 else None


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _age(paper: Paper, at: datetime, kind: PeriodKind) -> str:
    age = at - paper.fresh_from
    if age <= _NEW[kind]:
        return _NEW_WORDS[kind]
    verb = "listed" if paper.listed and paper.listed <= paper.first_seen else "first seen"
    return f"{verb} {age.days} days earlier"
