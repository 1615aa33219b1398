"""How fast mail flows: exact limits that compose, and what a relay or receiver that says "slower" bears. Pure.

Instants are seconds of a clock that never goes back, rates are mails a second; None is no limit.
"""

from __future__ import annotations

from collections import deque
from datetime import date, timedelta
from itertools import takewhile
from math import ceil, inf

from digest.model import Value
from digest.publish.answers import REST, Answer, Cause, Verdict
from digest.publish.promises import Promises

# A sender that comes late makes up for so much of it, lest each lost millisecond add to the next.
SLACK = 0.05
# What a receiver took of late tells its pace; what was under way when it said "slower" tells nothing.
MEASURED, SETTLED = 5.0, 1.0
# Just under what it took at first; a rate that was borne for a while is followed by a higher one: half way to what was
# too fast, and beyond that, after a longer while, by a little, which doubles as long as it is borne.
BELOW, AGAIN, HELD = 0.97, 3.0, 10.0
NEAR, LESS, FIRST_PROBE, PROBE, LARGEST_PROBE = 1.02, 0.93, 0.1, 0.02, 0.5
FLOOR = 0.2
# After a rest: one mail at a time, and one more each minute.
WIDER = 60.0
WIDEST = 50
LONGEST_REST = 8 * REST
# RFC 5321, 4.5.3.2.6: no mail is under way for longer.
FORGOTTEN = 600.0
MANY = 1000
# A new sender's mail grows by half a day; Gmail asks that it does not double suddenly.
GROWTH, WARM = 1.5, timedelta(days=30)


class Bucket:
    """An exact limit: mails come evenly, and in no second, wherever it begins, more than the rate (if that is not
    whole: than the next whole number in the time that so many take).
    """

    def __init__(self, rate: float | None) -> None:
        self._next = -inf
        self._taken: deque[float] = deque(maxlen=0)
        self.rate = rate

    @property
    def rate(self) -> float | None:
        return self._rate

    @rate.setter
    def rate(self, rate: float | None) -> None:
        self._rate = rate
        self._count = max(1, ceil(rate)) if rate else 0
        # Who went slower for a moment must not forget what went before.
        self._taken = deque(self._taken, maxlen=max(self._count, self._taken.maxlen or 0))

    def opens(self, now: float) -> float:
        """Return when the next mail may go, at the earliest."""
        if not self._rate:
            return now
        full = len(self._taken) >= self._count
        return max(now, self._next, self._taken[-self._count] + self._count / self._rate if full else now)

    def quiet(self, now: float) -> bool:
        """Say whether a new bucket would do as well."""
        return not self._rate or not self._taken or now - self._taken[-1] > self._count / self._rate

    def take(self, now: float) -> None:
        """Count a mail that goes now."""
        if self._rate:
            self._next = max(self._next, now - SLACK) + 1 / self._rate
            self._taken.append(now)


class Flow:
    """Mail through one relay or to one receiver: its limit, and less while it says "slower".

    A throttled mail slows the flow to what was borne last, and it feels its way up again from there. When the receiver
    names a rest, nothing goes until it is over, then one mail at a time at half the pace, and one more each minute; a
    repeated rest is twice as long.
    """

    def __init__(self, limit: float | None = None) -> None:
        self._limit = limit
        self._learnt: float | None = None
        self._bucket = Bucket(limit)
        self._taken: deque[float] = deque(maxlen=20_000)
        self._under_way: deque[float] = deque()
        self._begun: float | None = None
        self._changed = -inf
        self._held = AGAIN
        self._good: float | None = None
        self._bad: float | None = None
        self._probe = FIRST_PROBE
        self._closed_until, self._rest = -inf, timedelta()
        self._width: int | None = None
        self._widened = -inf
        self._promises = Promises()

    @property
    def rate(self) -> float | None:
        """How many mails a second may go now."""
        return self._bucket.rate

    @property
    def width(self) -> int | None:
        """How many mails may be under way at once."""
        return self._width

    def limit(self, rate: float | None) -> None:
        """Set the limit anew, as a warm-up does each day; what was learnt stays, also while the limit is less."""
        if rate != self._limit:
            self._limit = rate
            self._bucket.rate = self._least()

    def opens(self, now: float, *, letter: bool = False) -> float:
        """Return when the next mail may go; `inf` while as many are under way as may be."""
        if self._width is not None:
            self._forget(now)
            if len(self._under_way) >= self._width:
                return inf
        opens = max(self._bucket.opens(now), self._closed_until)
        return opens if letter or not self._promises else self._promises.left(opens, self._gap, now)

    def take(self, now: float, *, letter: bool = False) -> None:
        """Count a mail that begins now."""
        if letter:
            self._promises.came()
        self._begun = now if self._begun is None else self._begun
        self._bucket.take(now)
        if self._width is not None:
            self._under_way.append(now)

    def ended(self) -> None:
        """Count a mail that is not under way any more, however it ended."""
        if self._under_way:
            self._under_way.popleft()

    def idle(self, now: float) -> bool:
        """Say whether a new flow would do as well."""
        return self._good is None and self._width is None and self._bucket.quiet(now)

    def promise(self, now: float, *, letter: bool = False) -> float:
        """Return when a mail that cannot wait here should come back: a letter's opening is kept for it."""
        opens = self.opens(now, letter=letter)
        opens = now + self._gap if opens == inf else opens
        return self._promises.letter(opens, self._gap) if letter else self._promises.digest(opens, self._gap, now)

    @property
    def _gap(self) -> float:
        return 1 / (self.rate or 1)

    def heard(self, found: Answer, now: float) -> None:
        """Learn from an answer."""
        if found.cause is Cause.THROTTLE:
            self._slow(found.wait, now)
        elif found.verdict in {Verdict.SENT, Verdict.REFUSED}:
            self._taken.append(now)
            self._quicken(now)

    def _slow(self, wait: timedelta | None, now: float) -> None:
        if now < self._closed_until or (wait is None and self._good and now - self._changed < SETTLED):
            return
        self._good, self._bad = self._borne(now)
        if wait is not None:
            self._close(wait, now)
        self._changed = max(now, self._closed_until)
        self._set(self._good)

    def _borne(self, now: float) -> tuple[float, float | None]:
        """Return which rate to fall back to, and which was too fast."""
        measured = self._measured(now, MEASURED)
        if self._good is None or self.rate is None:
            return max(FLOOR, min(measured * BELOW, self.rate or inf)), None
        self._held, self._probe = HELD, PROBE
        if self.rate > self._good:
            return self._good, self.rate
        return max(FLOOR, min(self._good * LESS, max(measured, self._good / 2))), self._good

    def _close(self, wait: timedelta, now: float) -> None:
        self._rest = min(max(wait, 2 * self._rest), max(wait, LONGEST_REST))
        self._closed_until = now + self._rest.total_seconds()
        self._width, self._widened = 1, self._closed_until
        self._good, self._bad = max(FLOOR, (self._good or 0) / 2), self._good

    def _quicken(self, now: float) -> None:
        self._widen(now)
        since = now - self._changed
        if self._good is None or self.rate is None or since < self._held or not self._used(now):
            return
        # At less than it bears nothing is learnt.
        if self._limit is not None and self._learnt is not None and self._learnt >= self._limit:
            return
        far = self._bad is not None and self._bad > self.rate * NEAR
        # Who asked for a rest is not tried again beyond what was too fast, until mail is as wide as it was.
        if self._bad is not None and not far and (self._rest or since < HELD):
            return
        self._good, self._changed, self._held = self.rate, now, AGAIN
        self._set(self._half_way() if far else self._beyond())

    def _half_way(self) -> float:
        rate = self._good or FLOOR
        return min((rate + (self._bad or rate)) / 2, rate * (1 + LARGEST_PROBE))

    def _beyond(self) -> float:
        step, self._probe, self._bad = self._probe, min(2 * self._probe, LARGEST_PROBE), None
        return (self._good or FLOOR) * (1 + step)

    def _widen(self, now: float) -> None:
        if self._width is not None and now - self._widened >= WIDER:
            self._width, self._widened = self._width + 1, now
            if self._width > WIDEST:
                self._width, self._rest = None, timedelta()

    def _set(self, rate: float | None) -> None:
        # A flow that bears its limit again has only that.
        if self._limit is not None and (rate is None or rate >= self._limit):
            rate, self._good, self._bad = None, None, None
        self._learnt = rate
        self._bucket.rate = self._least()

    def _least(self) -> float | None:
        return min((one for one in (self._learnt, self._limit) if one is not None), default=None)

    def _measured(self, now: float, span: float) -> float:
        """Return how many mails a second were taken of late."""
        began = max(now - span, self._begun if self._begun is not None else now)
        late = takewhile(lambda at: at >= began, reversed(self._taken))
        return sum(1 for _ in late) / max(now - began, SETTLED)

    def _used(self, now: float) -> bool:
        """Say whether as much went as may, or else nothing was learnt."""
        return self._measured(now, min(MEASURED, now - self._changed)) >= 0.7 * (self.rate or 0)

    def _forget(self, now: float) -> None:
        while self._under_way and now - self._under_way[0] > FORGOTTEN:
            self._under_way.popleft()


class Limits(Value):
    """Mails a second: of all together, through each relay, and to each receiver."""

    together: float | None = None
    relay: float | None = None
    receiver: float | None = None


class Flows:
    """All flows of a site's mail, which a mail must pass together."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._together = Flow(self._limits.together)
        self._relays: dict[str, Flow] = {}
        self._receivers: dict[str, Flow] = {}

    def limit(self, limits: Limits) -> None:
        """Set the limits anew; what was learnt stays."""
        self._limits = limits
        self._together.limit(limits.together)
        for flow in self._relays.values():
            flow.limit(limits.relay)
        for flow in self._receivers.values():
            flow.limit(limits.receiver)

    def most(self, span: timedelta) -> float:
        """Return how many mails can go in a span, as far as the limits say."""
        rates = [one for one in (self._limits.together, self._limits.relay) if one is not None]
        return min(rates, default=inf) * span.total_seconds()

    @property
    def by_receiver(self) -> bool:
        """Say whether receivers have a limit, so that it matters which domains are one receiver."""
        return self._limits.receiver is not None

    def receiver(self, name: str, now: float) -> Flow | None:
        """Return the flow to a receiver, None if it knows no limit."""
        return self._receivers.get(name) if self._limits.receiver is None else self._kept(name, now)

    def through(self, relay: str, receiver: str, now: float) -> list[Flow]:
        """Return the flows that a mail must pass."""
        passed = [self._together, self._relay(relay)]
        return [*passed, last] if (last := self.receiver(receiver, now)) else passed

    def heard(self, relay: str, receiver: str, found: Answer | None, now: float) -> None:
        """Learn from how a mail ended; None if it was not begun."""
        passed = self.through(relay, receiver, now)
        for flow in passed:
            flow.ended()
        if found is None:
            return
        if found.cause is not Cause.THROTTLE:
            for flow in passed:
                flow.heard(found, now)
        elif found.of_receiver:
            self._kept(receiver, now).heard(found, now)
        else:
            self._relay(relay).heard(found, now)

    def _relay(self, name: str) -> Flow:
        return self._relays.get(name) or self._relays.setdefault(name, Flow(self._limits.relay))

    def _kept(self, name: str, now: float) -> Flow:
        found = self._receivers.get(name)
        if found is None:
            if len(self._receivers) >= MANY:
                self._receivers = {known: flow for known, flow in self._receivers.items() if not flow.idle(now)}
            found = self._receivers[name] = Flow(self._limits.receiver)
        return found


def warm_rate(first: float, began: date, today: date) -> float | None:
    """Return the rate of a sender that began on a day: half as much again each day, for 30 days; None afterwards."""
    days = (today - began).days
    return None if days >= WARM.days else first * GROWTH ** max(days, 0)
