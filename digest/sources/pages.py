"""Saved pages of a daily-papers site: a header of furniture, then titles and abstracts in turn.

The page says neither ids nor authors nor votes, and its date has no year: the stamp is kept in `place`, not guessed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from digest import text
from digest.errors import SourceError
from digest.model import Batch, Source
from digest.sources.draft import Draft, batch, wording
from digest.sources.encoding import decode

_HEAD = 2000
_INVITATION = re.compile(r"Get trending papers in your email inbox( once a day)?!")
_SUBSCRIBE = re.compile(r"Subscribe(?P<glued>\S.*)?")
_STAMP = re.compile(r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* [0-9]{1,2}")
# In this order; the page of one day shows some of them.
_FURNITURE = (re.compile("new"), _INVITATION, _INVITATION)
_TITLE = re.compile("Daily Papers")
_BELOW = (_TITLE, re.compile(r"by ?AK\b.*"), _STAMP)


class _Line(NamedTuple):
    number: int
    text: str


class _Page(NamedTuple):
    title: str | None
    stamp: str | None
    papers: list[_Line]


class PageReader:
    """Saved daily-papers pages, with or without blank lines."""

    format = "page"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`: the invitation and the word Subscribe, in their order, above all else."""
        return _page(_lines(decode(data[:_HEAD]))) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError, and reads nothing, where titles and abstracts do not alternate."""
        page = _page(_lines(decode(data)))
        if page is None:
            raise _another_shape(name, "its header is not complete")
        pairs = _pairs(page.papers, name)
        stamp = f" ({page.stamp})" if page.stamp else ""
        shown = name.replace("\\", "/").rpartition("/")[2]
        drafts = (
            Draft(
                where=f"paper {number}",
                title=wording(title, text.clean),
                abstract=wording(abstract, text.clean),
                place=f"{shown}, {number} of {len(pairs)}{stamp}",
            )
            for number, (title, abstract) in enumerate(pairs, 1)
        )
        return batch(drafts, source=source, kind=self.format, title=page.title or "")


def _lines(page: str) -> list[_Line]:
    stripped = ((number, line.strip()) for number, line in enumerate(page.split("\n"), 1))
    return [_Line(number, line) for number, line in stripped if line]


def _page(lines: list[_Line]) -> _Page | None:
    """Return what stands below the furniture, or None if the furniture is not that of a daily-papers page."""
    invited = _past(lines, _FURNITURE)
    subscribe = _SUBSCRIBE.fullmatch(lines[invited].text) if 0 < invited < len(lines) else None
    if not subscribe or not _INVITATION.fullmatch(lines[invited - 1].text):
        return None
    if subscribe["glued"]:
        return _Page(None, None, [_Line(lines[invited].number, subscribe["glued"]), *lines[invited + 1 :]])
    rest = lines[invited + 1 :]
    below = _past(rest, _BELOW)
    return _Page(_shown(rest[:below], _TITLE), _shown(rest[:below], _STAMP), rest[below:])


def _past(lines: list[_Line], furniture: tuple[re.Pattern[str], ...]) -> int:
    """Return how many of the first lines are these pieces of furniture, each at most once, in their order."""
    count = 0
    for piece in furniture:
        if count < len(lines) and piece.fullmatch(lines[count].text):
            count += 1
    return count


def _shown(furniture: list[_Line], piece: re.Pattern[str]) -> str | None:
    return next((line.text for line in furniture if piece.fullmatch(line.text)), None)


def _pairs(lines: list[_Line], name: str) -> list[tuple[str, str]]:
    titles, abstracts = lines[::2], lines[1::2]
    for title, abstract in zip(titles, abstracts, strict=False):
        if len(title.text) >= len(abstract.text):
            raise _another_shape(name, f"line {title.number} should be a title, but is longer than what is below it")
    if len(titles) > len(abstracts):
        raise _another_shape(name, f"line {lines[-1].number} should be a title, but has no abstract")
    if not lines:
        raise _another_shape(name, "no paper follows its header")
    return [(title.text, abstract.text) for title, abstract in zip(titles, abstracts, strict=True)]


def _another_shape(name: str, why: str) -> SourceError:
    hint = "save the list of papers again as plain text, or convert it to JSON Lines"
    return SourceError(f"cannot read {name}: a page of another shape: {why}", hint=hint)
