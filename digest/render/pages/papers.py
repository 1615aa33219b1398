"""A paper's own page: all that is known of it, and how it came here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from markupsafe import Markup

from digest.model import (
    AnnounceType,
    Edition,
    Paper,
    Pick,
    Rights,
    Search,
    Sighting,
    Signal,
    SignalKind,
    SourceId,
    Value,
)
from digest.render import charts, paths, words
from digest.render.citing import bibtex, citation_tags
from digest.render.pages.frame import Frame, public
from digest.render.views import NAME, REASON, Link, PaperView, line, paper_view
from digest.render.why import sentence
from digest.text import summary_of, tidy, within

PEOPLE = 60
ROWS = 15  # of announcements, and of editions
_LONGEST = 10_000  # bytes of an abstract, which stands twice: a page is to stay below 50 kB in any script
_NOUNS = {kind: kind.replace("_", " ").removesuffix("s") for kind in SignalKind}
_SAID = {
    AnnounceType.NEW: "new",
    AnnounceType.CROSS: "cross-listed",
    AnnounceType.REPLACE: "revised",
    AnnounceType.REPLACE_CROSS: "revised, cross-listed",
}


class SeriesView(Value):
    """How a number grew, in words and as a picture."""

    name: str
    said: str
    chart: Markup


class AnnouncementView(Value):
    """One announcement: on which day, by which source, of which version, and what else it said."""

    day: str
    source: str
    version: str
    said: str


class AppearanceView(Value):
    """An edition that the paper was in, its place there and why."""

    topic: str
    period: str
    target: str
    place: str
    reason: str


def paper_page(
    frame: Frame,
    paper: Paper,
    *,
    announced: Sequence[Sighting] = (),
    names: Mapping[SourceId, str] | None = None,
    series: Sequence[Signal] = (),
    appearances: Sequence[AppearanceView] = (),
    similar: Sequence[Paper] = (),
) -> bytes:
    """Return a paper's page; of a withdrawn one a tombstone, which holds no abstract and is not indexed.

    `announced` are its entries by sources of these `names`, `series` its signals, `appearances` the released
    editions of public topics that it was in. Raises RenderError; ValueError for a paper whose id no address can hold.
    """
    path = paths.paper_path(paper.id)
    if path is None:
        raise ValueError(f"{paper.id!r} is too long for an address")
    view, abstract = listed_view(paper), _abstract(paper)
    return frame.page(
        "web/paper.html",
        path,
        title=view.title,
        description=view.summary or f"{view.title}, as {frame.site.title} knows it.",
        indexed=not paper.withdrawn,
        paper=view,
        people=[line(name, NAME) for name in words.cut(paper.authors, PEOPLE)],
        abstract=abstract,
        reserved=paper.rights is not Rights.FULL and not paper.withdrawn,
        facts=tuple(_facts(frame, paper)),
        numbers=() if paper.withdrawn else tuple(_numbers(series)),
        announced=[_announcement(one, names or {}) for one in announced[:ROWS]],
        appearances=tuple(appearances)[:ROWS],
        similar=[listed_view(other) for other in similar],
        tags=citation_tags(paper),
        bibtex="" if paper.withdrawn else bibtex(paper),
        cite=f"{path}cite.bib",
    )


def listed_view(paper: Paper, number: int = 0) -> PaperView:
    """Return a paper as it stands in a list that nobody picked."""
    return paper_view(Pick(paper=paper, rank=number, score=0.0, parts=(), reasons=()))


def _abstract(paper: Paper) -> str:
    """Return as much of the abstract as may be republished."""
    if paper.withdrawn:
        return ""
    return tidy(within(paper.abstract or "", _LONGEST)) if paper.rights is Rights.FULL else summary_of(paper)


def _facts(frame: Frame, paper: Paper) -> Iterator[tuple[str, list[Link]]]:
    """Yield what is known for sure, by name; a value without a target is no link."""
    if paper.arxiv_id:
        yield "arXiv", [Link(label=paper.arxiv_id, target=f"https://arxiv.org/abs/{paper.arxiv_id}")]
    if paper.doi and not paper.arxiv_id:
        yield "DOI", [Link(label=line(paper.doi, NAME), target="")]
    if paper.version:
        yield "Version", [Link(label=str(paper.version), target="")]
    if paper.categories:
        yield "Categories", [_category(frame, line(one, NAME)) for one in words.cut(paper.categories, 12)]
    dates = {"Submitted": paper.submitted, "Announced": paper.announced, "Listed": paper.listed}
    for name, at in {**dates, "First seen": paper.first_seen}.items():
        if at:
            yield name, [Link(label=_day(at), target="")]


def _category(frame: Frame, name: str) -> Link:
    return Link(label=name, target=paths.search_path(Search(category=name)) if frame.search else "")


def _numbers(series: Sequence[Signal]) -> Iterator[SeriesView]:
    """Yield for each kind the fullest series: sources count for themselves, so that two never make one line."""
    for kind in SignalKind:
        by_source: dict[SourceId, list[tuple[datetime, int]]] = {}
        for signal in series:
            if signal.kind is kind:
                by_source.setdefault(signal.source_id, []).append((signal.at, signal.value))
        fullest = max(by_source.values(), key=lambda points: (points[-1][1], len(points)), default=[])
        if fullest and fullest[-1][1] > 0:
            yield _series(kind, fullest)


def _series(kind: SignalKind, points: Sequence[tuple[datetime, int]]) -> SeriesView:
    noun, (first, start), (last, end) = _NOUNS[kind], points[0], points[-1]
    said = f"{words.count(end, noun)} on {_day(last)}"
    if len(points) > 1 and start != end:
        same_day = _day(first) == _day(last)
        said += f", from {start:,} {f'at {first:%H:%M} UTC' if same_day else f'on {_day(first)}'}"
    name = f"{noun.capitalize()}s"
    return SeriesView(name=name, said=f"{said}.", chart=charts.line(f"{name} over time", noun, points))


def _announcement(sighting: Sighting, names: Mapping[SourceId, str]) -> AnnouncementView:
    entry = sighting.entry
    return AnnouncementView(
        day=_day(entry.listed or entry.announced or sighting.first_seen),
        source=line(names.get(entry.source_id, entry.source_id), NAME),
        version=f"version {entry.version}" if entry.version else "",
        said="withdrawn" if entry.withdrawn else _SAID.get(entry.announce_type, "") if entry.announce_type else "",
    )


def appearance(edition: Edition, pick: Pick) -> AppearanceView:
    """Return as what a paper was in an edition. Raises RenderError for one of a personal topic."""
    late = any(pick.paper.id == one.paper.id for one in edition.late)
    place = "A late bloomer" if late else f"Number {pick.rank} of {len(edition.picks)}"
    at = next((n for n, one in enumerate(edition.picks) if one.paper.id == pick.paper.id), 0)
    return AppearanceView(
        topic=line(edition.topic.name, NAME),
        period=words.period(edition.period),
        target=public(edition.topic, paths.pick_path(edition, at, pick.paper.id)),
        place=place,
        reason=words.sentence(line(sentence(pick), REASON)),
    )


def _day(at: datetime) -> str:
    return words.short_day(at.astimezone(UTC).date())
