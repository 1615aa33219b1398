"""The page of the sources: what each is, how it stands, and what it brought in the last days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from digest.model import Condition, Rights, Source, SourceState, Value
from digest.render import charts, paths, words
from digest.render.charts import Bar
from digest.render.pages.frame import Frame
from digest.render.pages.lists import pages_of, sliced, turn
from digest.render.standing import told
from digest.render.views import NAME, line

ON_A_PAGE = 25
STATES = {
    SourceState.FRESH: "Brought something new within a day.",
    SourceState.WAITING: "Something is due and has not come yet.",
    SourceState.QUIET: "Nothing new is due now.",
    SourceState.STALLED: "It answers, but still shows an old batch.",
    SourceState.FAILED: "It cannot be reached.",
}
_RIGHTS = {
    Rights.FULL: "abstracts may be shown",
    Rights.EXCERPT: "a few sentences may be shown",
    Rights.LINK: "titles and links only",
}


class Standing(Value):
    """A source, how it stands (None for files that are imported), what it gave in all and day by day."""

    source: Source
    condition: Condition | None = None
    entries: int = 0
    last_new: datetime | None = None
    days: tuple[Bar, ...] = ()


class SourceView(Value):
    """A source as shown; an empty text is left out."""

    name: str
    state: str
    said: str
    facts: str
    chart: Markup


def sources_page(
    frame: Frame, standings: Sequence[Standing], *, now: datetime, zone: ZoneInfo, number: int = 1
) -> bytes:
    """Return a page of the sources and their health, as of `now`. Raises RenderError."""
    shown = sliced(standings, number, ON_A_PAGE)
    return frame.page(
        "web/sources.html",
        paths.numbered(paths.SOURCES, number),
        title=f"Sources, page {number}" if number > 1 else "Sources",
        description=f"Where the papers of {frame.site.title} come from, and how each source stands.",
        section=paths.SOURCES,
        sources=[_view(one, now, zone) for one in shown],
        behind=sum(one.condition is not None and one.condition.behind for one in standings),
        total=len(standings),
        turn=turn(paths.SOURCES, number, sources_pages(len(standings))),
    )


def sources_pages(sources: int) -> int:
    """Return how many pages the sources take."""
    return pages_of(sources, ON_A_PAGE)


def _view(standing: Standing, now: datetime, zone: ZoneInfo) -> SourceView:
    source, condition = standing.source, standing.condition
    name = line(source.name, NAME)
    last = words.short_day(standing.last_new.astimezone(UTC).date()) if standing.last_new else ""
    facts = [
        f"{words.count(standing.entries, 'announcement')} in all",
        f"last news {last}" if last else "",
        _RIGHTS[source.rights],
    ]
    return SourceView(
        name=name,
        state=condition.state if condition else "files" if source.enabled else "off",
        said=_said(standing, now, zone),
        facts="; ".join(filter(None, facts)),
        chart=charts.bars(f"What {name} brought in {len(standing.days)} days", "announcement", standing.days),
    )


def _said(standing: Standing, now: datetime, zone: ZoneInfo) -> str:
    condition = standing.condition
    if condition is None:
        return "Files that the editors import." if standing.source.enabled else "Not asked at present."
    if condition.behind:
        return words.sentence(told(condition, zone=zone, now=now))
    return STATES[condition.state] if standing.last_new or condition.last_new else "It has brought nothing yet."
