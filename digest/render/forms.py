"""A mail cut where something is its reader's own: for the next reader it is one join.

What is cut out has a fixed length and an alphabet that no encoding touches, so whatever stands there, a soft line break
of quoted-printable (RFC 2045, 6.7) falls on the same place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from digest.model import Value
from digest.render.quoted import SOFT

_SOFT = SOFT.encode()
_ALPHABET = re.compile(rb"[A-Za-z0-9_-]+")


class Gap(Value):
    """Where a part of a reader's own stands: of which one, and from where to where."""

    own: int
    start: int
    end: int


class Form(Value):
    """A mail without its reader: what stands between, and gaps. `lengths` are those of what goes into them."""

    pieces: tuple[bytes | Gap, ...]
    lengths: tuple[int, ...]


def form(mail: bytes, own: Sequence[bytes]) -> Form:
    """Return a mail as a form, given all in it that is its reader's own. Raises ValueError for what could be encoded.

    It is found wherever it stands, so it must be nothing that another's mail could hold too: a token is not.
    """
    if not all(map(_ALPHABET.fullmatch, own)):
        raise ValueError("only letters, digits, _ and - stand in a mail as they are")
    return Form(pieces=tuple(_cut(mail, own)), lengths=tuple(map(len, own)))


def filled_in(form: Form, own: Sequence[bytes]) -> list[bytes]:
    """Return the pieces of another reader's mail. Raises ValueError for what does not fit into the form."""
    if tuple(map(len, own)) != form.lengths or not _ALPHABET.fullmatch(b"".join(own)):
        raise ValueError("what is a reader's own has another shape")
    return [own[piece.own][piece.start : piece.end] if isinstance(piece, Gap) else piece for piece in form.pieces]


def _cut(mail: bytes, own: Sequence[bytes]) -> Iterator[bytes | Gap]:
    at = 0
    for found in re.finditer(b"|".join(map(_anywhere, own)), mail):
        yield mail[at : found.start()]
        yield from _gaps(own.index(found[0].replace(_SOFT, b"")), found[0])
        at = found.end()
    yield mail[at:]


def _anywhere(one: bytes) -> bytes:
    return b"(?:=\r\n)?".join(re.escape(one[place : place + 1]) for place in range(len(one)))


def _gaps(own: int, text: bytes) -> Iterator[bytes | Gap]:
    start = 0
    for number, part in enumerate(text.split(_SOFT)):
        if number:
            yield _SOFT
        yield Gap(own=own, start=start, end=start + len(part))
        start += len(part)
