"""How sources stand, in words: the honest line of an edition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from digest.model import Condition, SourceId, SourceState
from digest.render import words

_NAMED = 3
# A weekday's name is clear for less than a week.
_WEEK = timedelta(days=7)


def health_line(behind: Sequence[Condition], *, zone: ZoneInfo, now: datetime) -> str | None:
    """Return what readers are told of the sources that are behind: "arXiv cs.AI still shows Tuesday's batch".

    A source stands for its categories; those with the same to say are told together. None if nothing is behind.
    """
    whole = {one.source_id for one in behind if one.category is None}
    found: dict[tuple[str, str], list[str]] = {}
    for one in _once(behind, whole):
        found.setdefault(_trouble(one, zone=zone, now=now), []).append(one.name)
    lines = (_said(names, *trouble) for trouble, names in found.items())
    return "; ".join(lines) or None


def told(one: Condition, *, zone: ZoneInfo, now: datetime) -> str:
    """Return what is wrong with a source that is behind: "arXiv cs.AI still shows Tuesday's batch"."""
    return _said([one.name], *_trouble(one, zone=zone, now=now))


def _trouble(one: Condition, *, zone: ZoneInfo, now: datetime) -> tuple[str, str]:
    """Return what is wrong with a source that is behind, as said of one and of several."""
    today = now.astimezone(zone).date()
    if one.state is SourceState.FAILED and one.since:
        local = one.since.astimezone(zone)
        since = f"could not be reached since {_day(local.date(), today)} {local:%H:%M}"
        return since, since
    if one.count and one.usual and one.day:
        few = words.count(one.count, "paper")
        so_far = " so far" if one.state is SourceState.WAITING else ""
        line = f"brought only {few}{so_far}, where a {words.DAYS[one.day.weekday()]} has {one.usual:,}"
        return line, line
    if one.shows is None:
        return "has brought nothing yet", "have brought nothing yet"
    day = _day(one.shows, today)
    if not one.certain:
        return f"has been silent since {day}", f"have been silent since {day}"
    batch = f"{day}'s batch" if day in words.DAYS else f"the batch of {day}"
    return f"still shows {batch}", f"still show {batch}"


def _once(behind: Iterable[Condition], whole: set[SourceId]) -> list[Condition]:
    """Return the conditions without categories of a source that is behind as a whole, and each name once."""
    found = [one for one in behind if one.category is None or one.source_id not in whole]
    return [next(same) for _, same in groupby(sorted(found, key=lambda one: one.name), key=lambda one: one.name)]


def _said(names: Sequence[str], of_one: str, of_several: str) -> str:
    shown = [*names[:_NAMED], f"{len(names) - _NAMED} more sources"] if len(names) > _NAMED + 1 else names
    return f"{words.series(shown)} {of_one if len(names) == 1 else of_several}"


def _day(day: date, today: date) -> str:
    """Return a day as in "Friday", or "3 November" where that could be another one."""
    if today - day < _WEEK:
        return words.DAYS[day.weekday()]
    return f"{day.day} {words.MONTHS[day.month - 1]}"
