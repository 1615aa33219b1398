"""Sources: from the bytes of a feed, an answer or a file to entries. Pure; fetching is another stage.

A new format is a module with a `Reader` and a line in `READERS`.
"""

from __future__ import annotations

from digest import text
from digest.model import Batch, Source
from digest.sources.base import Reader
from digest.sources.dailypapers import DailyPapersReader
from digest.sources.draft import base_of
from digest.sources.feeds import FeedReader
from digest.sources.jsonfeed import JsonFeedReader
from digest.sources.jsonlines import JsonLinesReader
from digest.sources.pages import PageReader
from digest.sources.refusals import refusal

__all__ = ["READERS", "Reader", "read"]

READERS: tuple[Reader, ...] = (
    PageReader(),
    JsonFeedReader(),
    DailyPapersReader(),
    JsonLinesReader(),
    FeedReader(),
)
"""The readers in the order they are asked: what is recognised by most, first."""


def read(data: bytes, *, source: Source, name: str) -> Batch:
    """Return what `data` holds, by the first reader that knows it; `name` is a file name or an address for messages.

    Raises SourceError: empty, binary, a web page (the hint names its feeds), or no format that Digest reads.
    """
    name = text.tidy(name)
    for reader in READERS:
        if reader.sniff(data, name):
            return reader.parse(data, source=source, name=name)
    raise refusal(data, name=name, base=base_of(source, name))
