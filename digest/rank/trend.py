"""What the crowd says of a paper: how many votes it has, how fast they come, and how it stands on its list's day.

    forecast = votes + 6 h x pace                     what is at the *top*, or soon will be
    rising   = pace x sqrt(2 h / (2 h + age))         what is *rising*: young and fast

Pace is votes an hour, the latest counting most (half-life 45 minutes); between two looks votes come evenly. Age counts
from the listing, else from first sight, never from the date of the text. On real arrivals of news the forecast names
8.7 of the ten that end at the top, where plain votes name 7.9 and votes divided by age 5.1. Scores of bursts or ratios
are not used: alone they found noise.

Within a list's day votes also count by what they beat there, so that a small field is not drowned by a large one.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from digest.model import Paper, PaperId, Signal, SignalKind, SourceId, Value

HOUR = timedelta(hours=1)
HALF_LIFE = timedelta(minutes=45)
FORECAST = 6.0
YOUTH = timedelta(hours=2)
# What is so many half-lives past no longer shows in a pace.
_FORGOTTEN = 20
# A gain is told of the last hours, if numbers are not older than a day's half.
_RECENT, _STALE, _LONGEST = timedelta(hours=3), timedelta(hours=12), timedelta(hours=24)
# Votes at which a level is full: 127 is the 99th percentile of a daily list's first day, and log2(1 + 127) = 7.
FULL = 7.0
# Of so many others on its list's day a paper's standing counts half of what it counts at most, which is half.
FEW = 5

Points = Sequence[tuple[datetime, int]]
Day = tuple[SourceId, date]
Days = Mapping[Day, Sequence[int]]


class Crowd(Value):
    """What is known beyond the last numbers. `pace` and `rising` are votes an hour.

    `gained` votes came in the last `over`. Of `others` on the same list and day, it has more votes than `beaten` and
    fewer than `ahead`. `announced` is how many sources told of the paper.
    """

    pace: float = 0.0
    rising: float = 0.0
    gained: int = 0
    over: timedelta | None = None
    others: int = 0
    beaten: int = 0
    ahead: int = 0
    announced: int = 0


def crowd(paper: Paper, series: Iterable[Signal], days: Days, *, announced: int, at: datetime) -> Crowd:
    """Return what a paper's series say of it. `days` holds all votes of a list's day, the lowest first."""
    lists = points(series, SignalKind.UPVOTES, at)
    if not lists:
        return Crowd(announced=announced)
    start = paper.fresh_from
    fastest = max(pace(seen, start, at) for seen in lists.values())
    gained, over = max((gain(seen, at) for seen in lists.values()), key=lambda found: found[0])
    others, beaten, ahead = max(
        (_standing(days.get((source, listing_day(paper)), ()), seen[-1][1]) for source, seen in lists.items()),
        key=_share,
    )
    return Crowd(
        pace=fastest,
        rising=rising(fastest, start, at),
        gained=gained,
        over=over,
        others=others,
        beaten=beaten,
        ahead=ahead,
        announced=announced,
    )


def points(series: Iterable[Signal], kind: SignalKind, at: datetime) -> dict[SourceId, list[tuple[datetime, int]]]:
    """Return each source's numbers of one kind up to `at`, oldest first; none is below 0."""
    found: dict[SourceId, list[tuple[datetime, int]]] = {}
    for one in sorted((one for one in series if one.kind is kind and one.at <= at), key=lambda one: one.at):
        found.setdefault(one.source_id, []).append((one.at, max(one.value, 0)))
    return found


def listing_day(paper: Paper) -> date:
    """Return the day of a list on which a paper stands, in UTC as the lists are."""
    return paper.fresh_from.astimezone(UTC).date()


def pace(seen: Points, start: datetime, at: datetime) -> float:
    """Return votes an hour. The first votes came since `start`; if that is when they were seen, in the hour before."""
    if not seen:
        return 0.0
    first = seen[0][0]
    later = (at, seen[-1][1])
    total = 0.0
    for moment, votes in [*reversed(seen), (min(start, first - HOUR), 0)]:
        hours = (later[0] - moment) / HOUR
        if hours > 0:
            total += (later[1] - votes) / hours * (_memory(at - later[0]) - _memory(at - moment))
        if at - moment > _FORGOTTEN * HALF_LIFE:
            break
        later = (moment, votes)
    return max(total, 0.0)


def _memory(age: timedelta) -> float:
    return float(2.0 ** -(age / HALF_LIFE))


def forecast(votes: int, votes_an_hour: float) -> float:
    """Return the votes of the near future, by which the top list is ordered."""
    return votes + FORECAST * votes_an_hour


def rising(votes_an_hour: float, start: datetime, at: datetime) -> float:
    """Return by what the rising list is ordered: votes an hour, counting less with age; a future date is now."""
    age = max(at - start, timedelta(0))
    return float(votes_an_hour * math.sqrt(YOUTH / (YOUTH + age)))


def risers(known: Mapping[PaperId, Crowd]) -> list[PaperId]:
    """Return what rises anywhere on the site, the fastest first; what gets no votes does not rise."""
    fastest = sorted((-one.rising, paper_id) for paper_id, one in known.items() if one.rising > 0)
    return [paper_id for _, paper_id in fastest]


def gain(seen: Points, at: datetime) -> tuple[int, timedelta | None]:
    """Return how many votes came in the last hours and over which span, as seen; 0 and None if that is not known."""
    last, votes = seen[-1]
    before = bisect_right(seen, last - _RECENT, key=lambda point: point[0]) - 1
    base, had = seen[max(before, 0)]
    if base == last or at - last > _STALE or last - base > _LONGEST or votes <= had:
        return 0, None
    return votes - had, last - base


def _standing(field: Sequence[int], votes: int) -> tuple[int, int, int]:
    beaten, ahead = bisect_left(field, votes), len(field) - bisect_right(field, votes)
    return max(len(field) - 1, 0), beaten, ahead


def _share(standing: tuple[int, int, int]) -> tuple[float, int]:
    others, beaten, _ = standing
    return (beaten / others if others else 0.0), others


def level(votes: float) -> float:
    """Return votes on a log scale, 0 to 1."""
    return min(1.0, math.log2(1 + max(votes, 0.0)) / FULL)


def trend(votes: int | None, known: Crowd) -> float | None:
    """Return how much the crowd wants a paper, 0 to 1; None when nobody counts votes for it.

    The level of the forecast, drawn towards the share of its list's day that it beats, at most half the way.
    """
    if votes is None:
        return None
    plain = level(forecast(votes, known.pace))
    return plain + pull(known) * (standing(known) - plain)


def pull(known: Crowd) -> float:
    """Return how much a standing counts beside the level, 0 to a half: the standing among few says little."""
    return known.others / (known.others + FEW) / 2


def standing(known: Crowd) -> float:
    """Return the share of its list's day that a paper beats."""
    return min(1.0, known.beaten / known.others) if known.others else 0.0


def mentions(known: Crowd) -> float:
    """Return 0 for a paper of one source, 1/2 for two, 1 for four and more."""
    return min(1.0, math.log2(max(known.announced, 1)) / 2)
