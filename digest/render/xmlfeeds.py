"""RSS 2.0 and Atom 1.0, through feedgen: the only module that knows feedgen, and where its defects are repaired.

feedgen 1.0.0 loses the types of entry links, lets a hub become the channel's address, drops authors without an e-mail
address, dates everything "now", orders days by hash, and writes RSS dates by switching the locale of the whole process.
It hands the head of a document to an extension, and ours writes there what feedgen would get wrong. Of an item that is
most, so items are written here altogether: a tree of them would cost five times as much, for a site of a thousand
topics a minute instead of seconds. `tests/unit/test_feedgen_defects.py` has every defect by its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

from feedgen.feed import FeedGenerator
from lxml.etree import SubElement

from digest import __version__
from digest.model import Value
from digest.render.feed import Feed, Item, Link
from digest.render.icons import ICON, IMAGE
from digest.render.markup import element, empty
from digest.render.paths import FEED_FORMATS
from digest.render.words import DAYS

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "http://purl.org/dc/elements/1.1/"
_HISTORY = "http://purl.org/syndication/history/1.0"
_INDEXING = "urn:atom-extension:indexing"
_LICENCE = "http://backend.userland.com/creativeCommonsRssModule"
_MINUTE = timedelta(minutes=1)


def render_rss(feed: Feed) -> bytes:
    """Return the feed as an RSS 2.0 document in UTF-8: the same feed gives the same bytes."""
    generator = _generator(feed)
    generator.generator(f"Digest {__version__}")
    generator.description(feed.description)
    generator.lastBuildDate(_NotSet(1970, 1, 1, tzinfo=UTC))
    if feed.patience:
        generator.ttl(feed.patience // _MINUTE)
    if IMAGE in feed.images:
        generator.image(feed.images[IMAGE], title=feed.title, link=feed.home, width=str(IMAGE), height=str(IMAGE))
    generator.register_extension("digest", partial(_RssChannel, feed=feed), atom=False)
    return _filled(generator.rss_str(pretty=True), b"  </channel>", map(_rss_item, feed.items))


def render_atom(feed: Feed) -> bytes:
    """Return the feed as an Atom 1.0 document (RFC 4287) in UTF-8: the same feed gives the same bytes."""
    generator = _generator(feed)
    generator.generator("Digest", version=__version__)
    generator.id(feed.id)
    generator.subtitle(feed.description)
    generator.author(name=feed.author)
    generator.updated(feed.updated)
    generator.icon(feed.images.get(ICON))
    generator.register_extension("digest", partial(_AtomFeed, feed=feed), rss=False)
    return _filled(generator.atom_str(pretty=True), b"</feed>", map(_atom_entry, feed.items))


def _generator(feed: Feed) -> FeedGenerator:
    generator = FeedGenerator()
    generator.title(feed.title)
    generator.language(feed.language)
    generator.rights(feed.rights or None)
    # feedgen takes the last link for the channel's own, whatever its rel: it is told of no other.
    generator.link(rel="alternate", type="text/html", href=feed.home)
    return generator


def _filled(head: bytes, end: bytes, items: Iterator[str]) -> bytes:
    """Return a document with its items, which stand in front of the last tag."""
    before, tag, after = _with_hexadecimal_references(head).rpartition(end)
    return b"".join((before, "".join(items).encode(), tag, after))


def _rss_item(item: Item) -> str:
    """Return an item whose description is the HTML; content:encoded beside it would only say the same again."""
    return "".join(
        (
            "<item>\n",
            element("title", item.title),
            element("link", item.url),
            element("guid", item.id, isPermaLink="false"),
            element("pubDate", _rfc_822(item.published)),
            *(element("category", one.term, domain=one.scheme) for one in item.categories),
            *(element("dc:creator", name) for name in item.authors),
            *(element("comments", link.href) for link in item.links if link.rel == "replies"),
            *([element("source", item.origin.name, url=item.origin.url)] if item.origin else ()),
            *(_link("atom:link", link) for link in item.links),
            element("description", item.html),
            "</item>\n",
        )
    )


def _atom_entry(item: Item) -> str:
    at = item.published.isoformat()
    updated = at if item.updated == item.published else item.updated.isoformat()
    return "".join(
        (
            "<entry>\n",
            element("id", item.id),
            element("title", item.title),
            element("published", at),
            element("updated", updated),
            *(f"<author>{element('name', name)}</author>\n" for name in item.authors),
            *(_link("link", link) for link in _item_links(item)),
            *(empty("category", term=one.term, scheme=one.scheme, label=one.term) for one in item.categories),
            *_source(item),
            *([element("summary", item.summary)] if item.summary else ()),
            element("content", item.html, type="html"),
            "</entry>\n",
        )
    )


def _source(item: Item) -> Iterator[str]:
    if item.origin:
        yield "<source>\n"
        yield element("id", item.origin.url)
        yield element("title", item.origin.name)
        yield element("updated", item.origin.seen.isoformat())
        yield "</source>\n"


def _item_links(item: Item) -> Iterator[Link]:
    yield Link(rel="alternate", href=item.url, type="text/html")
    yield from item.links
    if item.origin:
        yield Link(rel="via", href=item.origin.url)


def _link(name: str, link: Link) -> str:
    return empty(name, rel=link.rel, href=link.href, type=link.type, title=link.title)


class _NotSet(datetime):
    """An instant that feedgen takes for none, so that it leaves lastBuildDate, and with it the locale, alone."""

    def __bool__(self) -> bool:
        return False


class _RssChannel(Value):
    feed: Feed

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DC, **_namespaces(self.feed), **({"creativeCommons": _LICENCE} if self.feed.licence else {})}

    def extend_rss(self, rss: Any) -> None:
        channel = rss[0]
        _add(channel, "lastBuildDate", _rfc_822(self.feed.updated))
        if self.feed.quiet:
            days = SubElement(channel, "skipDays")
            for day in self.feed.quiet:
                _add(days, "day", DAYS[day])
        for link in _own_links(self.feed, "rss"):
            _add_link(channel, f"{_ATOM}link", link)
        if self.feed.licence:
            _add(channel, f"{{{_LICENCE}}}license", self.feed.licence)
        _add_marks(channel, self.feed)


class _AtomFeed(Value):
    feed: Feed

    def extend_ns(self) -> dict[str, str]:
        return _namespaces(self.feed)

    def extend_atom(self, root: Any) -> None:
        # No namespace here: feedgen's Atom elements have none either, their root only looks as if it declared one.
        for link in _own_links(self.feed, "atom"):
            _add_link(root, "link", link)
        if self.feed.licence:
            _add_link(root, "link", Link(rel="license", href=self.feed.licence))
        _add_marks(root, self.feed)


def _own_links(feed: Feed, extension: str) -> Iterator[Link]:
    """Yield what leads to this feed itself: its address, its history, the hubs that announce its changes (WebSub 4)."""
    kind = FEED_FORMATS[extension]
    yield Link(rel="self", href=feed.addresses[extension], type=kind)
    history = {"prev-archive": feed.older, "next-archive": feed.newer, "current": feed.current}
    for rel, addresses in history.items():
        if addresses:
            yield Link(rel=rel, href=addresses[extension], type=kind)
    for hub in feed.hubs:
        yield Link(rel="hub", href=hub)


def _namespaces(feed: Feed) -> dict[str, str]:
    """Return what the marks need: a namespace that is declared and not used helps nobody."""
    return {
        **({"fh": _HISTORY} if feed.current or feed.complete else {}),
        **({"indexing": _INDEXING} if feed.private else {}),
    }


def _add_marks(element: Any, feed: Feed) -> None:
    """Say that a document is an archive page, that it is all there is, or that nobody is to index it."""
    if feed.current:
        _add(element, f"{{{_HISTORY}}}archive")
    if feed.complete:
        _add(element, f"{{{_HISTORY}}}complete")
    if feed.private:
        element.set(f"{{{_INDEXING}}}index", "no")


def _add_link(element: Any, tag: str, link: Link) -> None:
    given = {"rel": link.rel, "href": link.href, "type": link.type, "title": link.title}
    _add(element, tag, **{name: value for name, value in given.items() if value})


def _add(element: Any, tag: str, text: str | None = None, **attributes: str) -> None:
    SubElement(element, tag, attributes).text = text


def _rfc_822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _with_hexadecimal_references(document: bytes) -> bytes:
    """Return the same document with "<" and "&" of a text as references, as `markup` writes them."""
    return document.replace(b"&lt;", b"&#x3C;").replace(b"&amp;", b"&#x26;")
