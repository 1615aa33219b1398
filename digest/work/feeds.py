"""Which feeds the site has, and what is in them.

A paper enters a feed once, and keeps the moment it entered and its place. The newest document of a feed holds the last
ones; what no longer fits stands in archive pages (RFC 5005), which never change.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from operator import attrgetter

from msgspec import json
from msgspec.structs import replace

from digest import tokens
from digest.app import App
from digest.errors import TokenError
from digest.model import (
    ALL,
    LATE,
    RISING,
    Edition,
    EditionId,
    FeedEntry,
    FeedState,
    Paper,
    Period,
    PeriodKind,
    Pick,
    Search,
    SubscriberId,
    SubscriptionState,
    Topic,
    TopicId,
    Value,
    feed_of_topic,
)
from digest.render import archives, paths
from digest.render.feed import NEVER, Category, Feed, Item, item_of, site_feed, topic_feed
from digest.render.jsonfeed import render_json
from digest.render.opml import Outline, render_opml
from digest.render.xmlfeeds import render_atom, render_rss

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

_LISTS = {
    ALL: ("", "All topics: every paper once, as soon as the first topic picks it"),
    RISING: ("Rising", "Papers that get votes fast, each as soon as it does"),
    LATE: ("Late bloomers", "Papers that grew far beyond what their first day promised, each when it did"),
}


class Channel(Value):
    """A public feed. A format's extension behind `stem` is its address: `/topics/kv-cache/feed` and `.atom`.

    `entered` papers ever entered it, the last one at `changed`, None if none did. `kind` is how long the periods of
    its editions are, None where papers come at any time. `stamp` is another one when any document may have changed.
    """

    name: str
    stem: str
    title: str
    home: str
    kind: PeriodKind | None
    entered: int
    changed: datetime | None
    stamp: str
    topic: Topic | None = None
    newest: EditionId | None = None


class Document(Value):
    """One document of a feed, without its extension: the newest (`/feed`), or a page of the archive (`/feed-3`).

    An archive page is `final`: its bytes never change. `changed` is when the newest paper in it entered, None without.
    `bodies` are its bytes in each format, by extension.
    """

    stem: str
    feed: Feed
    changed: datetime | None
    bodies: dict[str, bytes]
    final: bool = False


def channels(app: App) -> list[Channel]:
    """Return all public feeds by stem; nothing of them is rendered for that."""
    states, newest = app.store.feeds(), app.store.newest_periods()
    topics = [topic for topic in app.store.topics() if topic.enabled]
    released = {(topic_id, period.kind): period for topic_id, period in newest}
    found = [_topic_channel(app, topic, states, released.get((topic.id, topic.shortest))) for topic in topics]
    shortest = min((topic.shortest for topic in topics), key=list(PeriodKind).index, default=PeriodKind.DAY)
    kinds = {ALL: shortest, RISING: None, LATE: None}
    found += [_list_channel(app, name, states, kind) for name, kind in kinds.items()]
    return sorted(found, key=attrgetter("stem"))


def documents(app: App, channel: Channel, *, held: Container[str] = ()) -> Iterator[Document]:
    """Yield the documents of a feed, archive pages first, without the final ones whose stem is `held` already.

    Raises StoreError, RenderError.
    """
    maker = _Maker(app, channel)
    newest, archived = maker.newest()
    for page in range(1, archived + 1):
        if archives.page_stem(channel.stem, page) not in held:
            yield maker.page(page)
    yield newest


def files(document: Document) -> Iterator[tuple[str, bytes]]:
    """Yield a document in each format: its path, such as `/topics/kv-cache/feed.atom`, and its bytes."""
    for extension, body in document.bodies.items():
        yield f"{document.stem}.{extension}", body


def opml(app: App) -> bytes:
    """Return the list of all public feeds (OPML 2.0), which stands at `archives.OPML`."""
    found = channels(app)
    outlines = [Outline(title=one.title, stem=one.stem, home=one.home) for one in found]
    changed = max((one.changed for one in found if one.changed), default=NEVER)
    return render_opml(app.site, outlines, changed=changed)


def search_document(app: App, search: Search) -> Document:
    """Return the feed of a search, `/search/feed.atom?q=...`: the newest papers it finds, as they were first seen."""
    papers = [] if search.empty else app.store.find(search, limit=app.settings.limits.feed_items)
    path = paths.search_path(search)
    told = f"Papers that a search finds: {search.words or path.partition('?')[2]}"
    seen = sorted(papers, key=lambda paper: (paper.first_seen, paper.id), reverse=True)
    picks = [_found(paper, search) for paper in seen]
    feed = site_feed(
        app.site,
        "/search/feed",
        thing=f"search:{path.partition('?')[2]}",
        title=f"{search.words or 'Search'} – {app.site.title}",
        description=told,
        home=path,
        items=tuple(
            item_of(app.site, app.templates, pick, at=at)
            for pick, at in zip(picks, _apart(paper.first_seen for paper in seen), strict=True)
        ),
    )
    addresses = {name: paths.absolute(app.site, paths.search_feed_path(search, name)) for name in RENDERERS}
    return _document("/search/feed", replace(feed, addresses=addresses, patience=AT_ANY_TIME))


def reader_document(app: App, token: str) -> Document:
    """Return the feed of all topics of one reader, `/my/TOKEN/feed.atom`, for nobody else to see.

    Raises TokenError for a link that is forged or was renewed since, NotFoundError if its reader is gone.
    """
    subscriber_id = reader_of(app, token)
    stem, limit = _reader_stem(token), app.settings.limits.feed_items
    topics = _topics_of(app, subscriber_id)
    entries = _united(app.store.newest_entries(map(feed_of_topic, topics), limit=limit))[:limit]
    known = app.store.editions_named({one.edition_id for one in entries if one.edition_id})
    moments = _apart(one.at for one in entries)
    items = (_item(app, replace(one, at=at), known) for one, at in zip(entries, moments, strict=True))
    feed = site_feed(
        app.site,
        stem,
        thing=f"reader:{sha256(token.encode()).hexdigest()[:32]}",
        title=f"My topics – {app.site.title}",
        description="All your topics, each paper once. This address is yours alone: whoever has it reads this feed. "
        "Your preferences give it a new one.",
        home=paths.PREFERENCES,
        items=tuple(item for item in items if item),
    )
    return _document(stem, replace(feed, private=True, patience=PATIENCE[PeriodKind.DAY]))


def reader_of(app: App, token: str) -> SubscriberId:
    """Return whose feed a token opens now. Raises TokenError, NotFoundError."""
    subscriber_id, renewals = tokens.verify_feed(app.settings.site.secret, token)
    if app.store.subscriber(subscriber_id).renewals != renewals:
        raise TokenError("this address was given up for a new one", hint="your preferences show the new one")
    return subscriber_id


def reader_stem(app: App, subscriber_id: SubscriberId) -> str:
    """Return where a reader's own feed is now, without its extension. Raises NotFoundError."""
    return _stem_after(app, subscriber_id, app.store.subscriber(subscriber_id).renewals)


def renew(app: App, subscriber_id: SubscriberId) -> str:
    """Give a reader's own feed another address, so that the old ones are worth nothing, and return its stem.

    Raises NotFoundError.
    """
    return _stem_after(app, subscriber_id, app.store.renew_feed(subscriber_id))


class _Maker:
    """Makes the documents of one channel."""

    def __init__(self, app: App, channel: Channel) -> None:
        self._app, self._channel = app, channel
        self._latest = app.store.editions_named([channel.newest]).get(channel.newest) if channel.newest else None

    def newest(self) -> tuple[Document, int]:
        """Return the newest document, and how many pages of the archive are behind it."""
        entered, limit = self._channel.entered, self._app.settings.limits.feed_items
        pages = archives.pages(entered, limit)
        document = self._document(pages)
        while _size(document) > LARGEST and archives.end_of(max(2, pages + 1)) < entered:
            pages = max(2, pages + 1)
            document = self._document(pages)
        return document if _size(document) <= LARGEST else self._document(pages, brief=True), pages

    def page(self, number: int) -> Document:
        """Return a page of the archive."""
        document = self._page(number)
        return document if _size(document) <= LARGEST else self._page(number, brief=True)

    def _document(self, pages: int, *, brief: bool = False) -> Document:
        app, channel = self._app, self._channel
        items = self._items(archives.end_of(pages), channel.entered, brief=brief)
        feed = replace(
            self._head(channel.stem, items),
            hubs=app.settings.hubs,
            patience=PATIENCE[channel.kind] if channel.kind else AT_ANY_TIME,
            quiet=_quiet(app, channel),
            older=self._addresses(pages) if pages else {},
            complete=not pages,
        )
        return _document(channel.stem, feed)

    def _page(self, number: int, *, brief: bool = False) -> Document:
        stem = archives.page_stem(self._channel.stem, number)
        items = self._items(archives.end_of(number - 1), archives.end_of(number), brief=brief)
        feed = replace(
            self._head(stem, items),
            older=self._addresses(number - 1) if number > 1 else {},
            newer=self._addresses(2) if number == 1 else {},
            current=archives.addresses(self._app.site.url, self._channel.stem),
        )
        return _document(stem, feed, final=True)

    def _head(self, stem: str, items: tuple[Item, ...]) -> Feed:
        site, channel = self._app.site, self._channel
        if channel.topic and stem == channel.stem:
            return topic_feed(site, channel.topic, self._latest, items)
        about = channel.topic.description if channel.topic else _LISTS[channel.name][1]
        thing = f"topic:{channel.topic.id}" if channel.topic else f"feed:{channel.name}"
        return site_feed(
            site,
            stem,
            thing=thing,
            title=channel.title,
            description=about or channel.title,
            home=channel.home,
            items=items,
        )

    def _addresses(self, page: int) -> dict[str, str]:
        return archives.addresses(self._app.site.url, archives.page_stem(self._channel.stem, page))

    def _items(self, after: int, until: int, *, brief: bool = False) -> tuple[Item, ...]:
        entries = self._app.store.feed_entries(self._channel.name, after=after, until=until)
        known = self._app.store.editions_named({one.edition_id for one in entries if one.edition_id})
        found = (_item(self._app, one, known, brief=brief, filed=not self._channel.topic) for one in reversed(entries))
        return tuple(item for item in found if item)


def _item(
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


def _picked(edition: Edition | None, entry: FeedEntry) -> Pick | None:
    shown = (*edition.picks, *edition.late) if edition else ()
    return next((pick for pick in shown if pick.paper.id == entry.paper_id), None)


def _topic_channel(app: App, topic: Topic, states: Mapping[str, FeedState], period: Period | None) -> Channel:
    name = feed_of_topic(topic.id)
    state, newest = states.get(name, FeedState(name=name)), EditionId(f"{topic.id}/{period.label}") if period else None
    return Channel(
        name=name,
        stem=archives.stem_of(name),
        title=f"{topic.name} – {app.site.title}",
        home=paths.topic_path(topic.id),
        kind=topic.shortest,
        entered=state.entered,
        changed=state.changed,
        stamp=_stamp(topic, state, newest),
        topic=topic,
        newest=newest,
    )


def _list_channel(app: App, name: str, states: Mapping[str, FeedState], kind: PeriodKind | None) -> Channel:
    title, state = _LISTS[name][0], states.get(name, FeedState(name=name))
    return Channel(
        name=name,
        stem=archives.stem_of(name),
        title=f"{title} – {app.site.title}" if title else app.site.title,
        home="/",
        kind=kind,
        entered=state.entered,
        changed=state.changed,
        stamp=_stamp(state),
    )


def _stamp(*parts: object) -> str:
    return sha256(json.encode(parts)).hexdigest()[:16]


def _quiet(app: App, channel: Channel) -> tuple[int, ...]:
    """Return the weekdays on which nothing came in the last weeks; none of a feed that has not been there so long."""
    if channel.kind is not PeriodKind.DAY or channel.changed is None:
        return ()
    days, since = app.store.feed_days(channel.name, limit=_LOOKED_AT), channel.changed.date()
    since -= timedelta(weeks=QUIET_WEEKS)
    if not days or days[0] > since:
        return ()
    return tuple(sorted(set(range(7)) - {day.weekday() for day in days if day > since}))


def _found(paper: Paper, search: Search) -> Pick:
    reasons = [f"holds “{search.words}”"] if search.words else []
    reasons += [f"in {search.category}"] if search.category else []
    reasons += ["names its code"] if search.code else []
    return Pick(paper=paper, rank=1, score=0.0, parts=(), reasons=tuple(reasons or ["found by this search"]))


def _united(entries: Iterable[FeedEntry]) -> list[FeedEntry]:
    """Return each paper once, as it entered the first of the feeds, newest first."""
    first = {one.paper_id: one for one in entries}
    return sorted(first.values(), key=lambda one: (one.at, one.feed, one.number), reverse=True)


def _apart(moments: Iterable[datetime]) -> Iterator[datetime]:
    """Yield moments, latest first, each at least a second before the last: no two items may have the same."""
    last: datetime | None = None
    for moment in moments:
        last = min(moment, last - timedelta(seconds=1)) if last else moment
        yield last


def _topics_of(app: App, subscriber_id: SubscriberId) -> list[TopicId]:
    found = app.store.subscriptions(subscriber_id)
    return [one.topic_id for one in found if one.state is SubscriptionState.ACTIVE]


def _stem_after(app: App, subscriber_id: SubscriberId, renewals: int) -> str:
    return _reader_stem(tokens.sign_feed(app.settings.site.secret, subscriber_id, renewals=renewals))


def _reader_stem(token: str) -> str:
    return f"/my/{token}/feed"


def _document(stem: str, feed: Feed, *, final: bool = False) -> Document:
    bodies = {name: render(feed) for name, render in RENDERERS.items()}
    changed = feed.updated if feed.items else None
    return Document(stem=stem, feed=feed, changed=changed, bodies=bodies, final=final)


def _size(document: Document) -> int:
    return max(map(len, document.bodies.values()))
