"""Content codings, undone piece by piece, so that a bomb is noticed before it has gone off."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from digest.errors import FetchError

_STEP = 1 << 16
_GZIP = 16 + zlib.MAX_WBITS
# A body of a million empty members would cost more than a long one.
_MEMBERS = 16


class Decoder(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` unpacks to, in small pieces. Raises FetchError."""

    def finish(self) -> None:
        """Raises FetchError if more should have come; a body of no bytes at all is whole."""


class _Identity:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


class _Zlib:
    """gzip, also of several members, and deflate, with the wrapper it should have (RFC 1950) or without."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip, self._members = gzip, 0
        self._engine: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            self._engine = self._engine or self._member(data[0])
            yield from self._unpacked(data)
            data = self._engine.unused_data
            if self._engine.eof:
                self._engine = None

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or len(piece) == _STEP:
            try:
                piece = self._engine.decompress(data, _STEP)
            except zlib.error as error:
                raise FetchError("its compression is broken") from error
            yield piece
            data = self._engine.unconsumed_tail

    def _member(self, first: int) -> Any:
        self._members += 1
        if self._members > (_MEMBERS if self._gzip else 1):
            raise FetchError("something stands behind the end of its compression")
        wrapped = first & 0x0F == zlib.DEFLATED
        return zlib.decompressobj(_GZIP if self._gzip else zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def finish(self) -> None:
        if self._engine:
            raise FetchError("it breaks off")


class _Brotli:
    def __init__(self) -> None:
        self._library = import_module("brotli")
        self._engine, self._begun = self._library.Decompressor(), False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._begun = self._begun or bool(data)
        try:
            while piece := self._engine.process(data, output_buffer_limit=_STEP):
                yield piece
                data = b""
        except self._library.error as error:
            raise FetchError("its compression is broken") from error

    def finish(self) -> None:
        if self._begun and not self._engine.is_finished():
            raise FetchError("it breaks off")


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "": _Identity,
    "identity": _Identity,
    "gzip": lambda: _Zlib(gzip=True),
    "x-gzip": lambda: _Zlib(gzip=True),
    "deflate": lambda: _Zlib(gzip=False),
}
if find_spec("brotli"):
    _DECODERS["br"] = _Brotli

OFFERED = ", ".join(coding for coding in ("gzip", "deflate", "br") if coding in _DECODERS)
"""What Accept-Encoding says; brotli only where its library is installed."""


def decoder(coding: str) -> Decoder:
    """Return what undoes the coding that a Content-Encoding names. Raises FetchError for one that none offered."""
    make = _DECODERS.get(coding.strip().lower())
    if make is None:
        raise FetchError(f"nobody asked for its coding {coding[:40]!r}")
    return make()
