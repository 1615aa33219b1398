"""Mails that wait for their turn, in virtual time; and which domains are one receiver."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from itertools import count, pairwise

import pytest

from digest.publish.answers import answer
from digest.publish.flow import Flows, Limits
from digest.publish.pace import PATIENCE, Pace
from digest.publish.promises import LATE
from digest.publish.receivers import FAILURES, KEPT, Lookup, Receivers, provider

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


Queue = list[tuple[float, int, str]]
Gone = list[tuple[float, str]]


def queue_of(mails: Iterable[str]) -> Queue:
    return [(0.0, number, domain) for number, domain in enumerate(mails)]


def sending(
    pace: Pace, time: Time, queue: Queue, gone: Gone, *, until: float = 1e9, letter: bool = False
) -> Callable[[], Awaitable[None]]:
    """Return what a connection does: take a mail, wait for its turn, be 50 ms about it; or put it back for later."""

    async def connection() -> None:
        while queue and max(time.now, queue[0][0]) < until:
            due, number, domain = heapq.heappop(queue)
            await time.sleep(max(0.0, due - time.now))
            rest = await pace.turn(RELAY, domain, letter=letter)
            if rest is not None:
                heapq.heappush(queue, (time.now + rest.total_seconds(), number, domain))
                continue
            gone.append((time.now, domain))
            await time.sleep(0.05)
            pace.heard(RELAY, domain, TAKEN)

    return connection


def times_of(
    limits: Limits, mails: list[str], *, connections: int = 4, lookup: Lookup = unknown, until: float = 1e9
) -> Gone:
    time, gone = Time(), Gone()
    connection = sending(paced(limits, time, lookup), time, queue_of(mails), gone, until=until)
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
    time, gone = Time(), Gone()
    pace = paced(Limits(), time)

    async def offend() -> None:
        assert await pace.turn(RELAY, "tired.example") is None
        pace.heard(RELAY, "tired.example", REST)

    time.run(offend())
    time.run(sending(pace, time, queue_of(["tired.example", "fresh.example"] * 3), gone, until=1)())
    assert Counter(domain for at, domain in gone if at < 600) == {"fresh.example": 3}
    rests = []

    async def asks() -> None:
        rests.extend([await pace.turn(RELAY, "tired.example") for _ in range(3)])

    time.run(asks())
    minutes = [rest and rest / timedelta(minutes=1) for rest in rests]
    assert all(one and one > 10 for one in minutes)
    assert minutes == sorted(set(minutes))  # type: ignore[type-var]


def test_a_slow_relay_is_not_waited_for_by_many_for_long() -> None:
    time, rests = Time(), list[timedelta | None]()
    pace = paced(Limits(relay=1 / 60), time)

    async def asks() -> None:
        rests.extend([await pace.turn(RELAY, "a.example") for _ in range(10)])

    time.run(asks())
    assert (rests[0], time.now) == (None, 0)
    assert all(rest and rest >= timedelta(minutes=1) for rest in rests[1:])


def test_a_slow_receiver_does_not_hold_up_mail_to_others() -> None:
    gone = times_of(Limits(receiver=0.5), ["slow.example" if n % 2 else f"{n}.example" for n in range(800)], until=26)
    taken = Counter(domain for at, domain in gone if at <= 26)
    assert taken.pop("slow.example") == pytest.approx(13, abs=1)
    assert len(taken) == 400


def test_many_slow_receivers_do_not_hold_up_mail_to_others() -> None:
    slow = [f"slow{n % 30}.example" for n in range(300)]
    gone = times_of(Limits(receiver=0.2), [one for n, name in enumerate(slow) for one in (name, f"{n}.example")])
    assert max(at for at, domain in gone if not domain.startswith("slow")) < 10
    assert 45 <= gone[-1][0] <= 55


def letters_of(limits: Limits, *, letters: int, digests: int, come: float) -> tuple[list[float], list[float]]:
    """Return when letters went that came while digests waited, and when these did."""
    time, late, gone = Time(), Gone(), Gone()
    pace = paced(limits, time)
    queue, more = queue_of(["a.example"] * digests), [(come, n, "b.example") for n in range(letters)]
    digesting = [sending(pace, time, queue, gone, until=2 * 3600)() for _ in range(4)]
    time.run(*digesting, *(sending(pace, time, more, late, letter=True)() for _ in range(min(2, letters))))
    return [at for at, _ in late], [at for at, _ in gone]


def test_a_letter_gets_the_next_opening_however_many_digests_wait() -> None:
    (letter,), digests = letters_of(Limits(together=100 / 3600), letters=1, digests=2000, come=73)
    assert letter == pytest.approx(108)
    times = sorted([letter, *digests])
    assert all(later - at >= 36 - 1e-6 for at, later in pairwise(times))
    assert len(times) >= 0.95 * 200


@pytest.mark.parametrize("limits", [Limits(relay=14), Limits(receiver=14), Limits(relay=0.1), Limits(relay=1 / 300)])
def test_letters_wait_for_each_other_and_not_for_digests_and_keep_the_limit(limits: Limits) -> None:
    rate = limits.relay or limits.receiver or 0
    letters, digests = letters_of(limits, letters=3, digests=3000, come=1)
    assert letters[-1] <= 1 + 6 / rate
    times = sorted([*letters, *digests] if limits.relay else letters)
    count = max(1, -int(-rate // 1))
    assert all(later - at >= count / rate - 1e-6 for at, later in zip(times, times[count:], strict=False))


def test_letters_that_are_many_leave_every_other_opening_to_digests() -> None:
    letters, digests = letters_of(Limits(relay=1 / 60), letters=100, digests=100, come=1)
    assert len([at for at in digests if at < 3600]) == pytest.approx(30, abs=2)
    assert len([at for at in letters if at < 3600]) == pytest.approx(30, abs=2)


def test_an_opening_that_was_kept_for_a_letter_is_not_kept_for_ever() -> None:
    time, rests = Time(), list[timedelta | None]()
    pace = paced(Limits(relay=1 / 60), time)

    async def asks() -> None:
        await pace.turn(RELAY, "a.example")
        assert await pace.turn(RELAY, "gone.example", letter=True) == timedelta(seconds=60)
        await time.sleep(60)
        rests.append(await pace.turn(RELAY, "a.example"))
        await time.sleep(LATE + 1)
        rests.append(await pace.turn(RELAY, "a.example"))

    time.run(asks())
    assert rests == [timedelta(seconds=60), None]


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
            while rest := await pace.turn(RELAY, "a.example"):
                await time.sleep(rest.total_seconds())
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


def test_mail_goes_on_while_the_name_service_is_silent_and_counts_for_the_provider_once_it_has_spoken() -> None:
    speaks = asyncio.Event()

    async def lookup(domain: str) -> Sequence[str]:
        await speaks.wait()
        return ["mx.provider.example"]

    async def ask(receivers: Receivers) -> list[str]:
        first = await asyncio.wait_for(receivers.of("a.example"), PATIENCE)
        speaks.set()
        while receivers.known("a.example") == first:
            await asyncio.sleep(0)
        return [first, await receivers.of("a.example")]

    assert asyncio.run(ask(Receivers(lookup, clock=lambda: 1.0))) == ["a.example", "provider.example"]


def test_a_name_that_is_old_is_used_until_the_new_one_is_there() -> None:
    now, answers = 0.0, iter(["mx.old.example", "mx.new.example"])

    async def lookup(domain: str) -> Sequence[str]:
        return [next(answers)]

    async def ask(receivers: Receivers) -> list[str]:
        nonlocal now
        names = [await receivers.of("a.example")]
        now += KEPT
        names.append(await receivers.of("a.example"))
        await asyncio.sleep(0.01)
        return [*names, await receivers.of("a.example")]

    assert asyncio.run(ask(Receivers(lookup, clock=lambda: now))) == ["old.example", "old.example", "new.example"]
