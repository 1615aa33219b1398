"""Papers of the store made ready for ranking: with their numbers, who announced them, and what the crowd says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from digest import edition
from digest.app import App
from digest.model import Paper, PaperId, Period, Value
from digest.rank import Candidate
from digest.rank.late import DOUBTFUL, HORIZON, Growth, bloom
from digest.rank.trend import Crowd, crowd, listing_day


def candidates(app: App, papers: Sequence[Paper], *, as_of: datetime) -> list[Candidate]:
    """Return papers with all that is known of them at `as_of`."""
    ids = [paper.id for paper in papers]
    numbers, announcers = app.store.numbers(ids, at=as_of), app.store.announcers(ids, until=as_of)
    crowds = _crowds(app, papers, announcers, as_of=as_of)
    return [
        Candidate(
            paper=paper,
            numbers=numbers.get(paper.id, {}),
            sources=announcers.get(paper.id, ()),
            crowd=crowds[paper.id],
        )
        for paper in papers
    ]


def _crowds(
    app: App, papers: Sequence[Paper], announcers: Mapping[PaperId, Sequence[str]], *, as_of: datetime
) -> dict[PaperId, Crowd]:
    """Return for each paper what its series say of it, beside all others of its lists' days."""
    if not papers:
        return {}
    listed = [listing_day(paper) for paper in papers]
    start, end = (datetime.combine(day, time(), UTC) for day in (min(listed), max(listed)))
    days = app.store.day_votes(start, end + timedelta(days=1), at=as_of)
    series = app.store.series([paper.id for paper in papers], until=as_of)

    def known(paper: Paper) -> Crowd:
        announced = len(announcers.get(paper.id, ()))
        return crowd(paper, series.get(paper.id, ()), days, announced=announced, at=as_of)

    return {paper.id: known(paper) for paper in papers}


class Bloomers(Value):
    """Papers that bloomed late, and how each grew."""

    candidates: tuple[Candidate, ...]
    grown: Mapping[PaperId, Growth]


def bloomers(app: App, period: Period, *, as_of: datetime) -> Bloomers:
    """Return the papers that bloomed since the period began, too late for its window."""
    window, lately = edition.window(period, app.calendar), app.calendar.cut(period.previous)
    before = min(window.start, window.oldest or window.start)
    ids = app.store.grown(before - HORIZON, before, since=lately, at=as_of, least=DOUBTFUL)
    series, papers = app.store.series(ids, until=as_of), app.store.papers(ids).values()
    grown = {paper.id: growth for paper in papers if (growth := bloom(paper, series[paper.id], at=as_of))}
    found = candidates(app, [paper for paper in papers if paper.id in grown], as_of=as_of)
    return Bloomers(candidates=tuple(found), grown=grown)
