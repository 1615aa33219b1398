"""The documents of a feed, each in three formats: the newest, and the pages of the archive behind it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.app import App
from digest.model import (
    Edition,
    EditionId,
    EditionState,
    FeedEntry,
    FeedState,
    PeriodKind,
    Pick,
    Topic,
    Value,
    feed_of_topic,
    lined_up,
)
from digest.render import archives
from digest.render.feed import NEVER, Category, Feed, Item, item_of, site_feed, topic_feed, topic_thing
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss
from digest.work.feeds.channels import Channel, channel_of_topic

RENDERERS = {"rss": render_rss, "atom": render_atom, "json": render_json}
# What JSON Feed calls acceptable.
LARGEST = 250_000
# How late a reader may be: a small part of what lies between two editions. Of the rest the server's max-age says when
# the next one is due.
PATIENCE = {
    PeriodKind.DAY: timedelta(hours=1),
    PeriodKind.WEEK: timedelta(hours=6),
    PeriodKind.MONTH: timedelta(days=1),
}
AT_ANY_TIME = timedelta(minutes=30)
# On a weekday on which nothing came in as many weeks nothing is expected.
QUIET_WEEKS = 8
_LOOKED_AT = 2000


class Document(Value):
    """One document of a feed, without its extension: the newest (`/feed`), or a page of the archive (`/feed-3`).

    An archive page is `final`: its bytes never change. `changed` is when the newest paper or edition in it came, None
    without any. `bodies` are its bytes in each format, by extension.
    """

    stem: str
    feed: Feed
    changed: datetime | None
    bodies: dict[str, bytes]
    final: bool = False


def documents(app: App, channel: Channel, *, held: Container[str] = ()) -> Iterator[Document]:
    """Yield the documents of a feed, archive pages first, without the final ones whose stem is `held` already.

    Raises StoreError, RenderError.
    """
    latest = app.store.editions_named([channel.newest]).get(channel.newest) if channel.newest else None
    maker = _Maker(app, channel, latest)
    newest, archived = maker.newest()
    for page in range(1, archived + 1):
        if archives.page_stem(channel.stem, page) not in held:
            yield maker.page(page)
    yield newest


def files(document: Document) -> Iterator[tuple[str, bytes]]:
    """Yield a document in each format: its path, such as `/topics/kv-cache/feed.atom`, and its bytes."""
    for extension, body in document.bodies.items():
        yield f"{document.stem}.{extension}", body


def preview(app: App, topic: Topic, edition: Edition) -> Document:
    """Return the newest document of a topic's feed as it was, or would be, with this edition of it as the last.

    Without the edition if the feed is made of editions of another kind. Raises StoreError, RenderError.
    """
    name = feed_of_topic(topic.id)
    state = app.store.feeds().get(name, FeedState(name=name))
    if edition.period.kind is not topic.shortest:
        released = app.store.editions(topic.id, kind=topic.shortest, state=EditionState.RELEASED, limit=1)
        return _previewed(app, topic, state, released[0] if released else None)
    if edition.state is EditionState.RELEASED:
        return _previewed(app, topic, _as_of(app, state, edition.dated), edition)
    known = app.store.entered(name, [pick.paper.id for pick in edition.shown])
    new = [pick for pick in edition.shown if pick.paper.id not in known]
    after, entries = lined_up(state, new, at=edition.dated, edition_id=edition.id)
    origins = app.store.origins([one.paper_id for one in entries], until=edition.as_of)
    return _previewed(app, topic, after, edition, [replace(one, origin=origins.get(one.paper_id)) for one in entries])


def document_of(stem: str, feed: Feed, *, final: bool = False) -> Document:
    """Return a feed written down in each format."""
    bodies = {name: render(feed) for name, render in RENDERERS.items()}
    changed = feed.updated if feed.updated > NEVER else None
    return Document(stem=stem, feed=feed, changed=changed, bodies=bodies, final=final)


def item_in(
    app: App, entry: FeedEntry, known: Mapping[EditionId, Edition], *, brief: bool = False, filed: bool = True
) -> Item | None:
    """Return an entry as an item; None if its edition is gone. `filed` names its topic, for a feed of several."""
    edition = known.get(entry.edition_id) if entry.edition_id else None
    pick = entry.pick or _picked(edition, entry)
    if pick is None:
        return None
    item = item_of(app.site, app.templates, pick, at=entry.at, edition=edition, origin=entry.origin, brief=brief)
    if not filed or edition is None or any(one.term == edition.topic.name for one in item.categories):
        return item
    return replace(item, categories=(*item.categories, Category(term=edition.topic.name)))


class _Maker:
    """Makes the documents of one channel. `extra` are entries that are not in the store, behind those that are."""

    def __init__(self, app: App, channel: Channel, latest: Edition | None, extra: Sequence[FeedEntry] = ()) -> None:
        self._app, self._channel, self._latest, self._extra = app, channel, latest, extra

    def newest(self) -> tuple[Document, int]:
        """Return the newest document, and how many pages of the archive are behind it."""
        entered, limit = self._channel.entered, self._app.settings.limits.feed_items
        pages = archives.pages(entered, limit)
        document = self._newest(pages)
        while _size(document) > LARGEST and archives.end_of(max(2, pages + 1)) < entered:
            pages = max(2, pages + 1)
            document = self._newest(pages)
        return document if _size(document) <= LARGEST else self._newest(pages, brief=True), pages

    def page(self, number: int) -> Document:
        """Return a page of the archive."""
        document = self._page(number)
        return document if _size(document) <= LARGEST else self._page(number, brief=True)

    def _newest(self, pages: int, *, brief: bool = False) -> Document:
        app, channel = self._app, self._channel
        feed = replace(
            self._head(channel.stem, self._items(archives.end_of(pages), channel.entered, brief=brief)),
            hubs=app.settings.hubs,
            patience=PATIENCE[channel.kind] if channel.kind else AT_ANY_TIME,
            quiet=_quiet(app, channel),
            older=self._addresses(pages) if pages else {},
            complete=not pages,
        )
        return document_of(channel.stem, feed)

    def _page(self, number: int, *, brief: bool = False) -> Document:
        stem = archives.page_stem(self._channel.stem, number)
        feed = replace(
            self._head(stem, self._items(archives.end_of(number - 1), archives.end_of(number), brief=brief)),
            older=self._addresses(number - 1) if number > 1 else {},
            newer=self._addresses(2) if number == 1 else {},
            current=archives.addresses(self._app.site.url, self._channel.stem),
        )
        return document_of(stem, feed, final=True)

    def _head(self, stem: str, items: tuple[Item, ...]) -> Feed:
        site, channel = self._app.site, self._channel
        if channel.topic and stem == channel.stem:
            return topic_feed(site, channel.topic, self._latest, items)
        return site_feed(
            site,
            stem,
            thing=topic_thing(channel.topic.id) if channel.topic else f"feed:{channel.name}",
            title=channel.title,
            description=channel.about or channel.title,
            home=channel.home,
            items=items,
        )

    def _addresses(self, page: int) -> dict[str, str]:
        return archives.addresses(self._app.site.url, archives.page_stem(self._channel.stem, page))

    def _items(self, after: int, until: int, *, brief: bool) -> tuple[Item, ...]:
        app, filed = self._app, not self._channel.topic
        entries = app.store.feed_entries(self._channel.name, after=after, until=until)
        entries += [one for one in self._extra if after < one.number <= until]
        known = app.store.editions_named({one.edition_id for one in entries if one.edition_id})
        if self._latest:
            known[self._latest.id] = self._latest
        found = (item_in(app, one, known, brief=brief, filed=filed) for one in reversed(entries))
        return tuple(item for item in found if item)


def _previewed(
    app: App, topic: Topic, state: FeedState, latest: Edition | None, extra: Sequence[FeedEntry] = ()
) -> Document:
    channel = channel_of_topic(app, topic, state, latest.id if latest else None)
    return _Maker(app, channel, latest, extra).newest()[0]


def _as_of(app: App, state: FeedState, at: datetime) -> FeedState:
    """Return a feed as it stood at an instant."""
    entered = app.store.entered_by(state.name, at)
    if entered == state.entered:
        return state
    last = app.store.feed_entries(state.name, after=entered - 1, until=entered)
    return FeedState(name=state.name, entered=entered, changed=last[0].at if last else None)


def _picked(edition: Edition | None, entry: FeedEntry) -> Pick | None:
    return next((pick for pick in edition.shown if pick.paper.id == entry.paper_id), None) if edition else None


def _quiet(app: App, channel: Channel) -> tuple[int, ...]:
    """Return the weekdays on which nothing came in the last weeks; none of a feed that has not been there so long."""
    if channel.kind is not PeriodKind.DAY or channel.changed is None:
        return ()
    days, last = app.store.feed_days(channel.name, limit=_LOOKED_AT), channel.changed.date()
    since = last - timedelta(weeks=QUIET_WEEKS)
    if not days or days[0] > since:
        return ()
    return tuple(sorted(set(range(7)) - {day.weekday() for day in days if since < day <= last}))


def _size(document: Document) -> int:
    return max(map(len, document.bodies.values()))
