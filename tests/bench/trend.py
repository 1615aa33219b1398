"""Topic and trend together, and what knowing the crowd costs: `python -m tests.bench.trend [FOLDER]`.

FOLDER holds the judged sets `topics` and `trending_hf`. Of the topics' papers those count whose morning votes are
known; a relevant one gains 1, and 1 more for each quarter of first days (7, 19, 41 votes) that its later votes reach.
Later votes are known only of the five best of a day, so the gains are coarser than in the original measurement.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import time
from collections.abc import Callable, Sized
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from digest.model import PaperId, PeriodKind, Signal, SignalKind, SourceId, Topic, TopicId, Weights
from digest.rank import Candidate, Pool, Rule, lsa, queries, rank
from digest.rank.measures import differences, estimates, measured
from digest.rank.score import BEST, CROWD, TRENDING
from digest.rank.trend import crowd
from digest.store import open_store
from digest.work.evaluating import counted
from tests.conftest import SHARED
from tests.factories import NOON, make_paper

TIERS = (7, 19, 41)
Gains = dict[str, dict[str, float]]


def rows(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in text.decode().splitlines()]


def judged(path: Path) -> Gains:
    found: Gains = {}
    for line in path.read_text("utf-8").splitlines():
        asked, document, gain = line.split("\t")
        found.setdefault(asked, {})[document] = float(gain)
    return found


def morning(folder: Path) -> dict[str, int]:
    """Return the votes that papers had on the morning of their list's day."""
    return {paper["id"]: paper["upvotes"] for day in rows(folder / "queries.jsonl") for paper in day["papers"]}


def later(folder: Path) -> dict[str, float]:
    """Return the last votes that are known of papers which were among the five best of their day."""
    found: dict[str, float] = {}
    for name in ("qrels_night_top5.tsv", "qrels_late_top5.tsv"):
        for votes in judged(folder / name).values():
            found.update(votes)
    return found


def boost(by: float) -> Weights:
    """Return the weights of relevance x (1 + by x log2(1 + votes) / 5)."""
    return Weights(relevance=1.0, freshness=0.0, trend=by * 7 / 5)


def together(folder: Path) -> None:
    """Print how good topics are when votes have a say, beside relevance alone."""
    early, late = morning(folder / "trending_hf"), later(folder / "trending_hf")
    corpus_rows = rows(folder / "topics" / "corpus.jsonl.gz")
    papers = [make_paper(one["title"], id=PaperId(one["id"]), abstract=one["abstract"]) for one in corpus_rows]
    voted = [
        Candidate(paper=paper, numbers={SignalKind.UPVOTES: early[paper.id]}) for paper in papers if paper.id in early
    ]
    pool = Pool(voted, lsa.fit(papers), counted(papers))
    there = {one.paper.id for one in voted}
    gains = {
        topic: {paper: 1.0 + sum(late.get(paper, 0) >= tier for tier in TIERS) for paper in held if paper in there}
        for topic, held in judged(folder / "topics" / "qrels.tsv").items()
    }
    topics = [made(one) for one in rows(folder / "topics" / "queries.jsonl")]
    print(f"{len(voted)} papers with early votes, {sum(map(len, gains.values()))} relevant")
    alone = measured({topic.id: ranked(topic, boost(0), pool) for topic in topics}, gains)
    tried = {f"w = {by:g}": boost(by) for by in (0, 0.25, 0.5, 0.75, 1, 1.5, 2)}
    for name, weights in {**tried, "best": BEST, "trending": TRENDING, "crowd = 1": CROWD}.items():
        found = measured({topic.id: ranked(topic, weights, pool) for topic in topics}, gains)
        mean, ahead = estimates(found)["nDCG@10"].mean, differences(found, alone)["nDCG@10"]
        print(f"{name:10} graded nDCG@10 {mean:.3f}   {ahead.mean:+.3f} [{ahead.low:+.3f}, {ahead.high:+.3f}]")


def made(asked: dict[str, Any]) -> Topic:
    words = tuple(dict.fromkeys(asked["query"].split()))
    return Topic(id=TopicId(asked["query_id"]), name=asked["query"], should=words, min_score=0.0, limit=200)


def ranked(topic: Topic, weights: Weights, pool: Pool) -> list[str]:
    (wanted,) = queries([topic], pool.corpus, pool.space)
    rule = Rule(at=NOON, kind=PeriodKind.DAY, default=weights, per_author=0)
    return [pick.paper.id for pick in rank(pool, wanted, rule).picks]


def cost(papers: int = 1000, looks: int = 50) -> None:
    """Print what it costs to know the crowd of a window, and to find what grew in a store of 50 times as many."""
    die, hour = random.Random(7), timedelta(hours=1)
    window = [
        make_paper(f"Paper {number}", id=PaperId(str(number)), listed=NOON - 99 * hour) for number in range(papers)
    ]
    series = {paper.id: grown(paper.id, looks, die) for paper in window}
    start = time.perf_counter()
    for paper in window:
        crowd(paper, series[paper.id], {}, announced=1, at=NOON)
    print(f"crowd of {papers} papers with {looks} looks each: {1000 * (time.perf_counter() - start):.0f} ms")
    with TemporaryDirectory() as folder, closing(open_store(f"sqlite:///{folder}/d.db")) as store:
        many = [
            make_paper(f"Old {number}", id=PaperId(f"o{number}"), first_seen=NOON - 500 * hour)
            for number in range(50 * papers)
        ]
        with store.transaction():
            store.save_papers([*window, *many])
            store.save_signals(one for paper in window for one in series[paper.id])
            store.save_signals(one for paper in many for one in grown(paper.id, 10, die))
        asks: dict[str, Callable[[], Sized]] = {
            "series of the window": lambda: store.series([paper.id for paper in window], until=NOON),
            "votes of its days": lambda: store.day_votes(NOON - 200 * hour, NOON, at=NOON),
            f"what grew of {50 * papers} old papers": lambda: store.grown(
                NOON - 900 * hour, NOON - 400 * hour, since=NOON - 24 * hour, at=NOON, least=20
            ),
        }
        for name, ask in asks.items():
            start = time.perf_counter()
            found = ask()
            print(f"{name}: {1000 * (time.perf_counter() - start):.0f} ms, {len(found)} found")


def grown(paper: PaperId, looks: int, die: random.Random) -> list[Signal]:
    votes, found = 0, []
    for number in range(looks, 0, -1):
        votes += die.choice((0, 0, 0, 1, 2))
        at = NOON - number * timedelta(minutes=97)
        found.append(Signal(paper_id=paper, kind=SignalKind.UPVOTES, source_id=SourceId("list"), at=at, value=votes))
    return found


if __name__ == "__main__":
    together(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED / "ranking")
    cost()
