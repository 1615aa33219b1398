"""Rules for the MIME form: two parts, text first and HTML last, in UTF-8 and encoded as they say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.render.lint.message import Mail
from digest.render.lint.parts import Part
from digest.render.lint.rules import Severity, rule

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_ENCODINGS = ("7bit", "8bit", "binary", "quoted-printable", "base64")
_QUOTED_LINE = 76
_WRONG = re.compile(rb"=(?![0-9A-F]{2}|[ \t]*\n)")
_TRAILING = re.compile(rb"[ \t]\n|[ \t]\Z")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_OVERRIDES = re.compile("[\u202a-\u202e]")


@rule("mime-version", "MIME-Version is 1.0.", "RFC 2045, 4")
def version(mail: Mail) -> Iterator[str]:
    if mail.value("MIME-Version") not in ("", "1.0"):
        yield mail.value("MIME-Version")


@rule("content-type-form", "Content-Type is a type with well-formed parameters.", "RFC 2045, 5.1")
def content_type_form(mail: Mail) -> Iterator[str]:
    if mail.value("Content-Type") and not mail.content_type:
        yield mail.value("Content-Type")
    for part in mail.parts:
        if not part.content_type:
            yield f"a part: {part.headers.get('content-type', 'none')}"


@rule("multipart-alternative", "A mail is one thing in two forms.", "RFC 2046, 5.1.4")
def alternative(mail: Mail) -> Iterator[str]:
    if mail.content_type and mail.content_type[0] != "multipart/alternative":
        yield mail.content_type[0]


@rule("multipart-encoding", "A multipart has no encoding of its own.", "RFC 2045, 6.4")
def multipart_encoding(mail: Mail) -> Iterator[str]:
    if mail.value("Content-Transfer-Encoding").lower() not in ("", "7bit"):
        yield mail.value("Content-Transfer-Encoding")


@rule("boundary-form", "The boundary is 1 to 70 allowed characters.", "RFC 2046, 5.1.1")
def boundary_form(mail: Mail) -> Iterator[str]:
    if mail.content_type and not _BOUNDARY.fullmatch(mail.content_type[1].get("boundary", "")):
        yield mail.content_type[1].get("boundary", "there is none")


@rule("boundary-near", "No line of a part begins as the boundary does.", "RFC 2046, 5.1.1")
def boundary_near(mail: Mail) -> Iterator[str]:
    yield from map(repr, mail.multipart.near)


@rule("multipart-open", "The last boundary closes the multipart.", "RFC 2046, 5.1.1")
def unclosed(mail: Mail) -> Iterator[str]:
    if mail.parts and not mail.multipart.closed:
        yield "it is never closed"


@rule("multipart-before", "Nothing stands in front of the first boundary.", "RFC 2046, 5.1.1")
def before(mail: Mail) -> Iterator[str]:
    if mail.multipart.before.strip():
        yield repr(mail.multipart.before[:60])


@rule("multipart-behind", "Nothing stands behind the last boundary.", "RFC 2046, 5.1.1")
def behind(mail: Mail) -> Iterator[str]:
    if mail.multipart.behind.strip():
        yield repr(mail.multipart.behind[:60])


@rule("parts-order", "The plain text comes first and the HTML last.", "RFC 2046, 5.1.4")
def order(mail: Mail) -> Iterator[str]:
    kinds = [part.type for part in mail.parts]
    texts = [kind for kind in kinds if kind in ("text/plain", "text/html")]
    if texts != ["text/plain", "text/html"]:
        yield ", ".join(kinds) or "there are no parts"


@rule("attachment", "Nothing is attached.", "Gmail's sender guidelines")
def attachment(mail: Mail) -> Iterator[str]:
    for part in mail.parts:
        if part.type not in ("text/plain", "text/html", "") or "content-disposition" in part.headers:
            yield part.type


@rule("part-headers", "A part has headers of content alone, each once and in ASCII.", "RFC 2046, 5.1")
def part_headers(mail: Mail) -> Iterator[str]:
    for part in mail.parts:
        yield from (repr(line) for line in part.stray)
        names = [name.lower() for name in part.names]
        yield from (name for name in names if not name.startswith("content-") or not name.isascii())
        if len(names) != len(set(names)) or not all(map(str.isascii, part.headers.values())):
            yield ", ".join(names)


@rule("part-empty", "Both parts say something.", "RFC 2046, 5.1.4")
def part_empty(mail: Mail) -> Iterator[str]:
    yield from (part.type for part in mail.parts if not part.content.strip())


@rule("charset", "Text is in UTF-8 and says so.", "RFC 2046, 4.1.2; RFC 6657, 3")
def charset(mail: Mail) -> Iterator[str]:
    for part in mail.parts:
        if part.type.startswith("text/") and part.charset != "utf-8":
            yield f"{part.type}: {part.charset or 'none'}"


@rule("charset-broken", "Text is what its charset says.", "RFC 3629, 3")
def charset_broken(mail: Mail) -> Iterator[str]:
    for part in mail.parts:
        if part.charset == "utf-8" and not _is_utf8(part.octets or b""):
            yield part.type


@rule("encoding-known", "A part's transfer encoding is one that exists.", "RFC 2045, 6.1")
def encoding_known(mail: Mail) -> Iterator[str]:
    yield from (part.encoding for part in mail.parts if part.encoding not in _ENCODINGS)


@rule(
    "encoding-quoted",
    "Text is in quoted-printable, which people and filters can read.",
    "RFC 2045, 6.7",
    severity=Severity.WARNING,
)
def encoding_quoted(mail: Mail) -> Iterator[str]:
    for part in mail.parts:
        if part.type.startswith("text/") and part.encoding in ("8bit", "binary", "base64"):
            yield f"{part.type}: {part.encoding}"


@rule("base64-form", "Base64 has its alphabet and its length.", "RFC 2045, 6.8")
def base64_form(mail: Mail) -> Iterator[str]:
    yield from (part.type for part in mail.parts if part.encoding == "base64" and part.octets is None)


@rule(
    "quoted-form", "Behind each = of quoted-printable are two capital digits or the end of the line.", "RFC 2045, 6.7"
)
def quoted_form(mail: Mail) -> Iterator[str]:
    for part in _quoted(mail):
        for found in _WRONG.finditer(part.body):
            yield repr(part.body[found.start() : found.start() + 12])


@rule("quoted-line", "A line of quoted-printable has at most 76 characters.", "RFC 2045, 6.7 (5)")
def quoted_line(mail: Mail) -> Iterator[str]:
    for part in _quoted(mail):
        yield from (f"{len(line)}: {line[:40]!r}" for line in part.body.split(b"\n") if len(line) > _QUOTED_LINE)


@rule("quoted-blank", "No line of quoted-printable ends in a blank.", "RFC 2045, 6.7 (3)")
def quoted_blank(mail: Mail) -> Iterator[str]:
    for part in _quoted(mail):
        for found in _TRAILING.finditer(part.body):
            yield repr(part.body[max(found.start() - 20, 0) : found.end()])


@rule("text-control", "No control character and no noncharacter stands in a text.", "Unicode 23.1 and 23.7")
def text_control(mail: Mail) -> Iterator[str]:
    for part in mail.parts:
        yield from (f"{part.type}: {found[0]!r}" for found in _CONTROL.finditer(part.content))


@rule("text-override", "No text turns the direction of what follows.", "Unicode Standard Annex 9; CVE-2021-42574")
def text_override(mail: Mail) -> Iterator[str]:
    for part in mail.parts:
        yield from (f"{part.type}: {found[0]!r}" for found in _OVERRIDES.finditer(part.content))


def _quoted(mail: Mail) -> Iterator[Part]:
    return (part for part in mail.parts if part.encoding == "quoted-printable")


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
