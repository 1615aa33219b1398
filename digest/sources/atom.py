"""Atom 1.0 (RFC 4287) and 0.3."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator

from digest import text
from digest.errors import SourceError
from digest.sources import arxiv, dates, xml
from digest.sources.draft import SILENT, Draft, Wording, wording
from digest.sources.xml import Element, Fields

_PLAIN_TYPES = frozenset({"", "text", "text/plain"})
_PAGE_TYPES = frozenset({"", "text/html", "application/xhtml+xml"})
_BASE64_TYPE = "application/octet-stream"


def head(root: Element) -> Fields:
    """Return what stands in the root: what a feed says of itself, and its entries."""
    return Fields(root, _home(root))


def title(head: Fields) -> str:
    """Return the feed's own title as plain text."""
    return _spoken(head.all("title")).plain


def drafts(root: Element, head: Fields, start: str | None) -> Iterator[Draft]:
    """Yield the entries in document order; `start` is where links start from.

    Raises SourceError if the feed is arXiv's way to report an error.
    """
    home = _home(root)
    entries = [root] if xml.name(root, home) == "entry" else head.all("entry", "item")
    for number, entry in enumerate(entries, 1):
        yield _draft(Fields(entry, home), f"item {number}", xml.base(entry, start))


def _home(root: Element) -> str:
    """Return the namespace that elements of the format are in: the root's, for there were several before RFC 4287."""
    return xml.prefix(root) or "atom"


def _draft(fields: Fields, where: str, base: str | None) -> Draft:
    id_ = fields.text("id")
    abstract = _spoken(fields.all("summary", "content"))
    if arxiv.is_error(id_):
        raise SourceError(f"arXiv answered with an error: {abstract.plain or 'it does not say which'}")
    line = arxiv.announcement(abstract.raw)
    words = wording(line.abstract, text.from_html) if line else abstract
    links = _links(fields, base)
    published = dates.parse(fields.text("published", "issued", "created", "dc:date"))
    updated = dates.parse(fields.text("updated", "modified"))
    from_search, note = arxiv.is_search_result(id_), fields.text("arxiv:comment")
    return Draft(
        where=where,
        title=_spoken(fields.all("title")),
        abstract=words,
        id=id_,
        link=links.get("alternate") or id_,
        base=base,
        pdf=links.get("pdf", ""),
        discussion=links.get("replies", ""),
        authors=_authors(fields),
        categories=tuple(each.get("term") or xml.inner(each) for each in fields.all("category")),
        arxiv_id=line.id if line else "",
        doi=fields.text("arxiv:doi", "prism:doi"),
        announce_type=arxiv.announce_type(fields.text("arxiv:announce_type")) or (line.kind if line else None),
        submitted=published if from_search else None,
        announced=None if from_search else published,
        listed=updated or published,
        withdrawn=(line is not None or from_search) and arxiv.withdrawn(words.plain, note),
    )


def _spoken(constructs: Iterable[Element]) -> Wording:
    """Return the first of these text constructs that says something (RFC 4287, 3.1)."""
    for element in constructs:
        if (words := _construct(element)).plain:
            return words
    return SILENT


def _construct(element: Element) -> Wording:
    kind = element.get("type", "").lower()
    literal = kind in _PLAIN_TYPES and not len(element)
    packed = kind == _BASE64_TYPE or element.get("mode") == "base64"
    raw = _from_base64(element.text or "") if packed else xml.inner(element).strip()
    return wording(raw, text.clean if literal else text.from_html)


def _from_base64(encoded: str) -> str:
    try:
        return binascii.a2b_base64(encoded).decode("utf-8", "replace")
    except ValueError:
        return ""


def _links(fields: Fields, base: str | None) -> dict[str, str]:
    """Return the first address of each relation; a page before other alternates, a related PDF as "pdf"."""
    pages: dict[str, str] = {}
    others: dict[str, str] = {}
    for link in fields.all("link"):
        rel, kind, href = link.get("rel", "alternate"), link.get("type", ""), link.get("href")
        if rel == "related" and kind == "application/pdf":
            rel = "pdf"
        found = pages if kind in _PAGE_TYPES or _media_type(kind) in _PAGE_TYPES else others
        if href and rel not in found:
            found[rel] = xml.address(href, xml.base(link, base))
    return others | pages


def _media_type(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _authors(fields: Fields) -> tuple[str, ...]:
    creators = fields.texts("dc:creator")
    return xml.names(fields.all("author")) or (arxiv.authors(creators[0]) if len(creators) == 1 else creators)
