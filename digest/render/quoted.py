"""Quoted-printable (RFC 2045, 6.7) in pieces that can be put together in any order.

Each piece leaves the next one at the start of a line, by its own line end or by a soft break. No line starts with a
dot, so that SMTP's dot-stuffing (RFC 5321, 4.5.2) finds nothing to do: what is written here is what goes over the wire.
"""

from __future__ import annotations

import codecs
import re
from binascii import a2b_qp, b2a_qp
from functools import lru_cache

SOFT = "=\r\n"
_ROOM = 75  # characters; with a soft break behind them a line has 76
_PLAIN = bytes(range(0x20, 0x7F))
# As much as fits on a line, and no escape is cut.
_CHUNK = re.compile(rf".{{1,{_ROOM}}}(?<!=)(?<!=.)")
_BLANK = re.compile(r"(?<=[ \t])(?=\n)")
_DOTS = re.compile(r"^\.+", re.MULTILINE)


def _octets(error: UnicodeError) -> tuple[str, int]:
    """Encode a run of characters beyond ASCII."""
    assert isinstance(error, UnicodeEncodeError)
    return _run(error.object[error.start : error.end]), error.end


@lru_cache(maxsize=1024)
def _run(text: str) -> str:
    return f"={text.encode('utf-8', 'replace').hex('=')}".upper()


codecs.register_error("digest.quoted", _octets)


def quoted(text: str) -> str:
    """Return a text as a piece: nothing stays nothing; what UTF-8 cannot hold becomes "?"."""
    if len(text) <= _ROOM and text.isascii() and text.isprintable() and "=" not in text and text[:1] != ".":
        return text and text + SOFT
    plain = text.replace("=", "=3D") if "=" in text else text
    octets = plain.encode("ascii", "digest.quoted")
    controls = octets.translate(None, _PLAIN)
    if controls.strip(b"\n") or " \n" in text:
        return _long_way(text)
    return _undotted(_lines(octets.decode()) if controls else _line(octets.decode()))


def _lines(text: str) -> str:
    """Return lines in which everything is encoded but their length."""
    lines = text.split("\n")
    whole = max(map(len, lines)) <= _ROOM
    broken = lines if whole else [_line(line).removesuffix(SOFT) for line in lines]
    return "\r\n".join(broken) + (SOFT if lines[-1] else "")


def _line(text: str) -> str:
    if len(text) <= _ROOM:
        return text + SOFT
    if "=" in text:
        return SOFT.join(_CHUNK.findall(text)) + SOFT
    return SOFT.join([text[start : start + _ROOM] for start in range(0, len(text), _ROOM)]) + SOFT


def _long_way(text: str) -> str:
    # b2a_qp takes over the line ends it finds and chooses those of its soft breaks by the first, so it is given LF.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if " \n" in lines or "\t\n" in lines:
        # b2a_qp makes such a line too long; a soft break keeps the blank as well.
        return "".join(map(quoted, _BLANK.split(lines)))
    # The sign at the end keeps room for the soft break that follows.
    found = b2a_qp(f"{lines}~".encode("utf-8", "replace"), istext=True)[:-1].decode().replace("\n", "\r\n")
    return _undotted(found if found.endswith("\n") else found + SOFT)


def _undotted(piece: str) -> str:
    if piece.startswith(".") or "\n." in piece:
        return _DOTS.sub(lambda dots: f"=2E{SOFT}" * len(dots[0]), piece)
    return piece


def unquoted(piece: bytes) -> str:
    """Return the text of pieces, with its line ends as LF."""
    return a2b_qp(piece).decode().replace("\r\n", "\n")


def size(piece: bytes) -> int:
    """Return how many bytes a piece has for its reader: a soft break is none, an escape one."""
    return len(a2b_qp(piece))
