"""Late bloomers: papers that grew far beyond what their first day promised, after everybody had passed them by.

A daily list gets 70 % of its votes on day one; then votes grow 1.15, 1.30, 1.33 and 1.40 times in 1, 2, 4 and 16 more
days (medians over 9,876 papers; one in ten grows 2.6 times, one in a hundred 12 times). About three papers a month come
to the top so late that no daily mail ever shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec.structs import replace

from digest.model import Paper, PaperId, Phrase, Pick, Signal, SignalKind, Value, phrase
from digest.rank.trend import Points, points

# How votes usually grow from the end of the first day on.
USUAL = ((0.0, 1.0), (1.0, 1.15), (2.0, 1.30), (4.0, 1.33), (16.0, 1.40))
DAY = timedelta(days=1)
# Three times what was expected, as if a quarter of the least had been there before: 1 vote may become 12 by chance.
FAR = 3.0
# What is worth telling: 19 votes are the upper quarter of a list's first day.
LEAST = {SignalKind.UPVOTES: 20, SignalKind.STARS: 100}
# Below it nothing is told, whatever counts it.
DOUBTFUL = min(LEAST.values())
LIMIT = 2
# Who has not bloomed by then is history.
HORIZON = timedelta(days=90)


class Growth(Value):
    """How a paper grew: `then` was counted on its first day, `now` last, and `expected` is what is usual by now."""

    kind: SignalKind
    then: int
    now: int
    expected: float

    @property
    def surprise(self) -> float:
        """How many times more than expected, with some to begin with, so that small numbers prove nothing."""
        some = LEAST[self.kind] / 4
        return (self.now + some) / (self.expected + some)

    @property
    def far(self) -> bool:
        """Whether this is worth telling."""
        return self.now >= LEAST[self.kind] and self.surprise >= FAR

    @property
    def reason(self) -> Phrase:
        """The numbers as a phrase."""
        if self.kind is SignalKind.STARS:
            return phrase(
                "{n} star on its first day, {now} now",
                "{n} stars on its first day, {now} now",
                n=self.then,
                now=self.now,
            )
        return phrase(
            "{n} upvote on its first day, {now} now",
            "{n} upvotes on its first day, {now} now",
            n=self.then,
            now=self.now,
        )


def usual(age: timedelta) -> float:
    """Return how many times its first day's votes a paper usually has, so long after that day."""
    days = age / DAY
    for (start, low), (end, high) in pairwise(USUAL):
        if days <= end:
            return low + (high - low) * max(0.0, days - start) / (end - start)
    return USUAL[-1][1]


def growth(seen: Points, kind: SignalKind, *, passed: datetime) -> Growth | None:
    """Return how numbers grew since `passed`, or None if there are none from before or none from after."""
    before = [number for moment, number in seen if moment <= passed]
    last, now = seen[-1] if seen else (passed, 0)
    if not before or last <= passed:
        return None
    return Growth(kind=kind, then=before[-1], now=now, expected=before[-1] * usual(last - passed))


def bloom(paper: Paper, series: Iterable[Signal], *, at: datetime) -> Growth | None:
    """Return the most surprising growth of a paper since its first day, if any number of it grew far."""
    held = list(series)
    passed = paper.fresh_from + DAY
    found = [growth(seen, kind, passed=passed) for kind in LEAST for _, seen in sorted(points(held, kind, at).items())]
    return max((one for one in found if one and one.far), key=lambda one: one.surprise, default=None)


def first(found: Iterable[tuple[PaperId, Growth]]) -> list[PaperId]:
    """Return the late bloomers in their order: those that are largest now, measured by what is worth telling."""
    return [paper_id for paper_id, _ in sorted(found, key=lambda one: (-one[1].now / LEAST[one[1].kind], one[0]))]


def offered(
    fitting: Iterable[Pick], grown: Mapping[PaperId, Growth], *, relevance: float, limit: int = LIMIT
) -> tuple[Pick, ...]:
    """Return the late bloomers that a topic is offered, each with its numbers as the first reason.

    The gate is their relevance alone, as their freshness is long gone.
    """
    good = {pick.paper.id: pick for pick in fitting if _relevance(pick) >= relevance}
    order = first((paper_id, grown[paper_id]) for paper_id in good)[:limit]
    return tuple(_told(good[paper_id], grown[paper_id], rank) for rank, paper_id in enumerate(order, 1))


def _relevance(pick: Pick) -> float:
    return next((part.value for part in pick.parts if part.name == "relevance"), pick.score)


def _told(pick: Pick, growth: Growth, rank: int) -> Pick:
    return replace(pick, rank=rank, reasons=(growth.reason, *pick.reasons))
