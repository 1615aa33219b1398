"""The contract of a reader: bytes of one format in, cleaned entries out."""

from __future__ import annotations

from typing import Protocol

from digest.model import Batch, Source


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
