"""Prints the parts of a mail, each in its two forms: papers, the head and end of a section, the frame around all.

All of it is quoted-printable at once, and what an edition's papers and sections came to is kept on a `Shelf` for the
next mail: in one layout and language an edition is printed once, whoever reads it beside what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digest.errors import RenderError
from digest.model import Edition, Layout, Pick, Value
from digest.render.blocks import Block, Shelf, Slot
from digest.render.plates import mark, printed, printed_each
from digest.render.templates import Templates
from digest.render.views import EditionView, edition_view, paper_view

# A layout is a paper's template in HTML and in text.
LAYOUTS: dict[str, tuple[str, str]] = {
    Layout.CARDS: ("partials/paper.mail.html", "partials/paper.txt"),
    Layout.COMPACT: ("partials/compact.mail.html", "partials/compact.txt"),
    Layout.TITLES: ("partials/title.mail.html", "partials/title.txt"),
}
_SECTION = ("partials/section.mail.html", "partials/section.txt")
_FRAME = ("mail/digest.html", "mail/digest.txt")
_BODY = mark("body").piece.encode()
_LEAVE = mark(Slot.UNSUBSCRIBE).piece.encode()

Values = Mapping[str, Any]


class Section(Value):
    """An edition in a mail: what stands before its papers and what behind them."""

    view: EditionView
    head: Block
    end: Block


class Press:
    """Prints the papers and sections of editions in one layout and the language of its templates."""

    def __init__(self, env: Templates, shelf: Shelf, *, layout: str, values: Values) -> None:
        self._env, self._shelf = env, shelf
        self._layout, self._language = layout, env.language
        self._values = {**values, "layout": layout, "body": mark("body")}

    def papers(self, edition: Edition) -> list[Block]:
        """Return an edition's papers, in order: those on the shelf from there, the others in one go."""
        form = (self._layout, self._language.tag, edition.id)
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
        key = (self._layout, self._language.tag, edition.id, len(edition.picks), first, alone, more)
        known: Section | None = self._shelf.get(key)
        if known is None:
            view = edition_view(edition, (), language=self._language)
            place = {"edition": view, "first": first, "alone": alone, "more": more, "empty": not edition.picks}
            head, end = self._print(_SECTION, place)
            known = Section(view=view, head=head, end=end)
            self._shelf.put(key, known, [head, end])
        return known

    def frame(self, values: Values) -> tuple[Block, Block]:
        """Return what stands before and behind all sections. Raises RenderError if it offers no way to leave."""
        head, foot = self._print(_FRAME, {**values, **{f"{slot}_url": mark(slot) for slot in Slot}})
        for name, form in zip(_FRAME, (foot.html, foot.text), strict=True):
            if _LEAVE not in form:
                raise RenderError(f"template {name} prints no unsubscribe_url behind its body")
        return head, foot

    def _blocks(self, picks: Sequence[Pick]) -> list[Block]:
        views = [paper_view(pick, parts=False, language=self._language) for pick in picks]
        html, text = (printed_each(self._env, name, views) if views else [] for name in LAYOUTS[self._layout])
        return [Block.of(one.encode(), other.encode()) for one, other in zip(html, text, strict=True)]

    def _print(self, names: tuple[str, str], values: Values) -> tuple[Block, Block]:
        """Return what a template prints before its body, and what behind it."""
        html, text = (printed(self._env, name, **self._values, **values) for name in names)
        return Block.around(_BODY, html.encode(), text.encode())
