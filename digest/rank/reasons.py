"""Why a paper is a pick, as phrases that can be said in any language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from digest.model import Paper, PeriodKind, Phrase, SignalKind, phrase
from digest.rank.relevance import Match
from digest.rank.trend import HOUR, Crowd

SHOWN_WORDS = 4
# Since the period began: it ends hours before its cut, on which ages count.
_NEW = {PeriodKind.DAY: timedelta(hours=36), PeriodKind.WEEK: timedelta(days=8), PeriodKind.MONTH: timedelta(days=32)}
_NEW_WORDS = {
    PeriodKind.DAY: phrase("new"),
    PeriodKind.WEEK: phrase("new this week"),
    PeriodKind.MONTH: phrase("new this month"),
}
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
) -> tuple[Phrase, ...]:
    """Return the reasons, strongest first; joined by semicolons they read as one sentence.

    Where votes had no say (`voted`) they are no reason.
    """
    said = [_votes(numbers, known), _rise(numbers, known), _stars(numbers), _mentions(known)] if voted else []
    found = [_words(fit), _authors(fit), _categories(fit), *said, _age(paper, at, kind)]
    return tuple(reason for reason in found if reason)


def _words(fit: Match) -> Phrase | None:
    if not fit.words:
        return phrase("much like the papers of this topic") if fit.alike else None
    words, more = tuple(fit.words[:SHOWN_WORDS]), len(fit.words) - SHOWN_WORDS
    if more > 0:
        return phrase("matches {words:quoted} and {n} more", "matches {words:quoted} and {n} more", words=words, n=more)
    return phrase("matches {words:quoted}", words=words)


def _authors(fit: Match) -> Phrase | None:
    names = ", ".join(fit.authors[:2])
    return phrase("by {authors}, whom this topic follows", authors=names) if names else None


def _categories(fit: Match) -> Phrase | None:
    return phrase("in {categories}", categories=", ".join(fit.categories)) if fit.categories else None


def _votes(numbers: Mapping[SignalKind, int], known: Crowd) -> Phrase | None:
    votes = numbers.get(SignalKind.UPVOTES)
    if not votes or votes < 0:
        return None
    share = (known.ahead + 1) / (known.others + 1)
    if known.others < _FIELD or (known.ahead and share > _HIGH):
        return phrase("{n} upvote", "{n} upvotes", n=votes)
    if not known.ahead:
        return phrase("{n} upvote, the most of its day", "{n} upvotes, the most of its day", n=votes)
    top = math.ceil(100 * share)
    return phrase("{n} upvote, top {top} % of its day", "{n} upvotes, top {top} % of its day", n=votes, top=top)


def _rise(numbers: Mapping[SignalKind, int], known: Crowd) -> Phrase | None:
    if known.over is None or known.gained < max(_RISE, _RISE_SHARE * numbers.get(SignalKind.UPVOTES, 0)):
        return None
    hours = max(1, round(known.over / HOUR))
    return phrase("+{gained} in an hour", "+{gained} in {n} hours", gained=known.gained, n=hours)


def _stars(numbers: Mapping[SignalKind, int]) -> Phrase | None:
    stars = numbers.get(SignalKind.STARS, 0)
    return phrase("{n} star", "{n} stars", n=stars) if stars >= _STARS else None


def _mentions(known: Crowd) -> Phrase | None:
    many = known.announced
    return phrase("announced by {n} source", "announced by {n} sources", n=many) if many > 1 else None


def _age(paper: Paper, at: datetime, kind: PeriodKind) -> Phrase:
    age = at - paper.fresh_from
    if age <= _NEW[kind]:
        return _NEW_WORDS[kind]
    if paper.listed and paper.listed <= paper.first_seen:
        return phrase("listed {n} day earlier", "listed {n} days earlier", n=age.days)
    return phrase("first seen {n} day earlier", "first seen {n} days earlier", n=age.days)
