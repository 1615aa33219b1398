"""JSON Feed 1.0 and 1.1: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from digest import text
from digest.errors import SourceError
from digest.model import Batch, Source
from digest.sources import dates
from digest.sources.draft import Draft, Wording, base_of, batch, wording
from digest.sources.json import NotJsonError, decoded, items_of, lost_zero, string

_VERSION = re.compile(rb'"version"\s*:\s*"(?:https?:(?://|\\/\\/)(?:www\.)?jsonfeed\.org(?:/|\\/)version(?:/|\\/)?)?1')
_ITEMS = re.compile(rb'"items"\s*:\s*\[')
_BEFORE = b"\xef\xbb\xbf \t\r\n"


class JsonFeedReader:
    """JSON Feed."""

    format = "json-feed"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`: an object that names its version and holds items, wherever these stand among its members."""
        opened = data[:100].lstrip(_BEFORE).startswith(b"{")
        return opened and _VERSION.search(data) is not None and _ITEMS.search(data) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`."""
        try:
            feed = decoded(data)
        except NotJsonError as error:
            raise SourceError(f"cannot read {name}: broken JSON: {error}", hint="fetch it again") from None
        drafts = _drafts(items_of(feed, "items"), base_of(source, name))
        return batch(drafts, source=source, kind=self.format, title=text.clean(string(feed, "title")))


def _drafts(items: list[Any], base: str | None) -> Iterator[Draft | str]:
    for number, item in enumerate(items, 1):
        where = f"item {number}"
        if not isinstance(item, dict):
            yield f"{where}: not an object"
        elif isinstance(item.get("id"), float):
            yield f"{where}: {lost_zero(item['id'])}"
        else:
            yield _draft(item, where, base)


def _draft(item: dict[str, Any], where: str, base: str | None) -> Draft:
    published, modified = (dates.parse(string(item, f"date_{event}")) for event in ("published", "modified"))
    return Draft(
        where=where,
        title=wording(string(item, "title"), text.plain),
        abstract=_abstract(item),
        # A whole number loses nothing, and the specification tells readers to take it.
        id=string(item, "id") or (str(item["id"]) if isinstance(item.get("id"), int) else ""),
        link=string(item, "url", "external_url"),
        base=base,
        pdf=_pdf(item),
        authors=_authors(item),
        categories=tuple(tag for tag in items_of(item, "tags") if isinstance(tag, str)),
        doi=string(item.get("_paper"), "doi"),
        arxiv_id=string(item.get("_paper"), "arxiv_id"),
        announced=published,
        listed=modified or published,
    )


def _abstract(item: dict[str, Any]) -> Wording:
    written = string(item, "summary", "content_text")
    return wording(written, text.clean) if written else wording(string(item, "content_html"), text.from_html)


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    authors = items_of(item, "authors") or [item.get("author")]
    return tuple(string(author, "name") for author in authors)


def _pdf(item: dict[str, Any]) -> str:
    attached = (string(each, "url") for each in items_of(item, "attachments") if "pdf" in string(each, "mime_type"))
    return next(attached, "")
