"""A published file as it is kept and answered: packed once, each coding with its own strong entity tag.

A tag is made from the plain bytes (RFC 9110, 8.8.3), so that the same content has the same tag after a restart and on
every machine. That of a feed starts with how many papers ever entered it, and so tells what its holder does not have
yet, whenever that was and whoever kept it (see `digest.web.conditions`).
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from gzip import compress, decompress
from hashlib import sha256

import brotli  # type: ignore[import-untyped]

from digest.model import Value
from digest.render.paths import FEED_FORMATS
from digest.web.headers import SECURITY, Headers, completed
from digest.work.census import Syndicated

# What half a second more for a thousand feeds still saves; beyond that it is seconds for a hundredth.
_GZIP, _BROTLI = 4, 4
# Search engines follow addresses that readers publish by mistake, and shared caches do not forget them.
_PRIVATE: Headers = [(b"x-robots-tag", b"noindex, nofollow, noarchive"), (b"cdn-cache-control", b"no-store")]
_WORTH = 0.9  # packed files that are not that much smaller are not kept
_TEXTS = {
    "html": "text/html",
    "css": "text/css",
    "txt": "text/plain",
    "xml": "application/xml",
    "opml": "text/x-opml",
    "bib": "application/x-bibtex",
    **FEED_FORMATS,
}
TYPES = {**{kind: f"{media}; charset=utf-8".encode() for kind, media in _TEXTS.items()}, "png": b"image/png"}
# What programs on other sites fetch for their readers: nothing in a public feed is anybody's own.
_SHARED = {*FEED_FORMATS, "opml", "png"}


class Sheet(Value):
    """A file as it is kept: gzipped if that makes it smaller. `modified` is when its content last changed.

    What is `private` is one reader's own. `links` are typed links (RFC 8288) that every answer carries.
    """

    path: str
    tag: str
    body: bytes
    packed: bool
    modified: datetime | None = None
    feed: Syndicated | None = None
    links: tuple[str, ...] = ()
    private: bool = False

    @property
    def plain(self) -> bytes:
        return decompress(self.body) if self.packed else self.body

    @property
    def codings(self) -> tuple[str, ...]:
        """The content codings there are, the best first; "" is none."""
        return ("br", "gzip", "") if self.packed else ("",)

    def coded(self, coding: str) -> bytes:
        """Return the file in one of its codings."""
        if coding == "br":
            packed: bytes = brotli.compress(self.plain, quality=_BROTLI)
            return packed
        return self.body if coding == "gzip" else self.plain

    def entity_tag(self, coding: str) -> bytes:
        return f'"{self.tag}{f"-{coding}" if coding else ""}"'.encode()


def sheet(
    path: str,
    body: bytes,
    modified: datetime | None = None,
    *,
    feed: Syndicated | None = None,
    links: tuple[str, ...] = (),
    private: bool = False,
) -> Sheet:
    """Return a file as it is kept."""
    digest = sha256(body).hexdigest()[:32]
    packed = compress(body, _GZIP, mtime=0)
    worth = len(packed) < _WORTH * len(body)
    return Sheet(
        path=path,
        tag=f"{feed.entered:x}.{digest}" if feed else digest,
        body=packed if worth else body,
        packed=worth,
        modified=modified,
        feed=feed,
        links=links,
        private=private,
    )


def lasting_headers(one: Sheet, coding: str) -> Headers:
    """Return what a 304 says as well as a 200, but for how long it may be kept."""
    shared = [
        (b"etag", one.entity_tag(coding)),
        (b"vary", b"accept-encoding, a-im" if one.feed else b"accept-encoding"),
    ]
    if one.modified:
        shared.append((b"last-modified", format_datetime(one.modified, usegmt=True).encode()))
    if one.private:
        shared += _PRIVATE
    elif extension(one.path) in _SHARED:
        shared += [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]
    return completed(shared, SECURITY)


def content_headers(one: Sheet, coding: str, length: int) -> Headers:
    """Return what a 200 says of its content."""
    found = [(b"content-type", TYPES[extension(one.path)]), (b"content-length", str(length).encode())]
    if coding:
        found.append((b"content-encoding", coding.encode()))
    return [*found, *((b"link", link.encode()) for link in one.links)]


def is_feed(path: str) -> bool:
    return extension(path) in FEED_FORMATS


def extension(path: str) -> str:
    """Return what the kind of a file is known by; a page has an address without any."""
    return path.rpartition("/")[2].rpartition(".")[2] if "." in path.rpartition("/")[2] else "html"
