"""RSS and Atom, as one reader: which of the two a document is says its root element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from digest.errors import SourceError
from digest.model import Batch, Source
from digest.sources import atom, rss, xml
from digest.sources.base import Ask, Reach
from digest.sources.draft import Draft, base_of, batch


class Feed(NamedTuple):
    """A feed as it was found, before the rules for entries: `kind` is rss, rdf or atom."""

    kind: str
    title: str
    drafts: Iterator[Draft]


class FeedAdapter:
    """Any address that is asked for the same thing again and again."""

    kind = "feed"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """See `Adapter`."""
        return (Ask(url=source.url),) if source.url else ()


class FeedReader:
    """RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, well-formed or not."""

    format = "feed"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`."""
        return xml.opens_feed(data)

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`."""
        feed = opened(data, base_of(source, name))
        if feed is None:
            raise SourceError(f"cannot read {name}: its XML breaks off before the first item", hint="fetch it again")
        return batch(feed.drafts, source=source, kind=feed.kind, title=feed.title)


def opened(data: bytes, base: str | None) -> Feed | None:
    """Return the feed in `data` with relative links joined to `base`; None if not even its root can be read."""
    root = xml.read(data)
    if root is None:
        return None
    local = xml.name(root, xml.prefix(root))
    if local in ("feed", "entry"):
        return Feed("atom", atom.title(root), atom.drafts(root, base))
    return Feed("rdf" if local == "rdf" else "rss", rss.title(root), rss.drafts(root, base))
