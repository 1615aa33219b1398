"""Quoted-printable (RFC 2045, 6.7) in pieces that can be put together in any order.

Each piece leaves the next one at the start of a line, by its own line end or by a soft break. No line starts with a
dot, so that SMTP's dot-stuffing (RFC 5321, 4.5.2) finds nothing to do: what is written here is what goes over the wire.
"""

from __future__ import annotations

import re
from binascii import a2b_qp, b2a_qp

SOFT = "=\r\n"
_ROOM = 75  # characters; with a soft break behind them a line has 76
_BLANK = re.compile(r"(?<=[ \t])(?=\n)")
_DOTS = re.compile(r"^\.+", re.MULTILINE)


def quoted(text: str) -> str:
    """Return a text as a piece: nothing stays nothing; what UTF-8 cannot hold becomes "?"."""
    if len(text) <= _ROOM and text.isascii() and text.isprintable() and "=" not in text and text[:1] != ".":
        return text and text + SOFT
    # b2a_qp takes over the line ends it finds and chooses those of its soft breaks by the first, so it is given LF.
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if " \n" in lines or "\t\n" in lines:
        # b2a_qp makes such a line too long; a soft break keeps the blank as well.
        return "".join(map(quoted, _BLANK.split(lines)))
    # The sign at the end keeps room for the soft break that follows.
    found = b2a_qp(f"{lines}~".encode("utf-8", "replace"), istext=True)[:-1].decode().replace("\n", "\r\n")
    piece = found if found.endswith("\n") else found + SOFT
    if piece.startswith(".") or "\n." in piece:
        return _DOTS.sub(lambda dots: f"=2E{SOFT}" * len(dots[0]), piece)
    return piece


def unquoted(piece: bytes) -> str:
    """Return the text of pieces, with its line ends as LF."""
    return a2b_qp(piece).decode().replace("\r\n", "\n")


def size(piece: bytes) -> int:
    """Return how many bytes a piece has for its reader: a soft break is none, an escape one."""
    soft = piece.count(b"=\r\n")
    return len(piece) - 3 * soft - 2 * (piece.count(b"=") - soft)
