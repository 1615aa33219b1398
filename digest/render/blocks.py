"""Parts of a mail as they are printed, the slots for a reader's own addresses, and the shelf for the next mail."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from digest.errors import RenderError
from digest.model import Value
from digest.render.quoted import size

HTML_LIMIT = 90 * 1024  # bytes: Gmail hides what comes after 102 kB (hteumeuleu/email-bugs#41)
SHELF = 48 * 1024 * 1024  # bytes: the papers of some thousand editions
_ENTRY = 600  # bytes that an entry takes beside its texts, measured


class Slot(StrEnum):
    """What is put in for each reader."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    DIGEST = "digest"


Encoded = tuple[bytes | Slot, ...]


class Block(Value):
    """A part of a mail in both forms, as pieces of quoted-printable; `size` is the HTML's in bytes for its reader."""

    html: bytes
    text: bytes
    size: int

    @classmethod
    def of(cls, html: bytes, text: bytes) -> Block:
        """Return a block with its size."""
        return cls(html=html, text=text, size=size(html))

    @classmethod
    def around(cls, middle: bytes, html: bytes, text: bytes) -> tuple[Block, Block]:
        """Return what stands before the last `middle`, and what behind it. Raises RenderError if it is not there."""
        (html, found, html_tail), (text, also, text_tail) = html.rpartition(middle), text.rpartition(middle)
        if not (found and also):
            raise RenderError("a mail's template prints no body")
        return cls.of(html, text), cls.of(html_tail, text_tail)


class Shelf:
    """What was printed, for the next mail, within `limit` bytes: what was asked for longest ago makes room.

    Kept by ids, so it outlives a mail only where editions are released, for those never change.
    """

    def __init__(self, limit: int = SHELF) -> None:
        self._limit, self._size = limit, 0
        self._entries: OrderedDict[tuple[Any, ...], tuple[Any, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: tuple[Any, ...]) -> Any:
        """Return what stands there, else None."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def put(self, key: tuple[Any, ...], value: Any, blocks: Iterable[Block]) -> None:
        weight = _ENTRY + sum(len(block.html) + len(block.text) for block in blocks)
        self._entries[key] = (value, weight)
        self._size += weight
        while self._size > self._limit:
            self._size -= self._entries.popitem(last=False)[1][1]
