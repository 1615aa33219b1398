"""Feeds that are made when somebody asks: of a search, and of all topics of one reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256

from msgspec.structs import replace

from digest import tokens
from digest.app import App
from digest.errors import TokenError
from digest.model import (
    FeedEntry,
    Paper,
    PeriodKind,
    Pick,
    Search,
    SubscriberId,
    SubscriptionState,
    TopicId,
    feed_of_topic,
)
from digest.render import paths
from digest.render.feed import item_of, site_feed
from digest.work.feeds.documents import AT_ANY_TIME, PATIENCE, RENDERERS, Document, document_of, item_in


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
    return document_of("/search/feed", replace(feed, addresses=addresses, patience=AT_ANY_TIME))


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
    items = (item_in(app, replace(one, at=at), known) for one, at in zip(entries, moments, strict=True))
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
    return document_of(stem, replace(feed, private=True, patience=PATIENCE[PeriodKind.DAY]))


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
