"""Which public feeds the site has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from operator import attrgetter

from msgspec import json

from digest.app import App
from digest.model import (
    ALL,
    LATE,
    RISING,
    EditionId,
    FeedState,
    PeriodKind,
    Topic,
    Value,
    feed_of_topic,
)
from digest.render import archives, paths
from digest.render.feed import NEVER
from digest.render.opml import Outline, render_opml

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
    about: str = ""
    topic: Topic | None = None
    newest: EditionId | None = None


def channels(app: App) -> list[Channel]:
    """Return all public feeds by stem; nothing of them is rendered for that."""
    states, newest = app.store.feeds(), app.store.newest_periods()
    topics = [topic for topic in app.store.topics() if topic.enabled]
    released = {(topic_id, period.kind): EditionId(f"{topic_id}/{period.label}") for topic_id, period in newest}
    found = [
        channel_of_topic(app, topic, _state(states, feed_of_topic(topic.id)), released.get((topic.id, topic.shortest)))
        for topic in topics
    ]
    shortest = min((topic.shortest for topic in topics), key=list(PeriodKind).index, default=PeriodKind.DAY)
    kinds = {ALL: shortest, RISING: None, LATE: None}
    found += [_list_channel(app, _state(states, name), kind) for name, kind in kinds.items()]
    return sorted(found, key=attrgetter("stem"))


def opml(app: App) -> bytes:
    """Return the list of all public feeds (OPML 2.0), which stands at `archives.OPML`."""
    found = channels(app)
    outlines = [Outline(title=one.title, stem=one.stem, home=one.home) for one in found]
    changed = max((one.changed for one in found if one.changed), default=NEVER)
    return render_opml(app.site, outlines, changed=changed)


def channel_of_topic(app: App, topic: Topic, state: FeedState, newest: EditionId | None) -> Channel:
    """Return the feed of a topic as of a state of it."""
    return Channel(
        name=state.name,
        stem=archives.stem_of(state.name),
        title=f"{topic.name} – {app.site.title}",
        home=paths.topic_path(topic.id),
        kind=topic.shortest,
        entered=state.entered,
        changed=state.changed,
        stamp=_stamp(topic, state, newest),
        about=topic.description,
        topic=topic,
        newest=newest,
    )


def _list_channel(app: App, state: FeedState, kind: PeriodKind | None) -> Channel:
    title, about = _LISTS[state.name]
    return Channel(
        name=state.name,
        stem=archives.stem_of(state.name),
        title=f"{title} – {app.site.title}" if title else app.site.title,
        home="/",
        kind=kind,
        entered=state.entered,
        changed=state.changed,
        stamp=_stamp(state),
        about=about,
    )


def _state(states: Mapping[str, FeedState], name: str) -> FeedState:
    return states.get(name, FeedState(name=name))


def _stamp(*parts: object) -> str:
    return sha256(json.encode(parts)).hexdigest()[:16]
