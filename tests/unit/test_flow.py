"""How fast mail flows, in virtual time: exact limits, and what a receiver that says "slower" bears."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.publish.answers import Answer, Verdict, answer
from digest.publish.flow import LONGEST_REST, Bucket, Flow, warm_rate

TAKEN = answer(250, "2.0.0 ok")
SLOWER = answer(421, "4.7.0 too many messages")
REST = answer(421, "4.7.28 unusual rate")
MINUTE = 60.0

Receiver = Callable[[float], Answer]


def gone(bucket: Bucket, until: float, late: Callable[[], float] = lambda: 0.0) -> list[float]:
    """Return when mails go if there is always one more, each so much later than it might."""
    now, found = 0.0, []
    while now < until:
        now = bucket.opens(now) + late()
        while (opens := bucket.opens(now)) > now:
            now = opens
        bucket.take(now)
        found.append(now)
    return found


def most(times: list[float], span: float = 1.0) -> int:
    """Return the largest number of mails in a span, wherever it begins."""
    return max(bisect_left(times, at + span - 1e-9) - first for first, at in enumerate(times))


@pytest.mark.parametrize("rate", [1, 14, 100, 1000])
@pytest.mark.parametrize("lateness", [0.0, 0.002])
def test_a_limit_is_kept_within_two_percent_and_in_no_second_exceeded(rate: int, lateness: float) -> None:
    die = Random(rate)
    times = gone(Bucket(rate), 60, lambda: die.uniform(0, lateness))
    assert rate * 0.98 <= len(times) / times[-1] <= rate * 1.02 + 1 / 60
    assert most(times) <= rate


@given(st.floats(0.05, 60), st.lists(st.floats(0, 3), max_size=80))
def test_however_mails_come_no_span_holds_more_than_the_limit(rate: float, gaps: list[float]) -> None:
    bucket, now, times = Bucket(rate), 0.0, []
    for gap in gaps:
        now = bucket.opens(now + gap)
        bucket.take(now)
        times.append(now)
    count = max(1, -int(-rate // 1))
    assert all(later - at >= count / rate - 1e-6 for at, later in zip(times, times[count:], strict=False))


def test_a_limit_that_is_slower_than_a_second_spaces_evenly() -> None:
    assert gone(Bucket(100 / 3600), 100) == pytest.approx([0, 36, 72, 108])


def test_idle_time_is_not_saved_up() -> None:
    bucket, times = Bucket(10), []
    for idle in (0, 100, 5000):
        for _ in range(5):
            bucket.take(now := bucket.opens(idle))
            times.append(now - idle)
    assert times == pytest.approx(3 * [0, 0.05, 0.15, 0.25, 0.35])


def test_a_limit_that_was_less_for_a_moment_is_no_more_afterwards() -> None:
    bucket, times, now = Bucket(100), list[float](), 0.0
    for number in range(120):
        if number == 50:
            bucket.rate = 10
            bucket.rate = 100
        now = bucket.opens(now)
        bucket.take(now)
        times.append(now)
    assert most(times) <= 100


def test_no_limit_is_no_wait() -> None:
    assert Bucket(None).opens(7.0) == 7.0


def run(
    flows: list[Flow], receiver: Receiver, *, until: float, connections: int = 10, round_trip: float = 0.02
) -> list[tuple[float, Answer]]:
    """Return what a receiver answered and when, to connections that send all they may."""
    free = [(0.0, number) for number in range(connections)]
    heard: list[tuple[float, Answer]] = []
    pending: list[tuple[float, int, Answer]] = []
    while free[0][0] < until:
        now, number = heapq.heappop(free)
        while pending and pending[0][0] <= now:
            at, _, found = heapq.heappop(pending)
            for flow in flows:
                flow.ended()
                flow.heard(found, at)
            heard.append((at, found))
        opens = max(flow.opens(now) for flow in flows)
        if opens > now:
            heapq.heappush(free, (min(opens, now + 0.01 if opens > now + 9e9 else opens), number))
            continue
        for flow in flows:
            flow.take(now)
        done = now + round_trip
        heapq.heappush(pending, (done, len(heard) + number, receiver(now + round_trip / 2)))
        heapq.heappush(free, (done, number))
    return heard


class Counting:
    """A receiver that takes so many in each second of its clock, and says "slower" to the rest."""

    def __init__(self, rate: float, refusal: Answer = SLOWER) -> None:
        self.rate, self.refusal, self.second, self.count = rate, refusal, -1, 0

    def __call__(self, now: float) -> Answer:
        if int(now) != self.second:
            self.second, self.count = int(now), 0
        self.count += 1
        return TAKEN if self.count <= self.rate else self.refusal


class Leaking:
    """A receiver that takes mails at a rate, and a few at once; one that is offended takes none for a second."""

    def __init__(self, rate: float, burst: float, offended: float = 0.0) -> None:
        self.rate, self.burst, self.offended = rate, burst, offended
        self.tokens, self.at, self.sulks = burst, 0.0, 0.0

    def __call__(self, now: float) -> Answer:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if now < self.sulks:
            return SLOWER
        if self.tokens < 1:
            self.sulks = now + self.offended
            return SLOWER
        self.tokens -= 1
        return TAKEN


def rate_of(heard: list[tuple[float, Answer]], verdict: Verdict, since: float, until: float) -> float:
    return sum(1 for at, found in heard if since <= at < until and found.verdict is verdict) / (until - since)


@pytest.mark.parametrize("rate", [3, 14, 100])
@pytest.mark.parametrize("kind", ["counting", "leaking", "bursting", "offended"])
def test_a_receiver_that_says_slower_gets_what_it_bears_within_a_minute(rate: int, kind: str) -> None:
    receivers: dict[str, Receiver] = {
        "counting": Counting(rate),
        "leaking": Leaking(rate, max(2, rate / 10)),
        "bursting": Leaking(rate, 2 * rate),
        "offended": Leaking(rate, rate, offended=1.0),
    }
    heard = run([Flow()], receivers[kind], until=3 * MINUTE)
    assert 0.9 * rate <= rate_of(heard, Verdict.SENT, MINUTE, 3 * MINUTE) <= rate * 1.01
    slowed = rate_of(heard, Verdict.TEMPORARY, MINUTE, 3 * MINUTE)
    assert slowed <= (0.12 if kind == "offended" else 0.04) * rate
    assert not any(found.verdict is Verdict.REFUSED for _, found in heard)


def test_a_receiver_that_bears_more_by_now_gets_more() -> None:
    receiver = Counting(10)
    flow = Flow()
    run([flow], receiver, until=MINUTE)
    receiver.rate = 40
    assert rate_of(run_on(flow, receiver, since=MINUTE), Verdict.SENT, 2 * MINUTE, 3 * MINUTE) >= 36


def run_on(flow: Flow, receiver: Receiver, *, since: float) -> list[tuple[float, Answer]]:
    heard = []
    for _ in range(200_000):
        since = max(since + 0.002, flow.opens(since))
        if since > 3 * MINUTE:
            break
        flow.take(since)
        flow.ended()
        found = receiver(since)
        flow.heard(found, since)
        heard.append((since, found))
    return heard


def test_a_throttle_never_lifts_the_limit() -> None:
    heard = run([Flow(20)], Counting(14), until=2 * MINUTE)
    assert 0.9 * 14 <= rate_of(heard, Verdict.SENT, MINUTE, 2 * MINUTE) <= 14
    calm = run([Flow(20)], Counting(99), until=MINUTE)
    assert most([at for at, _ in calm]) <= 20


def test_what_was_learnt_outlives_a_limit_that_is_less_for_a_while() -> None:
    flow, found = Flow(100), Counting(14)
    run([flow], found, until=MINUTE)
    learnt = flow.rate
    assert learnt is not None
    assert learnt < 20
    flow.limit(5)
    assert flow.rate == 5
    flow.limit(100)
    assert flow.rate == learnt


def test_limits_compose() -> None:
    together, narrow = Flow(20), Flow(5)
    heard = run([together, narrow], Counting(99), until=20)
    assert rate_of(heard, Verdict.SENT, 0, 20) == pytest.approx(5, abs=0.11)
    assert most([at for at, _ in heard]) <= 5


def test_who_asks_for_a_rest_gets_ten_minutes_then_one_mail_at_a_time_and_one_more_each_minute() -> None:
    flow, limit = Flow(), 50
    receiver = Counting(limit, REST)
    began = run([flow], receiver, until=1)
    stopped = next(at for at, found in began if found is REST)
    assert flow.opens(stopped + 1) == pytest.approx(stopped + 600)
    assert flow.width == 1
    back = stopped + 600
    widths = {}
    for second in range(200):
        now = flow.opens(back + second)
        flow.take(now)
        assert flow.opens(now) > now or flow.width != 1
        flow.ended()
        flow.heard(TAKEN, now)
        widths[second // 60] = flow.width
    assert [widths[minute] for minute in (0, 1, 2)] == [1, 2, 3]


@pytest.mark.parametrize("rate", [3, 14, 40])
def test_within_a_minute_after_a_rest_a_receiver_gets_nine_tenths_of_what_it_bears_and_asks_for_no_other(
    rate: int,
) -> None:
    heard = run([Flow()], Counting(rate, REST), until=15 * MINUTE, connections=4)
    assert 0.9 * rate <= rate_of(heard, Verdict.SENT, 11 * MINUTE, 15 * MINUTE) <= rate
    assert not any(found is REST for at, found in heard if at > MINUTE)
    assert not any(MINUTE < at < 10 * MINUTE for at, _ in heard)


def test_a_second_rest_is_longer_and_none_is_endless() -> None:
    flow, now, rests = Flow(), 0.0, []
    for _ in range(6):
        flow.take(now)
        flow.ended()
        flow.heard(REST, now)
        rests.append(timedelta(seconds=flow.opens(now) - now) / timedelta(minutes=1))
        now = flow.opens(now)
    assert rests == [10, 20, 40, 80, 80, 80]
    assert timedelta(minutes=80) == LONGEST_REST


def test_who_cannot_wait_is_told_to_come_back_one_after_the_other() -> None:
    flow = Flow(0.5)
    flow.take(0)
    assert [flow.promise(0) for _ in range(5)] == [2, 4, 6, 8, 10]


def test_who_comes_back_and_finds_no_turn_need_not_wait_for_all_that_were_told_to_come_later() -> None:
    flow = Flow(0.5)
    flow.take(0)
    assert [flow.promise(0) for _ in range(1000)][-1] == 2000
    flow.take(10)
    assert [flow.promise(10) for _ in range(3)] == [12, 14, 2002]


def test_a_mail_that_nobody_ended_does_not_close_a_flow_for_ever() -> None:
    flow = Flow()
    flow.heard(REST, 0)
    flow.take(600)
    assert flow.opens(700) > 9e9
    assert flow.opens(1300) == 1300


def test_a_new_sender_warms_up() -> None:
    first = date(2026, 11, 1)
    rates = [warm_rate(100, first, first + timedelta(days=days)) for days in (-1, 0, 1, 2, 29, 30)]
    assert rates[:4] == [100, 100, 150, 225]
    assert rates[4]
    assert rates[5] is None
