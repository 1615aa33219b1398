"""Editions as a calendar: a table a month, a row an ISO week, each day, week and month with an edition a link."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta

from digest.model import Period, PeriodKind, Value
from digest.render import words

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


class CellView(Value):
    """A day, week or month; without a target it has no edition."""

    label: str
    target: str | None


class WeekView(Value):
    """A row: the week, and its seven days; a day of another month is None."""

    week: CellView
    days: tuple[CellView | None, ...]


class MonthView(Value):
    """A month with at least one edition."""

    month: CellView
    weeks: tuple[WeekView, ...]


def years_of(periods: Collection[Period]) -> list[int]:
    """Return the years that hold a day of these periods, newest first."""
    days = {day.year for period in periods for day in (period.start, period.end - _DAY)}
    return sorted(days, reverse=True)


def calendar(periods: Collection[Period], year: int, path: Callable[[Period], str]) -> tuple[MonthView, ...]:
    """Return the months of a year that hold any of the periods, newest first; `path` is where a period's page is."""
    known = frozenset(periods)
    if not known:
        return ()
    months = (Period(kind=PeriodKind.MONTH, start=date(year, number, 1)) for number in range(12, 0, -1))
    held = {(day.year, day.month) for period in known for day in (period.start, period.end - _DAY)}

    def cell(period: Period, label: str) -> CellView:
        return CellView(label=label, target=path(period) if period in known else None)

    return tuple(
        MonthView(month=cell(month, words.month(month.start)), weeks=tuple(_weeks(month, cell)))
        for month in months
        if (year, month.start.month) in held
    )


def _weeks(month: Period, cell: Callable[[Period, str], CellView]) -> Iterator[WeekView]:
    first = Period.containing(PeriodKind.WEEK, month.start)
    while first.start < month.end:
        days = (Period(kind=PeriodKind.DAY, start=first.start + n * _DAY) for n in range(7))
        yield WeekView(
            week=cell(first, f"W{first.start.isocalendar().week}"),
            days=tuple(cell(day, str(day.start.day)) if month.start <= day.start < month.end else None for day in days),
        )
        first = Period(kind=PeriodKind.WEEK, start=first.start + _WEEK)
