"""How well the ranker finds the papers of judged topics, beside words alone and newest first.

A folder holds `corpus.jsonl` (or `.jsonl.gz`: id, title, abstract, first_seen), queries (query_id, query, examples)
and, to be scored, judgements: `qrels.tsv` for `queries.jsonl`, `qrels_X.tsv` for `queries_X.jsonl`. Judgements are
never read for an answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digest.errors import ConfigError
from digest.model import Paper, PaperId, Topic, TopicId, Value
from digest.rank import Candidate, Corpus, Pool, Query, document_of, lsa, queries
from digest.rank.meaning import Meaning
from digest.rank.measures import Estimate, differences, estimates, measured
from digest.rank.pool import Asked
from digest.rank.relevance import Fits
from digest.work import embedding, judged

if TYPE_CHECKING:
    from digest.embed import Model

DEPTH = 200
CORPORA = ("corpus.jsonl.gz", "corpus.jsonl")
# A topic of more words than that is a text somebody pasted.
WORDS = 64
OURS, WORDS_ALONE, NEWEST = "digest", "BM25", "newest"

Run = dict[str, list[str]]
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Row(Value):
    """One order of the papers: its measures with intervals, and by how much ours is `ahead` of it, query by query."""

    order: str
    queries: int
    measures: dict[str, Estimate]
    ahead: dict[str, Estimate]


class Report(Value):
    """The answers, what was measured of them if there were judgements, and what was odd about the data."""

    run: Run
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]


def evaluate(folder: Path, asked: Path | None = None, model: Path | None = None) -> Report:
    """Rank the papers of a folder for its queries, or those of a file, and measure that. Raises ConfigError.

    `model` is a folder with an embedding model that joins in.
    """
    path = asked or folder / "queries.jsonl"
    papers, remarks = read_papers(folder)
    topics = read_topics(path)
    runs, empty = answers(papers, topics, embedding.opened(str(model)) if model else None)
    remarks += [f"query {name}: no word to go by, so no answer" for name in empty]
    known = {paper.id for paper in papers}
    for topic in topics:
        lost = [id_ for id_ in topic.examples if id_ not in known]
        remarks += [f"query {topic.id}: example {id_} is not in the corpus" for id_ in lost]
    truth = folder / path.name.replace("queries", "qrels").replace(".jsonl", ".tsv")
    gains = judged.judgements(truth) if truth.exists() else {}
    return Report(run=runs[OURS], rows=tuple(_rows(runs, gains)), remarks=tuple(remarks))


def read_papers(folder: Path) -> tuple[list[Paper], list[str]]:
    """Return the papers of a folder, and what was odd about them. Raises ConfigError."""
    path = next((folder / name for name in CORPORA if (folder / name).exists()), None)
    if path is None:
        raise ConfigError(f"{folder} holds no papers", hint=f"it needs {' or '.join(CORPORA)}")
    papers: dict[str, Paper] = {}
    remarks = []
    for where, row in judged.json_lines(path):
        paper = _paper(where, row)
        if paper.id in papers:
            remarks.append(f"{where}: {paper.id} stands there twice; the first counts")
        papers.setdefault(paper.id, paper)
    return list(papers.values()), remarks


def read_topics(path: Path) -> list[Topic]:
    """Return the topics that queries stand for: each word of a query speaks for a paper. Raises ConfigError."""
    return [_topic(where, row) for where, row in judged.queries(path)]


def answers(
    papers: Sequence[Paper], topics: Sequence[Topic], model: Model | None = None
) -> tuple[dict[str, Run], list[str]]:
    """Return a run for each order, and the topics that have nothing to go by."""
    corpus = counted(papers)
    space = lsa.fit(sorted(papers, key=lambda one: (one.fresh_from, one.id))[-lsa.SAMPLE :])
    known = {paper.id: paper for paper in papers}
    pool = Pool([Candidate(paper=paper) for paper in papers], space, corpus, model=_asked(model))
    aims = [embedding.aim_of(topic, known, model.places) for topic in topics] if model else None
    wanted = queries(topics, corpus, space, known, aims)
    fits = Fits(pool, wanted)
    newest = np.array([one.paper.fresh_from.timestamp() for one in pool.candidates])
    orders: dict[str, Callable[[int], Any]] = {
        OURS: lambda row: fits.relevance[row],
        WORDS_ALONE: lambda row: fits.bm25[row],
        NEWEST: lambda row: newest - newest.min(initial=0) + 1,
    }
    runs = {
        name: {str(one.topic.id): _best(pool, one, order(row)) for row, one in enumerate(wanted)}
        for name, order in orders.items()
    }
    return runs, [one.topic.id for one in wanted if not (one.words or one.topic.examples)]


def _asked(model: Model | None) -> Asked:
    """Return how a model is asked about papers; all of them are what likeness is measured against."""

    def ask(papers: Sequence[Paper]) -> Meaning | None:
        if model is None:
            return None
        places = model.places([embedding.text_of(paper) for paper in papers])
        return Meaning(places, places)

    return ask


def counted(papers: Iterable[Paper]) -> Corpus:
    """Return what a store of these papers would know of words."""
    documents = [document_of(paper) for paper in papers]
    holding = Counter(word for one in documents for word in one.counts)
    return Corpus(papers=len(documents), tokens=sum(one.length for one in documents), frequencies=holding)


def _best(pool: Pool, wanted: Query, values: Any) -> list[str]:
    """Return the best papers, ties by id, without the topic's own examples and what has no value at all."""
    order = (pool.candidates[place].paper.id for place in np.argsort(-values, kind="stable") if values[place] > 0)
    return [id_ for id_ in order if id_ not in wanted.topic.examples][:DEPTH]


def _rows(runs: Mapping[str, Run], gains: judged.Gains) -> Iterator[Row]:
    if not any(gain > 0 for found in gains.values() for gain in found.values()):
        return
    ours = measured(runs[OURS], gains)
    for name, run in runs.items():
        theirs = measured(run, gains)
        ahead = {} if name == OURS else differences(ours, theirs)
        yield Row(order=name, queries=len(theirs), measures=estimates(theirs), ahead=ahead)


def _paper(where: str, row: Mapping[str, Any]) -> Paper:
    title, abstract = row.get("title"), row.get("abstract")
    if "id" not in row or not isinstance(title, str | None) or not isinstance(abstract, str | None):
        raise ConfigError(f"{where}: a paper needs an id, a title and an abstract")
    return Paper(id=PaperId(str(row["id"])), title=title or "", abstract=abstract, first_seen=_instant(where, row))


def _instant(where: str, row: Mapping[str, Any]) -> datetime:
    try:
        given = datetime.fromisoformat(row["first_seen"]) if row.get("first_seen") else _LONG_AGO
        return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"{where}: first_seen is not a date: {row['first_seen']!r}") from error


def _topic(where: str, row: Mapping[str, Any]) -> Topic:
    query, examples = row.get("query") or "", row.get("examples") or []
    if not isinstance(query, str) or not isinstance(examples, list):
        raise ConfigError(f"{where}: query is a text, examples a list of ids")
    words = tuple(dict.fromkeys(query.split()))[:WORDS]
    return Topic(
        id=TopicId(row["query_id"]),
        name=query[:80],
        should=words,
        examples=tuple(PaperId(str(one)) for one in examples),
    )
