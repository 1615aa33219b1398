"""How fast entries become papers: `python -m tests.bench.ingest [PAPERS]`, from `watch.decide` to the last commit.

Each way starts with an empty SQLite file of our schema, full-text index included. Bare is one executemany a table of
the very rows that ingesting left behind, in one transaction. The budgets are ratios within a run: new >= 0.6 of bare,
unchanged >= 2 times new. Counting the words of new papers is left to
the next ranking, and is printed beside.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from digest import sources
from digest.app import App, opened
from digest.config.settings import Settings, StoreSettings
from digest.model import Entry, Source
from digest.store import open_store
from digest.work.counting import catch_up
from digest.work.importing import ingest
from tests.bench.reading import arxiv_rss, papers
from tests.factories import NOON, make_source

ROUNDS = 3
# As many entries as a large answer of arXiv has.
BATCH = 1000
TABLES = ("source", "paper", "paper_key", "entry", "signal", "term", "corpus", "arrival")


def entries_of(count: int) -> list[Entry]:
    """Return the entries of a feed of so many new papers."""
    return list(sources.read(arxiv_rss(papers(count)), source=make_source(), name="feed").entries)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def taken_in(app: App, source: Source, entries: Sequence[Entry]) -> None:
    for start in range(0, len(entries), BATCH):
        ingest(app, source, entries[start : start + BATCH])


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what the tables of a store hold."""
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"select * from {table}").fetchall() for table in TABLES}


def bare(path: Path, found: dict[str, list[tuple[object, ...]]]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("synchronous = full", "foreign_keys = on", "cache_size = -65536"):
            connection.execute(f"pragma {pragma}")
        connection.execute("begin immediate")
        for table, rows in found.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"insert or replace into {table} values ({marks})", rows)
        connection.execute("commit")


def measured(entries: Sequence[Entry]) -> dict[str, float]:
    """Return the seconds of one round."""
    with TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours.db"), Path(folder, "bare.db")
        with opened(Settings(store=StoreSettings(url=f"sqlite:///{ours}")), now=lambda: NOON) as app:
            new = seconds(lambda: taken_in(app, make_source(), entries))
            unchanged = seconds(lambda: taken_in(app, make_source(), entries))
            counted = seconds(lambda: catch_up(app))
        open_store(f"sqlite:///{theirs}").close()
        found = rows_of(ours)
        assert len(found["paper"]) == len(entries)
        return {"bare": seconds(lambda: bare(theirs, found)), "new": new, "unchanged": unchanged, "counted": counted}


def main(count: int) -> None:
    entries = entries_of(count)
    rounds = [measured(entries) for _ in range(ROUNDS)]
    took = {name: median(one[name] for one in rounds) for name in rounds[0]}
    for name, spent in took.items():
        print(f"{name:10} {spent:7.2f} s {count / spent:9,.0f} papers/s {took['bare'] / spent:6.2f} of bare")
    print(f"unchanged is {took['new'] / took['unchanged']:.1f} x new")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
