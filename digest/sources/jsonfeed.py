"""JSON Feed 1.0 and 1.1: https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import re
from typing import Any

from digest import text
from digest.model import Batch, Source
from digest.sources import dates
from digest.sources.addresses import onward
from digest.sources.draft import Draft, Wording, base_of, batch, wording
from digest.sources.json import answer, drafted, items_of, lost_zero, opens, string

_VERSION = re.compile(rb'"version"\s*:\s*"(?:https?:(?://|\\/\\/)(?:www\.)?jsonfeed\.org(?:/|\\/)version(?:/|\\/)?)?1')
_ITEMS = re.compile(rb'"items"\s*:\s*\[')


class JsonFeedReader:
    """JSON Feed."""

    format = "json-feed"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`: an object that names its version and holds items, wherever these stand among its members."""
        return opens(data, b"{") and _VERSION.search(data) is not None and _ITEMS.search(data) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`."""
        feed, base = answer(data, name), base_of(source, name)
        return batch(
            drafted(items_of(feed, "items"), lambda item, where: _draft(item, where, base)),
            source=source,
            kind=self.format,
            title=text.clean(string(feed, "title")),
            next=onward(string(feed, "next_url"), base),
        )


def _draft(item: dict[str, Any], where: str, base: str | None) -> Draft | str:
    if isinstance(item.get("id"), float):
        return f"{where}: {lost_zero(item['id'])}"
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
