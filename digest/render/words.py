"""Dates, counts and lists as English words. The calendar's own names would follow the process's locale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from digest.model import Period, PeriodKind

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def short_day(day: date) -> str:
    """Return a day as in "19 Nov 2026"."""
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def long_day(day: date) -> str:
    """Return a day as in "Friday, 20 November 2026"."""
    return f"{DAYS[day.weekday()]}, {day.day} {month(day)}"


def month(day: date) -> str:
    """Return a day's month as in "November 2026"."""
    return f"{MONTHS[day.month - 1]} {day.year}"


def period(shown: Period) -> str:
    """Return a period as in "Friday, 20 November 2026", "Week 47, 16 to 22 November 2026" or "November 2026"."""
    match shown.kind:
        case PeriodKind.DAY:
            return long_day(shown.start)
        case PeriodKind.WEEK:
            return f"Week {shown.start.isocalendar().week}, {_span(shown.start, shown.end - timedelta(days=1))}"
        case PeriodKind.MONTH:
            return month(shown.start)


def brief(shown: Period) -> str:
    """Return a period within its month or year, as in "Fri 20", "Week 47" or "November"."""
    match shown.kind:
        case PeriodKind.DAY:
            return f"{DAYS[shown.start.weekday()][:3]} {shown.start.day}"
        case PeriodKind.WEEK:
            return f"Week {shown.start.isocalendar().week}"
        case PeriodKind.MONTH:
            return MONTHS[shown.start.month - 1]


def short_period(shown: Period) -> str:
    """Return a period by itself, as in "Fri 20 Nov 2026", "Week 47, 2026" or "November 2026"."""
    match shown.kind:
        case PeriodKind.DAY:
            return f"{DAYS[shown.start.weekday()][:3]} {short_day(shown.start)}"
        case PeriodKind.WEEK:
            year, week, _ = shown.start.isocalendar()
            return f"Week {week}, {year}"
        case PeriodKind.MONTH:
            return month(shown.start)


def count(number: int, noun: str) -> str:
    """Return a number of things: "1 paper", "3,303 papers"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def cut(items: Sequence[str], limit: int) -> tuple[str, ...]:
    """Return at most `limit` items, the last of them "12 more" if there were more: never "1 more"."""
    if len(items) <= limit:
        return tuple(items)
    return (*items[: limit - 1], f"{len(items) - limit + 1:,} more")


def series(items: Sequence[str]) -> str:
    """Join items as a sentence does: "A, B and C"."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def sentence(text: str) -> str:
    """Return the text with a capital first and a stop at the end; nothing stays nothing, and arXiv stays arXiv."""
    if text.partition(" ")[0].islower():
        text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def _span(first: date, last: date) -> str:
    """Return two days without saying their common month or year twice."""
    if first.month == last.month:
        return f"{first.day} to {last.day} {month(last)}"
    name = month(first) if first.year != last.year else MONTHS[first.month - 1]
    return f"{first.day} {name} to {last.day} {month(last)}"
