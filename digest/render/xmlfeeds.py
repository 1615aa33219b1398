"""RSS 2.0 and Atom 1.0, through feedgen: the only module that knows feedgen, and where its defects are repaired.

feedgen 1.0.0 loses the types of entry links, lets a hub become the channel's address, drops authors without an e-mail
address, dates everything "now", and writes RSS dates by switching the locale of the whole process. It hands each
finished element to its extensions. Ours then write links, RSS dates and authors, and why a paper is here; feedgen is
told nothing that it would get wrong. `tests/unit/test_feedgen_defects.py` has every defect by its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml.etree import SubElement
from msgspec.structs import asdict

from digest import __version__
from digest.model import Value
from digest.render.feed import WHY, Feed, Item, Link
from digest.render.legal import publishable
from digest.render.paths import FEED_FORMATS

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "http://purl.org/dc/elements/1.1/"


def render_rss(feed: Feed) -> bytes:
    """Return the feed as an RSS 2.0 document in UTF-8: the same feed gives the same bytes."""
    feed = publishable(feed)
    generator = _generator(feed)
    generator.generator(f"Digest {__version__}")
    generator.description(feed.description)
    generator.lastBuildDate(_NotSet(1970, 1, 1, tzinfo=UTC))
    generator.register_extension("digest", partial(_RssChannel, feed=feed), atom=False)
    for item in feed.items:
        generator.add_entry(_rss_entry(item), order="append")
    return _with_hexadecimal_references(generator.rss_str(pretty=True))


def render_atom(feed: Feed) -> bytes:
    """Return the feed as an Atom 1.0 document (RFC 4287) in UTF-8: the same feed gives the same bytes."""
    feed = publishable(feed)
    generator = _generator(feed)
    generator.generator("Digest", version=__version__)
    generator.id(feed.id)
    generator.subtitle(feed.description)
    generator.author(name=feed.author)
    generator.updated(feed.updated)
    generator.register_extension("digest", partial(_AtomFeed, feed=feed), rss=False)
    for item in feed.items:
        generator.add_entry(_atom_entry(item), order="append")
    return bytes(generator.atom_str(pretty=True))


def _generator(feed: Feed) -> FeedGenerator:
    generator = FeedGenerator()
    generator.title(feed.title)
    generator.language(feed.language)
    # feedgen takes the last link for the channel's own, whatever its rel: it is told of no other.
    generator.link(rel="alternate", type="text/html", href=feed.home)
    return generator


def _entry(item: Item) -> FeedEntry:
    entry = FeedEntry()
    entry.id(item.id)
    entry.title(item.title)
    entry.link(rel="alternate", href=item.url)
    entry.category([{"term": each.term, "scheme": each.scheme, "label": each.term} for each in item.categories])
    return entry


def _rss_entry(item: Item) -> FeedEntry:
    """Return an item whose description is the HTML; content:encoded beside it would only say the same again."""
    entry = _entry(item)
    entry.description(item.html)
    entry.comments(next((link.href for link in item.links if link.rel == "replies"), None))
    entry.register_extension("digest", partial(_RssItem, item=item), atom=False)
    return entry


def _atom_entry(item: Item) -> FeedEntry:
    entry = _entry(item)
    entry.published(item.published)
    entry.updated(item.updated)
    entry.author([{"name": name} for name in item.authors])
    entry.summary(item.summary)
    entry.content(item.html, type="html")
    entry.register_extension("digest", partial(_AtomEntry, item=item), rss=False)
    return entry


class _NotSet(datetime):
    """An instant that feedgen takes for none, so that it leaves lastBuildDate, and with it the locale, alone."""

    def __bool__(self) -> bool:
        return False


class _RssChannel(Value):
    feed: Feed

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DC, "why": WHY}

    def extend_rss(self, rss: Any) -> None:
        channel = rss[0]
        _add(channel, "lastBuildDate", _rfc_822(self.feed.updated))
        for link in _own_links(self.feed, "rss"):
            _add_link(channel, f"{_ATOM}link", link)


class _RssItem(Value):
    item: Item

    def extend_rss(self, element: Any) -> None:
        _add(element, "pubDate", _rfc_822(self.item.published))
        for name in self.item.authors:
            _add(element, f"{{{_DC}}}creator", name)
        for link in self.item.links:
            _add_link(element, f"{_ATOM}link", link)
        _add_why(element, self.item)


class _AtomFeed(Value):
    feed: Feed

    def extend_ns(self) -> dict[str, str]:
        return {"why": WHY}

    def extend_atom(self, root: Any) -> None:
        for link in _own_links(self.feed, "atom"):
            _add_link(root, "link", link)


class _AtomEntry(Value):
    item: Item

    def extend_atom(self, entry: Any) -> None:
        for link in entry.findall("link"):
            entry.remove(link)
        for link in (Link(rel="alternate", href=self.item.url, type="text/html"), *self.item.links):
            # No namespace: feedgen's Atom elements have none either, their root only looks as if it declared one.
            _add_link(entry, "link", link)
        _add_why(entry, self.item)


def _own_links(feed: Feed, extension: str) -> Iterator[Link]:
    """Yield what leads to this feed itself: its address, and the hubs that announce its changes (WebSub 4)."""
    yield Link(rel="self", href=feed.addresses[extension], type=FEED_FORMATS[extension])
    for hub in feed.hubs:
        yield Link(rel="hub", href=hub)


def _add_why(element: Any, item: Item) -> None:
    _add(element, f"{{{WHY}}}score", str(item.score))
    for reason in item.reasons:
        _add(element, f"{{{WHY}}}reason", reason)
    for part in item.parts:
        _add(element, f"{{{WHY}}}part", name=part.name, value=str(part.value), weight=str(part.weight))


def _add_link(element: Any, tag: str, link: Link) -> None:
    _add(element, tag, **{name: value for name, value in asdict(link).items() if value})


def _add(element: Any, tag: str, text: str | None = None, **attributes: str) -> None:
    SubElement(element, tag, attributes).text = text


def _rfc_822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _with_hexadecimal_references(document: bytes) -> bytes:
    """Return the same document as the RSS Advisory Board's profile wants it: "<" and "&" of a text as references.

    A title is plain text, but some readers take one that holds `&lt;` for HTML.
    """
    return document.replace(b"&lt;", b"&#x3C;").replace(b"&amp;", b"&#x26;")
