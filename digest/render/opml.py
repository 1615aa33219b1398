"""The list of the site's feeds for a program that reads them (OPML 2.0, http://opml.org/spec2.opml)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime

from lxml.etree import Element, SubElement, tostring

from digest.model import Site, Value
from digest.render import archives, paths
from digest.render.legal import bare, one_line


class Outline(Value):
    """A feed in the list: `stem` is its path without extension, `home` that of its page."""

    title: str
    stem: str
    home: str


def render_opml(site: Site, feeds: Iterable[Outline], *, changed: datetime) -> bytes:
    """Return the list in the order of the feeds, each by its Atom address; `changed` is when the last one did."""
    root = Element("opml", version="2.0")
    head, body = SubElement(root, "head"), SubElement(root, "body")
    SubElement(head, "title").text = one_line(site.title) or "Untitled"
    SubElement(head, "dateModified").text = format_datetime(changed.astimezone(UTC), usegmt=True)
    for feed in feeds:
        title = bare(one_line(feed.title)) or "Untitled"
        SubElement(
            body,
            "outline",
            type="rss",
            text=title,
            title=title,
            xmlUrl=archives.addresses(site.url, feed.stem)["atom"],
            htmlUrl=paths.absolute(site, feed.home),
        )
    return bytes(tostring(root, pretty_print=True, encoding="UTF-8", xml_declaration=True))
