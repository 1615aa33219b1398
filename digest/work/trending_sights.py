"""How soon the live list shows what ends at the top, and whether what it passed over is offered later."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta

from digest.model import SignalKind, Value
from digest.rank.late import LIMIT, growth
from digest.rank.trend import Points
from digest.work.trending_runs import Moment, Order, Story, ranked

DAY, TOP = timedelta(days=1), 10
# A story that never shows counts as this late.
NEVER = timedelta(hours=24)
# How long a story that was passed over may take to be offered.
SOON = timedelta(hours=12)

Series = Mapping[str, Sequence[tuple[datetime, int, int]]]


class Sights(Value):
    """Mean time from a story's first sight until the live top ten shows it, of those that end in their day's top ten;
    `precision` is the share of the live places that such stories hold.
    """

    delay: timedelta
    precision: float
    stories: int


class Offers(Value):
    """Of the `missed` stories, outside the top ten at a moment that end in it, how many were `offered` soon after;
    with `each` offers at a moment.
    """

    missed: int
    offered: int
    each: float


def sights(series: Series, order: Order) -> Sights:
    """Return how soon an order shows what ends at the top. A day counts if those before and after it were watched."""
    winners = _winners(series)
    complete = {day for day in winners if {day - DAY, day + DAY} <= winners.keys()}
    wanted = frozenset().union(*(winners[day] for day in complete))
    ending, shown, hits, places = frozenset().union(*winners.values()), dict[str, datetime](), 0, 0
    for moment in _live(series):
        top = ranked(moment, order)[:TOP]
        for story in top:
            shown.setdefault(story, moment.at)
        if moment.at.date() in complete:
            hits, places = hits + len(ending.intersection(top)), places + len(top)
    waits = [min(shown[one] - series[one][0][0], NEVER) if one in shown else NEVER for one in sorted(wanted)]
    mean = sum(waits, timedelta()) / max(len(waits), 1)
    return Sights(delay=mean, precision=hits / max(places, 1), stories=len(waits))


def _winners(series: Series) -> dict[date, set[str]]:
    """Return the ten stories of each day of first sight that had most votes in the end."""
    days: dict[date, list[str]] = {}
    for story, seen in series.items():
        days.setdefault(seen[0][0].date(), []).append(story)
    return {day: set(sorted(held, key=lambda one: (-series[one][-1][1], one))[:TOP]) for day, held in days.items()}


def _live(series: Series) -> Iterator[Moment]:
    """Yield each moment at which anything was seen, with the stories first seen in the day before it."""
    by_start = sorted(series, key=lambda one: (series[one][0][0], one))
    starts = [series[one][0][0] for one in by_start]
    points = {one: tuple((at, votes) for at, votes, _ in series[one]) for one in by_start}
    for at in sorted({at for seen in series.values() for at, *_ in seen}):
        fresh = by_start[bisect_right(starts, at - DAY) : bisect_right(starts, at)]
        yield Moment(id=at.isoformat(), at=at, stories=tuple(_known(one, points[one], at) for one in fresh))


def _known(story: str, points: tuple[tuple[datetime, int], ...], at: datetime) -> Story:
    seen = points[: bisect_right(points, at, key=lambda point: point[0])]
    return Story(id=story, start=points[0][0], seen=seen)


def offers(moments: Sequence[Moment], series: Series, ending: Mapping[str, AbstractSet[str]], order: Order) -> Offers:
    """Return how well late bloomers are offered: at each moment, of the stories that the lists of the last hours
    (`SOON`) passed over, those that grew far beyond expectation, each once. `ending` is the judgement, used to count.
    """
    at = {moment.at: moment for moment in moments}
    passed = {moment.at: set(ranked(moment, order)[TOP:]) for moment in moments}
    told: dict[str, datetime] = {}
    rounds = 0
    for now in sorted(at):
        past = [then for then in at if now - SOON <= then < now]
        rounds += bool(past)
        told.update(dict.fromkeys(_bloomed(series, passed, sorted(past), told, now), now))
    missed = [
        (moment.at, story)
        for moment in moments
        if moment.at + SOON in at
        for story in ending.get(moment.id, ())
        if story in passed[moment.at]
    ]
    offered = sum(story in told and told[story] <= then + SOON for then, story in missed)
    return Offers(missed=len(missed), offered=offered, each=len(told) / max(rounds, 1))


def _bloomed(
    series: Series,
    passed: Mapping[datetime, AbstractSet[str]],
    past: Sequence[datetime],
    told: Mapping[str, datetime],
    now: datetime,
) -> list[str]:
    found: dict[str, int] = {}
    for then in reversed(past):
        for story in passed[then] - told.keys():
            seen: Points = [(at, votes) for at, votes, _ in series[story] if at <= now]
            grown = growth(seen, SignalKind.UPVOTES, passed=then)
            if grown and grown.far:
                found[story] = grown.now
    return sorted(found, key=lambda one: (-found[one], one))[:LIMIT]
