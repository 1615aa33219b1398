"""Sources in and out as OPML, for and from other feed readers."""

from __future__ import annotations

from pathlib import Path

from digest.app import App
from digest.errors import SourceError
from digest.model import Rights, Source
from digest.sources import opml
from digest.sources.opml import Listing
from digest.store import Store

# A list of 10,000 feeds has 3 MB.
LARGEST = 20_000_000


def read_listing(file: Path) -> Listing | None:
    """Return the list in an OPML file, None for a file of another format. Raises SourceError."""
    if file.stat().st_size > LARGEST:
        raise SourceError(f"{file.name} is larger than {LARGEST / 1e6:g} MB: no list of feeds is")
    data = file.read_bytes()
    return opml.read(data, file.name) if opml.is_opml(data) else None


def sources_in(listing: Listing, store: Store, rights: Rights) -> list[Source]:
    """Return the sources of a list: those that are stored as they are, others new, with `rights` unless it says."""
    return opml.sources_of(listing.outlines, store.sources(), rights=rights)


def as_opml(app: App) -> bytes:
    """Return all polled sources as OPML."""
    return opml.write((one for one in app.store.sources() if one.url), title=f"{app.site.title}: sources")
