"""How polite polling is, and how late: `python -m tests.bench.polite [FEEDS] [DAYS]`.

Feeds of a made-up web publish by their habits through simulated weeks, and the real poller and the real HTTP client ask
them, restarted now and then. Prints what was rude (the budget is none), the requests beside those of hourly polling
(<= 40 %), and how long publications had waited when they were read (median of active feeds <= 15 minutes).
"""

from __future__ import annotations

import asyncio
import random
import ssl
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from digest.app import App, opened
from digest.config.settings import Settings, StoreSettings
from digest.fetch import Fetcher
from digest.model import Source, SourceId
from digest.work.polling import poll
from digest.work.rhythm import SOONEST
from digest.work.turns import queue_of
from tests.simulated import DAY, HOUR, Feed, Web, at_random, bursts, daily, elapsed, now, run

TICK = 30.0
# Weekly feeds and rarer ones: nobody waits for them by the minute.
ACTIVE = frozenset({"arxiv", "weekdays", "daily", "office hours", "busy", "limited", "moving"})
_PATIENCE = (None, None, ("max-age", 300.0), ("max-age", 1800.0), ("expires", 900.0), ("ttl", 1800.0))
_DIE = random.Random(13)
_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Outcome(NamedTuple):
    feeds: list[Feed]
    web: Web
    days: int
    added: int
    restarts: int

    @property
    def share(self) -> float:
        """Requests beside those of hourly polling."""
        return self.web.requests / (24 * self.days * len(self.feeds))

    def delays(self, *kinds: str, after: float = 0.0) -> list[float]:
        """The minutes that publications had waited, of feeds that publish on most days or of these kinds."""
        chosen = [feed for feed in self.web.feeds.values() if feed.kind in (kinds or ACTIVE)]
        return [delay / 60 for feed in chosen for at, delay in feed.delays if at >= after]


def simulated(habits: Sequence[Habit], days: int, store: str) -> Outcome:
    """Return what came of polling a feed of each habit; `store` is an address, and one in memory is never restarted."""
    die = random.Random(3)
    feeds = [_feed(die, habit, number, days) for number, habit in enumerate(habits)]
    followed = [feed.to for feed in feeds if feed.to]
    unknown, refusing = ([feed.host for feed in feeds if feed.kind == kind] for kind in ("unknown", "refusing"))
    web = Web([*feeds, *followed], unknown=unknown, refusing=refusing)
    added, restarts = run(_lived(web, feeds, days, store))
    return Outcome(feeds, web, days, added, restarts)


async def _lived(web: Web, feeds: list[Feed], days: int, store: str) -> tuple[int, int]:
    """Poll through the days, and return how many requests restarts added, and how many there were."""
    added = restarts = 0
    settings = Settings(store=StoreSettings(url=store))
    longest = 5 if store != "sqlite://" else days
    die = random.Random(11)
    while elapsed() < days * DAY:
        with opened(settings, now=now) as app:
            if not restarts:
                app.store.put_sources(_source(number, feed) for number, feed in enumerate(feeds))
            before, due = web.requests, len(app.store.due_sources(now()))
            await _polled(app, web)
            added += web.requests - before if restarts and not due else 0
            restarts += 1
            end = min(elapsed() + (longest if longest == days else die.uniform(0.5, longest)) * DAY, days * DAY)
            while elapsed() < end or (elapsed() < days * DAY and app.store.due_sources(now())):
                await asyncio.sleep(TICK - elapsed() % TICK)
                await _polled(app, web)
    return added, restarts - 1


async def _polled(app: App, web: Web) -> None:
    if not app.store.due_sources(now()):
        return
    client = Fetcher(
        agent="digest/simulated", now=now, resolve=web.resolve, dial=web, trust=_NOBODY, queue=queue_of(app)
    )
    await poll(app, fetcher=client, jitter=lambda span: max(SOONEST, span * _DIE.random()))


def _source(number: int, feed: Feed) -> Source:
    return Source(id=SourceId(f"{feed.kind.replace(' ', '-')}-{number}"), kind="feed", name=feed.url, url=feed.url)


_SKIPPING: dict[str, Any] = {"skip_hours": (0, 1, 2, 3), "skip_days": ("Sunday",)}


class Habit(NamedTuple):
    """A kind of feed: how many of a hundred are of it, when one publishes, and how it answers."""

    kind: str
    share: float
    published: Callable[[random.Random, int, float], list[float]]
    given: Callable[[random.Random, int], dict[str, Any]] = lambda die, days: {}


def _weekdays(die: random.Random, days: int, hour: float) -> list[float]:
    return daily(die, days, at=hour, spread=300)


HABITS = (
    Habit("arxiv", 2, lambda die, days, hour: daily(die, days, at=5 * HOUR, spread=120), lambda die, days: _arxiv(die)),
    Habit("weekdays", 22, _weekdays),
    Habit("daily", 8, lambda die, days, hour: daily(die, days, at=hour, spread=900, week=range(7))),
    Habit("office hours", 10, lambda die, days, hour: at_random(die, days, a_day=8, hours=(7, 19))),
    Habit("busy", 2, lambda die, days, hour: at_random(die, days, a_day=30)),
    Habit("weekly", 14, lambda die, days, hour: daily(die, days, at=hour, spread=1800, week=[die.randrange(7)])),
    Habit("bursts", 6, lambda die, days, hour: bursts(die, days)),
    Habit("occasional", 12, lambda die, days, hour: at_random(die, days, a_day=0.3)),
    Habit("skipping", 4, lambda die, days, hour: _weekdays(die, days, 10 * HOUR), lambda die, days: _SKIPPING),
    Habit("silent", 8, lambda die, days, hour: []),
    Habit("broken", 4, lambda die, days, hour: [], lambda die, days: {"fails": die.choice((404, 500, 403))}),
    Habit("unknown", 1, lambda die, days, hour: []),
    Habit("refusing", 1, lambda die, days, hour: []),
    Habit("moving", 3, _weekdays, lambda die, days: _moving(days, die.choice((404, 410)))),
    Habit("limited", 2, _weekdays, lambda die, days: {"limit": 2 * HOUR}),
    Habit("gone", 1, _weekdays, lambda die, days: {"ends": days / 2 * DAY}),
)
# These do not share their host with those of other habits.
_ALONE = frozenset({"unknown", "refusing", "moving", "limited"})


def _moving(days: int, end: int) -> dict[str, Any]:
    return {"moves": days / 4 * DAY, "ends": days / 2 * DAY, "end": end}


def mixed(count: int) -> list[Habit]:
    """Return so many habits, in their shares."""
    upto = list(accumulate(habit.share for habit in HABITS))
    return [HABITS[bisect_right(upto, number * 100 / count)] for number in range(count)]


def _feed(die: random.Random, habit: Habit, number: int, days: int) -> Feed:
    """Return a feed that publishes at an hour of its own; most stand on a host with others."""
    published = habit.published(die, days, die.uniform(0, 24) * HOUR)
    host = f"{habit.kind}{number}.example" if habit.kind in _ALONE else f"host{number // 3}.example"
    given = {
        "host": host,
        "patience": die.choice(_PATIENCE),
        "validators": "" if number % 25 == 24 else die.choice(("em", "e")),
        **habit.given(die, days),
    }
    feed = Feed(path=f"/{number}", kind=habit.kind, published=published, **given)
    if feed.moves:
        feed.to = Feed(host=f"new.{feed.host}", path="/", kind=habit.kind, published=published)
    return feed


def _next_batch(at: float) -> float:
    """arXiv's answers are good until the next batch may come."""
    today = at // DAY * DAY + 5 * HOUR
    return today if at < today else today + DAY


def _arxiv(die: random.Random) -> dict[str, Any]:
    host = die.choice(("rss.arxiv.org", "export.arxiv.org"))
    return {"host": host, "patience": None, "validators": "e", "until": _next_batch}


def report(outcome: Outcome) -> None:
    web = outcome.web
    print(f"{len(outcome.feeds)} feeds, {outcome.days} days, {web.requests} requests: {outcome.share:.1%} of hourly")
    print(f"rude: {dict(web.rude) or 'never'}; most connections to a host at once: {max(web.most.values())}")
    print(f"shortest rest for arXiv: {web.gap:.2f} s; {outcome.restarts} restarts added {outcome.added} requests")
    full = sum(feed.full for feed in web.feeds.values())
    print(f"full answers: {full} ({full / web.requests:.1%})")
    kinds = sorted({feed.kind for feed in outcome.feeds})
    for name, chosen in [("active", tuple(ACTIVE)), *((kind, (kind,)) for kind in kinds)]:
        _line(outcome, name, chosen)


def _line(outcome: Outcome, name: str, kinds: tuple[str, ...]) -> None:
    feeds = [feed for feed in outcome.web.feeds.values() if feed.kind in kinds]
    asked = sum(len(feed.asked) for feed in feeds) / outcome.days / max(len(feeds), 1)
    delays, later = outcome.delays(*kinds), outcome.delays(*kinds, after=7 * DAY)
    print(f"{name:13} {len(feeds):4} feeds {asked:6.1f} requests a day", end="")
    if delays and later:
        print(f"; delay of {len(delays)}: median {median(delays):6.1f} min, after a week {median(later):6.1f}", end="")
    print()


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]] + [500, 60][len(sys.argv) - 1 :]
    begun = time.perf_counter()
    with TemporaryDirectory() as folder:
        report(simulated(mixed(given[0]), given[1], f"sqlite:///{folder}/digest.db"))
    print(f"simulated in {time.perf_counter() - begun:.0f} s")
