"""Mails that wait for their turn, in virtual time; and which domains are one receiver."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count

import pytest

from digest.publish.answers import answer
from digest.publish.flow import Flows, Limits
from digest.publish.pace import PATIENCE, Pace
from digest.publish.receivers import FAILURES, Lookup, Receivers, provider

TAKEN, SLOWER = answer(250, "ok"), answer(421, "4.7.0 slow down")
REST = answer(421, "4.7.28 unusual rate")
RELAY = "relay.example"


class Time:
    """A clock that goes on when everybody sleeps."""

    def __init__(self) -> None:
        self.now, self._order = 0.0, count()
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, span: float) -> None:
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + span, next(self._order), woken))
        await woken.wait()

    def run(self, *tasks: Awaitable[None]) -> None:
        asyncio.run(self._run(tasks))

    async def _run(self, tasks: Sequence[Awaitable[None]]) -> None:
        together = asyncio.ensure_future(asyncio.gather(*tasks))
        while not together.done():
            for _ in range(20):
                await asyncio.sleep(0)
            if self._sleepers and not together.done():
                self.now, _, woken = heapq.heappop(self._sleepers)
                woken.set()
        await together


async def unknown(domain: str) -> Sequence[str]:
    return []


def paced(limits: Limits, time: Time, lookup: Lookup = unknown, stop: asyncio.Event | None = None) -> Pace:
    return Pace(Flows(limits), Receivers(lookup, clock=time), stop=stop, clock=time, sleep=time.sleep)


def sending(pace: Pace, time: Time, mails: list[str], gone: list[tuple[float, str]]) -> Callable[[], Awaitable[None]]:
    """Return what a connection does: take a mail, wait for its turn, and be 50 ms about it."""

    async def connection() -> None:
        while mails:
            domain = mails.pop(0)
            rest = await pace.turn(RELAY, domain)
            gone.append((time.now if rest is None else -1, domain))
            if rest is None:
                await time.sleep(0.05)
                pace.heard(RELAY, domain, TAKEN)

    return connection


def times_of(
    limits: Limits, mails: list[str], *, connections: int = 4, lookup: Lookup = unknown
) -> list[tuple[float, str]]:
    time, gone = Time(), list[tuple[float, str]]()
    connection = sending(paced(limits, time, lookup), time, list(mails), gone)
    time.run(*(connection() for _ in range(connections)))
    return gone


def test_a_morning_keeps_the_limit_of_the_relay() -> None:
    times = [at for at, _ in times_of(Limits(relay=14), ["a.example"] * 700)]
    assert 0.98 * 14 <= len(times) / times[-1] <= 1.02 * 14
    assert all(later - at >= 1 - 1e-6 for at, later in zip(times, times[14:], strict=False))


def test_the_narrowest_limit_counts() -> None:
    mails = ["a.example", "b.example"] * 50
    assert times_of(Limits(together=10, relay=20, receiver=20), mails)[-1][0] == pytest.approx(9.9, abs=0.1)
    assert times_of(Limits(together=20, relay=10), mails)[-1][0] == pytest.approx(9.9, abs=0.1)
    assert times_of(Limits(relay=100, receiver=5), mails)[-1][0] == pytest.approx(9.8, abs=0.1)


def test_domains_of_one_provider_share_its_limit() -> None:
    async def one(domain: str) -> Sequence[str]:
        return ["mx1.mail.example.", "mx2.mail.example."]

    mails = ["a.example", "b.example"] * 50
    assert times_of(Limits(receiver=5), mails, lookup=one)[-1][0] == pytest.approx(19.8, abs=0.1)


def test_who_wants_rest_gets_it_and_the_others_go_on() -> None:
    time, gone = Time(), list[tuple[float, str]]()
    pace = paced(Limits(), time)

    async def offend() -> None:
        assert await pace.turn(RELAY, "tired.example") is None
        pace.heard(RELAY, "tired.example", REST)

    time.run(offend())
    time.run(sending(pace, time, ["tired.example", "fresh.example"] * 3, gone)())
    assert Counter(domain for at, domain in gone if at >= 0) == {"fresh.example": 3}
    rests = []

    async def asks() -> None:
        rests.extend([await pace.turn(RELAY, "tired.example") for _ in range(3)])

    time.run(asks())
    minutes = [rest and rest / timedelta(minutes=1) for rest in rests]
    assert all(one and one > 10 for one in minutes)
    assert minutes == sorted(set(minutes))  # type: ignore[type-var]


def test_a_slow_relay_is_not_waited_for_by_many_for_long() -> None:
    gone = times_of(Limits(relay=1 / 60), ["a.example"] * 10)
    assert [at for at, _ in gone] == [0.0] + [-1] * 9


def test_a_wait_ends_when_sending_is_to_stop() -> None:
    time, stop, rests = Time(), asyncio.Event(), list[timedelta | None]()
    pace = paced(Limits(relay=0.1), time, stop=stop)

    async def two() -> None:
        rests.extend([await pace.turn(RELAY, "a.example"), await pace.turn(RELAY, "a.example")])

    async def stops() -> None:
        await time.sleep(1)
        stop.set()

    time.run(two(), stops())
    assert rests == [None, timedelta()]
    assert time.now < 2 < PATIENCE


def test_after_a_rest_one_mail_is_under_way_at_a_time_whatever_becomes_of_it() -> None:
    time, most, under = Time(), 0, 0
    pace = paced(Limits(), time)

    async def offend() -> None:
        await pace.turn(RELAY, "a.example")
        pace.heard(RELAY, "a.example", REST)
        time.now += 600

    async def connection(number: int) -> None:
        nonlocal most, under
        for _ in range(5):
            assert await pace.turn(RELAY, "a.example") is None
            under += 1
            most = max(most, under)
            await time.sleep(0.05)
            under -= 1
            pace.heard(RELAY, "a.example", None if number else TAKEN)

    time.run(offend())
    time.run(*(connection(number) for number in range(4)))
    assert most == 1


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("gmail-smtp-in.l.google.com.", "google.com"),
        ("ASPMX.L.GOOGLE.COM", "google.com"),
        ("example-com.mail.protection.outlook.com.", "outlook.com"),
        ("mx.uni.ac.uk.", "uni.ac.uk"),
        ("mx.example.de", "example.de"),
        ("localhost", "localhost"),
    ],
)
def test_a_provider_is_the_registered_part_of_its_hosts(host: str, name: str) -> None:
    assert provider(host) == name


def test_a_name_service_is_asked_once_for_a_domain_and_left_alone_when_it_is_silent() -> None:
    asked: Counter[str] = Counter()

    async def lookup(domain: str) -> Sequence[str]:
        asked[domain] += 1
        if domain.startswith("lost"):
            raise OSError("no answer")
        return ["mx.provider.example"]

    async def ask(receivers: Receivers) -> None:
        assert [await receivers.of("a.example") for _ in range(2)] == ["provider.example"] * 2
        for number in range(FAILURES + 5):
            assert await receivers.of(f"lost{number}.example") == f"lost{number}.example"
        assert await receivers.of("a.example") == receivers.known("a.example") == "provider.example"

    asyncio.run(ask(Receivers(lookup, clock=lambda: 1.0)))
    assert asked.pop("a.example") == 1
    assert sum(asked.values()) == FAILURES
