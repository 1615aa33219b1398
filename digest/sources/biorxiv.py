"""bioRxiv and medRxiv by their API (api.biorxiv.org/details/SERVER/FROM/TO/CURSOR): a row for each version.

Dates may be unpadded, numbers may be texts. Licences are the authors' choice, so the source's rights hold.
"""

from __future__ import annotations

import re
from typing import Any

from digest import text
from digest.errors import SourceError
from digest.model import AnnounceType, Batch, Source
from digest.sources import dates, names
from digest.sources.addresses import onward
from digest.sources.base import Ask, Reach
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.json import answer, drafted, items_of, number, opens, string

_MESSAGES = re.compile(rb'"messages"\s*:\s*\[')
_COLLECTION = re.compile(rb'"collection"\s*:\s*\[')
_CURSOR = re.compile(r"(/[0-9]{1,9})?(/(?:json)?)?(?=[?#]|\Z)")
_NOTHING = re.compile(r"no (?:posts|articles|results|papers)", re.IGNORECASE)
_TAKEN_BACK = re.compile(r"\W*withdrawn\b", re.IGNORECASE)


class BiorxivAdapter:
    """All versions posted within reach, page by page."""

    kind = "biorxiv"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """See `Adapter`: `source.url` ends in the server's name, and may go on with `?category=...`."""
        if not source.url:
            return ()
        path, mark, query = source.url.partition("?")
        window = f"{reach.since:%Y-%m-%d}/{reach.now:%Y-%m-%d}/0"
        return (Ask(url=f"{path.rstrip('/')}/{window}{mark}{query}", whole=True),)


class BiorxivReader:
    """The answer of the details API."""

    format = "biorxiv"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`."""
        return opens(data, b"{") and _MESSAGES.search(data) is not None and _COLLECTION.search(data) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError if the server reports an error, or a page is empty before the last one."""
        found, base = answer(data, name), base_of(source, name)
        message, rows = _message(found), items_of(found, "collection")
        status = string(message, "status")
        if status.lower() not in ("", "ok") and not _NOTHING.search(status):
            raise SourceError(f"cannot read {name}: the server says {text.shorten(text.tidy(status), 200)!r}")
        read_to = (number(message.get("cursor")) or 0) + len(rows)
        total = number(message.get("total")) or 0
        if not rows and read_to < total:
            raise SourceError(f"cannot read {name}: an empty page, though {total} rows are announced")
        return batch(
            drafted(rows, lambda row, where: _draft(row, where, base)),
            source=source,
            kind=self.format,
            next=_next(name, read_to) if read_to < total else None,
        )


def _message(found: Any) -> dict[str, Any]:
    return next((each for each in items_of(found, "messages") if isinstance(each, dict)), {})


def _next(name: str, cursor: int) -> str | None:
    """Return the address of the page that starts at `cursor`, None if this one came from a file."""
    return onward(_CURSOR.sub(rf"/{cursor}\2", name, count=1), name) if "://" in name else None


def _draft(row: dict[str, Any], where: str, base: str | None) -> Draft:
    doi, version = string(row, "doi").strip(), number(row.get("version"))
    posted = dates.day(string(row, "date"))
    numbered = f"{doi}v{version}" if doi and version else doi
    title = string(row, "title")
    return Draft(
        where=where,
        title=wording(title, text.plain),
        abstract=wording(string(row, "abstract"), text.plain),
        id=numbered,
        base=base,
        pdf=_pdf(row, numbered) if doi and version else "",
        authors=names.listed(string(row, "authors")),
        categories=(string(row, "category"),),
        doi=doi,
        version=version,
        announce_type=_announce_type(version),
        submitted=posted if version == 1 else None,
        announced=posted,
        listed=posted,
        withdrawn="withdrawn" in string(row, "type").lower() or _TAKEN_BACK.match(title) is not None,
    )


def _pdf(row: dict[str, Any], numbered: str) -> str:
    server = string(row, "server").strip().lower()
    return f"https://www.{server}.org/content/{numbered}.full.pdf" if server in ("biorxiv", "medrxiv") else ""


def _announce_type(version: int | None) -> AnnounceType | None:
    if version is None:
        return None
    return AnnounceType.REPLACE if version > 1 else AnnounceType.NEW
