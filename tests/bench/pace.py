"""How exactly mails keep a pace by the real clock, what a turn costs, and how soon a receiver's own pace is found.

Run as `python -m tests.bench.pace`.
"""

from __future__ import annotations

import asyncio
import resource
from time import monotonic

from digest.publish.answers import Answer, Verdict, answer
from digest.publish.flow import Flow, Flows, Limits
from digest.publish.pace import Pace
from digest.publish.receivers import Receivers

TAKEN, SLOWER = answer(250, "2.0.0 ok"), answer(421, "4.7.0 too many messages")
REST = answer(421, "4.7.28 unusual rate")
RELAY = "relay.example"


async def paced(limits: Limits, seconds: float, connections: int = 10, busy: float = 0.002) -> list[float]:
    """Return when mails went that connections sent as fast as they might."""
    pace, times, ends = Pace(Flows(limits), Receivers()), list[float](), monotonic() + seconds

    async def connection() -> None:
        while monotonic() < ends:
            await pace.turn(RELAY, "a.example")
            times.append(monotonic())
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
    cost()
    finding()
