"""Pages that are rendered when somebody asks: a paper, its BibTeX file, the sources, a search."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from digest import rank, watch
from digest.app import App
from digest.model import (
    Arrival,
    Edition,
    EditionState,
    Health,
    Paper,
    PaperId,
    Search,
    Source,
    SourceId,
    TopicId,
)
from digest.rank.similar import nearest, rare_words
from digest.render import pages, paths
from digest.render.charts import Bar
from digest.render.citing import bibtex
from digest.render.pages import Frame, Standing
from digest.render.pages.papers import AppearanceView, appearance
from digest.render.pages.searching import LAST_PAGE, ON_A_PAGE
from digest.text import tidy
from digest.work.counting import corpus_of
from digest.work.standing import conditions

SIMILAR, WITH_A_WORD = 5, 40
SHOWN = 10  # editions of a paper
DAYS = 30
WORDS = 200  # characters of a search
_DAY = timedelta(days=1)
_CATEGORY = re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,39}", re.ASCII)
_PAGE = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_CITE = "cite.bib"
_NOT_A_DAY = "This is no day: write it as 2026-11-20."


def live(app: App, around: Frame, path: str, query: Mapping[str, str]) -> bytes | None:
    """Return what is rendered on demand, or None if nothing stands at `path`; its extension tells its media type.

    A paper and its `cite.bib`, the sources, a search. `query` may hold anything; paths without a search ignore it.
    """
    if path == paths.SEARCH:
        return _search(app, around, query)
    if path.startswith(paths.SOURCES):
        return _sources(app, around, path)
    if paper_id := paths.paper_at(path.removesuffix(_CITE)):
        return _paper(app, around, paper_id, cite=path.endswith(_CITE))
    return None


def search_of(query: Mapping[str, str]) -> tuple[Search, dict[str, str]]:
    """Return what a query asks for, and by field what of it cannot be understood; that is then not asked for."""
    problems: dict[str, str] = {}
    category = tidy(query.get("category", ""))[:WORDS]
    if category and not _CATEGORY.fullmatch(category):
        problems["category"], category = "This is no category: write it as cs.LG.", ""
    days = {name: _day(query.get(name, ""), name, problems) for name in ("since", "until")}
    source = SourceId(tidy(query.get("source", ""))[:WORDS])
    words = tidy(query.get("q", "")[:WORDS])
    code = bool(query.get("code"))
    return Search(words=words, category=category or None, source=source or None, code=code, **days), problems


def similar_to(app: App, paper: Paper) -> list[Paper]:
    """Return the papers most like one: of those that share a rare word with it, the newest of each."""
    seen = rank.document_of(paper).counts
    corpus = corpus_of(app, seen, counted=False)
    pool = {
        found.id: found
        for word in rare_words(paper, corpus)
        for found in app.store.search(word, limit=WITH_A_WORD)
        if not found.withdrawn
    }
    near = nearest([paper], pool.values(), SIMILAR).get(paper.id, ())
    return [pool[id_] for id_ in near]


def standings(app: App, sources: Sequence[Source]) -> list[Standing]:
    """Return how sources stand now, with what each of the last days brought."""
    now, tallies = app.now(), app.store.source_tallies()
    states = {one.source_id: one for one in conditions(app) if one.category is None}
    counted = [one for one in app.store.arrivals(now - watch.LOOK_BACK) if not one.category]
    past = _past(app, sources, counted)
    return [
        Standing(
            source=source,
            condition=states.get(source.id),
            entries=tallies[source.id][0] if source.id in tallies else 0,
            last_new=tallies[source.id][1] if source.id in tallies else None,
            days=past.get(source.id, ()),
        )
        for source in sources
    ]


def _search(app: App, around: Frame, query: Mapping[str, str]) -> bytes | None:
    search, problems = search_of(query)
    page = query.get("page", "") or "1"
    if not _PAGE.fullmatch(page) or int(page) > LAST_PAGE:
        return None
    number = int(page)
    # One more than is shown tells whether there is a next page.
    found = [] if search.empty else app.store.find(search, limit=ON_A_PAGE + 1, skip=(number - 1) * ON_A_PAGE)
    return pages.search_page(
        around,
        search,
        found[:ON_A_PAGE],
        number=number,
        more=len(found) > ON_A_PAGE,
        sources=app.store.sources(),
        problems=problems,
    )


def _day(text: str, name: str, problems: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        problems[name] = _NOT_A_DAY
        return None


def _sources(app: App, around: Frame, path: str) -> bytes | None:
    sources = app.store.sources()
    numbers = range(1, pages.sources_pages(len(sources)) + 1)
    number = next((one for one in numbers if paths.numbered(paths.SOURCES, one) == path), None)
    if number is None:
        return None
    return pages.sources_page(around, standings(app, sources), now=app.now(), zone=app.calendar.zone, number=number)


def _past(app: App, sources: Sequence[Source], counted: Sequence[Arrival]) -> dict[SourceId, tuple[Bar, ...]]:
    """Return for each polled source what was new on each of the last days, and the days on which something was missing.

    Of outages the store keeps the one that goes on.
    """
    polled = [source for source in sources if source.url and source.enabled]
    healths = app.store.source_health([source.id for source in polled])
    today = app.now().astimezone(app.calendar.zone).date()
    days = [today - n * _DAY for n in reversed(range(DAYS))]
    series: dict[SourceId, list[Arrival]] = {}
    for one in counted:
        series.setdefault(one.source_id, []).append(one)
    return {
        source.id: tuple(_bars(app, source, healths[source.id], series.get(source.id, []), days)) for source in polled
    }


def _bars(app: App, source: Source, health: Health, series: Sequence[Arrival], days: Sequence[date]) -> Iterator[Bar]:
    zone = app.calendar.zone
    brought = Counter[date]()
    for one in series:
        brought[one.at.astimezone(zone).date()] += one.entries
    missed = set(watch.missed(source, health, series, app.timetables, zone=zone, now=app.now()))
    for day in days:
        late = day in missed or _failing(health, day, zone)
        yield Bar(day=day, all=brought[day], part=brought[day], late=late)


def _failing(health: Health, day: date, zone: ZoneInfo) -> bool:
    return health.failing_since is not None and health.failing_since.astimezone(zone).date() <= day


def _paper(app: App, around: Frame, paper_id: PaperId, *, cite: bool) -> bytes | None:
    paper = app.store.papers([paper_id]).get(paper_id)
    if paper is None or (cite and paper.withdrawn):
        return None
    if cite:
        return bibtex(paper).encode()
    public = {topic.id for topic in app.store.topics() if topic.enabled and topic.owner is None}
    named = (id_ for id_ in app.store.editions_of(paper.id) if id_.partition("/")[0] in public)
    editions = [app.store.edition(id_) for id_ in islice(named, SHOWN)]
    appearances = [one for edition in editions for pick, one in appearances_of(edition) if pick == paper.id]
    near = [] if paper.withdrawn else similar_to(app, paper)
    return _rendered(app, around, paper, appearances, near)


def _rendered(
    app: App, around: Frame, paper: Paper, appearances: Sequence[AppearanceView], near: Sequence[Paper]
) -> bytes:
    return pages.paper_page(
        around,
        paper,
        announced=app.store.announcements(paper.id),
        names={source.id: source.name for source in app.store.sources()},
        series=app.store.series([paper.id], until=app.now()).get(paper.id, []),
        appearances=appearances,
        similar=near,
    )


def appearances_of(edition: Edition) -> Iterator[tuple[PaperId, AppearanceView]]:
    """Yield each paper that an edition shows, and as what."""
    for pick in (*edition.picks, *edition.late):
        yield pick.paper.id, appearance(edition, pick)


def paper_files(app: App, around: Frame, topics: Sequence[TopicId]) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of the pages of all papers that these topics' editions show, and of their BibTeX files.

    Papers are compared among themselves only, so that no link leads to a page that is not there.
    """
    shown: dict[PaperId, list[AppearanceView]] = {}
    for topic in topics:
        for edition in app.store.editions(topic, state=EditionState.RELEASED):
            for id_, one in appearances_of(edition):
                shown.setdefault(id_, []).append(one)
    papers = app.store.papers(shown)
    standing = [paper for paper in papers.values() if not paper.withdrawn]
    near = nearest(standing, standing, SIMILAR)
    for id_, paper in papers.items():
        if path := paths.paper_path(id_):
            alike = [papers[other] for other in near.get(paper.id, ()) if other in papers]
            yield path, _rendered(app, around, paper, shown[id_][:SHOWN], alike)
            if not paper.withdrawn:
                yield f"{path}{_CITE}", bibtex(paper).encode()


def source_files(app: App, around: Frame) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of the pages of the sources."""
    sources = app.store.sources()
    known = standings(app, sources)
    for number in range(1, pages.sources_pages(len(sources)) + 1):
        page = pages.sources_page(around, known, now=app.now(), zone=app.calendar.zone, number=number)
        yield paths.numbered(paths.SOURCES, number), page
