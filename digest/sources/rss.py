"""RSS 0.9x, 2.0, and RSS 1.0 (RDF) with its relatives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from digest import identity, text
from digest.sources import arxiv, dates, xml
from digest.sources.draft import Draft, wording
from digest.sources.xml import Element, Fields

# Only from the beginning of a word, or a word without end is read again from each of its letters.
_MAILBOX = re.compile(r"(?<![^\s()<>])[^\s()<>@]+@[^\s()<>]+|[()<>]")
_ABSTRACTS = ("description", "content:encoded", "dc:description", "itunes:summary", "summary")
_DATES = (
    "pubdate",
    "dc:date",
    "dcterms:issued",
    "published",
    "atom:published",
    "updated",
    "atom:updated",
    "dcterms:modified",
)
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


def head(root: Element) -> Fields:
    """Return what stands in the root and its channels, which is what a feed says of itself, and its items."""
    return Fields(chain(root, *xml.children(root, "channel")))


def title(head: Fields) -> str:
    """Return the feed's own title as plain text."""
    return next(filter(None, map(text.plain, head.texts("title", "dc:title"))), "")


def drafts(root: Element, start: str | None) -> Iterator[Draft]:
    """Yield the items in document order, wherever the version of RSS puts them; `start` is where links start from."""
    for number, (item, base) in enumerate(_items(root, start), 1):
        yield _draft(item, f"item {number}", xml.base(item, base))


def _items(parent: Element, base: str | None) -> Iterator[tuple[Element, str | None]]:
    for child in parent:
        match xml.name(child):
            case "item":
                yield child, base
            case "channel" | "items":
                yield from _items(child, xml.base(child, base))


def _draft(item: Element, where: str, base: str | None) -> Draft:
    fields = Fields(item)
    guid = fields.text("guid", "id") or item.get(_ABOUT, "")
    abstract = fields.text(*_ABSTRACTS)
    line = arxiv.announcement(abstract)
    listed = dates.parse(fields.text(*_DATES))
    return Draft(
        where=where,
        title=wording(fields.text("title", "dc:title", "media:title"), text.plain),
        abstract=wording(line.abstract if line else abstract, text.from_html),
        id=guid,
        link=_link(fields, guid, base),
        base=base,
        pdf=_pdf(fields, base),
        discussion=fields.text("comments"),
        authors=_authors(fields, from_arxiv=line is not None or identity.arxiv_id(guid) is not None),
        categories=fields.texts("category", "dc:subject"),
        arxiv_id=line.id if line else "",
        doi=fields.text("arxiv:doi", "prism:doi", "dc:identifier"),
        announce_type=arxiv.announce_type(fields.text("arxiv:announce_type")) or (line.kind if line else None),
        announced=listed if line else None,
        listed=listed,
        withdrawn=line is not None and arxiv.withdrawn(line.abstract),
    )


def _link(fields: Fields, guid: str, base: str | None) -> str:
    """Return where the item leads to: its link, else its guid if that is a permanent link (the default).

    An item has one link; where it has more, the last one counts, as it does for feedparser and gofeed.
    """
    for link in (*reversed([*fields.all("link")]), *fields.all("atom:link")):
        url = link.get("href") or xml.inner(link).strip()
        if url and link.get("rel", "alternate") == "alternate":
            return xml.address(url, xml.base(link, base))
    permanent = (each for each in fields.all("guid") if each.get("isPermaLink", "true").lower() == "true")
    return next((xml.address(guid, xml.base(each, base)) for each in permanent), "")


def _pdf(fields: Fields, base: str | None) -> str:
    for link in fields.all("enclosure", "atom:link"):
        url = link.get("url") or link.get("href")
        if url and link.get("type") == "application/pdf":
            return xml.address(url, xml.base(link, base))
    return ""


def _authors(fields: Fields, *, from_arxiv: bool) -> tuple[str, ...]:
    creators = fields.texts("dc:creator")
    if from_arxiv and len(creators) == 1:
        return arxiv.authors(creators[0])
    named = creators or xml.names(fields.all("atom:author"))
    return named or tuple(map(name_only, fields.texts("author", "itunes:author")))


def name_only(author: str) -> str:
    """Return the name in "ana@example.org (Ana Ruiz)" or "Ana Ruiz <ana@example.org>"."""
    return _MAILBOX.sub(" ", author)
