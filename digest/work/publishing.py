"""Render the site and its feeds from the released editions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from digest.app import App
from digest.model import Edition, EditionState, PeriodKind, Topic
from digest.publish.files import Written, write_tree
from digest.render import pages, paths
from digest.render.feed import Feed, feed_of
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss

RENDERERS = {"rss": render_rss, "atom": render_atom, "json": render_json}


def publish(app: App, folder: Path) -> Written:
    """Write the whole site below `folder`: only the files that changed, each whole. Raises PublishError."""
    return write_tree(folder, dict(site_files(app)))


def site_files(app: App) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of every page and feed of the site's own topics; what links comes after what it links to."""
    topics = [topic for topic in app.store.topics() if topic.enabled]
    latest = []
    yield "style.css", pages.stylesheet(app.templates)
    for topic in topics:
        editions = app.store.editions(topic.id, state=EditionState.RELEASED)
        yield from _topic_files(app, topic, editions)
        latest.append((topic, editions[0] if editions else None))
    yield "index.html", pages.index_page(app.templates, app.site, latest, by_mail=_by_mail(app))


def feeds(app: App, topic: Topic, editions: Sequence[Edition]) -> Iterator[tuple[str, bytes]]:
    """Yield (extension, bytes) of a topic's three feeds from its editions, newest first."""
    feed = topic_feed(app, topic, editions)
    for extension, render in RENDERERS.items():
        yield extension, render(feed)


def topic_feed(app: App, topic: Topic, editions: Sequence[Edition]) -> Feed:
    """Return a topic's feed: the picks of the shortest kind of edition it has, so that each paper comes once."""
    kind = feed_kind(topic)
    chosen = [edition for edition in editions if edition.period.kind is kind]
    return feed_of(app.site, topic, chosen, app.templates, limit=app.settings.limits.feed_items)


def feed_kind(topic: Topic) -> PeriodKind:
    """Return the shortest kind of edition a topic has."""
    return min(topic.periods, key=list(PeriodKind).index)


def _topic_files(app: App, topic: Topic, editions: list[Edition]) -> Iterator[tuple[str, bytes]]:
    for newer, edition, older in _neighbours(editions):
        page = pages.edition_page(app.templates, app.site, edition, newer=newer, older=older)
        yield _file(paths.edition_path(edition)), page
    for extension, body in feeds(app, topic, editions):
        yield paths.feed_path(topic.id, extension).lstrip("/"), body
    yield (
        _file(paths.topic_path(topic.id)),
        pages.topic_page(app.templates, app.site, topic, editions, by_mail=_by_mail(app)),
    )


def _by_mail(app: App) -> bool:
    return bool(app.settings.smtp.url)


def _neighbours(editions: list[Edition]) -> Iterator[tuple[Edition | None, Edition, Edition | None]]:
    """Yield each edition with the next newer and the next older one of its kind."""
    for kind in dict.fromkeys(edition.period.kind for edition in editions):
        same = [None, *(edition for edition in editions if edition.period.kind is kind), None]
        for newer, edition, older in zip(same, same[1:], same[2:], strict=False):
            if edition:
                yield newer, edition, older


def _file(path: str) -> str:
    return f"{path.lstrip('/')}index.html"
