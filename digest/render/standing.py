"""How sources stand, as phrases: the honest line of an edition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from digest.model import Condition, Datum, Phrase, SourceId, SourceState, phrase
from digest.render.languages import ENGLISH, Language

# A weekday's name is clear for less than a week.
_WEEK = timedelta(days=7)


def health_line(behind: Sequence[Condition], *, zone: ZoneInfo, now: datetime) -> tuple[Phrase, ...] | None:
    """Return what readers are told of the sources that are behind: "arXiv cs.AI still shows Tuesday's batch".

    A source stands for its categories; those with the same to say are told together. None if nothing is behind.
    """
    whole = {one.source_id for one in behind if one.category is None}
    told = [(_trouble(one, zone=zone, now=now), one.name) for one in _once(behind, whole)]
    troubles = [trouble for place, (trouble, _) in enumerate(told) if trouble not in [one for one, _ in told[:place]]]
    return tuple(_of(trouble, [name for one, name in told if one == trouble]) for trouble in troubles) or None


def told(one: Condition, *, zone: ZoneInfo, now: datetime) -> str:
    """Return what is wrong with a source that is behind: "arXiv cs.AI still shows Tuesday's batch". English."""
    return ENGLISH.of(_of(_trouble(one, zone=zone, now=now), [one.name]))


def line_of(health: Sequence[Phrase] | str | None, language: Language = ENGLISH) -> str:
    """Return an edition's health line; a text is from before there were phrases."""
    return health if isinstance(health, str) else "; ".join(map(language.of, health or ()))


def _of(trouble: Phrase, names: Sequence[str]) -> Phrase:
    return replace(trouble, values={"names": tuple(names), "n": len(names), **trouble.values})


def _trouble(one: Condition, *, zone: ZoneInfo, now: datetime) -> Phrase:
    """Return what is wrong with a source that is behind; `names` and `n` are still to come."""
    today = now.astimezone(zone).date()
    if one.state is SourceState.FAILED and one.since:
        return _unreached(one.since.astimezone(zone), today)
    if one.count and one.usual and one.day:
        return _thin(one.count, one.usual, one.day, waits=one.state is SourceState.WAITING)
    if one.shows is None:
        return phrase("{names:sources} has brought nothing yet", "{names:sources} have brought nothing yet")
    day, near = one.shows.isoformat(), today - one.shows < _WEEK
    if one.certain:
        return _stale(day) if near else _old(day)
    return _silent(day) if near else _long_silent(day)


def _unreached(since: datetime, today: date) -> Phrase:
    day, at = since.date().isoformat(), f"{since:%H:%M}"
    if today - since.date() < _WEEK:
        return phrase("{names:sources} could not be reached since {day:weekday} {at}", day=day, at=at)
    return phrase("{names:sources} could not be reached since {day:day} {at}", day=day, at=at)


def _thin(count: int, usual: int, day: date, *, waits: bool) -> Phrase:
    values: dict[str, Datum] = {"count": count, "usual": usual, "day": day.isoformat()}
    if waits:
        return phrase("{names:sources} brought only {count} of the {usual} papers of a {day:weekday} so far", **values)
    return phrase("{names:sources} brought only {count} of the {usual} papers of a {day:weekday}", **values)


def _stale(day: str) -> Phrase:
    return phrase(
        "{names:sources} still shows {day:weekday}'s batch", "{names:sources} still show {day:weekday}'s batch", day=day
    )


def _old(day: str) -> Phrase:
    return phrase(
        "{names:sources} still shows the batch of {day:day}",
        "{names:sources} still show the batch of {day:day}",
        day=day,
    )


def _silent(day: str) -> Phrase:
    return phrase(
        "{names:sources} has been silent since {day:weekday}",
        "{names:sources} have been silent since {day:weekday}",
        day=day,
    )


def _long_silent(day: str) -> Phrase:
    return phrase(
        "{names:sources} has been silent since {day:day}", "{names:sources} have been silent since {day:day}", day=day
    )


def _once(behind: Iterable[Condition], whole: set[SourceId]) -> list[Condition]:
    """Return the conditions without categories of a source that is behind as a whole, and each name once."""
    found = [one for one in behind if one.category is None or one.source_id not in whole]
    return [next(same) for _, same in groupby(sorted(found, key=lambda one: one.name), key=lambda one: one.name)]
