"""Prints a mail in its two forms: papers as blocks, blocks into sections, sections into the frame, as many as fit.

What differs from reader to reader is two addresses in the footer. The frame prints a `Slot` there, and the finished
mail is cut at its slots. They are looked for behind the papers alone, and marked by noncharacters (Unicode 23.7), which
no cleaned text holds: whatever a title says, it is never taken for one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from css_inline import InlineError, inline, inline_fragment
from jinja2 import Environment

from digest.errors import RenderError
from digest.model import Edition, Value
from digest.render.templates import render
from digest.render.views import EditionView, edition_view

HTML_LIMIT = 90 * 1024  # bytes: Gmail hides what comes after 102 kB (hteumeuleu/email-bugs#41)
LONGEST_LINK = 500  # bytes of an address put into a slot

# A layout is a paper's template in HTML and in text.
LAYOUTS = {"cards": ("partials/paper.mail.html", "partials/paper.txt")}
_SECTION = ("partials/section.mail.html", "partials/section.txt")
_FRAME = ("mail/digest.html", "mail/digest.txt")
_STYLE = "mail/style.css"
_BODY = "\ufdd0body\ufdd1"
_SLOT = re.compile("\ufdd0(unsubscribe|preferences)\ufdd1")
_SEAM = "<!--seam-->"  # escaped text cannot hold it


class Slot(StrEnum):
    """What is put in for each reader."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"

    @property
    def mark(self) -> str:
        """What a template prints for it."""
        return f"\ufdd0{self}\ufdd1"


Pieces = tuple[str | Slot, ...]
Values = Mapping[str, Any]


class Block(Value):
    """A part of a mail in both forms; the HTML has its styles inlined."""

    html: str
    text: str

    def around(self, mark: str) -> tuple[Block, Block]:
        """Return what stands before the last `mark`, and what behind it. Raises RenderError if it is not there."""
        if mark not in self.html or mark not in self.text:
            raise RenderError("a mail's template prints no body")
        (html, _, html_tail), (text, _, text_tail) = self.html.rpartition(mark), self.text.rpartition(mark)
        return Block(html=html, text=text), Block(html=html_tail, text=text_tail)


class Printed(Value):
    """An edition and its papers as blocks, in order."""

    view: EditionView
    papers: tuple[Block, ...]


Shelf = dict[tuple[str, ...], Printed]


def print_edition(env: Environment, edition: Edition, layout: str, shelf: Shelf) -> Printed:
    """Return an edition with its papers rendered: from the shelf if it stands there with the same papers."""
    key = (layout, edition.id, *(pick.paper.id for pick in edition.picks))
    if key not in shelf:
        view = edition_view(edition)
        papers = _blocks(env, LAYOUTS[layout], [{"paper": paper} for paper in view.papers])
        shelf[key] = Printed(view=view, papers=tuple(papers))
    return shelf[key]


class Press:
    """Puts one mail together. `values` are what its frame and sections show beside the editions."""

    def __init__(self, env: Environment, editions: Sequence[Printed], values: Values) -> None:
        self._env, self._editions = env, editions
        self._values = {**values, "body": _BODY, "alone": len(editions) == 1}
        self._head, self._foot = self._frame().around(_BODY)

    def fitting(self) -> tuple[Pieces, Pieces]:
        """Return HTML and text with as many papers a section as fit, best first. Raises RenderError if none does."""
        most = max(len(edition.papers) for edition in self._editions)
        html, text = self._showing(most)
        if _size(html) <= HTML_LIMIT:
            return html, text
        fit = bisect_right(range(most), HTML_LIMIT, key=lambda shown: _size(self._showing(shown)[0])) - 1
        if fit < 0:
            raise RenderError(f"a mail's HTML exceeds {HTML_LIMIT} bytes without any paper", hint="shorten the notes")
        return self._showing(fit)

    def _showing(self, most: int) -> tuple[Pieces, Pieces]:
        body = [self._head, *self._sections(most)]
        html = (*(block.html for block in body), *_cut(self._foot.html))
        text = (*(block.text for block in body), *_cut(self._foot.text))
        return html, text

    def _sections(self, most: int) -> Iterator[Block]:
        """Yield the blocks of each section: its head, at most that many papers, its end."""
        each = [
            {**self._values, "edition": view, "first": place == 0, "more": max(len(view.papers) - most, 0)}
            for place, view in enumerate(edition.view for edition in self._editions)
        ]
        for section, edition in zip(_blocks(self._env, _SECTION, each), self._editions, strict=True):
            head, end = section.around(_BODY)
            yield from (head, *edition.papers[:most], end)

    def _frame(self) -> Block:
        """Return the frame with marks for the body and the slots. Raises RenderError if it offers no way to leave."""
        values = {**self._values, **{f"{slot}_url": slot.mark for slot in Slot}}
        html, text = (render(self._env, name, **values) for name in _FRAME)
        for name, form in zip(_FRAME, (html, text), strict=True):
            if Slot.UNSUBSCRIBE.mark not in form.rpartition(_BODY)[2]:
                raise RenderError(f"template {name} prints no unsubscribe_url behind its body")
        return Block(html=inlined(self._env, html), text=text)


def inlined(env: Environment, html: str) -> str:
    """Return a whole mail with its styles inlined. Raises RenderError."""
    return _styled(inline, html, keep_style_tags=True, extra_css=render(env, _STYLE))


def _blocks(env: Environment, names: tuple[str, str], each: Sequence[Values]) -> list[Block]:
    """Render a template pair for each of `each`. Styles are inlined in one go: half the time of one by one."""
    if not each:
        return []
    html, text = ([render(env, name, **values) for values in each] for name in names)
    inlined = _styled(inline_fragment, _SEAM.join(html), css=render(env, _STYLE)).split(_SEAM)
    return [Block(html=one, text=other) for one, other in zip(inlined, text, strict=True)]


def _styled(inliner: Callable[..., str], html: str, **options: Any) -> str:
    try:
        return inliner(html, load_remote_stylesheets=False, **options)
    except InlineError as error:
        raise RenderError(f"template {_STYLE}: {error}") from error


def _cut(foot: str) -> Iterator[str | Slot]:
    """Yield a footer's texts and the slots between them."""
    for place, piece in enumerate(_SLOT.split(foot)):
        yield Slot(piece) if place % 2 else piece


def _size(html: Pieces) -> int:
    return sum(LONGEST_LINK if isinstance(piece, Slot) else len(piece.encode()) for piece in html)
