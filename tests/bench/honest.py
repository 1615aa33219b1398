"""Are thin days honest? `python -m tests.bench.honest [FOLDER]` lives through the days of a judged set of topics.

Each day is composed by the production rules from the papers seen so far: window, minimum score, limit, no paper twice;
the space is learnt anew every four weeks from what was there. Printed for the default minimum score and its neighbours:

- precision: of the papers shown, how many are judged relevant;
- found: of the relevant papers, how many were shown while their window was open;
- quiet: of the topic-days in whose window no relevant paper was left to show, on how many nothing was shown;
- idle: papers shown on those days, a topic a week.

Judgements are positive only: a paper that fits but was not listed counts as wrong, and a day on which only such papers
came counts as one that should have been quiet. So all but `found` are lower bounds.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from digest import edition
from digest.config.settings import WeightSettings
from digest.model import Paper, PaperId, Period, PeriodKind, Pick, Topic, Weights
from digest.rank import Candidate, Pool, Query, Rule, lsa, queries, rank_all
from digest.work import judged
from digest.work.evaluating import counted, read_papers, read_topics
from tests.conftest import SHARED

REFIT = timedelta(days=28)
# Before so many papers are there, nobody would expect much.
START = 200
STEP = 0.05
CALENDAR = edition.Calendar(
    zone=ZoneInfo("UTC"), compose_at=time(5), compose_by=time(7), release_by=time(9), manual=False
)
SITE = WeightSettings()
DEFAULT = Weights(relevance=SITE.relevance, freshness=SITE.freshness, trend=SITE.trend)

Day = tuple[date, frozenset[PaperId], list[tuple[Pick, ...]]]


def lived(papers: Sequence[Paper], topics: Sequence[Topic]) -> Iterator[Day]:
    """Yield each day with the papers of its window, and for each topic all that could be picked, best first."""
    ordered = sorted(papers, key=lambda one: (one.first_seen, one.id))
    every = {paper.id: paper for paper in ordered}
    day, learnt = ordered[min(START, len(ordered) - 1)].first_seen.date(), None
    space, wanted = lsa.fit(()), list[Query]()
    while day <= ordered[-1].first_seen.date():
        period = Period(kind=PeriodKind.DAY, start=day)
        cut, window = CALENDAR.cut(period), edition.window(period, CALENDAR)
        if learnt is None or day - learnt >= REFIT:
            seen = [paper for paper in ordered if paper.first_seen < cut]
            space, learnt, corpus = lsa.fit(seen[-lsa.SAMPLE :]), day, counted(seen)
            wanted = queries(topics, corpus, space, every)
        found = [paper for paper in ordered if window.start <= paper.first_seen < window.end]
        pool = Pool([Candidate(paper=paper) for paper in found], space, corpus)
        rule = Rule(at=cut, kind=PeriodKind.DAY, default=DEFAULT)
        open_to_all = [one.but(min_score=0.0, limit=len(found)) for one in wanted]
        yield day, frozenset(paper.id for paper in found), [one.picks for one in rank_all(pool, open_to_all, rule)]
        day += timedelta(days=1)


def told(days: Sequence[Day], row: int, topic: Topic, right: set[str], least: float) -> Counter[str]:
    """Count what a topic's editions would have held with a minimum score."""
    tally, shown, due = Counter[str](), set[PaperId](), set[PaperId]()
    for _, window, ranked in days:
        waiting = {id_ for id_ in window if id_ in right and id_ not in shown}
        due |= {id_ for id_ in window if id_ in right}
        new = [pick.paper.id for pick in ranked[row] if pick.score >= least and pick.paper.id not in shown]
        new = new[: topic.limit]
        shown.update(new)
        tally += Counter(shown=len(new), hits=sum(id_ in right for id_ in new))
        if not waiting:
            tally += Counter(idle_days=1, quiet=not new, idle=len(new))
    return tally + Counter(due=len(due), found=len(due & shown))


def main(folder: Path) -> None:
    papers, _ = read_papers(folder)
    topics = read_topics(folder / "queries.jsonl")
    gains = judged.judgements(folder / "qrels.tsv")
    days = list(lived(papers, topics))
    default = topics[0].min_score
    print(f"{len(papers)} papers, {len(days)} days, {len(topics)} topics; the default minimum score is {default:g}")
    for step in range(-4, 7):
        least = default + step * STEP
        found = [told(days, row, topic, set(gains[topic.id]), least) for row, topic in enumerate(topics)]
        tally = sum(found, Counter[str]())
        weeks = tally["idle_days"] / 7
        print(
            f"{least:.2f}: shown {tally['shown']:5} precision {tally['hits'] / max(1, tally['shown']):.3f} "
            f"found {tally['found'] / tally['due']:.3f} of {tally['due']} "
            f"quiet {tally['quiet'] / tally['idle_days']:.3f} of {tally['idle_days']} "
            f"idle {tally['idle'] / weeks:.2f} a week"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED / "ranking" / "topics")
