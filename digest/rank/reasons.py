"""Why a paper is a pick, in plain words."""

from __future__ import annotations

from datetime import datetime, timedelta

from digest.model import Paper, PeriodKind, SignalKind
from digest.rank.relevance import Match

SHOWN_WORDS = 4
# Since the period began: it ends hours before its cut, on which ages count.
_NEW = {PeriodKind.DAY: timedelta(hours=36), PeriodKind.WEEK: timedelta(days=8), PeriodKind.MONTH: timedelta(days=32)}
_NEW_WORDS = {PeriodKind.DAY: "new", PeriodKind.WEEK: "new this week", PeriodKind.MONTH: "new this month"}


def reasons(
    fit: Match, paper: Paper, numbers: dict[SignalKind, int], *, at: datetime, kind: PeriodKind
) -> tuple[str, ...]:
    """Return the reasons, strongest first; joined by semicolons they read as one sentence."""
    found = [_words(fit), _authors(fit), _categories(fit), _votes(numbers), _age(paper, at, kind)]
    return tuple(reason for reason in found if reason)


def _words(fit: Match) -> str | None:
    if not fit.words:
        return None
    more = len(fit.words) - SHOWN_WORDS
    quoted = ", ".join(f"“{word}”" for word in fit.words[:SHOWN_WORDS])
    return f"matches {quoted}{f' and {more} more' if more > 0 else ''}"


def _authors(fit: Match) -> str | None:
    return f"by {', '.join(fit.authors[:2])}, whom this topic follows" if fit.authors else None


def _categories(fit: Match) -> str | None:
    return f"in {', '.join(fit.categories)}" if fit.categories else None


def _votes(numbers: dict[SignalKind, int]) -> str | None:
    votes = numbers.get(SignalKind.UPVOTES)
    return f"{votes} upvote{'' if votes == 1 else 's'}" if votes else None


def _age(paper: Paper, at: datetime, kind: PeriodKind) -> str:
    age = at - paper.fresh_from
    if age <= _NEW[kind]:
        return _NEW_WORDS[kind]
    verb = "listed" if paper.listed and paper.listed <= paper.first_seen else "first seen"
    return f"{verb} {age.days} days earlier"
