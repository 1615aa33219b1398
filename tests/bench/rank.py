"""How fast and how well papers are ranked: `python -m tests.bench.rank [STORED]`.

Prints seconds of learning from 15,000 papers, of 10,000 and 100,000 topics against 1,000 new papers, and milliseconds
of one topic over a store of STORED papers; then, on judged topics with three examples each, quality and time beside
what arxiv-sanity-lite does: tf-idf over words and pairs, and a linear SVM a reader.

Budgets: 30 s; 2 s and 20 s with at most 1.5 GB; 50 ms for 95 of 100 topics.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from msgspec.structs import replace
from scipy.optimize import minimize

from digest.app import App
from digest.config.settings import Settings
from digest.model import Paper, PaperId, Period, PeriodKind, Topic, TopicId, Weights
from digest.rank import Candidate, Corpus, Pool, Query, Rule, Space, lsa, queries, rank_all, score_all
from digest.rank.measures import estimates, measured
from digest.rank.relevance import Fits
from digest.store import open_store
from digest.work import judged
from digest.work.candidates import bloomers
from digest.work.evaluating import answers, counted, read_papers, read_topics
from digest.work.fitting import fit
from digest.work.ranking import draft, pool_of
from tests.conftest import SHARED
from tests.factories import NOON, Clock

TOPICS = SHARED / "ranking" / "topics"
RULE = Rule(at=NOON, kind=PeriodKind.DAY, default=Weights())
AT_ONCE = 500
# As arxiv-sanity-lite has it: the examples against all other papers, both sides weighing the same.
REGULARIZATION = 0.01


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def mixed(papers: Sequence[Paper], count: int) -> Iterator[Paper]:
    """Yield papers made of halves of real ones, seen over a year."""
    die = random.Random(11)
    for number in range(count):
        one, other = die.choice(papers), die.choice(papers)
        text = f"{(one.abstract or '')[:650]} {(other.abstract or '')[-650:]}"
        seen = NOON - timedelta(seconds=int(365 * 86_400 * (number / count) ** 0.9))
        yield Paper(id=PaperId(f"mixed-{number:07}"), title=one.title, abstract=text, first_seen=seen)


def topics(papers: Sequence[Paper], count: int) -> list[Topic]:
    """Return topics of five words and a phrase out of titles."""
    die = random.Random(13)
    words = sorted({word for paper in papers for word in paper.title.split() if word.isalpha() and len(word) > 3})
    phrases = sorted({" ".join(paper.title.split()[:2]) for paper in papers})
    return [
        Topic(id=TopicId(f"t{number}"), name="A topic", should=(*die.sample(words, 5), die.choice(phrases)))
        for number in range(count)
    ]


def best(pool: Pool, wanted: Sequence[Query]) -> int:
    """Choose the best papers of each topic; return how many were worth it."""
    chosen = 0
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        fits = Fits(pool, some)
        for row, one in enumerate(some):
            found = score_all(pool, fits, row, one, RULE)
            worth = np.flatnonzero(found >= one.topic.min_score)
            chosen += len(worth[np.argsort(-found[worth], kind="stable")][: one.topic.limit])
    return chosen


def many(papers: Sequence[Paper], space: Space, corpus: Corpus) -> None:
    new = [
        replace(paper, first_seen=NOON - timedelta(hours=number % 40)) for number, paper in enumerate(papers[-1000:])
    ]
    pool = Pool([Candidate(paper=paper) for paper in new], space, corpus)
    print(f"1,000 new papers made ready: {seconds(lambda: (pool.places, pool.near, best(pool, ()))):.2f} s")
    for count in (10_000, 100_000):
        given, spent = topics(papers, count), {"made ready": 0.0, "ranked": 0.0}
        for start in range(0, count, 10 * AT_ONCE):
            some = given[start : start + 10 * AT_ONCE]
            begun = time.perf_counter()
            wanted = queries(some, corpus, space)
            ready = time.perf_counter()
            best(pool, wanted)
            spent = {
                "made ready": spent["made ready"] + ready - begun,
                "ranked": spent["ranked"] + time.perf_counter() - ready,
            }
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"{count:,} topics: "
            + ", ".join(f"{name} in {took:.1f} s" for name, took in spent.items())
            + f"; {memory:.2f} GB"
        )
    wanted = queries(given[:500], corpus, space)
    took = seconds(lambda: list(rank_all(pool, wanted, RULE)))
    print(f"500 topics with each pick and its reasons: {took:.2f} s")


def stored(papers: Sequence[Paper], count: int) -> None:
    """Print what one topic costs in a large store, its window being ready or not."""
    with TemporaryDirectory() as folder, closing(open_store(f"sqlite:///{folder}/bench.db")) as store:
        app = App(settings=Settings(), store=store, now=Clock(NOON))
        batch: list[Paper] = []
        for paper in mixed(papers, count):
            batch.append(paper)
            if len(batch) == 20_000 or len(batch) == count:
                store.save_papers(batch)
                batch.clear()
        store.save_papers(batch)
        known = counted(papers)
        store.count_terms(known.frequencies, papers=known.papers, tokens=known.tokens)
        print(f"a store of {count:,} papers learnt from, with reading and keeping: {seconds(lambda: fit(app)):.1f} s")
        period = Period(kind=PeriodKind.DAY, start=NOON.date())
        begun = time.perf_counter()
        pool, bloomed = pool_of(app, period, as_of=NOON), bloomers(app, period, as_of=NOON)
        print(f"a window of {len(pool):,} papers made ready: {time.perf_counter() - begun:.2f} s")
        given = topics(papers, 110)
        took = [seconds(partial(draft, app, one, period, as_of=NOON, pool=pool, bloomed=bloomed)) for one in given][10:]
        print(
            f"one topic over it: median {1000 * quantiles(took, n=2)[0]:.1f} ms, "
            f"p95 {1000 * quantiles(took, n=20)[-1]:.1f} ms"
        )


def learning(papers: Sequence[Paper]) -> None:
    many_papers = list(mixed(papers, lsa.SAMPLE))
    counted(many_papers)
    begun = time.perf_counter()
    space = lsa.fit(many_papers)
    took, size = time.perf_counter() - begun, len(lsa.encode(space)) / 1e6
    print(f"learnt from {lsa.SAMPLE:,} papers read before: {took:.1f} s, {len(space.terms):,} terms, {size:.1f} MB")


def svm(texts: Any, right: Sequence[int]) -> Any:
    """Return the decision values of a linear SVM (squared hinge) that tells the given rows from all others."""
    signs = np.full(texts.shape[0], -1.0)
    signs[list(right)] = 1.0
    costs = REGULARIZATION * np.where(
        signs > 0, len(signs) / (2 * len(right)), len(signs) / (2 * (len(signs) - len(right)))
    )

    def objective(weights: Any) -> tuple[float, Any]:
        slack = np.maximum(0, 1 - signs * (texts @ weights[:-1] + weights[-1]))
        pull = -2 * costs * slack * signs
        gradient = np.append(weights[:-1] + texts.T @ pull, pull.sum() + weights[-1])
        return float(0.5 * weights @ weights + (costs * slack**2).sum()), gradient

    found = minimize(objective, np.zeros(texts.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return texts @ found[:-1] + found[-1]


def beside(papers: Sequence[Paper], folder: Path) -> None:
    asked, gains = read_topics(folder / "queries_examples.jsonl"), judged.judgements(folder / "qrels_examples.tsv")
    begun = time.perf_counter()
    runs, _ = answers(papers, asked)
    ours = time.perf_counter() - begun
    ids = sorted(paper.id for paper in papers)
    space = lsa.fit(papers)
    rows = {id_: row for row, id_ in enumerate(space.known)}
    begun, theirs = time.perf_counter(), {}
    for topic in asked:
        values = svm(space.texts, [rows[id_] for id_ in topic.examples])
        order = [space.known[row] for row in np.argsort(-values, kind="stable")]
        theirs[str(topic.id)] = [id_ for id_ in order if id_ not in topic.examples][:200]
    spent = time.perf_counter() - begun
    assert len(ids) == len(space.known)
    print(f"{'':24}  nDCG@10  MAP    seconds for {len(asked)} topics")
    for name, run, took in (("digest, with learning", runs["digest"], ours), ("tf-idf and linear SVM", theirs, spent)):
        found = estimates(measured(run, gains))
        print(f"{name:24}  {found['nDCG@10'].mean:.3f}    {found['MAP'].mean:.3f}  {took:.1f}")


def main(count: int) -> None:
    papers, _ = read_papers(TOPICS)
    beside(papers, TOPICS)
    many(papers, lsa.fit(papers), counted(papers))
    learning(papers)
    stored(papers, count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
