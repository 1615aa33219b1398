"""How exactly mails keep a pace by the real clock, also of two processes together, what a turn costs, and how soon a
receiver's own pace is found.

Run as `python -m tests.bench.pace`.
"""

from __future__ import annotations

import asyncio
import resource
from concurrent.futures import ProcessPoolExecutor
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from digest.app import system_clock
from digest.publish.answers import Answer, Verdict, answer
from digest.publish.flow import Flow, Flows, Limits
from digest.publish.pace import Pace
from digest.publish.receivers import Receivers
from digest.publish.sharing import Share
from digest.store import open_store

TAKEN, SLOWER = answer(250, "2.0.0 ok"), answer(421, "4.7.0 too many messages")
REST = answer(421, "4.7.28 unusual rate")
RELAY = "relay.example"


async def paced(
    limits: Limits, seconds: float, connections: int = 10, busy: float = 0.002, share: Share | None = None
) -> list[float]:
    """Return when mails had their turn that connections sent as fast as they might."""
    flows, turn = Flows(limits), 0.0

    def clock() -> float:
        nonlocal turn
        turn = monotonic()
        return turn

    def gate(now: float) -> float:
        if share and share.stale and (found := share.look(limits)):
            flows.limit(found)
        return share.opens(now) if share else now

    pace, times, ends = Pace(flows, Receivers(), gate=gate, clock=clock), list[float](), monotonic() + seconds

    async def connection() -> None:
        while monotonic() < ends:
            await pace.turn(RELAY, "a.example")
            times.append(turn)
            if busy:
                await asyncio.sleep(busy)
            pace.heard(RELAY, "a.example", TAKEN)

    await asyncio.gather(*(connection() for _ in range(connections)))
    return times


def most(times: list[float]) -> int:
    """Return the largest number of mails in any second."""
    first = found = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        found = max(found, last - first + 1)
    return found


def exactness() -> None:
    print(f"{'set':>8} {'kept':>9} {'ratio':>7} {'most in a second':>17}")
    for rate in (14, 100, 500, 1000):
        times = asyncio.run(paced(Limits(relay=rate), 10))
        kept = (len(times) - 1) / (times[-1] - times[0])
        print(f"{rate:>6}/s {kept:>7.1f}/s {kept / rate:>7.3f} {most(times):>17}")


def _shared(url: str, rate: float, wait: float, seconds: float) -> list[float]:
    """Send in a process of its own."""
    sleep(wait)
    store = open_store(url)
    share = Share(store, system_clock)
    times = asyncio.run(paced(Limits(relay=rate), seconds - wait, share=share))
    share.leave()
    store.close()
    return times


def together() -> None:
    """Let a second sender join after two seconds, and leave twelve seconds later."""
    print(f"{'set':>8} {'two kept':>9} {'ratio':>7} {'most in a second, also while one comes and goes':>50}")
    for rate in (14, 15, 100, 500, 1000):
        with TemporaryDirectory() as folder, ProcessPoolExecutor(2) as processes:
            url = f"sqlite:///{folder}/digest.db"
            open_store(url).close()
            lives = ((0, 18), (2, 14))
            found = [processes.submit(_shared, url, rate, *life) for life in lives]
            times = sorted(at for one in found for at in one.result())
        both = [at for at in times if times[0] + 6 <= at < times[0] + 13]
        kept = (len(both) - 1) / (both[-1] - both[0])
        print(f"{rate:>6}/s {kept:>7.1f}/s {kept / rate:>7.3f} {most(times):>50}")


def cost() -> None:
    for name, limits in (("none", Limits()), ("relay", Limits(relay=1e6)), ("receiver", Limits(receiver=1e6))):
        before, mails = resource.getrusage(resource.RUSAGE_SELF).ru_utime, 50_000
        asyncio.run(_turns(Flows(limits), mails))
        used = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
        print(f"a turn and its answer, limit {name}: {used / mails * 1e6:.1f} us of CPU")


async def _turns(flows: Flows, mails: int) -> None:
    async def nobody(domain: str) -> list[str]:
        return []

    pace = Pace(flows, Receivers(nobody))
    for _ in range(mails):
        await pace.turn(RELAY, "a.example")
        pace.heard(RELAY, "a.example", TAKEN)


def found(rate: float, refusal: Answer, until: float) -> list[tuple[float, Answer]]:
    """Return what a receiver that takes so many a second answers to a flow without a limit, in virtual time."""
    flow, now, second, taken, heard = Flow(), 0.0, -1, 0, list[tuple[float, Answer]]()
    while now < until:
        opens = flow.opens(now)
        now = max(now + 0.002, opens)
        flow.take(now)
        if int(now) != second:
            second, taken = int(now), 0
        taken += 1
        one = TAKEN if taken <= rate else refusal
        flow.ended()
        flow.heard(one, now)
        heard.append((now, one))
    return heard


def finding() -> None:
    print(f"{'bears':>8} {'says':>7} {'got after a minute':>19} {'ratio':>6} {'told slower':>12}")
    for rate in (3, 14, 100):
        for refusal, since in ((SLOWER, 60.0), (REST, 660.0)):
            heard = [one for at, one in found(rate, refusal, since + 60) if at >= since]
            sent = sum(one.verdict is Verdict.SENT for one in heard) / 60
            slower = len(heard) / 60 - sent
            says = "4.7.28" if refusal is REST else "421"
            print(f"{rate:>6}/s {says:>7} {sent:>17.1f}/s {sent / rate:>6.2f} {slower:>10.2f}/s")


if __name__ == "__main__":
    exactness()
    together()
    cost()
    finding()
