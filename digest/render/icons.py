"""The site's picture, in the sizes that feeds ask for: three lines of a list on a sheet, drawn, not stored."""

from __future__ import annotations

import zlib
from functools import cache
from struct import pack

# By its width in pixels: RSS takes no image wider than 144, JSON Feed wants an icon of 512 and a small one of 64.
IMAGE, ICON, SMALL = 144, 512, 64
SIZES = (SMALL, IMAGE, ICON)

_INK, _SHEET = b"\x1f\x4e\x79", b"\xff\xff\xff"
# Of a square of 16: rows of a line, and the columns from which to which it reaches.
_LINES = {4: 12, 5: 12, 7: 12, 8: 12, 10: 9, 11: 9}
_LEFT = 4


def path(size: int) -> str:
    """Return where the picture of that size stands."""
    return f"/icon-{size}.png"


@cache
def picture(size: int) -> bytes:
    """Return the picture as PNG (RFC 2083), `size` pixels wide and high."""
    rows = b"".join(b"\0" + _row(y * 16 // size, size) for y in range(size))
    head = pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _row(row: int, size: int) -> bytes:
    right = _LINES.get(row, 0)
    return b"".join(_SHEET if _LEFT <= x * 16 // size < right else _INK for x in range(size))


def _chunk(name: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))
