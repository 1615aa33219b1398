"""The two contracts of a source: what to ask its server, and how to read the bytes that come back."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from digest.model import Batch, Source, Value


class Reach(Value):
    """How far back a poll looks: from `since` (the source was read completely up to there, less an overlap) to `now`.

    `gap` says that the source may have announced more since its last complete poll than its usual answer holds.
    """

    since: datetime
    now: datetime
    gap: bool = False


class Ask(Value):
    """One question: an address, with what the server is told we read.

    An answer whose batch names a `next` address is followed: to its end if `whole`, else until a page holds nothing
    that is new to us.
    """

    url: str
    accept: str | None = None
    whole: bool = False


class Adapter(Protocol):
    """Knows what to ask of one kind of source. Holds no state and touches nothing but its arguments."""

    kind: str
    """What a source's definition calls it: `feed`, `arxiv-feed`, `biorxiv`."""

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """Return what one poll of a source that has an address asks, in order; all of it read makes the poll complete.

        The first one is asked with the validators of its address, if there are any. Total for any checked address.
        """
        ...


class Reader(Protocol):
    """Reads one format. A reader holds no state and touches nothing but its arguments."""

    format: str
    """The format's name in messages and in the registry; a batch may say it more precisely (`atom`)."""

    def sniff(self, data: bytes, name: str) -> bool:
        """Say whether `data` is this reader's to read; `name` is a file name or an address.

        Decides by content and cheaply; readers are asked in the order of the registry. Total: never raises.
        """
        ...

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """Return what `data` holds: entries in the order of the input, all text cleaned, all links rebuilt.

        What the input does not say is None. An item that cannot be an entry becomes a line of `problems`, such as
        "item 7: no title", and the others are read. The same bytes give the same batch, `external_id`s included.

        Raises SourceError if nothing can be read, or if reading on would mean guessing. Time is linear in the input.
        """
        ...
