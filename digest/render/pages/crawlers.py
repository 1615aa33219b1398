"""What programs that read the whole site are told: which pages there are, and which are not for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from markupsafe import escape

from digest.model import Site
from digest.render import paths

# https://www.sitemaps.org/protocol.html allows 50,000 addresses and 50 MB a file.
A_FILE = 20_000
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PRIVATE = (paths.SEARCH, "/leave/", paths.PREFERENCES, paths.MAILED, "/my/", "/confirm/")

Place = tuple[str, datetime | None]


def robots(site: Site) -> bytes:
    """Return robots.txt (RFC 9309): searches have no end, and readers' own pages are theirs."""
    rules = "".join(f"Disallow: {path}\n" for path in _PRIVATE)
    return f"User-agent: *\n{rules}\nSitemap: {paths.absolute(site, paths.SITEMAP)}\n".encode()


def sitemaps(site: Site, places: Sequence[Place]) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of the sitemap of these paths, each with when it last changed if that is known.

    What one file cannot hold stands in several, and the last one yielded lists them.
    """
    if len(places) <= A_FILE:
        yield paths.SITEMAP, _urls(site, places)
        return
    parts = [places[start : start + A_FILE] for start in range(0, len(places), A_FILE)]
    names = [f"/sitemap-{number}.xml" for number in range(1, len(parts) + 1)]
    yield from ((name, _urls(site, part)) for name, part in zip(names, parts, strict=True))
    listed = "".join(f"<sitemap><loc>{escape(paths.absolute(site, name))}</loc></sitemap>\n" for name in names)
    yield paths.SITEMAP, f"{_HEAD}<sitemapindex {_NAMESPACE}>\n{listed}</sitemapindex>\n".encode()


def _urls(site: Site, places: Sequence[Place]) -> bytes:
    listed = "".join(
        f"<url><loc>{escape(paths.absolute(site, path))}</loc>{_changed(at)}</url>\n" for path, at in places
    )
    return f"{_HEAD}<urlset {_NAMESPACE}>\n{listed}</urlset>\n".encode()


def _changed(at: datetime | None) -> str:
    return f"<lastmod>{at:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if at else ""
