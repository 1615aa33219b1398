"""MIME: types with parameters (RFC 2045, 5.1), a body cut at its boundary (RFC 2046, 5.1.1), a part's content."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp
from functools import cached_property

from digest.model import Value

_TYPE = re.compile(r"([\w.+-]+/[\w.+-]+)[ \t]*", re.ASCII)
_PARAMETER = re.compile(r';[ \t]*([\w.*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))[ \t]*', re.ASCII)


class Multipart(Value):
    """A body cut at its boundary: each part in lines, what stands before and behind, whether it was closed."""

    parts: tuple[list[bytes], ...] = ()
    before: bytes = b""
    behind: bytes = b""
    closed: bool = False
    near: tuple[bytes, ...] = ()  # lines that start as a delimiter does and are none


class Part:
    """One part: its headers in lower case, and the body as it stands there."""

    def __init__(self, *, names: tuple[str, ...], headers: dict[str, str], stray: tuple[str, ...], body: bytes) -> None:
        self.names, self.headers, self.stray, self.body = names, headers, stray, body

    @cached_property
    def content_type(self) -> tuple[str, dict[str, str]] | None:
        """The type and its parameters, or None for what is no type."""
        return parameters(self.headers.get("content-type", ""))

    @property
    def type(self) -> str:
        """The media type in lower case; nothing for what is none."""
        return self.content_type[0] if self.content_type else ""

    @property
    def charset(self) -> str:
        """The charset in lower case; nothing for none."""
        return self.content_type[1].get("charset", "").lower() if self.content_type else ""

    @property
    def encoding(self) -> str:
        """The transfer encoding in lower case; 7bit if none is named (RFC 2045, 6.1)."""
        return self.headers.get("content-transfer-encoding", "7bit").lower()

    @cached_property
    def octets(self) -> bytes | None:
        """The body with its transfer encoding undone; None for base64 that is none."""
        if self.encoding == "quoted-printable":
            return a2b_qp(self.body)
        return _from_base64(self.body) if self.encoding == "base64" else self.body

    @cached_property
    def content(self) -> str:
        """The text, with a replacement character for each byte that is not UTF-8."""
        return (self.octets or b"").decode("utf-8", "replace").replace("\r\n", "\n")


def parameters(value: str) -> tuple[str, dict[str, str]] | None:
    """Return a media type in lower case with its parameters, or None for anything else."""
    kind = _TYPE.match(value)
    found: dict[str, str] = {}
    place = kind.end() if kind else 0
    while kind and (match := _PARAMETER.match(value, place)):
        quoted = match[2] is not None
        found[match[1].lower()] = re.sub(r"\\(.)", r"\1", match[2]) if quoted else match[3]
        place = match.end()
    return (kind[1].lower(), found) if kind and place == len(value) else None


def split_parts(body: bytes, boundary: str) -> Multipart:
    """Cut a body at its boundary. The line end in front of a delimiter belongs to it; without a boundary, no parts."""
    mark = b"--" + boundary.encode("utf-8", "surrogateescape")
    pieces: list[list[bytes]] = [[]]
    near: list[bytes] = []
    lines = body.split(b"\n") if boundary else []
    for place, line in enumerate(lines):
        if not line.startswith(mark):
            pieces[-1].append(line)
        elif line == mark + b"--":
            return _multipart(pieces, near, behind=lines[place + 1 :], closed=True)
        elif line == mark:
            pieces.append([])
        else:
            near.append(line)
    return _multipart(pieces, near, behind=[], closed=False)


def _multipart(pieces: list[list[bytes]], near: list[bytes], *, behind: list[bytes], closed: bool) -> Multipart:
    before, *parts = pieces
    return Multipart(
        parts=tuple(parts), before=b"\n".join(before), behind=b"\n".join(behind), closed=closed, near=tuple(near)
    )


def _from_base64(body: bytes) -> bytes | None:
    try:
        return a2b_base64(body.replace(b"\n", b""), strict_mode=True)
    except Error:
        return None
