"""Where things stand below the site's address. The same paths serve the static export, the web and every link.

`/topics/kv-cache/`              the topic, its latest edition and its archive
`/topics/kv-cache/feed.atom`     its feeds
`/topics/kv-cache/2026-11-20/`   an edition
`/subscribe?topic=kv-cache`      where a reader asks for mail
`/leave/TOKEN`                   where a reader leaves
`/preferences/`                  where a reader asks for a link to change what comes
"""

from __future__ import annotations

import re

from digest.model import Edition, PaperId, Site, TopicId

FEED_FORMATS = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}


PREFERENCES = "/preferences/"


def absolute(site: Site, path: str) -> str:
    """Return the address of `path` on the site."""
    return site.url.rstrip("/") + path


def topic_path(topic: TopicId) -> str:
    return f"/topics/{topic}/"


def feed_path(topic: TopicId, extension: str) -> str:
    return f"{topic_path(topic)}feed.{extension}"


def edition_path(edition: Edition) -> str:
    return f"{topic_path(edition.topic.id)}{edition.period.label}/"


def subscribe_path(topic: TopicId | None = None) -> str:
    return f"/subscribe?topic={topic}" if topic else "/subscribe"


def leave_path(token: str) -> str:
    """Return where a reader leaves: by one POST (RFC 8058), or by a button on its page."""
    return f"/leave/{token}"


def paper_anchor(paper: PaperId) -> str:
    """Return the fragment of a paper on an edition's page: letters, digits, dots and dashes only."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", paper).strip("-")


def tag_uri(site: Site, thing: str) -> str:
    """Return a permanent id (RFC 4151) that survives a change of the site's address."""
    return f"tag:{site.tag}:{thing}"
