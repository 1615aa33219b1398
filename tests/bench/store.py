"""How fast papers are stored: `python -m tests.bench.store [PAPERS]`.

Prints rows a second through the store, for the same rows again unchanged, and for a bare executemany of the same rows
into the same schema of SQLite. The budgets are ratios within a run: new >= 0.6 of bare, unchanged >= 2x new.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from digest.model import Entry, Links, Paper, PaperId, Sighting
from digest.store import open_store, rows
from tests.factories import NOON, make_entry, make_paper
from tests.servers import PostgresServer

ROUNDS = 5


class Sample(NamedTuple):
    papers: list[Paper]
    sightings: list[Sighting]
    keys: dict[str, PaperId]

    @property
    def rows(self) -> int:
        return len(self.papers) + len(self.sightings) + len(self.keys)


def sample(count: int) -> Sample:
    """Return papers with abstracts of about 900 letters whose words are as uneven as real ones."""
    die = random.Random(7)
    words = ["".join(die.choices("aeinorstlcdmpu", k=die.randint(2, 11))) for _ in range(30_000)]
    papers = [_paper(number, _prose(die, words)) for number in range(count)]
    sightings = [Sighting(entry=_entry(paper), paper_id=paper.id, first_seen=paper.first_seen) for paper in papers]
    return Sample(papers, sightings, {f"arxiv:{paper.arxiv_id}": paper.id for paper in papers})


def _prose(die: random.Random, words: list[str]) -> Callable[[int], str]:
    return lambda count: " ".join(words[int(len(words) * die.random() ** 5)] for _ in range(count))


def _paper(number: int, prose: Callable[[int], str]) -> Paper:
    name = f"2611.{number:05}"
    return make_paper(
        prose(9),
        id=PaperId(f"arxiv:{name}"),
        abstract=prose(130),
        authors=tuple(prose(2) for _ in range(4)),
        categories=("cs.LG", "cs.CL"),
        links=Links(abstract=f"https://arxiv.example/abs/{name}", pdf=f"https://arxiv.example/pdf/{name}"),
        arxiv_id=name,
        version=1,
        listed=NOON - timedelta(minutes=number),
    )


def _entry(paper: Paper) -> Entry:
    return make_entry(paper.title, external_id=paper.arxiv_id, abstract=paper.abstract, authors=paper.authors)


class Bare:
    """The rows ready to bind, written by nothing but sqlite3."""

    def __init__(self, given: Sample) -> None:
        owners = ({"key": key, "paper_id": paper_id} for key, paper_id in given.keys.items())
        self._inserts = [
            _insert("paper", map(rows.of_paper, given.papers)),
            _insert("paper_key", owners),
            _insert("entry", map(rows.of_sighting, given.sightings)),
        ]

    def write(self, path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for pragma in ("synchronous = full", "foreign_keys = on", "cache_size = -65536"):
                connection.execute(f"pragma {pragma}")
            connection.execute("begin immediate")
            for query, found in self._inserts:
                connection.executemany(query, found)
            connection.execute("commit")


def _insert(table: str, found: Iterable[Mapping[str, object]]) -> tuple[str, Sequence[tuple[rows.Cell, ...]]]:
    bound = [rows.cells(row) for row in found]
    marks = ", ".join("?" for _ in bound[0])
    return f"insert into {table} ({', '.join(bound[0])}) values ({marks})", [tuple(row.values()) for row in bound]


def through_store(given: Sample, url: str) -> None:
    with closing(open_store(url)) as store, store.transaction():
        store.save_papers(given.papers)
        store.save_keys(given.keys)
        store.save_sightings(given.sightings)


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(given: Sample, bare: Bare, server: PostgresServer) -> dict[str, float]:
    """Return the seconds of one round, each way into a new file or schema."""
    with TemporaryDirectory() as folder, server.schema() as schema:
        ours, theirs = f"sqlite:///{folder}/ours.db", Path(folder, "bare.db")
        for url in (ours, f"sqlite:///{theirs}", schema):
            open_store(url).close()
        return {
            "bare executemany": seconds(lambda: bare.write(theirs)),
            "sqlite, new": seconds(lambda: through_store(given, ours)),
            "sqlite, unchanged": seconds(lambda: through_store(given, ours)),
            "postgres, new": seconds(lambda: through_store(given, schema)),
            "postgres, unchanged": seconds(lambda: through_store(given, schema)),
        }


def main(count: int) -> None:
    given = sample(count)
    bare = Bare(given)
    with closing(PostgresServer(durable=True)) as server:
        rounds = [measured(given, bare, server) for _ in range(ROUNDS)]
    rates = {name: given.rows / median(one[name] for one in rounds) for name in rounds[0]}
    for name, rate in rates.items():
        print(f"{name:20} {rate:10,.0f} rows/s {rate / rates['bare executemany']:6.2f} of bare")
    for name in ("sqlite", "postgres"):
        print(f"{name}: unchanged is {rates[f'{name}, unchanged'] / rates[f'{name}, new']:.1f} x new")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
