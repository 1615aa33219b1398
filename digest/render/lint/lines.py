"""Rules for the bytes and lines of a message, before anything is made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.render.lint.encodings import WORD
from digest.render.lint.message import Mail
from digest.render.lint.rules import Severity, rule

LONGEST, PREFERRED, WITH_WORDS = 998, 78, 76  # octets without the line end
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


@rule("line-end-bare", "Every line ends in CRLF; no CR and no LF stands alone.", "RFC 5321, 2.3.8; RFC 5322, 2.3")
def bare(mail: Mail) -> Iterator[str]:
    if mail.raw.count(b"\r\n") == mail.raw.count(b"\r") == mail.raw.count(b"\n"):
        return
    for found in _BARE.finditer(mail.raw):
        yield f"{found[0]!r} alone at byte {found.start()}"


@rule("line-too-long", "No line has more than 998 octets.", "RFC 5322, 2.1.1")
def too_long(mail: Mail) -> Iterator[str]:
    for number, line in enumerate([*mail.head_lines, b"", *mail.body.split(b"\n")], 1):
        if len(line) > LONGEST:
            yield f"line {number} has {len(line)}"


@rule("message-unended", "A message ends with the end of a line.", "RFC 5321, 4.1.1.4")
def unended(mail: Mail) -> Iterator[str]:
    if not mail.raw.endswith(b"\n"):
        yield f"it ends in {mail.raw[-10:]!r}"


@rule("octet-null", "No NUL stands in a message.", "RFC 5322, 2.2; RFC 2045, 2.7")
def null(mail: Mail) -> Iterator[str]:
    if b"\0" in mail.raw:
        yield f"one at byte {mail.raw.index(0)}"


@rule("octet-8bit", "Bodies are written in ASCII, encoded.", "RFC 2045, 2.7; RFC 6152")
def eight_bit(mail: Mail) -> Iterator[str]:
    if not mail.body.isascii():
        yield f"{sum(octet > 127 for octet in mail.body)} octets beyond ASCII"


@rule("head-open", "An empty line ends the headers.", "RFC 5322, 2.1")
def head_open(mail: Mail) -> Iterator[str]:
    if not mail.gap:
        yield "there is none"


@rule("head-stray", "Every line in front of the body is a header or goes on with one.", "RFC 5322, 2.2")
def head_stray(mail: Mail) -> Iterator[str]:
    yield from map(repr, mail.stray)


@rule("head-control", "No control character stands in a header.", "RFC 5322, 2.2")
def head_control(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        if found := _CONTROL.search("".join(header.lines)):
            yield f"{header.name} has {found[0]!r}"


@rule("head-ascii", "Headers are written in ASCII; To alone may hold an address in UTF-8.", "RFC 5322, 2.2; RFC 6532")
def head_ascii(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        if not header.value.isascii() and (header.name.lower() != "to" or _broken(header.value)):
            yield f"{header.name}: {header.value}"


@rule(
    "head-line-long", "A header is folded behind at most 78 characters.", "RFC 5322, 2.1.1", severity=Severity.WARNING
)
def head_line_long(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        for line in header.lines:
            # One word with its header's name cannot be folded, and one behind a fold neither.
            if len(line) > PREFERRED and len(line.split()) > (2 if line is header.lines[0] else 1):
                yield f"{header.name} has a line of {len(line)}"


@rule("head-word-line", "A line with an encoded word has at most 76 characters.", "RFC 2047, 2")
def head_word_line(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        for line in header.lines:
            if len(line) > WITH_WORDS and WORD.search(line):
                yield f"{header.name} has one of {len(line)}"


@rule("head-fold-blank", "A folded header has no line of blanks alone.", "RFC 5322, 3.2.2")
def head_fold_blank(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        if any(not line.strip() for line in header.lines[1:]):
            yield header.name


def _broken(value: str) -> bool:
    """Say whether a value holds bytes that are no UTF-8."""
    return any("\ud800" <= character <= "\udfff" for character in value)
