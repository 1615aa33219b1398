"""When a feed does not want to be asked: RSS 2.0 (ttl, skipHours, skipDays), and the syndication module of RSS 1.0.

https://www.rssboard.org/rss-specification, https://web.resource.org/rss/1.0/modules/syndication/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from digest.model import Pause
from digest.sources import xml
from digest.sources.json import number
from digest.sources.xml import Fields

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_LONGEST = _PERIODS["yearly"]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = 24


def pause(head: Fields) -> Pause:
    """Return what an RSS feed says about being asked. Hours or days that leave no time at all are not obeyed."""
    hours = frozenset(hour % _HOURS for each in _said(head, "skiphours") if (hour := _number(each)) is not None)
    days = frozenset(_DAYS.index(name) for each in _said(head, "skipdays") if (name := each.lower()) in _DAYS)
    return Pause(
        ttl=_ttl(head),
        skip_hours=hours if len(hours) < _HOURS else frozenset(),
        skip_days=days if len(days) < len(_DAYS) else frozenset(),
    )


def _said(head: Fields, name: str) -> Iterator[str]:
    return (xml.inner(each).strip() for outer in head.all(name) for each in outer)


def _ttl(head: Fields) -> timedelta | None:
    minutes = _number(head.text("ttl"))
    if minutes:
        return min(timedelta(minutes=minutes), _LONGEST)
    period = _PERIODS.get(head.text("sy:updateperiod").lower())
    return period / (_number(head.text("sy:updatefrequency")) or 1) if period else None


def _number(text: str) -> int | None:
    """Return a whole number of at most six digits, as many as the minutes of a year have."""
    return number(text) if len(text) <= 6 else None
