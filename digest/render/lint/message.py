"""A message read for the linter: strictly, from its bytes, and whatever they are.

Nothing here repairs: what a mail program would overlook is kept so that a rule can name it. Python's own parser is not
used, for it decodes and mends, and what it mends we would never see.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property

from digest.model import Value
from digest.render.lint.addresses import Mailbox, mailbox, opaque, uris
from digest.render.lint.encodings import decoded_words
from digest.render.lint.markup import HEADINGS, Page, read_page
from digest.render.lint.parts import Multipart, Part, parameters, split_parts
from digest.render.lint.styles import Look, looks

_FIELD = re.compile(r"([!-9;-~]+):(.*)", re.DOTALL)
_MISSES = 10  # headings that the text lacks, before no more are looked for
_KEY = 16  # characters of a token that say whose it is: all tokens of one reader share them


class Profile(StrEnum):
    """What kind of mail it is, told from its headers: sent to a list's readers, or to one who asked for it just now."""

    LIST = "list"
    LETTER = "letter"


class Header(Value):
    """A header: its name as written, its lines as folded, its value as unfolded (RFC 5322, 2.2.3) and stripped."""

    name: str
    lines: tuple[str, ...]
    value: str


class Mail:
    """One message, read once for all rules. Any bytes will do; each part of it is read when a rule first asks."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # With a line end in front, a message that begins with an empty line is one without headers.
        head, self.gap, self.body = (b"\n" + lines).partition(b"\n\n")
        self.head_lines = head.split(b"\n")[1:]
        self.headers, self.stray = read_headers(self.head_lines)

    @cached_property
    def _values(self) -> dict[str, str]:
        return {header.name.lower(): header.value for header in reversed(self.headers)}

    def has(self, name: str) -> bool:
        """Say whether there is a header of that name."""
        return name.lower() in self._values

    def value(self, name: str) -> str:
        """Return the first value of a header, or nothing."""
        return self._values.get(name.lower(), "")

    def decoded(self, name: str) -> str:
        """Return a header's value with its encoded words read and blanks folded."""
        return " ".join(decoded_words(self.value(name)).split())

    @cached_property
    def profile(self) -> Profile:
        """A list's mail has a header that only lists have, or says that it is bulk."""
        listed = any(name.startswith("list-") for name in self._values)
        return Profile.LIST if listed or self.has("Precedence") else Profile.LETTER

    def mailbox(self, name: str) -> Mailbox | None:
        """Return the one address of a header, if it is one and nothing else."""
        return mailbox(self.value(name))

    @cached_property
    def content_type(self) -> tuple[str, dict[str, str]] | None:
        """The type of the whole and its parameters, or None for what is no type."""
        return parameters(self.value("Content-Type"))

    @cached_property
    def multipart(self) -> Multipart:
        """The body cut at its boundary; without one there are no parts."""
        boundary = self.content_type[1].get("boundary", "") if self.content_type else ""
        return split_parts(self.body, boundary)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts, each with its headers read."""
        return tuple(_part(lines) for lines in self.multipart.parts)

    @cached_property
    def text(self) -> str:
        """The plain text, decoded."""
        return next((part.content for part in self.parts if part.type == "text/plain"), "")

    @cached_property
    def html(self) -> str:
        """The HTML, decoded."""
        return next((part.content for part in self.parts if part.type == "text/html"), "")

    @cached_property
    def page(self) -> Page:
        """The HTML, read."""
        return read_page(self.html)

    @cached_property
    def looks(self) -> list[Look]:
        """How each element of the page looks."""
        return looks(self.page)

    @cached_property
    def dark_looks(self) -> list[Look]:
        """How each element of the page looks in dark surroundings."""
        return looks(self.page, dark=True)

    @cached_property
    def said(self) -> str:
        """The plain text with its blanks folded."""
        return " ".join(self.text.split())

    @cached_property
    def headings(self) -> list[tuple[str, int]]:
        """What each heading of the HTML says, with its place in `said` in capitals: behind the one before, or -1."""
        said, place, misses = self.said.upper(), 0, 0
        found = []
        for words in (self.page.words(heading) for heading, _ in self.page.all(*HEADINGS)):
            at = said.find(words.upper(), place)
            found.append((words, at))
            place, misses = max(place, at), misses + (at < 0)
            if misses == _MISSES:
                break
        return found

    @cached_property
    def leave(self) -> str:
        """The address of the one-click link in the headers, or nothing."""
        return next((uri for uri in uris(self.value("List-Unsubscribe")) if uri.startswith("http")), "")

    @cached_property
    def key(self) -> str:
        """What every secret link of this reader holds, or nothing: the start of the token in the one-click link."""
        return opaque(self.leave)[:_KEY]


def read_headers(lines: list[bytes]) -> tuple[tuple[Header, ...], tuple[str, ...]]:
    """Return the headers of a block of lines, and the lines that belong to none."""
    fields: list[list[str]] = []
    stray = []
    for line in (line.decode("utf-8", "surrogateescape") for line in lines):
        if _FIELD.fullmatch(line):
            fields.append([line])
        elif line[:1] in (" ", "\t") and fields:
            fields[-1].append(line)
        elif line:
            stray.append(line)
    return tuple(map(_header, fields)), tuple(stray)


def _header(lines: list[str]) -> Header:
    name, _, value = "".join(lines).partition(":")
    return Header(name=name, lines=tuple(lines), value=value.strip())


def _part(lines: list[bytes]) -> Part:
    end = lines.index(b"") if b"" in lines else len(lines)
    headers, stray = read_headers(lines[:end])
    named = {header.name.lower(): header.value for header in reversed(headers)}
    return Part(
        names=tuple(header.name for header in headers), headers=named, stray=stray, body=b"\n".join(lines[end + 1 :])
    )
