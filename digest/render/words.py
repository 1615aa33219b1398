"""Dates, counts and lists in words. The calendar's own names would follow the process's locale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

from digest.model import Period, PeriodKind
from digest.render.languages import ENGLISH, Language, noted

MONTHS, DAYS = ENGLISH.months, ENGLISH.days
(_DAY, _), (_DAY_MONTH, _), (_DATE, _) = noted("{day}"), noted("{day} {month}"), noted("{day} {month} {year}")


@lru_cache(maxsize=4096)
def short_day(day: date, language: Language = ENGLISH) -> str:
    """Return a day as in "19 Nov 2026"."""
    return _dated(_DATE, day, language, language.short_months)


def long_day(day: date, language: Language = ENGLISH) -> str:
    """Return a day as in "Friday, 20 November 2026"."""
    return f"{language.days[day.weekday()]}, {_dated(_DATE, day, language, language.months)}"


def month(day: date, language: Language = ENGLISH) -> str:
    """Return a day's month as in "November 2026"."""
    return f"{language.months[day.month - 1]} {day.year}"


def period(shown: Period, language: Language = ENGLISH) -> str:
    """Return a period as in "Friday, 20 November 2026", "Week 47, 16 to 22 November 2026" or "November 2026"."""
    match shown.kind:
        case PeriodKind.DAY:
            return long_day(shown.start, language)
        case PeriodKind.WEEK:
            days = _span(shown.start, shown.end - timedelta(days=1), language)
            return language.say("Week {week}, {days}", week=shown.start.isocalendar().week, days=days)
        case PeriodKind.MONTH:
            return month(shown.start, language)


def brief(shown: Period) -> str:
    """Return a period within its month or year, as in "Fri 20", "Week 47" or "November"."""
    match shown.kind:
        case PeriodKind.DAY:
            return f"{DAYS[shown.start.weekday()][:3]} {shown.start.day}"
        case PeriodKind.WEEK:
            return f"Week {shown.start.isocalendar().week}"
        case PeriodKind.MONTH:
            return MONTHS[shown.start.month - 1]


def short_period(shown: Period, language: Language = ENGLISH) -> str:
    """Return a period by itself, as in "Fri 20 Nov 2026", "Week 47, 2026" or "November 2026"."""
    match shown.kind:
        case PeriodKind.DAY:
            return f"{language.short_days[shown.start.weekday()]} {short_day(shown.start, language)}"
        case PeriodKind.WEEK:
            year, week, _ = shown.start.isocalendar()
            return language.say("Week {week}, {year}", week=week, year=str(year))
        case PeriodKind.MONTH:
            return month(shown.start, language)


def count(number: int, noun: str) -> str:
    """Return a number of things: "1 paper", "3,303 papers"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def cut(items: Sequence[str], limit: int, language: Language = ENGLISH) -> tuple[str, ...]:
    """Return at most `limit` items, the last of them "12 more" if there were more: never "1 more"."""
    if len(items) <= limit:
        return tuple(items)
    return (*items[: limit - 1], language.say("{n} more", "{n} more", n=len(items) - limit + 1))


def series(items: Sequence[str], language: Language = ENGLISH) -> str:
    """Join items as a sentence does: "A, B and C"."""
    return language.series(items)


def sentence(text: str) -> str:
    """Return the text with a capital first and a stop at the end; nothing stays nothing, and arXiv stays arXiv."""
    if text.partition(" ")[0].islower():
        text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def _span(first: date, last: date, language: Language) -> str:
    """Return two days without saying their common month or year twice."""
    end = _dated(_DATE, last, language, language.months)
    if first.month == last.month:
        return language.say("{first} to {last}", first=language.say(_DAY, day=str(first.day)), last=end)
    start = _DAY_MONTH if first.year == last.year else _DATE
    return language.say("{first} to {last}", first=_dated(start, first, language, language.months), last=end)


def _dated(pattern: str, day: date, language: Language, months: Sequence[str]) -> str:
    return language.say(pattern, day=str(day.day), month=months[day.month - 1], year=str(day.year))
