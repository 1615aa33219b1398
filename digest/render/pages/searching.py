"""The page of a search: its form, what it found, and its feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from digest.model import Paper, Search, Source
from digest.render import paths, words
from digest.render.pages.frame import Frame
from digest.render.pages.lists import TurnView
from digest.render.pages.papers import listed_view
from digest.render.views import FEEDS, NAME, FeedLink, Link, line

ON_A_PAGE = 20
LAST_PAGE = 50


def search_page(
    frame: Frame,
    search: Search,
    papers: Sequence[Paper],
    *,
    number: int = 1,
    more: bool = False,
    sources: Sequence[Source] = (),
    problems: Mapping[str, str] | None = None,
) -> bytes:
    """Return what a search found: page `number`, from 1; `more` says that another page follows.

    The `sources` are those to choose from; `problems` says of fields what was wrong with them, and that they were not
    looked at. A search is never indexed. Raises RenderError.
    """
    shown = [listed_view(paper, (number - 1) * ON_A_PAGE + place) for place, paper in enumerate(papers, 1)]
    said = search_words(search, {source.id: source.name for source in sources})
    return frame.page(
        "web/search.html",
        paths.search_path(search, number),
        title=f"Search: {said}" if said else "Search",
        description=f"Papers that {frame.site.title} knows.",
        section=paths.SEARCH,
        feeds=() if search.empty else search_feeds(search, said),
        indexed=False,
        search=search,
        said=said,
        papers=shown,
        number=number,
        turn=_turn(search, number, more=more),
        sources=[Link(label=line(source.name, NAME), target=source.id) for source in sources],
        problems=problems or {},
        subscribe=frame.subscribe(),
    )


def search_words(search: Search, names: Mapping[str, str]) -> str:
    """Return a search as a person says it: `“KV cache” in cs.LG, from arXiv, since 1 Nov 2026, with code`."""
    parts = (
        line(search.words, NAME),
        f"in {line(search.category, NAME)}" if search.category else "",
        f"from {line(names.get(search.source, search.source), NAME)}" if search.source else "",
        f"since {words.short_day(search.since)}" if search.since else "",
        f"until {words.short_day(search.until)}" if search.until else "",
        "with code" if search.code else "",
    )
    return ", ".join(filter(None, parts))


def search_feeds(search: Search, said: str) -> tuple[FeedLink, ...]:
    """Return a search's feeds, by their paths."""
    return tuple(
        FeedLink(
            label=label,
            target=paths.search_feed_path(search, extension),
            type=paths.FEED_FORMATS[extension],
            title=f"Search: {said} ({label})",
        )
        for extension, label in FEEDS.items()
    )


def _turn(search: Search, number: int, *, more: bool) -> TurnView | None:
    before = Link(label=f"Page {number - 1}", target=paths.search_path(search, number - 1)) if number > 1 else None
    goes_on = more and number < LAST_PAGE
    after = Link(label=f"Page {number + 1}", target=paths.search_path(search, number + 1)) if goes_on else None
    return TurnView(number=number, total=0, before=before, after=after) if before or after else None
