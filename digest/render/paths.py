"""Where things stand below the site's address. The same paths serve the static export, the web and every link.

`/topics/kv-cache/`              the topic, its latest edition and its archive
`/topics/kv-cache/feed.atom`     its feeds
`/topics/kv-cache/2026-11-20/`   an edition; what does not fit there at `page/2/` below it
`/topics/kv-cache/archive/`      all its editions of the last year; `archive/2025/` those of another
`/topics/`                       all topics; `/topics/page/2/` and so on
`/archive/2026-11-20/`           all topics' editions of a period, the newest day of which stands at `/`
`/archive/`                      the periods of the last year; `/archive/2025/` those of another
`/papers/arxiv/2611.00010/`      a paper, and `cite.bib` below it
`/search?q=cache`                a search, and its feeds at `/search/feed.atom?q=cache`
`/sources/`                      the sources and their health; `/sources/page/2/` and so on
`/about/`                        how picks are made, and what is stored of readers
`/subscribe?topic=kv-cache`      where a reader asks for mail
`/leave/TOKEN`                   where a reader leaves
`/preferences/`                  where a reader asks for a link to change what comes
`/digest/daily/2026-11-20/TOKEN` where a reader finds a mail again, to say what to have more and less of
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from digest.model import Edition, PaperId, Period, Search, Site, TopicId

FEED_FORMATS = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}

PREFERENCES, MAILED = "/preferences/", "/digest/"
SEARCH, SOURCES, ABOUT, ARCHIVE, TOPICS = "/search", "/sources/", "/about/", "/archive/", "/topics/"
STYLE, ROBOTS, SITEMAP = "/style.css", "/robots.txt", "/sitemap.xml"

# Of an edition's papers: a page of so many stays below 50 KB.
PAPERS_A_PAGE = 12

# A file name has 255 bytes in most places.
_LONGEST_NAME = 200
_PAPER = re.compile(r"/papers/([a-z]+)/([a-z0-9._-]|~[0-9a-f]{2})+/", re.ASCII)


def absolute(site: Site, path: str) -> str:
    """Return the address of `path` on the site."""
    return site.url.rstrip("/") + path


def topic_path(topic: TopicId) -> str:
    return f"/topics/{topic}/"


def feed_path(topic: TopicId, extension: str) -> str:
    return f"{topic_path(topic)}feed.{extension}"


def edition_path(edition: Edition) -> str:
    return period_path(edition.topic.id, edition.period)


def period_path(topic: TopicId, period: Period) -> str:
    """Return where a topic's edition of a period stands."""
    return f"{topic_path(topic)}{period.label}/"


def topic_archive_path(topic: TopicId, year: int | None = None) -> str:
    return f"{topic_path(topic)}archive/{f'{year}/' if year else ''}"


def archive_path(year: int | None = None) -> str:
    return f"{ARCHIVE}{year}/" if year else ARCHIVE


def front_path(period: Period) -> str:
    """Return where the editions of all topics for a period stand together."""
    return f"{ARCHIVE}{period.label}/"


def numbered(path: str, number: int) -> str:
    """Return the address of a list's page, from 1."""
    return path if number == 1 else f"{path}page/{number}/"


def paper_path(paper: PaperId) -> str | None:
    """Return a paper's page, from which `paper_at` reads its id back; None if the id is too long for an address."""
    kind, _, value = paper.partition(":")
    name = re.sub(r"[^a-z0-9._-]|^\.", _escaped, value)
    path = f"/papers/{kind}/{name}/"
    return path if len(name) <= _LONGEST_NAME and _PAPER.fullmatch(path) else None


def paper_at(path: str) -> PaperId | None:
    """Return whose page `path` would be, None if it is no paper's."""
    if not _PAPER.fullmatch(path):
        return None
    _, _, kind, name, _ = path.split("/")
    value = re.sub("((?:~[0-9a-f]{2})+)", lambda run: _bytes(run[0]).decode("utf-8", "replace"), name)
    found = PaperId(f"{kind}:{value}")
    return found if paper_path(found) == path else None


def _escaped(sign: re.Match[str]) -> str:
    return "".join(f"~{byte:02x}" for byte in sign[0].encode("utf-8", "replace"))


def _bytes(run: str) -> bytes:
    return bytes.fromhex(run.replace("~", ""))


def search_path(search: Search, number: int = 1) -> str:
    """Return the page of what a search finds, from 1."""
    return SEARCH + _query(search, page="" if number == 1 else str(number))


def search_feed_path(search: Search, extension: str) -> str:
    return f"{SEARCH}/feed.{extension}{_query(search)}"


def _query(search: Search, **more: str) -> str:
    given = {
        "q": search.words,
        "category": search.category,
        "source": search.source,
        "since": search.since,
        "until": search.until,
        "code": "yes" if search.code else "",
        **more,
    }
    # A lone surrogate can be typed by a program and is in no address.
    query = urlencode({name: str(value) for name, value in given.items() if value}, errors="replace")
    return f"?{query}" if query else ""


def pick_path(edition: Edition, place: int, paper: PaperId) -> str:
    """Return where the paper at a place of an edition, from 0, stands on the edition's pages."""
    return f"{numbered(edition_path(edition), place // PAPERS_A_PAGE + 1)}#{paper_anchor(paper)}"


def subscribe_path(topic: TopicId | None = None) -> str:
    return f"/subscribe?topic={topic}" if topic else "/subscribe"


def leave_path(token: str) -> str:
    """Return where a reader leaves: by one POST (RFC 8058), or by a button on its page."""
    return f"/leave/{token}"


def mailed_path(slot: str, token: str) -> str:
    """Return the page of what a reader was mailed in a slot such as `daily:2026-11-21`."""
    return f"{MAILED}{slot.replace(':', '/')}/{token}"


def paper_anchor(paper: PaperId) -> str:
    """Return the fragment of a paper on an edition's page: letters, digits, dots and dashes only."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", paper).strip("-")


def tag_uri(site: Site, thing: str) -> str:
    """Return a permanent id (RFC 4151) that survives a change of the site's address."""
    return f"tag:{site.tag}:{thing}"
