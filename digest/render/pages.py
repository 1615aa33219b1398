"""The site's pages: an edition, a topic with its archive, the index, an error, and their one stylesheet.

Links within the site are relative, so that it may live below any path. What is used away from the page (its canonical
address, the feeds that programs find in its head) is absolute. A personal topic has no page, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby

from jinja2 import Environment

from digest.errors import RenderError
from digest.model import Edition, Period, PeriodKind, Site, Topic, Value
from digest.render import paths, words
from digest.render.templates import render
from digest.render.views import NAME, NOTE, EditionView, FeedLink, Link, edition_view, feed_links, line

STYLE_PATH = "/style.css"
ON_THE_INDEX = 3  # papers of a topic
_KINDS = tuple(PeriodKind)


class SpineView(Value):
    """An edition in an archive: its period in short, and in words how many papers it holds."""

    label: str
    target: str
    papers: str


class ShelfView(Value):
    """A part of an archive: a month's days, a year's weeks or months, newest first."""

    label: str
    editions: tuple[SpineView, ...]


class TopicView(Value):
    """A topic as shown, with its latest edition if it has one."""

    name: str
    description: str
    path: str
    feeds: tuple[FeedLink, ...]
    latest: EditionView | None


def edition_page(
    env: Environment, site: Site, edition: Edition, *, newer: Edition | None = None, older: Edition | None = None
) -> bytes:
    """Return the page of an edition; `newer` and `older` are its neighbours.

    Raises RenderError, also for a personal topic.
    """
    view = edition_view(edition)
    return _page(
        env,
        "web/edition.html",
        site,
        path=_public(edition.topic, paths.edition_path(edition)),
        title=f"{view.topic}, {view.period}",
        description=view.lead,
        feeds=view.feeds,
        edition=view,
        newer=_neighbour(newer),
        older=_neighbour(older),
    )


def topic_page(
    env: Environment, site: Site, topic: Topic, editions: Sequence[Edition], *, by_mail: bool = False
) -> bytes:
    """Return a topic's page: its latest edition, its feeds, and all its editions by date, in whatever order they come.

    `by_mail` says that it can be had by mail.

    Raises RenderError, also for a personal topic.
    """
    newest_first = sorted(editions, key=lambda edition: (edition.period.end, edition.period.start), reverse=True)
    view = _topic_view(topic, newest_first[0] if newest_first else None)
    return _page(
        env,
        "web/topic.html",
        site,
        path=_public(topic, view.path),
        title=view.name,
        description=view.description or f"Papers on {view.name}, picked by {site.title}",
        feeds=view.feeds,
        topic=view,
        subscribe=paths.subscribe_path(topic.id) if by_mail else None,
        shelves=_shelves(newest_first),
    )


def index_page(
    env: Environment, site: Site, latest: Sequence[tuple[Topic, Edition | None]], *, by_mail: bool = False
) -> bytes:
    """Return the first page: every public topic with the first papers of its latest edition. Raises RenderError."""
    topics = [_topic_view(topic, edition) for topic, edition in latest if topic.owner is None]
    return _page(
        env,
        "web/index.html",
        site,
        path="/",
        title=site.title,
        description=site.description,
        feeds=tuple(feed for topic in topics for feed in topic.feeds),
        topics=topics,
        subscribe=paths.subscribe_path() if by_mail else None,
        shown=ON_THE_INDEX,
    )


def error_page(env: Environment, site: Site, *, title: str, message: str) -> bytes:
    """Return a page that says what went wrong. Its links are absolute: it may answer for any address."""
    return _render(env, "web/error.html", site, partial(paths.absolute, site), title=title, message=message)


def stylesheet(env: Environment) -> bytes:
    """Return the stylesheet of all pages, which link to it as STYLE_PATH. Raises RenderError."""
    return render(env, "web/style.css").encode()


def relative(path: str, target: str) -> str:
    """Return the link from the page at `path` to `target`, both paths on the site."""
    return ("../" * (path.count("/") - 1) or "./") + target.removeprefix("/")


def _page(env: Environment, template: str, site: Site, *, path: str, **values: object) -> bytes:
    canonical = paths.absolute(site, path)
    return _render(env, template, site, partial(relative, path), canonical=canonical, **values)


def _render(env: Environment, template: str, site: Site, to: Callable[[str], str], **values: object) -> bytes:
    """Render a page; `to` makes a link of a path on the site, `full` an address."""
    full = partial(paths.absolute, site)
    return render(env, template, site=site, to=to, full=full, style=STYLE_PATH, **values).encode()


def _public(topic: Topic, path: str) -> str:
    if topic.owner is not None:
        raise RenderError(f"topic {topic.id!r} is personal: it has no page")
    return path


def _neighbour(edition: Edition | None) -> Link | None:
    return Link(label=words.period(edition.period), target=paths.edition_path(edition)) if edition else None


def _topic_view(topic: Topic, latest: Edition | None) -> TopicView:
    return TopicView(
        name=line(topic.name, NAME),
        description=line(topic.description, NOTE),
        path=paths.topic_path(topic.id),
        feeds=feed_links(topic),
        latest=edition_view(latest) if latest else None,
    )


def _shelves(newest_first: Sequence[Edition]) -> list[ShelfView]:
    """Return the archive: days, then weeks, then months."""
    by_kind = sorted(newest_first, key=lambda edition: _KINDS.index(edition.period.kind))
    return [
        ShelfView(label=label, editions=tuple(map(_spine, editions)))
        for label, editions in groupby(by_kind, key=lambda edition: _shelf(edition.period))
    ]


def _shelf(period: Period) -> str:
    match period.kind:
        case PeriodKind.DAY:
            return words.month(period.start)
        case PeriodKind.WEEK:
            return f"Weeks of {period.start.isocalendar().year}"
        case PeriodKind.MONTH:
            return f"Months of {period.start.year}"


def _spine(edition: Edition) -> SpineView:
    papers = words.count(len(edition.picks), "paper") if edition.picks else "empty"
    return SpineView(label=words.brief(edition.period), target=paths.edition_path(edition), papers=papers)
