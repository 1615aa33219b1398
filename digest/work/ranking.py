"""Rank a topic over the store, and say why a paper is in or out. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from digest import edition, identity
from digest.app import App
from digest.errors import NotFoundError
from digest.model import Edition, Paper, PaperId, Period, Topic, Value
from digest.rank import Candidate, Corpus, Judgement, Query, judge, query, rank, vocabulary
from digest.text import fold


class Reply(Value):
    """The answer to `digest why`: the judgement, and the edition that already holds the paper, if one does."""

    judgement: Judgement
    edition: Edition | None = None


def draft(
    app: App, topic: Topic, period: Period, *, as_of: datetime, pool: Sequence[Candidate] | None = None
) -> Edition:
    """Return the edition as it would be composed now: ages count to the period's cut, nothing seen after `as_of` is in.

    `pool` spares loading the same candidates for each topic.
    """
    candidates = pool if pool is not None else candidates_of(app, period, as_of=as_of)
    wanted, corpus = prepared(app, topic)
    cut = app.calendar.cut(period)
    ranking = rank(candidates, topic, wanted, corpus, at=cut, kind=period.kind, default=app.settings.default_weights)
    picked = app.store.picked(topic.id, period.kind, apart_from=period.label, since=_horizon(app, period))
    return edition.compose(
        topic, period, ranking.picks, picked=picked, considered=ranking.considered, cut=cut, as_of=as_of
    )


def candidates_of(app: App, period: Period, *, as_of: datetime) -> list[Candidate]:
    """Return the papers of a period's window with their signals as of then."""
    window = edition.window(period, app.calendar)
    papers = app.store.papers_between(
        window.start, window.end, new_since=window.new_since, oldest=window.oldest, as_of=as_of
    )
    ids = [paper.id for paper in papers]
    numbers, announcers = app.store.numbers(ids, at=as_of), app.store.announcers(ids)
    return [
        Candidate(paper=paper, numbers=numbers.get(paper.id, {}), sources=announcers.get(paper.id, ()))
        for paper in papers
    ]


def prepared(app: App, topic: Topic) -> tuple[Query, Corpus]:
    """Return a topic made ready, and the frequencies it needs."""
    examples = list(app.store.papers(topic.examples).values())
    papers, tokens = app.store.corpus()
    frequencies = app.store.document_frequencies(vocabulary(topic, examples))
    corpus = Corpus(papers=papers, tokens=tokens, frequencies=frequencies)
    return query(topic, corpus, examples), corpus


def why(app: App, topic: Topic, paper: Paper, period: Period, *, as_of: datetime) -> Reply:
    """Return a paper's score for a topic part by part, or why it is out, whether or not it is in the window."""
    wanted, corpus = prepared(app, topic)
    candidate = Candidate(
        paper=paper,
        numbers=app.store.numbers([paper.id], at=as_of).get(paper.id, {}),
        sources=app.store.announcers([paper.id]).get(paper.id, ()),
    )
    judgement = judge(
        candidate,
        topic,
        wanted,
        corpus,
        at=app.calendar.cut(period),
        kind=period.kind,
        default=app.settings.default_weights,
    )
    held = (one for one in app.store.editions(topic.id, kind=period.kind) if _holds(one, paper.id))
    return Reply(judgement=judgement, edition=next(held, None))


def find_paper(app: App, wanted: str) -> Paper:
    """Return the paper that an id, an arXiv id, a DOI, an address or words of the title name. Raises NotFoundError."""
    known = app.store.papers([PaperId(wanted)])
    if known:
        return known[PaperId(wanted)]
    owners = app.store.paper_ids(_keys(wanted))
    if owners:
        found = next(iter(owners.values()))
        return app.store.papers([found])[found]
    matches = app.store.search(wanted, limit=20)
    begun = [paper for paper in matches if fold(paper.title).startswith(fold(wanted))]
    if len(matches) == 1 or len(begun) == 1:
        return (begun or matches)[0]
    hint = "; ".join(f"{paper.id} {paper.title[:60]}" for paper in matches[:5])
    what = "no paper" if not matches else "more than one paper"
    raise NotFoundError(f"{what} matches {wanted!r}", hint=hint or "use an id, a DOI, an address or words of the title")


def _keys(wanted: str) -> list[str]:
    arxiv, doi = identity.arxiv_id(wanted), identity.doi(wanted)
    return [*([f"arxiv:{arxiv[0]}"] if arxiv else []), *([f"doi:{doi}"] if doi else [])]


def _holds(one: Edition, paper: PaperId) -> bool:
    return any(pick.paper.id == paper for pick in one.picks)


def _horizon(app: App, period: Period) -> date | None:
    horizon = app.settings.repeat_horizon
    return period.start - horizon if horizon else None
