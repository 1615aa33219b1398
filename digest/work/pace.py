"""How fast a service is asked, how long it rests, and when it is asked about a paper again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.model import MeterHealth, Reading, SignalKind
from digest.sources.signals import Limit
from digest.work.manners import Jitter

FIRST_REST, LAST_REST = timedelta(minutes=5), timedelta(hours=6)
# However long a service asks for: a slip must not silence it for ever.
LONGEST_REST = timedelta(days=1)
# A paper that the service does not know is looked for after three times its age, as new preprints come late.
PATIENCE, FIRST_PATIENCE = 3, timedelta(hours=6)
# A look that comes late takes the place of the next one, unless that is a quarter of the paper's age away.
SPACING = 1.25
# After its last look a paper is looked at again as long as a number grows by a tenth from one to the next.
GROWTH, LONGEST_WATCH = 0.1, timedelta(days=120)


def allowance(health: MeterHealth, limit: Limit, now: datetime) -> int:
    """Return how many questions a service may be asked at once now: in any span at most burst + span / every.

    This is the generic cell rate algorithm (ITU-T I.371): `free_at` runs ahead of the clock by one `every` a question.
    """
    if health.rests_until and now < health.rests_until:
        return 0
    ahead = max((health.free_at or now) - now, timedelta(0))
    return max(0, (limit.burst * limit.every - ahead) // limit.every)


def reserved(health: MeterHealth, limit: Limit, now: datetime, *, questions: int) -> MeterHealth:
    """Return the health of a service that is about to be asked so many questions."""
    return replace(health, free_at=max(health.free_at or now, now) + questions * limit.every)


def after_answers(health: MeterHealth, now: datetime, *, wait: timedelta | None) -> MeterHealth:
    """Return the health after answers that could be read; `wait` is until its limit begins anew, if it is used up."""
    rests_until = now + min(wait, LONGEST_REST) if wait else None
    return replace(health, rests_until=rests_until, failures=0, last_ok=now, last_error=None)


def after_trouble(
    health: MeterHealth, why: str, now: datetime, *, jitter: Jitter, wait: timedelta | None
) -> MeterHealth:
    """Return the health after a failure: it rests 5 minutes, doubled each time up to 6 hours, or as long as it says."""
    failures = health.failures + 1
    rest = jitter(min(FIRST_REST * 2 ** min(failures - 1, 10), LAST_REST))
    rests_until = now + min(max(rest, wait or timedelta()), LONGEST_REST)
    return replace(health, rests_until=rests_until, failures=failures, last_error=why)


def at_once(health: MeterHealth, most: int) -> int:
    """Return how many papers a question may hold: half as many after each failure, until the one that spoils it is
    alone.
    """
    return max(1, most >> health.failures)


def after_look(
    reading: Reading, numbers: Mapping[SignalKind, int] | None, now: datetime, looks: tuple[timedelta, ...]
) -> Reading:
    """Return a reading after an answer; `numbers` is None if the service does not know the paper."""
    age, unknown = now - reading.since, numbers is None
    least = max(age * PATIENCE, FIRST_PATIENCE) if unknown else age * SPACING
    later = (look for look in looks if look > age and look >= least)
    look = next(later, None)
    next_at = reading.since + look if look else None
    if next_at is None and numbers and _grows(reading.numbers, numbers) and age < LONGEST_WATCH:
        next_at = now + (looks[-1] - looks[-2])
    return replace(reading, next_at=next_at, unknown=unknown, numbers={**reading.numbers, **(numbers or {})})


def _grows(before: Mapping[SignalKind, int], after: Mapping[SignalKind, int]) -> bool:
    return any(value > before.get(kind, 0) * (1 + GROWTH) for kind, value in after.items())
