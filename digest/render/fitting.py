"""Puts a mail together from what was printed: as many papers as fit, cut at the slots for a reader's own addresses.

The slots stand in the footer, behind the papers: whatever a title says, it is never taken for one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from digest.errors import RenderError
from digest.model import Edition, Value
from digest.render.blocks import HTML_LIMIT, Block, Encoded, Slot
from digest.render.plates import mark
from digest.render.press import Press, Section
from digest.render.quoted import SOFT

LONGEST_LINK = 500  # bytes of an address put into a slot
# A mark as it is printed; its soft break too, unless more stands in its piece.
_SLOT = re.compile(
    f"{mark('NAME').piece.removesuffix(SOFT)}(?:{SOFT})?".replace("NAME", f"({'|'.join(Slot)})").encode()
)

Frame = tuple[Block, Block]


class Printed(Value):
    """A mail's two forms, and how many papers found no room in it."""

    html: Encoded
    text: Encoded
    left_out: int


def fitted(press: Press, editions: Sequence[Edition], frame: Frame) -> Printed:
    """Return a mail with as many papers of each section as fit, best first. Raises RenderError if none does.

    No paper is printed twice for it: their sizes are known.
    """
    papers = [press.papers(edition) for edition in editions]
    sections, shown = press.sections(editions), max(map(len, papers))
    while _size(frame, sections, papers, shown) > HTML_LIMIT:
        shown = _most(frame, sections, papers, shown)
        if shown < 0:
            raise RenderError(f"a mail's HTML exceeds {HTML_LIMIT} bytes without any paper", hint="shorten the notes")
        sections = press.sections(editions, shown)
    return _printed(frame, sections, papers, shown)


def filled(encoded: Encoded, links: Mapping[Slot, bytes]) -> list[bytes]:
    """Return a mail's pieces with a reader's links, themselves quoted-printable, in their slots."""
    return [links[piece] if isinstance(piece, Slot) else piece for piece in encoded]


def _size(frame: Frame, sections: Sequence[Section], papers: Sequence[Sequence[Block]], shown: int) -> int:
    """Return the bytes of a mail's HTML with so many papers a section, its slots filled with the longest links."""
    around = sum(block.size for block in frame) + LONGEST_LINK * len(_SLOT.findall(frame[1].html))
    return around + sum(
        section.head.size + section.end.size + sum(block.size for block in blocks[:shown])
        for section, blocks in zip(sections, papers, strict=True)
    )


def _most(frame: Frame, sections: Sequence[Section], papers: Sequence[Sequence[Block]], below: int) -> int:
    """Return the largest number of papers a section below this one with which a mail fits, as its sections are now."""
    return bisect_right(range(below), HTML_LIMIT, key=lambda shown: _size(frame, sections, papers, shown)) - 1


def _printed(frame: Frame, sections: Sequence[Section], papers: Sequence[Sequence[Block]], shown: int) -> Printed:
    head, foot = frame
    body = [head]
    for section, blocks in zip(sections, papers, strict=True):
        body += (section.head, *blocks[:shown], section.end)
    html, text = b"".join([block.html for block in body]), b"".join([block.text for block in body])
    left_out = sum(max(len(blocks) - shown, 0) for blocks in papers)
    return Printed(html=_cut(html, foot.html), text=_cut(text, foot.text), left_out=left_out)


def _cut(body: bytes, foot: bytes) -> Encoded:
    """Return a mail cut at the slots of its footer."""
    first, *rest = _SLOT.split(foot)
    return (body + first, *(Slot(piece.decode()) if place % 2 == 0 else piece for place, piece in enumerate(rest)))
