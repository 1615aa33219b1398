"""Senders that share limits, in virtual time: however they come, go, die, freeze and wake, all together keep them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Iterable
from datetime import datetime, timedelta
from math import ceil, inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from digest.errors import StoreError
from digest.model import Value
from digest.publish.flow import Flows, Limits
from digest.publish.pace import STANDBY, Pace
from digest.publish.receivers import Receivers
from digest.publish.sharing import LEASE, LOOK, MOST, Share, places, share, shared, window
from tests.factories import NOON
from tests.unit.test_mail_pace import RELAY, TAKEN, Time, unknown


class Table:
    """The leases of a store."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, datetime]] = {}
        self.writes = self.reads = 0

    def take_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> int | None:
        self.writes += 1
        other, ends = self.held.get(name, (holder, now))
        if other != holder and ends > now:
            return None
        self.held[name] = holder, until
        return 1

    def drop_lease(self, name: str, *, holder: str, now: datetime) -> None:
        if self.held[name][0] == holder:
            self.held[name] = holder, now

    def leases(self, prefix: str, *, now: datetime) -> list[str]:
        self.reads += 1
        return sorted(name for name, (_, until) in self.held.items() if name.startswith(prefix) and until > now)


class Life(Value):
    """When a sender comes, goes, dies, and stands still; `asleep`: its machine does, and with it its clock."""

    comes: float = 0.0
    goes: float = inf
    dies: float = inf
    stops: float = inf
    wakes: float = inf
    asleep: bool = False


class Sender:
    """A process that always has one mail more."""

    def __init__(self, life: Life, limits: Limits, time: Time, table: Table, *, connections: int = 3) -> None:
        self._life, self._limits, self._time, self._connections = life, limits, time, connections
        self.gone: list[float] = []
        self.share = Share(table, lambda: NOON + timedelta(seconds=int(time.now)), clock=self.clock)
        self._flows = Flows(limits)
        receivers = Receivers(unknown, clock=self.clock)
        self._pace = Pace(self._flows, receivers, gate=self._gate, clock=self.clock, sleep=self.sleep)

    def clock(self) -> float:
        slept = max(0.0, min(self._time.now, self._life.wakes) - self._life.stops) if self._life.asleep else 0
        return self._time.now - slept + 1e6 * self._life.comes

    async def sleep(self, span: float) -> None:
        at = self._time.now + span
        await self._time.sleep((self._life.wakes if self._life.stops <= at < self._life.wakes else at) - self._time.now)

    def _keep(self) -> None:
        if (found := self.share.look(self._limits)) is not None:
            self._flows.limit(found)

    def _gate(self, now: float) -> float:
        if self.share.stale:
            self._keep()
        return self.share.opens(now)

    def lives(self) -> list[Awaitable[None]]:
        return [self._connection() for _ in range(self._connections)]

    async def _connection(self) -> None:
        await self._time.sleep(self._life.comes)
        if self.share.stale:
            self._keep()
        while self._time.now < min(self._life.goes, self._life.dies):
            rest = await self._pace.turn(RELAY, "a.example")
            if self._time.now >= self._life.dies:
                break
            if rest is not None:
                await self.sleep(rest.total_seconds())
                continue
            self.gone.append(self._time.now)
            await self.sleep(0.02)
            self._pace.heard(RELAY, "a.example", TAKEN)
        self._connections -= 1
        if not self._connections and self._time.now < self._life.dies:
            self.share.leave()


def lived(limits: Limits, *lives: Life, until: float) -> list[Sender]:
    time, table = Time(), Table()
    senders = [Sender(replace(life, dies=min(life.dies, until)), limits, time, table) for life in lives]
    time.run(*(task for sender in senders for task in sender.lives()))
    return senders


def together(senders: Iterable[Sender]) -> list[float]:
    return sorted(at for sender in senders for at in sender.gone)


def most(times: list[float], span: float = 1.0) -> int:
    """Return the largest number of mails in a span, wherever it begins."""
    return max(bisect_left(times, at + span - 1e-6) - first for first, at in enumerate(times))


def between(times: list[float], first: float, last: float) -> float:
    """Return how many mails a second went."""
    return len([at for at in times if first <= at < last]) / (last - first)


@given(st.floats(0.01, 200), st.integers(1, 20))
def test_the_shares_of_a_limit_are_all_of_it_in_whole_mails_of_the_same_window(rate: float, senders: int) -> None:
    senders = min(senders, places(Limits(relay=rate)))
    shares = [share(rate, rank, senders) for rank in range(senders)]
    assert sum(shares) == pytest.approx(rate)
    assert sum(max(1, ceil(one)) for one in shares) == max(1, ceil(rate))
    assert all(ceil(one) / one == pytest.approx(window(Limits(relay=rate))) for one in shares if one > 1)


def test_each_limit_is_shared_and_the_smallest_says_among_how_many() -> None:
    limits = Limits(together=14, receiver=3)
    assert [shared(limits, rank, 3) for rank in range(3)] == [
        Limits(together=5, receiver=1),
        Limits(together=5, receiver=1),
        Limits(together=4, receiver=1),
    ]
    assert (places(limits), places(Limits(together=14, receiver=0.1)), places(Limits(relay=9e9))) == (3, 1, MOST)
    assert (window(limits), window(Limits(together=14, receiver=0.1))) == (1, 10)


@pytest.mark.parametrize("limits", [Limits(relay=14), Limits(together=15), Limits(relay=7.5), Limits(receiver=3)])
def test_two_senders_keep_a_limit_and_miss_none_of_it(limits: Limits) -> None:
    rate = limits.relay or limits.together or limits.receiver or 0
    times = together(lived(limits, Life(), Life(comes=5.2), until=60))
    assert most(times, ceil(rate) / rate) <= ceil(rate)
    assert between(times, 10, 60) == pytest.approx(rate, rel=0.02)


def test_who_comes_waits_until_the_others_know_and_then_has_as_much() -> None:
    one, other = lived(Limits(relay=14), Life(), Life(comes=10), until=40)
    assert other.gone[0] == pytest.approx(10 + 2 * LOOK + 1, abs=0.2)
    assert between(one.gone, 15, 40) == pytest.approx(7, rel=0.03)
    assert between(other.gone, 15, 40) == pytest.approx(7, rel=0.03)


def test_two_who_come_at_the_same_moment_keep_the_limit() -> None:
    senders = lived(Limits(relay=14), Life(), Life(), Life(), until=20)
    assert most(together(senders)) <= 14
    assert all(sender.gone for sender in senders)


def test_who_stays_gets_all_when_the_other_goes_once_his_mail_is_out_of_the_window() -> None:
    one, other = lived(Limits(relay=14), Life(), Life(comes=2, goes=15.5), until=40)
    assert most(together([one, other])) <= 14
    assert between(one.gone, 10, 15) == pytest.approx(7, rel=0.1)
    assert between(one.gone, 19, 40) == pytest.approx(14, rel=0.02)


def test_who_dies_is_counted_until_his_lease_ends() -> None:
    one, other = lived(Limits(relay=14), Life(), Life(comes=2, dies=15), until=60)
    assert most(together([one, other])) <= 14
    assert between(one.gone, 16, 20) == pytest.approx(7, rel=0.1)
    assert between(one.gone, 15 + LEASE.total_seconds() + 3, 60) == pytest.approx(14, rel=0.02)


@pytest.mark.parametrize("asleep", [False, True])
@pytest.mark.parametrize("span", [1, 8, 40])
def test_who_wakes_looks_before_the_next_mail_and_waits_for_those_who_thought_it_gone(
    *, asleep: bool, span: float
) -> None:
    woken = Life(comes=2, stops=20.05, wakes=20.05 + span, asleep=asleep)
    one, other = lived(Limits(relay=14), Life(), woken, until=40 + span)
    assert most(together([one, other])) <= 14
    assert between(other.gone, 25 + span, 40 + span) == pytest.approx(7, rel=0.05)
    if span > LEASE.total_seconds():
        assert between(one.gone, 20 + span - 5, 20 + span) == pytest.approx(14, rel=0.03)


def test_a_limit_that_cannot_be_shared_is_kept_while_others_stand_by_and_take_over() -> None:
    one, other = lived(Limits(relay=0.5), Life(goes=20), Life(comes=1), until=60)
    times = together([one, other])
    assert max(one.gone) + 2 <= min(other.gone) <= max(one.gone) + 2 + 1 + 1 + STANDBY.total_seconds()
    assert most(times, 2) <= 1
    assert between(one.gone, 0, 20) == pytest.approx(0.5)


def test_who_comes_after_one_that_died_keeps_also_a_window_that_is_long() -> None:
    senders = lived(Limits(relay=1 / 40), Life(dies=121), Life(comes=122), until=300)
    assert senders[1].gone
    assert most(together(senders), 40) <= 1


def test_a_sender_alone_waits_for_nobody_and_one_without_limits_asks_nobody() -> None:
    (alone,) = lived(Limits(relay=14), Life(), until=10)
    assert alone.gone[0] == 0
    assert between(alone.gone, 0, 10) == pytest.approx(14, rel=0.02)
    time, table = Time(), Table()
    senders = [Sender(Life(dies=1), Limits(), time, table) for _ in range(2)]
    time.run(*(task for sender in senders for task in sender.lives()))
    assert [sender.gone[0] for sender in senders] == [0, 0]
    assert (table.writes, table.reads) == (0, 0)


def test_the_next_round_of_a_lone_sender_waits_for_nobody_either() -> None:
    time, table = Time(), Table()
    own = Share(table, lambda: NOON, clock=time)
    for _ in range(3):
        assert own.look(Limits(relay=14)) == Limits(relay=14)
        assert own.opens(0) == 0
        own.leave()
    assert len(table.held) == 1


def test_who_sent_nothing_leaves_nothing_behind() -> None:
    time, table = Time(), Table()
    first, second = (Share(table, lambda: NOON, clock=time) for _ in range(2))
    first.look(Limits(relay=14))
    first.leave()
    assert second.look(Limits(relay=14)) == Limits(relay=14)
    assert second.opens(0) == 0


def test_a_look_is_a_read_and_a_place_is_renewed_in_good_time() -> None:
    time, table = Time(), Table()
    time.run(*Sender(Life(dies=60), Limits(relay=14), time, table).lives())
    assert table.reads <= 60 / LOOK + 60 / 5 + 2
    assert table.writes <= 60 / 5 + 1


@pytest.mark.parametrize("seed", range(12))
def test_however_senders_come_go_die_and_wake_the_limit_is_kept(seed: int) -> None:
    die = Random(seed)
    rate = die.choice([2, 5, 14, 7.5, 3.3])
    lives = []
    for _ in range(die.randint(2, 4)):
        comes, stops = die.uniform(0, 30), die.uniform(0, 60)
        goes, dies = (die.uniform(comes, 70) if die.random() < 0.3 else inf for _ in range(2))
        wakes = stops + die.choice([0.3, 0.7, 2, 9, 12, 15, 17, 30])
        lives.append(Life(comes=comes, goes=goes, dies=dies, stops=stops, wakes=wakes, asleep=die.random() < 0.5))
    times = together(lived(Limits(relay=rate), *lives, until=90))
    assert most(times, ceil(rate) / rate) <= ceil(rate)


def test_who_finds_no_place_gives_his_mail_back_at_once() -> None:
    time, rests = Time(), list[timedelta | None]()
    pace = Pace(Flows(), Receivers(unknown, clock=time), gate=lambda now: inf, clock=time, sleep=time.sleep)

    async def asks() -> None:
        rests.append(await pace.turn(RELAY, "a.example"))

    time.run(asks())
    assert (rests, time.now) == ([STANDBY], 0)


def test_who_has_a_place_by_older_settings_stands_by_when_fewer_can_share() -> None:
    time, table = Time(), Table()
    first, second, third = (Share(table, lambda: NOON, clock=time) for _ in range(3))
    assert [one.look(Limits(relay=14)) is None for one in (first, second, third)] == [False] * 3
    assert (third.look(Limits(relay=2)), third.stands_by) == (None, True)
    assert [one.look(Limits(relay=2)) for one in (first, second)] == [Limits(relay=1)] * 2


def test_whose_place_another_has_taken_begins_anew() -> None:
    time, table = Time(), Table()
    own, other = (Share(table, lambda: NOON + timedelta(seconds=int(time.now)), clock=time) for _ in range(2))
    assert own.look(Limits(relay=14)) == Limits(relay=14)
    table.held.clear()
    assert other.look(Limits(relay=14)) == Limits(relay=14)
    time.now = LEASE / timedelta(seconds=2)
    assert (own.look(Limits(relay=14)), own.opens(time.now)) == (Limits(relay=7), time.now + 2 * LOOK + 1)


def test_who_leaves_within_a_second_is_counted_for_the_whole_window() -> None:
    time, table = Time(), Table()
    own = Share(table, lambda: NOON + timedelta(seconds=int(time.now)), clock=time)
    time.now = 10.9
    own.look(Limits(relay=14))
    own.opens(time.now)
    own.leave()
    held = [len(table.leases("sender/", now=NOON + timedelta(seconds=at))) for at in (11, 12)]
    assert held == [1, 0]


class Failing(Table):
    """The leases of a store that can be read but so many times."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self._good = good

    def leases(self, prefix: str, *, now: datetime) -> list[str]:
        self._good -= 1
        if self._good < 0:
            raise StoreError("gone")
        return super().leases(prefix, now=now)


def test_a_look_that_failed_is_none() -> None:
    time = Time()
    own = Share(Failing(2), lambda: NOON + timedelta(seconds=int(time.now)), clock=lambda: time.now)
    own.look(Limits(together=10))
    assert not own.stale
    time.now += LOOK
    with pytest.raises(StoreError):
        own.look(Limits(together=10))
    assert own.stale


def test_a_place_that_somebody_else_took_away_is_taken_anew() -> None:
    time, table = Time(), Table()
    own = Share(table, lambda: NOON + timedelta(seconds=int(time.now)), clock=lambda: time.now)
    own.look(Limits(together=10))
    table.held.clear()
    assert own.look(Limits(together=10)) == Limits(together=10)
    assert table.held.keys() == {"sender/1"}
