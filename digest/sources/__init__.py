"""Sources: from the bytes of a feed, an answer or a file to entries. Pure; fetching is another stage.

A new format is a module with a `Reader` and a line in `READERS`; a new kind of source that is not just one address to
ask again is an `Adapter` and a line in `ADAPTERS`.
"""

from __future__ import annotations

from digest import text
from digest.model import Batch, Source
from digest.sources.arxivservers import ArxivFeedAdapter, ArxivOaiAdapter, ArxivSearchAdapter
from digest.sources.base import Adapter, Ask, Reach, Reader
from digest.sources.bibtex import BibtexReader
from digest.sources.biorxiv import BiorxivAdapter, BiorxivReader
from digest.sources.dailypapers import DailyPapersAdapter, DailyPapersReader
from digest.sources.draft import base_of
from digest.sources.feeds import FeedAdapter, FeedReader, hides_items
from digest.sources.foreign import adopted
from digest.sources.jsonfeed import JsonFeedReader
from digest.sources.jsonlines import JsonLinesReader
from digest.sources.oai import OaiReader
from digest.sources.openalex import OpenAlexAdapter, OpenAlexReader
from digest.sources.pages import PageReader
from digest.sources.refusals import refusal
from digest.sources.ris import RisReader
from digest.sources.semanticscholar import SemanticScholarAdapter, SemanticScholarReader

__all__ = [
    "ADAPTERS",
    "KINDS",
    "READERS",
    "Adapter",
    "Ask",
    "Reach",
    "Reader",
    "adopted",
    "hides_items",
    "read",
    "requests",
]

READERS: tuple[Reader, ...] = (
    PageReader(),
    JsonFeedReader(),
    DailyPapersReader(),
    BiorxivReader(),
    OpenAlexReader(),
    SemanticScholarReader(),
    JsonLinesReader(),
    OaiReader(),
    FeedReader(),
    RisReader(),
    BibtexReader(),
)
"""The readers in the order they are asked: what is recognised by most, first."""

_ADAPTERS: tuple[Adapter, ...] = (
    FeedAdapter(),
    ArxivFeedAdapter(),
    ArxivSearchAdapter(),
    ArxivOaiAdapter(),
    DailyPapersAdapter(),
    BiorxivAdapter(),
    SemanticScholarAdapter(),
    OpenAlexAdapter(),
)
ADAPTERS: dict[str, Adapter] = {adapter.kind: adapter for adapter in _ADAPTERS}
"""The adapters by the kind of source; a kind without one is asked like a feed."""

KINDS = frozenset(ADAPTERS) | {"file"}
"""What the kind of a source may be; `file` stands for imported files, which nobody asks for."""


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
