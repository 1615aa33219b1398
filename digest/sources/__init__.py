"""Sources: from the bytes of a feed, an answer or a file to entries. Pure; fetching is another stage.

A new format is a module with a `Reader` and a line in `READERS`; a new kind of source that is not just one address to
ask again is an `Adapter` and a line in `ADAPTERS`.
"""

from __future__ import annotations

from digest import text
from digest.model import Batch, Source
from digest.sources.base import Adapter, Ask, Reach, Reader
from digest.sources.dailypapers import DailyPapersReader
from digest.sources.draft import base_of
from digest.sources.feeds import FeedAdapter, FeedReader
from digest.sources.jsonfeed import JsonFeedReader
from digest.sources.jsonlines import JsonLinesReader
from digest.sources.pages import PageReader
from digest.sources.refusals import refusal

__all__ = ["ADAPTERS", "READERS", "Adapter", "Ask", "Reach", "Reader", "read", "requests"]

READERS: tuple[Reader, ...] = (
    PageReader(),
    JsonFeedReader(),
    DailyPapersReader(),
    JsonLinesReader(),
    FeedReader(),
)
"""The readers in the order they are asked: what is recognised by most, first."""

ADAPTERS: dict[str, Adapter] = {adapter.kind: adapter for adapter in (FeedAdapter(),)}
"""The adapters by the kind of source; a kind without one is asked like a feed."""


def requests(source: Source, reach: Reach) -> tuple[Ask, ...]:
    """Return what one poll asks of a source that has an address: see `Adapter.request`."""
    return ADAPTERS.get(source.kind, ADAPTERS["feed"]).request(source, reach)


def read(data: bytes, *, source: Source, name: str) -> Batch:
    """Return what `data` holds, by the first reader that knows it; `name` is a file name or an address for messages.

    Raises SourceError: empty, binary, a web page (the hint names its feeds), or no format that Digest reads.
    """
    name = text.tidy(name)
    for reader in READERS:
        if reader.sniff(data, name):
            return reader.parse(data, source=source, name=name)
    raise refusal(data, name=name, base=base_of(source, name))
