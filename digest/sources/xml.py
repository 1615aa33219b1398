"""Feeds as XML trees: strictly if they are well-formed, else once more after mending.

No DTD is obeyed, no entity expanded, no address fetched, and libxml2's own limits on depth and size stay on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from digest.sources.encoding import decode
from digest.sources.mending import mended

Element = Any
"""An element of lxml, which ships no types."""

_HEAD = 1 << 16
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PAGE = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_UNREAD = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_ITEM = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?(?:rss|rdf|feed|channel|entry)(?=[\s/>])", re.IGNORECASE)

_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_LONGEST_BASE = 2000
_TAGS_KEPT = 4096

_PREFIXES = {
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/atom/ns": "atom",
    "http://purl.org/rss/1.0": "rss",
    "http://purl.org/net/rss1.1": "rss",
    "http://my.netscape.com/rdf/simple/0.9": "rss",
    "http://channel.netscape.com/rdf/simple/0.9": "rss",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns": "rdf",
    "http://purl.org/dc/elements/1.0": "dc",
    "http://purl.org/dc/elements/1.1": "dc",
    "http://purl.org/dc/terms": "dcterms",
    "http://purl.org/rss/1.0/modules/content": "content",
    "http://purl.org/rss/1.0/modules/syndication": "sy",
    "http://arxiv.org/schemas/atom": "arxiv",
    "http://a9.com/-/spec/opensearch/1.1": "opensearch",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss": "media",
    "http://purl.org/rss/1.0/modules/prism": "prism",
    **{f"http://prismstandard.org/namespaces/basic/{version}": "prism" for version in ("1.2", "2.0", "2.1", "3.0")},
}


def opens_feed(data: bytes) -> bool:
    """Say whether the first element in `data` that is either a web page or a feed is a feed."""
    head = _COMMENT.sub("", decode(data[:_HEAD]))
    page, root = _PAGE.search(head), _ROOT.search(head)
    return root is not None and (page is None or root.start() < page.start())


def names_items(data: bytes) -> bool:
    """Say whether an item or an entry opens anywhere in `data`, outside of comments and sections."""
    return _ITEM.search(_UNREAD.sub("", decode(data))) is not None


def read(data: bytes) -> Element | None:
    """Return the root element of a feed, or None if `data` holds none. Total, and linear in the length of `data`."""
    root = _parsed(data)
    # A document type may have defined entities, and its unexpanded ones would cut the text where they stand.
    if root is not None and not root.getroottree().docinfo.doctype:
        return root
    text = mended(decode(data))
    start = _ROOT.search(text)
    return _parsed(text[start.start() :].encode("utf-8"), recover=True) if start else None


def strict(data: bytes) -> Element | None:
    """Return the root of a document that is well-formed and has no document type, None for any other."""
    root = _parsed(data)
    return None if root is None or root.getroottree().docinfo.doctype else root


def local(element: Element) -> str:
    """Return an element's local name in lower case, whatever its namespace."""
    return _split(element.tag)[1]


def name(element: Element, home: str = "rss") -> str:
    """Return an element's local name in lower case, with a prefix (`dc:creator`) unless it is of the format itself.

    The prefix is the usual one, whatever the document declares or forgot to.
    """
    return _names_at(home)[element.tag]


def prefix(element: Element) -> str:
    """Return the usual prefix of an element's namespace: "" for none, the namespace itself for an unknown one."""
    return _split(element.tag)[0]


def children(parent: Element, *names: str, home: str = "rss") -> Iterator[Element]:
    """Yield the children of these names in document order."""
    known = _names_at(home)
    return (child for child in parent if known[child.tag] in names)


def inner(element: Element) -> str:
    """Return what stands inside an element: its text, or its markup if it has elements in it."""
    if not len(element):
        return element.text or ""
    children = (etree.tostring(child, encoding="unicode") for child in element)
    return escape(element.text or "", quote=False) + "".join(children)


def names(persons: Iterable[Element]) -> tuple[str, ...]:
    """Return the names of Atom persons (RFC 4287, 3.2)."""
    return tuple(child.text or "" for person in persons for child in person if _split(child.tag)[1] == "name")


def base(element: Element, outer: str | None) -> str | None:
    """Return the address that relative links in an element start from: `outer`, unless the element has an xml:base.

    Passed down from the root rather than asked of libxml2, which walks up and joins anew for every link.
    """
    own = element.get(_BASE)
    return address(own, outer) if own and len(own) <= _LONGEST_BASE else outer


def address(url: str, start: str | None) -> str:
    """Return a URL joined to the address it is relative to."""
    try:
        return url.strip() if "://" in url or not start else urljoin(start, url.strip())
    except ValueError:  # one of them is no URL
        return url.strip()


class Fields:
    """The children of an item or a feed by name, each name with all its elements in document order."""

    def __init__(self, item: Iterable[Element], home: str = "rss") -> None:
        self._found = found = dict[str, list[Element]]()
        names = _names_at(home)
        for child in item:
            name = names[child.tag]
            if name in found:
                found[name].append(child)
            else:
                found[name] = [child]

    def all(self, *names: str) -> list[Element]:
        """Return the elements of these names, the first name's first."""
        found = self._found
        if len(names) == 1:
            return found.get(names[0], [])
        return [element for each in names if each in found for element in found[each]]

    def texts(self, *names: str) -> tuple[str, ...]:
        """Return what stands in the elements of these names, without the empty ones."""
        return tuple([inside for element in self.all(*names) if (inside := inner(element).strip())])

    def text(self, *names: str) -> str:
        """Return what stands in the first element of these names that is not empty, or ""."""
        found = self._found
        for each in names:
            for element in found.get(each, ()):
                if inside := (inner(element) if len(element) else element.text or "").strip():
                    return inside
        return ""


def _parsed(data: bytes, *, recover: bool = False) -> Element | None:
    parser = etree.XMLParser(
        recover=recover,
        encoding="utf-8" if recover else None,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


class _Names(dict[str, str]):
    """The names of the tags that were met in documents of one format: a look-up costs a third of a cached call."""

    def __init__(self, home: str) -> None:
        self._home = home

    def __missing__(self, tag: str) -> str:
        if len(self) >= _TAGS_KEPT:
            self.clear()
        space, local = _split(tag)
        name = self[tag] = local if space in ("", "rss", self._home) else f"{space}:{local}"
        return name


_names_at = lru_cache(maxsize=16)(_Names)


@lru_cache(maxsize=_TAGS_KEPT)
def _split(tag: str) -> tuple[str, str]:
    if not tag.startswith("{"):
        declared, _, local = tag.lower().rpartition(":")
        return declared, local
    namespace, _, local = tag[1:].lower().rpartition("}")
    return _PREFIXES.get(namespace.rstrip("/#"), namespace), local
