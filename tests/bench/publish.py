"""What it costs to publish: `python -m tests.bench.publish [TOPICS]`. Topics have 50 papers each, out of 500.

Printed are the seconds to make and pack all feeds (three formats), then all pages; to look at them when nothing has
changed, and when one topic has; and what the shelf takes in memory. Budgets: 1,000 feeds in 10 s, unchanged nothing.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.model import Paper, Topic, TopicId
from digest.web.printing import Printer
from digest.web.sheets import is_feed
from digest.web.shelf import Put, Shelf
from tests.bench.store import sample
from tests.factories import NOON, Clock, make_edition, make_pick, make_topic

ITEMS, PAPERS = 50, 500


@contextmanager
def site(topics: int, folder: Path) -> Iterator[tuple[App, list[Topic], list[Paper]]]:
    """A site of that many topics, with an edition each."""
    settings = Settings(
        site=SiteSettings(url="https://digest.example", secret="a secret for this run"),
        store=StoreSettings(url=f"sqlite:///{folder}/digest.db"),
    )
    papers = sample(PAPERS).papers
    with opened(settings, now=Clock(NOON + timedelta(days=1))) as app:
        app.store.save_papers(papers)
        made = [make_topic(TopicId(f"topic-{n:04}"), name=f"Topic {n}", limit=ITEMS) for n in range(topics)]
        app.store.put_topics(made)
        release(app, made, papers, "2026-11-20")
        yield app, made, papers


def release(app: App, topics: list[Topic], papers: list[Paper], label: str) -> None:
    die = random.Random(label)
    for topic in topics:
        picks = [make_pick(paper, rank=rank) for rank, paper in enumerate(die.sample(papers, ITEMS), 1)]
        app.store.save_edition(make_edition(*picks, topic=topic, label=label))


class Cost(NamedTuple):
    """Files made, and seconds on the wall and of processor time."""

    files: int
    wall: float
    cpu: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.files - other.files, self.wall - other.wall, self.cpu - other.cpu)

    def __str__(self) -> str:
        each = f", {self.wall / self.files * 1e3:.1f} ms each" if self.files else ""
        return f"{self.files:6} files  {self.wall:7.2f} s, processor {self.cpu:.2f} s{each}"


def passed(printer: Printer, shelf: Shelf) -> tuple[Cost, Cost]:
    """Bring the shelf up to date. Returns what the feeds took, which come first, and what everything did."""
    began, cpu, files = time.perf_counter(), time.process_time(), 0
    feeds = so_far = Cost(0, 0.0, 0.0)
    for change in printer.changes():
        shelf.apply(change)
        files += isinstance(change, Put)
        so_far = Cost(files, time.perf_counter() - began, time.process_time() - cpu)
        if isinstance(change, Put) and is_feed(change.sheet.path):
            feeds = so_far
    return feeds, so_far


def main() -> None:
    topics = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with TemporaryDirectory() as folder, site(topics, Path(folder)) as (app, made, papers):
        printer, shelf = Printer(app), Shelf()
        before = memory()
        print(f"{topics} topics of {ITEMS} papers, SQLite")
        feeds, everything = passed(printer, shelf)
        print(f"{'all feeds':20}{feeds}")
        print(f"{'all pages':20}{everything - feeds}")
        print(f"{'nothing changed':20}{passed(printer, shelf)[1]}")
        release(app, made[:1], papers, "2026-11-21")
        print(f"{'one topic changed':20}{passed(printer, shelf)[1]}")
        print(f"{'on the shelf':20}{len(shelf):6} files  {shelf.size / 1e6:.1f} MB packed")
        print(f"{'memory':20}{before:.0f} MB before, {memory():.0f} MB at most, renderer and shelf together")


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
