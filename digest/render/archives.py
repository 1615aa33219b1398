"""Where feeds stand, and how the history of one is cut into pages (RFC 5005, section 4).

The entries of a feed are numbered as they enter. Page 1 holds the first ten, page 2 the next fifteen, and every other
page the next 25; the newest document, which readers poll, holds what is behind the last page. So a page never changes
once it is there, and no entry stands in two. The first two pages come at once: the first can then name the one behind
it, without which validators take it for an archive that leads nowhere.
"""

from __future__ import annotations

from digest.model import ALL, LATE, RISING, TopicId, feed_of_topic
from digest.render import paths

OPML = "/feeds.opml"
PAGE = 25
_FIRST = 10
_STEMS = {ALL: "/feed", RISING: "/rising/feed", LATE: "/late-bloomers/feed"}


def stem_of(feed: str) -> str:
    """Return where a public feed stands, without the extension of a format."""
    if feed in _STEMS:
        return _STEMS[feed]
    return topic_stem(TopicId(feed.removeprefix(feed_of_topic(TopicId("")))))


def topic_stem(topic: TopicId) -> str:
    return f"{paths.topic_path(topic)}feed"


def page_stem(stem: str, page: int) -> str:
    """Return where a page of a feed's archive stands."""
    return f"{stem}-{page}"


def addresses(site_url: str, stem: str) -> dict[str, str]:
    """Return the address of a document in each format, by extension."""
    return {extension: f"{site_url.rstrip('/')}{stem}.{extension}" for extension in paths.FEED_FORMATS}


def end_of(page: int) -> int:
    """Return the number of the last entry in a page; page 0 is before the first entry."""
    match page:
        case 0:
            return 0
        case 1:
            return _FIRST
    return PAGE * (page - 1)


def pages(entered: int, limit: int) -> int:
    """Return how many pages an archive has so that at most `limit`, which is at least PAGE, entries are left."""
    return 0 if entered <= limit else max(2, -((limit - entered) // PAGE) + 1)
