"""What came when, counted, and the habits of a source that has no timetable, read off these counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from digest.model import Arrival, Source
from digest.watch.calendar import Turn
from digest.watch.merging import Changes

LOOK_BACK = timedelta(weeks=12)
# From so many entries a day on, one day with few of them tells enough.
NOTABLE = 10

_DAY = timedelta(days=1)
_LEARNED_FROM = timedelta(weeks=8)
# A weekday is one of news if it was so in three of four weeks, and in four or more are known.
_WEEKS, _SHARE = 4, 0.75
_GAPS = 5
_SEARCHED = re.compile(r"\bcat:([a-z-]+(?:\.[A-Za-z-]+)?)")


def categories_of(source: Source) -> tuple[str, ...]:
    """Return the arXiv categories that a source's address asks for; any other source has none."""
    if not source.url or not source.kind.startswith("arxiv-"):
        return ()
    if source.kind == "arxiv-feed":
        return tuple(filter(None, source.url.rstrip("/").rpartition("/")[2].split("+")))
    return tuple(dict.fromkeys(_SEARCHED.findall(source.url)))


def arrivals(changes: Changes, source: Source, *, at: datetime) -> tuple[Arrival, ...]:
    """Return how many papers a batch was the first of its source to announce, in all and in each category asked for.

    Neither the date that a source claims counts, nor a batch that is shown again, nor a new version. None for a file.
    """
    if not source.url:
        return ()
    wanted = categories_of(source)
    counts = Counter(one for entry in changes.announced for one in _asked(wanted, entry.categories))
    counts[""] = len(changes.announced)
    return tuple(
        Arrival(source_id=source.id, category=category, at=at, entries=count)
        for category, count in sorted(counts.items())
        if count
    )


def _asked(wanted: Sequence[str], categories: Sequence[str]) -> list[str]:
    """Return which of the wanted categories an entry is in: q-bio holds q-bio.GN."""
    return [one for one in wanted if any(f"{category}.".startswith(f"{one}.") for category in categories)]


def learned(series: Sequence[Arrival], *, since: datetime, zone: ZoneInfo, now: datetime) -> list[Turn]:
    """Return the announcements to expect of a source by its habits since `since`, oldest first; none without habits.

    Its weekdays of news are those of the eight weeks before it last gave something, so that a source which falls
    silent stays missed. One that keeps to no weekday is missed after twice its longest silence.
    """
    news = Counter[date]()
    for arrival in series:
        news[arrival.at.astimezone(zone).date()] += arrival.entries
    if not news:
        return []
    first, last = since.astimezone(zone).date() + _DAY, max(news)
    weekdays = _habitual(_days(max(first, last - _LEARNED_FROM), last), news)
    if not weekdays:
        return _broken_silence(series, zone, now)
    hours = _hours(series, zone)
    big = median(count for day, count in news.items() if day.weekday() in weekdays) >= NOTABLE
    due = [day for day in _days(first, now.astimezone(zone).date()) if day.weekday() in weekdays]
    return [_turn(day, hours.get(day.weekday(), time(23, 59)), zone, weekdays, big=big) for day in due]


def _habitual(days: Sequence[date], news: Counter[date]) -> set[int]:
    """Return the weekdays of news among these days."""
    weeks = Counter(day.weekday() for day in days)
    with_news = Counter(day.weekday() for day in days if news[day])
    return {one for one, known in weeks.items() if known >= _WEEKS and with_news[one] >= _SHARE * known}


def _hours(series: Iterable[Arrival], zone: ZoneInfo) -> dict[int, time]:
    """Return for each weekday the latest time at which its first news ever came."""
    firsts: dict[date, time] = {}
    for arrival in series:
        local = arrival.at.astimezone(zone)
        firsts[local.date()] = min(local.time(), firsts.get(local.date(), time.max))
    latest: dict[int, time] = {}
    for day, at in firsts.items():
        latest[day.weekday()] = max(at, latest.get(day.weekday(), time.min))
    return latest


def _turn(day: date, at: time, zone: ZoneInfo, weekdays: set[int], *, big: bool) -> Turn:
    """Return a day's announcement. A small source is late only when it missed two in a row: habits are no promise."""
    following = next(n for n in range(1, 8) if (day.weekday() + n) % 7 in weekdays)
    over = day + (1 if big else following + 1) * _DAY
    return Turn(day=day, opens=_midnight(day, zone), due=_instant(day, at, zone), late=_midnight(over, zone))


def _broken_silence(series: Sequence[Arrival], zone: ZoneInfo, now: datetime) -> list[Turn]:
    """Return what to expect of a source that keeps to no weekday: something, before it was silent for too long."""
    gaps = sorted(later.at - sooner.at for sooner, later in pairwise(series))
    if len(gaps) < _GAPS:
        return []
    last, longest = series[-1].at, max(gaps[-1], _DAY)
    if last + longest > now:
        return []
    due = last + longest
    opens = last + timedelta(seconds=1)
    return [Turn(day=due.astimezone(zone).date(), opens=opens, due=due, late=last + 2 * longest)]


def _days(first: date, last: date) -> list[date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return _instant(day, time.min, zone)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
