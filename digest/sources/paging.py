"""Where a feed goes on: RFC 5005 (paged and archived feeds), and the counts of arXiv's search API."""

from __future__ import annotations

from digest.errors import SourceError
from digest.sources.addresses import asked, onward
from digest.sources.json import number
from digest.sources.xml import Fields

_ONWARD = ("next", "prev-archive")
_SEARCH = "/api/query"


def following(head: Fields, base: str | None, start: str | None) -> str | None:
    """Return the address of the page after this one, or of the archive before it; None at the end.

    `base` is where the feed came from, `start` where its links start from. Raises SourceError for a page of search
    results that is empty before the last one: arXiv gives such pages at random, and they are not the end.
    """
    if base and _SEARCH in base and (total := _count(head, "totalresults")) is not None:
        return _further(head, base, total)
    addresses = {link.get("rel", "").lower(): link.get("href") for link in head.all("link", "atom:link")}
    found = (onward(addresses[rel] or "", start) for rel in _ONWARD if rel in addresses)
    return next(filter(None, found), None)


def _further(head: Fields, base: str, total: int) -> str | None:
    start, entries = _count(head, "startindex") or 0, len(head.all("entry"))
    if not entries and start < total:
        raise SourceError(f"cannot read {base}: an empty page, though there are {total} results", hint="poll it again")
    return asked(base, start=str(start + entries)) if start + entries < total else None


def _count(head: Fields, name: str) -> int | None:
    return number(head.text(f"opensearch:{name}"))
