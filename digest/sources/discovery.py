"""From the address of a page to the addresses of its feeds: those that it names, and those we know of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

from digest import text
from digest.model import Value
from digest.sources.encoding import decode

_HEAD = 1 << 18
_TYPES = frozenset(f"application/{kind}" for kind in ("rss+xml", "atom+xml", "feed+json", "rdf+xml"))
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<(link|base)\s([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])([a-z]{1,20})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
# Where feeds stand that their pages do not name, the most usual first.
_USUAL = ("feed", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "rss")


class Found(Value):
    """A feed that was found: where, of what kind of source, and what its page calls it."""

    url: str
    kind: str = "feed"
    title: str = ""


def feeds_of(page: bytes, address: str | None) -> tuple[Found, ...]:
    """Return the feeds that a web page names in `link rel=alternate`, in its order; `address` is where it stands.

    Of a page that stands nowhere, relative addresses are given as they are. Total, and linear in the length of `page`.
    """
    head = _COMMENT.sub("", decode(page[:_HEAD]))
    found: dict[str, Found] = {}
    for tag, attributes in _tags(head):
        if tag == "base" and (base := text.safe_url(attributes.get("href", ""), address)):
            address = base
        url = _joined(attributes.get("href", ""), address) if _is_feed(tag, attributes) else None
        if url and url not in found:
            found[url] = Found(url=url, title=text.plain(attributes.get("title", "")))
    return tuple(found.values())


def known(address: str) -> Found | None:
    """Return the source behind the address of a page that we know to have one, such as a list of arXiv."""
    url = text.safe_url(address)
    if not url:
        return None
    parts = urlsplit(url)
    host, path = (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/")
    for pattern, made in _KNOWN:
        if match := pattern.fullmatch(host + path):
            return made(match)
    return None


def kind_of(url: str) -> str:
    """Return the kind of the source that is asked at an address."""
    parts = urlsplit(url)
    place = f"{parts.hostname or ''}{parts.path}"
    return next((kind for start, kind in _SERVED if place.startswith(start)), "feed")


def usual(address: str) -> tuple[str, ...]:
    """Return where the feed of a page that names none might stand: beneath the page, then beneath its host."""
    url = text.safe_url(address)
    if not url:
        return ()
    beneath = url.partition("?")[0].partition("#")[0].rstrip("/") + "/"
    return tuple(dict.fromkeys(urljoin(start, name) for start in (beneath, urljoin(url, "/")) for name in _USUAL))


def _tags(head: str) -> Iterator[tuple[str, dict[str, str]]]:
    for match in _TAG.finditer(head):
        found = _ATTRIBUTE.finditer(match[2])
        yield match[1].lower(), {one[1].lower(): unescape(one[2] or one[3] or one[4] or "").strip() for one in found}


def _joined(href: str, address: str | None) -> str | None:
    if not href:
        return None
    relative = address is None and not re.match(r"[\w+.-]*:|//", href)
    return text.safe_url(href, address) or (text.tidy(href) if relative else None) or None


def _is_feed(tag: str, attributes: dict[str, str]) -> bool:
    kind = attributes.get("type", "").partition(";")[0].strip().lower()
    return tag == "link" and kind in _TYPES and "alternate" in attributes.get("rel", "alternate").lower().split()


def _arxiv_list(match: re.Match[str]) -> Found:
    return Found(url=f"https://rss.arxiv.org/rss/{match[1]}", kind="arxiv-feed", title=f"arXiv: {match[1]}")


def _arxiv_author(match: re.Match[str]) -> Found:
    return Found(url=f"https://arxiv.org/a/{match[1]}.atom", title=f"arXiv: {match[1]}")


def _daily_papers(match: re.Match[str]) -> Found:
    return Found(url="https://huggingface.co/api/daily_papers", kind="daily-papers", title="Hugging Face daily papers")


def _preprints(match: re.Match[str]) -> Found:
    return Found(url=f"https://api.biorxiv.org/details/{match[1]}", kind="biorxiv", title=_SERVERS[match[1]])


def _collection(match: re.Match[str]) -> Found:
    subject = match[2].replace("-", "_")
    return Found(
        url=f"https://connect.{match[1]}.org/{match[1]}_xml.php?subject={subject}",
        title=f"{_SERVERS[match[1]]}: {match[2].replace('-', ' ')}",
    )


_SERVED = (
    ("rss.arxiv.org/", "arxiv-feed"),
    ("export.arxiv.org/api/query", "arxiv-search"),
    ("oaipmh.arxiv.org/", "arxiv-oai"),
    ("huggingface.co/api/daily_papers", "daily-papers"),
    ("api.biorxiv.org/", "biorxiv"),
    ("api.medrxiv.org/", "biorxiv"),
    ("api.semanticscholar.org/", "semantic-scholar"),
    ("api.openalex.org/", "openalex"),
)
_SERVERS = {"biorxiv": "bioRxiv", "medrxiv": "medRxiv"}
_ARCHIVE = r"([a-z-]{2,10}(?:\.[A-Za-z-]{2,10})?)"
# https://info.arxiv.org/help/author_identifiers.html: `.atom` has each author apart.
_KNOWN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Found]], ...] = (
    (re.compile(rf"arxiv\.org/(?:list|archive)/{_ARCHIVE}(?:/(?:recent|new|pastweek|current))?"), _arxiv_list),
    (re.compile(r"arxiv\.org/a/([a-z]+_[a-z](?:_[0-9]+)?|[0-9]{4}(?:-[0-9]{3}[0-9X]){3})"), _arxiv_author),
    (re.compile(r"huggingface\.co/papers(?:/(?:trending|date/\S+|week/\S+|month/\S+))?"), _daily_papers),
    (re.compile(r"(biorxiv|medrxiv)\.org"), _preprints),
    (re.compile(r"(biorxiv|medrxiv)\.org/collection/([a-z-]{3,60})"), _collection),
)
