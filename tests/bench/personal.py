"""Personal topics for everybody: composed, saved and planned end to end: `python -m tests.bench.personal [TOPICS]`.

Each topic is one reader's: three words, one of them rare, and for half of them two papers to be like and one to be
unlike. All choose from the same 1,000 papers of one day, in SQLite on disk with everything durable.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.model import Paper, PaperId, Subscriber, SubscriberId, Subscription, SubscriptionState, Topic
from digest.rank.terms import document_of
from digest.work.composing import compose_due, due_personal
from digest.work.fitting import fit_when_due
from digest.work.personal import more_like, own_id
from digest.work.planning import plan
from tests.factories import NOON, Clock, make_paper

T = TypeVar("T")
PAPERS, WORDS, LENGTH = 1000, 8000, 110


def papers(dice: random.Random, day: datetime, name: str) -> list[Paper]:
    """Papers whose words are as frequent as Zipf says."""
    weights = [1 / rank for rank in range(1, WORDS + 1)]
    texts = [[f"w{n}" for n in dice.choices(range(WORDS), weights, k=LENGTH)] for _ in range(PAPERS)]
    return [
        make_paper(" ".join(text[:8]), id=PaperId(f"{name}{n}"), abstract=" ".join(text), first_seen=day)
        for n, text in enumerate(texts)
    ]


def readers(app: App, number: int, known: list[Paper], dice: random.Random) -> None:
    """Subscribe so many readers, each to a topic of its own."""
    with app.store.transaction():
        for n in range(number):
            who = SubscriberId(f"reader-{n:06}")
            given = Subscriber(id=who, address=f"r{n}@example.org", created=NOON, zone="Europe/Berlin")
            app.store.save_subscribers([given])
            words = (f"w{dice.randrange(200)}", f"w{dice.randrange(1000)}", f"w{dice.randrange(WORDS)}")
            shown = [paper.id for paper in dice.sample(known, 3)] if n % 2 else []
            liked, disliked = tuple(shown[:2]), tuple(shown[2:])
            topic = Topic(id=own_id(who), name="Mine", should=words, owner=who, examples=liked, unlike=disliked)
            app.store.put_topics([topic])
            held = Subscription(subscriber_id=who, topic_id=topic.id, state=SubscriptionState.ACTIVE, since=NOON)
            app.store.save_subscription(held)


def timed(what: str, verb: Callable[[], T]) -> T:
    began, busy = time.perf_counter(), time.process_time()
    found = verb()
    told = f"{time.perf_counter() - began:8.2f} s, {time.process_time() - busy:8.2f} s of CPU"
    print(f"{what:32} {told}", flush=True)
    return found


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    dice, clock = random.Random(7), Clock(NOON)
    with TemporaryDirectory() as folder:
        settings = Settings(
            site=SiteSettings(url="https://digest.example", zone="Europe/Berlin", secret="s" * 64),
            store=StoreSettings(url=f"sqlite:///{folder}/digest.db"),
        )
        with opened(settings, now=clock) as app:
            measure(app, clock, number, dice)
            print(f"store {Path(folder, 'digest.db').stat().st_size / 1e6:.0f} MB")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def measure(app: App, clock: Clock, number: int, dice: random.Random) -> None:
    for day in range(3):
        found = papers(dice, clock(), f"d{day}-")
        app.store.save_papers(found)
        held = [document_of(paper) for paper in found]
        counts: dict[str, int] = {}
        for word in (word for document in held for word in document.counts):
            counts[word] = counts.get(word, 0) + 1
        app.store.count_terms(counts, papers=len(found), tokens=sum(one.length for one in held))
        if day == 0:
            readers(app, number, found, dice)
        clock.instant += timedelta(hours=20)
        print(f"day {day + 1}: {number} topics, {PAPERS} new papers")
        timed("  what is due", lambda: due_personal(app))
        timed("  learnt what words mean", lambda: fit_when_due(app))
        done = timed("  composed and saved", lambda: compose_due(app))
        print(f"  {sum(len(one.picks) for one in done)} picks, {sum(not one.picks for one in done)} editions empty")
        timed("  what is due, when nothing is", lambda: due_personal(app))
        clock.instant += timedelta(hours=4)
        planned = timed("  planned", lambda: plan(app))
        print(f"  {len(planned)} segments, {sum(bool(one.editions) for one in planned)} with a digest")
    timed("one step, with its effect", lambda: more_like(app, SubscriberId("reader-000001"), found[0].id, by_link=True))


if __name__ == "__main__":
    main()
