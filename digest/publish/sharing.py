"""Limits that hold over all processes that send for a site: each takes its share, and knows who else does.

A sender holds a place, a lease in the store, and looks there before its mails who else holds one. A limit is so many
mails in a window (`flow.Bucket`); those are dealt out to the places in turn, so that all together never exceed it, and
miss none of it, whatever moments each chooses. Windows add up without a common clock; the wall clock only tells that a
place was given up.

Whoever comes waits until each other must have seen it, and until what they sent before is out of the window; whoever
goes, or dies, is counted for a window longer. A limit of one mail in a window cannot be shared: others stand by.
What relays and receivers that say "slower" taught a process stays its own: who is too fast for them is told so, too.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil, inf
from typing import Protocol

from digest.publish.flow import Limits

# Nobody sends on what he saw longer ago, in seconds.
LOOK = 0.5
# A sender that says nothing is gone after this and a window. It says so each third; after two thirds it begins anew.
LEASE = timedelta(seconds=15)
MOST = 100
_SECOND = timedelta(seconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)
_NAMES = "sender/"


def share(rate: float, rank: int, senders: int) -> float:
    """Return the part of a limit that the sender of a rank, from 0, may take; its window is that of the whole."""
    mails = _mails(rate)
    return rate * (mails // senders + (rank < mails % senders)) / mails


def shared(limits: Limits, rank: int, senders: int) -> Limits:
    """Return the share of each limit."""
    return Limits(**{name: share(rate, rank, senders) for name, rate in _set(limits).items()})


def places(limits: Limits) -> int:
    """Return how many can share all limits: each needs a mail of each window."""
    return min([MOST, *map(_mails, _set(limits).values())])


def window(limits: Limits) -> float:
    """Return how many seconds the longest window has."""
    return max((_mails(rate) / rate for rate in _set(limits).values()), default=0.0)


def _mails(rate: float) -> int:
    return max(1, ceil(rate))


def _set(limits: Limits) -> dict[str, float]:
    found = {"together": limits.together, "relay": limits.relay, "receiver": limits.receiver}
    return {name: rate for name, rate in found.items() if rate is not None}


class Leases(Protocol):
    """Where the senders of a site see each other; the store's promises."""

    def take_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> int | None: ...

    def drop_lease(self, name: str, *, holder: str, now: datetime) -> None: ...

    def leases(self, prefix: str, *, now: datetime) -> list[str]: ...


class Share:
    """What this process may take of the limits. `now` tells whole seconds, `clock` never goes back."""

    def __init__(
        self, leases: Leases, now: Callable[[], datetime], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._leases, self._now, self._clock = leases, now, clock
        self._holder = secrets.token_hex(8)
        self._number: int | None = None
        self._held = self._seen = _NEVER
        self._looked = self._opens = -inf
        self._window, self._used = 0.0, False

    @property
    def stands_by(self) -> bool:
        """Say whether the last look found all places taken."""
        return self._opens == inf

    @property
    def stale(self) -> bool:
        """Say whether to look again; asleep, only the wall clock goes on."""
        return self._clock() - self._looked >= LOOK or abs(self._now() - self._seen) > _SECOND

    def opens(self, now: float) -> float:
        """Return when mail may go by what the last look found; `inf` while there is no place."""
        self._used |= self._opens <= now
        return max(now, self._opens)

    def look(self, limits: Limits) -> Limits | None:
        """Hold the place, and return the share of the limits; None if there is no place. Raises StoreError."""
        # What others do from here on may be missed; and a look that fails is none.
        self._looked, looked = -inf, self._clock()
        found = self._found(limits)
        self._looked = looked
        return found

    def _found(self, limits: Limits) -> Limits | None:
        self._seen, self._window = self._now(), window(limits)
        if not self._window:
            self._opens = -inf
            return limits
        living = self._living()
        new = self._number not in living or not timedelta() <= self._seen - self._held < LEASE * 2 / 3
        if new or self._seen - self._held >= LEASE / 3:
            before = self._number
            self._take(places(limits), living)
            new |= self._number != before
            living = self._living()
        rank = living.index(self._number) if self._number in living else inf
        if rank >= places(limits):
            # Others may also have a place by settings of before, which let more share.
            self.leave()
            self._opens = inf
            return None
        if new:
            self._opens = self._clock() + 2 * LOOK + self._window if len(living) > 1 else -inf
        return shared(limits, int(rank), len(living))

    def leave(self) -> None:
        """Give the place to the others, once what went is out of the window. Raises StoreError."""
        held, self._held, self._looked = self._held, _NEVER, -inf
        if held == _NEVER:
            return
        # Instants are kept to the second: one more, or a part of the window would be missing.
        gone = timedelta(seconds=ceil(self._window) + 1 if self._used else 0)
        self._used = False
        self._leases.drop_lease(f"{_NAMES}{self._number}", holder=self._holder, now=self._now() + gone)

    def _take(self, most: int, living: Sequence[int]) -> None:
        """Renew the lease of the own place, else take the first that is free."""
        free = (number for number in range(1, most + 1) if number not in living)
        own = [self._number] if self._number else []
        self._number = next((number for number in (*own, *free) if self._taken(number)), None)
        self._held = self._seen if self._number else _NEVER

    def _taken(self, number: int) -> bool:
        until = self._seen + LEASE + timedelta(seconds=ceil(self._window))
        name = f"{_NAMES}{number}"
        return self._leases.take_lease(name, holder=self._holder, now=self._seen, until=until) is not None

    def _living(self) -> list[int]:
        return sorted(int(name.removeprefix(_NAMES)) for name in self._leases.leases(_NAMES, now=self._seen))
