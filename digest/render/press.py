"""Prints the parts of a mail, each in its two forms: papers, the head and end of a section, the frame around all.

All of it is quoted-printable at once, and what an edition's papers and sections came to is kept on a `Shelf` for the
next mail: in one layout and language an edition is printed once, whoever reads it beside what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digest.errors import RenderError
from digest.model import Edition, Pick, Value
from digest.render.blocks import Block, Shelf, Slot
from digest.render.plates import mark, printed, printed_each
from digest.render.quoted import quoted
from digest.render.templates import Templates
from digest.render.views import EditionView, edition_view, paper_view

HTML_LIMIT = 90 * 1024  # bytes: Gmail hides what comes after 102 kB (hteumeuleu/email-bugs#41)

# A layout is a paper's template in HTML and in text.
LAYOUTS = {"cards": ("partials/paper.mail.html", "partials/paper.txt")}
_SECTION = ("partials/section.mail.html", "partials/section.txt")
_FRAME = ("mail/digest.html", "mail/digest.txt")
_BODY = quoted(mark("body")).encode()

Values = Mapping[str, Any]


class Section(Value):
    """An edition in a mail: what stands before its papers and what behind them."""

    view: EditionView
    head: Block
    end: Block


class Press:
    """Prints the papers and sections of editions in one layout and one language."""

    def __init__(self, env: Templates, shelf: Shelf, *, layout: str, language: str, values: Values) -> None:
        self._env, self._shelf = env, shelf
        self._layout, self._language = layout, language
        self._values = {**values, "language": language, "layout": layout, "body": mark("body")}

    def papers(self, edition: Edition) -> list[Block]:
        """Return an edition's papers, in order: those on the shelf from there, the others in one go."""
        form = (self._layout, self._language, edition.id)
        keys = [(form, pick.paper.id, pick.rank) for pick in edition.picks]
        known = [self._shelf.get(key) for key in keys]
        lacking = [place for place, block in enumerate(known) if block is None]
        for place, block in zip(lacking, self._blocks([edition.picks[place] for place in lacking]), strict=True):
            known[place] = block
            self._shelf.put(keys[place], block, [block])
        return known

    def sections(self, editions: Sequence[Edition], shown: int | None = None) -> list[Section]:
        """Return a section for each edition; of its papers at most so many are shown, or all."""
        left = [0 if shown is None else max(len(edition.picks) - shown, 0) for edition in editions]
        return [
            self._section(edition, first=place == 0, alone=len(editions) == 1, more=left[place])
            for place, edition in enumerate(editions)
        ]

    def _section(self, edition: Edition, *, first: bool, alone: bool, more: int) -> Section:
        key = (self._layout, self._language, edition.id, len(edition.picks), first, alone, more)
        known: Section | None = self._shelf.get(key)
        if known is None:
            view = edition_view(edition, ())
            place = {"edition": view, "first": first, "alone": alone, "more": more, "empty": not edition.picks}
            head, end = self._print(_SECTION, place).around(_BODY)
            known = Section(view=view, head=head, end=end)
            self._shelf.put(key, known, [head, end])
        return known

    def frame(self, values: Values) -> tuple[Block, Block]:
        """Return what stands before and behind all sections. Raises RenderError if it offers no way to leave."""
        head, foot = self._print(_FRAME, {**values, **{f"{slot}_url": mark(slot) for slot in Slot}}).around(_BODY)
        for name, form in zip(_FRAME, (foot.html, foot.text), strict=True):
            if quoted(mark(Slot.UNSUBSCRIBE)).encode() not in form:
                raise RenderError(f"template {name} prints no unsubscribe_url behind its body")
        return head, foot

    def _blocks(self, picks: Sequence[Pick]) -> list[Block]:
        views = [paper_view(pick, parts=False) for pick in picks]
        html, text = (printed_each(self._env, name, views) if views else [] for name in LAYOUTS[self._layout])
        return [Block.of(one.encode(), other.encode()) for one, other in zip(html, text, strict=True)]

    def _print(self, names: tuple[str, str], values: Values) -> Block:
        html, text = (printed(self._env, name, **self._values, **values) for name in names)
        return Block.of(html.encode(), text.encode())
