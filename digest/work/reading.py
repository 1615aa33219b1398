"""Bytes to a batch, with the last resort for feeds that only look like XML."""

from __future__ import annotations

from digest import sources
from digest.errors import SourceError
from digest.fetch import fallback
from digest.model import Batch, Source


def read(data: bytes, *, source: Source, name: str) -> Batch:
    """Return what `data` holds: see `sources.read`. Where that finds nothing in a feed with items, feedparser is asked.

    That takes a process and up to `fallback.PATIENCE`, so this is called from a thread. Raises SourceError.
    """
    own, refusal = _own(data, source, name)
    if (own and (own.entries or own.problems)) or not sources.hides_items(data):
        return _given(own, refusal)
    batch = sources.adopted(fallback.parsed(data, name), source=source, name=name)
    return batch if batch.entries else _given(own, refusal)


def _own(data: bytes, source: Source, name: str) -> tuple[Batch | None, SourceError | None]:
    try:
        return sources.read(data, source=source, name=name), None
    except SourceError as error:
        return None, error


def _given(own: Batch | None, refusal: SourceError | None) -> Batch:
    if own is None:
        assert refusal
        raise refusal
    return own
