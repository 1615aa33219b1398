"""Rank judged sets of trending stories and papers as the site would, at the moment it would have had to decide.

A folder holds `queries.jsonl` and either `observations.csv.gz` (story, t, rank, points, comments: when what was seen)
or, in each query, the papers of a list's day with the numbers of one morning. What was seen after a query's moment is
not read for its answer, and judgements never are.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from digest.errors import ConfigError
from digest.model import Value
from digest.rank.trend import HOUR, forecast, pace, rising
from digest.work import judged

OBSERVATIONS, QUERIES = "observations.csv.gz", "queries.jsonl"
DEPTH = 200

Seen = Sequence[tuple[datetime, int]]


class Story(Value):
    """What could be known of a story or paper at a moment: its votes as `seen` up to then, oldest first.

    `start` is when it was listed or first seen, `dated` what its text says.
    """

    id: str
    start: datetime
    seen: tuple[tuple[datetime, int], ...]
    comments: int = 0
    dated: datetime | None = None

    @property
    def votes(self) -> int:
        return self.seen[-1][1]

    @property
    def ties(self) -> tuple[float, ...]:
        return self.votes, self.comments, self.start.timestamp()

    def top(self, at: datetime) -> tuple[float, ...]:
        return forecast(self.votes, pace(self.seen, self.start, at)), *self.ties

    def rising(self, at: datetime) -> tuple[float, ...]:
        return rising(pace(self.seen, self.start, at), self.start, at), *self.ties


class Moment(Value):
    """A query: the stories to rank at a moment."""

    id: str
    at: datetime
    stories: tuple[Story, ...]


Order = Callable[[Story, datetime], tuple[float, ...]]

# The largest first. What is compared with: the newest, plain votes, and votes divided by a power of age.
TARGETS: dict[str, Order] = {"top": Story.top, "rising": Story.rising}
BASELINES: dict[str, Order] = {
    "newest": lambda story, at: ((story.dated or story.start).timestamp(),),
    "votes": lambda story, at: story.ties,
    "gravity": lambda story, at: (story.votes / ((at - story.start) / HOUR + 2) ** 1.8, *story.ties),
}
# The judgements of each target, by what they ask.
JUDGEMENTS = {
    "top": {"final": "qrels.tsv", "night": "qrels_night_top5.tsv", "late": "qrels_late_top5.tsv"},
    "rising": {"rising": "qrels_rising.tsv"},
}


def ranked(moment: Moment, order: Order) -> list[str]:
    """Return the ids, best first; what is equal in all of its order goes by id."""
    by_id = sorted(moment.stories, key=lambda story: story.id)
    return [story.id for story in sorted(by_id, key=lambda story: order(story, moment.at), reverse=True)]


def answers(moments: Iterable[Moment], order: Order) -> dict[str, list[str]]:
    """Return the run: for each query the best ids."""
    return {moment.id: ranked(moment, order)[:DEPTH] for moment in moments}


def read_moments(folder: Path) -> list[Moment]:
    """Return the queries of a folder, each with what could be known at its moment. Raises ConfigError."""
    path = folder / OBSERVATIONS
    series = read_series(path) if path.exists() else None
    return [
        _decision(query, where, series) if series is not None else _list_day(query, where)
        for where, query in judged.queries(folder / QUERIES)
    ]


def read_series(path: Path) -> dict[str, list[tuple[datetime, int, int]]]:
    """Return the moments, votes and comments at which each story was seen, oldest first. Raises ConfigError."""
    series: dict[str, list[tuple[datetime, int, int]]] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                at = datetime.fromtimestamp(int(row["t"]), UTC)
                series.setdefault(row["story"], []).append((at, int(row["points"]), int(row["comments"])))
    except (OSError, EOFError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise ConfigError(f"{path}: {error!r}", hint="it needs the columns story, t, points, comments") from error
    return {story: sorted(seen) for story, seen in series.items()}


def story_at(story: str, seen: Sequence[tuple[datetime, int, int]], at: datetime) -> Story | None:
    """Return what could be known of a story, or None if nothing."""
    known = [one for one in seen if one[0] <= at]
    if not known:
        return None
    points = tuple((moment, votes) for moment, votes, _ in known)
    return Story(id=story, start=known[0][0], seen=points, comments=known[-1][2])


def read_judgements(folder: Path, target: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return what the folder's judgements for a target say: question, query, document, gain. Raises ConfigError."""
    paths = {name: folder / file for name, file in JUDGEMENTS[target].items()}
    return {name: judged.judgements(path) for name, path in paths.items() if path.exists()}


def _decision(
    query: Mapping[str, Any], where: str, series: Mapping[str, Sequence[tuple[datetime, int, int]]]
) -> Moment:
    try:
        at = datetime.fromtimestamp(int(query["decision_time"]), UTC)
        ids = [str(one) for one in query["candidates"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"{where}: it needs decision_time and candidates: {error!r}") from error
    known = (story_at(one, series.get(one, ()), at) for one in dict.fromkeys(ids))
    return Moment(id=query["query_id"], at=at, stories=tuple(one for one in known if one))


def _list_day(query: Mapping[str, Any], where: str) -> Moment:
    try:
        midnight = datetime.combine(date.fromisoformat(query["day"]), datetime.min.time(), UTC)
        stories = tuple(_paper(paper, midnight) for paper in query["papers"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"{where}: it needs a day and papers with id and upvotes: {error!r}") from error
    at = max((story.seen[-1][0] for story in stories), default=midnight)
    return Moment(id=query["query_id"], at=at, stories=stories)


def _paper(paper: Mapping[str, Any], midnight: datetime) -> Story:
    hours = float(paper.get("hours_after_midnight", 0))
    if not math.isfinite(hours):
        raise ValueError(f"hours_after_midnight is {hours}")
    at = midnight + timedelta(hours=hours)
    return Story(
        id=str(paper["id"]),
        start=midnight,
        seen=((at, int(paper["upvotes"])),),
        comments=int(paper.get("comments") or 0),
        dated=datetime.fromisoformat(paper["published"]).replace(tzinfo=UTC) if paper.get("published") else None,
    )
