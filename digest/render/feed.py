"""The neutral feed: papers as items, before any format. `xmlfeeds` and `jsonfeed` write it down.

Why a paper is here travels with it: see `why`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

from jinja2 import Environment
from markupsafe import escape
from msgspec import field
from msgspec.structs import replace

from digest.model import Edition, Origin, Paper, Part, Pick, Rights, SignalKind, Sister, Site, Topic, TopicId, Value
from digest.render import archives, icons, paths, words
from digest.render.legal import legal, one_line, unmarked
from digest.render.standing import line_of
from digest.render.templates import render
from digest.render.views import PaperView, counted, lead, paper_view
from digest.render.why import reasons_of, why_html

ARXIV_SCHEME = "http://arxiv.org/schemas/atom"
NEVER = datetime(2026, 1, 1, tzinfo=UTC)  # what a feed without any edition says; any fixed date does

# Texts of others have no bound of their own, and a feed has one: in characters, and in names.
_ABSTRACT, _AUTHORS = 3000, 100
# A paper's HTML is made once for all topics that pick it.
_KEPT = 4096
# The archives of https://arxiv.org/category_taxonomy, most of them with subjects after a dot.
_ARXIV = re.compile(
    r"(astro-ph|cond-mat|cs|econ|eess|gr-qc|hep-(ex|lat|ph|th)|math|math-ph|nlin|nucl-(ex|th)|physics|q-bio|q-fin"
    r"|quant-ph|stat)(\.[A-Za-z-]+)?"
)
# RFC 4151, `specific`: what it takes besides letters, digits and "-._~", which are always kept.
_TAG_SAFE = "/?:@!$&'()*+,;="
# How the links of a paper relate to it, and what they lead to; `replies` is RFC 4685's word for a discussion.
_RELATIONS = {
    "PDF": ("related", "application/pdf"),
    "Code": ("related", "text/html"),
    "Project": ("related", "text/html"),
    "Discussion": ("replies", "text/html"),
}


class Link(Value):
    """A typed link (RFC 8288) beside an item's own."""

    rel: str
    href: str
    type: str | None = None
    title: str | None = None


class Category(Value):
    """What an item is filed under; `scheme` names the list that the term is from, if we know it."""

    term: str
    scheme: str | None = None


class Item(Value):
    """A paper in a feed. `id` is the paper's, in whatever topic and version. `html` is all that is shown of it.

    `abstract` and `summary`, which is shorter, are plain text with its TeX. `url` is where a click leads: to
    `external_url`, the paper's own page, or else to ours. `origin` is the feed that it came from.
    """

    id: str
    title: str
    url: str
    published: datetime
    updated: datetime
    html: str
    score: float | None = None
    numbers: dict[SignalKind, int] = field(default_factory=dict)
    external_url: str | None = None
    abstract: str | None = None
    summary: str | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    links: tuple[Link, ...] = ()
    reasons: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    arxiv_id: str | None = None
    doi: str | None = None
    version: int | None = None
    origin: Origin | None = None


class Feed(Value):
    """One document of a feed. `home` is its page; `addresses` says, by format, where the document itself is.

    Its history (RFC 5005): `older` and `newer` are the addresses of the archive pages next to it; an archive page
    names the newest document as `current`; `complete` says that nothing ever was in the feed that is not here.
    `patience` is how late a reader may be with what is new, `quiet` are the days (Monday is 0, UTC) on which nothing
    comes. A `private` feed is for one person. `images` are pictures by their width.
    """

    id: str
    title: str
    description: str
    home: str
    addresses: dict[str, str]
    updated: datetime
    language: str
    author: str
    rights: str = ""
    licence: str = ""
    hubs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    images: dict[int, str] = field(default_factory=dict)
    patience: timedelta | None = None
    quiet: tuple[int, ...] = ()
    older: dict[str, str] = field(default_factory=dict)
    newer: dict[str, str] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    private: bool = False


def topic_feed(site: Site, topic: Topic, newest: Edition | None, items: tuple[Item, ...]) -> Feed:
    """Return a topic's feed with these items, and with what its newest edition says of itself."""
    feed = site_feed(
        site,
        archives.topic_stem(topic.id),
        thing=topic_thing(topic.id),
        title=f"{topic.name} – {site.title}",
        description=_description(site, topic, newest),
        home=paths.topic_path(topic.id),
        items=items,
    )
    return replace(feed, updated=max(feed.updated, _whole_second(newest.dated))) if newest else feed


def topic_thing(topic_id: TopicId) -> str:
    """Return what the id of a topic's feed ends in."""
    return f"topic:{_quoted(topic_id)}"


def site_feed(
    site: Site,
    stem: str,
    *,
    thing: str,
    title: str,
    description: str,
    home: str,
    items: tuple[Item, ...],
) -> Feed:
    """Return a feed of the site. `thing` is what its id ends in, which stays though addresses change."""
    return Feed(
        id=paths.tag_uri(site, thing),
        title=one_line(title) or "Untitled",
        description=one_line(description),
        home=paths.absolute(site, home),
        addresses=archives.addresses(site.url, stem),
        updated=max((item.updated for item in items), default=NEVER),
        language=site.language,
        rights=one_line(site.rights),
        licence=site.licence,
        author=one_line(site.title) or "Untitled",
        items=items,
        images={size: paths.absolute(site, icons.path(size)) for size in icons.SIZES},
    )


def item_of(
    site: Site,
    env: Environment,
    pick: Pick,
    *,
    at: datetime,
    edition: Edition | None = None,
    origin: Origin | None = None,
    brief: bool = False,
) -> Item:
    """Return a pick as an item that entered the feed `at`; a `brief` one holds a summary in place of the abstract.

    Raises RenderError.
    """
    paper, known = pick.paper, _known(env, pick.paper, pick.summary, pick.summarised_by, pick.also, brief)
    shown_at, own = _edition_page(site, edition, pick), _paper_page(site, paper)
    page = shown_at or own
    return Item(
        id=paths.tag_uri(site, known.tag),
        title=known.title,
        url=known.external_url or page or paths.absolute(site, "/"),
        external_url=known.external_url,
        published=at,
        updated=at,
        abstract=known.abstract,
        summary=known.summary,
        html=known.html
        + why_html(pick)
        + _foot(pick, known.view, page, "In its edition" if shown_at else "Its page here"),
        authors=known.authors,
        categories=known.categories,
        links=known.links,
        score=pick.score if pick.parts else None,
        reasons=reasons_of(pick),
        parts=pick.parts,
        numbers=pick.numbers,
        arxiv_id=paper.arxiv_id and legal(paper.arxiv_id),
        doi=paper.doi and legal(paper.doi),
        version=paper.version,
        origin=_public(origin),
    )


class _Known(Value):
    """What is said of a paper wherever it stands."""

    view: PaperView
    tag: str
    title: str
    html: str
    external_url: str | None
    abstract: str | None
    summary: str | None
    authors: tuple[str, ...]
    categories: tuple[Category, ...]
    links: tuple[Link, ...]


@lru_cache(_KEPT)
def _known(
    env: Environment, paper: Paper, summary: str, machine: str | None, also: tuple[Sister, ...], brief: bool
) -> _Known:
    pick = Pick(paper=paper, rank=1, score=0.0, parts=(), reasons=(), summary=summary, summarised_by=machine, also=also)
    view = paper_view(pick)
    abstract = None if brief else _abstract(paper, view)
    return _Known(
        view=view,
        tag=f"paper:{_quoted(paper.id)}",
        title=one_line(paper.title) or "Untitled",
        html=legal(render(env, "feed/paper.html", paper=view, abstract=abstract, machine=machine)),
        external_url=next((link.target for link in view.links if link.label == "Abstract"), None),
        abstract=abstract,
        summary=unmarked(legal(view.summary)) or None,
        authors=tuple(filter(None, map(one_line, words.cut(paper.authors, _AUTHORS)))),
        categories=tuple(_category(term) for term in map(one_line, paper.categories) if term),
        links=tuple(_links(view)),
    )


def _foot(pick: Pick, view: PaperView, page: str | None, page_name: str) -> str:
    """Return the last lines of an item: what is known in numbers and dates, and where to read on."""
    known = " · ".join(filter(None, [counted(pick.numbers), view.dates]))
    links = [(link.target, link.label) for link in view.links] + ([(page, page_name)] if page else [])
    anchors = " · ".join(f'<a href="{escape(target)}">{label}</a>' for target, label in links)
    return f"<p>{escape(known)}</p>\n" + (f"<p>{anchors}</p>\n" if anchors else "")


def _abstract(paper: Paper, view: PaperView) -> str | None:
    """Return as much of the paper's text as its source lets us republish, and a feed has room for."""
    if paper.rights is not Rights.FULL or not paper.abstract:
        return legal(view.summary) or None
    text = legal(paper.abstract)
    return text if len(text) <= _ABSTRACT else f"{text[:_ABSTRACT].rsplit(' ', 1)[0]} …"


def _links(view: PaperView) -> Iterator[Link]:
    """Yield the links beside the abstract's."""
    for link in view.links:
        if link.label in _RELATIONS:
            rel, media = _RELATIONS[link.label]
            yield Link(rel=rel, href=link.target, type=media, title=link.label)


def _category(term: str) -> Category:
    return Category(term=term, scheme=ARXIV_SCHEME if _ARXIV.fullmatch(term) else None)


def _edition_page(site: Site, edition: Edition | None, pick: Pick) -> str | None:
    """Return where a pick stands on the site; nothing of a personal topic does."""
    if edition is None or edition.topic.owner is not None:
        return None
    return paths.absolute(site, paths.pick_path(edition, _place(edition, pick), pick.paper.id))


def _place(edition: Edition, pick: Pick) -> int:
    """Return the place of a pick on its edition's pages, from 0; a late bloomer stands on the first."""
    place = pick.rank - 1
    if place < len(edition.picks) and edition.picks[place] is pick:
        return place
    return next((place for place, one in enumerate(edition.picks) if one is pick), 0)


def _paper_page(site: Site, paper: Paper) -> str | None:
    path = paths.paper_path(paper.id)
    return paths.absolute(site, path) if path else None


def _public(origin: Origin | None) -> Origin | None:
    """Return where a paper came from, as others may know it: a query may hold a key, and a bare name is a machine."""
    if origin is None:
        return None
    parts = urlsplit(origin.url)
    if "." not in (parts.hostname or "").rstrip(".") or re.fullmatch(r"[\d.]+|.*:.*", parts.hostname or ""):
        return None
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return Origin(
        name=one_line(origin.name), url=urlunsplit((parts.scheme, host, parts.path, "", "")), seen=origin.seen
    )


def _description(site: Site, topic: Topic, newest: Edition | None) -> str:
    about = topic.description or f"Papers on {topic.name}, picked by {site.title}"
    return " ".join(map(words.sentence, [about, *_state(newest)]))


def _state(newest: Edition | None) -> Iterator[str]:
    """Yield what a reader should know of the newest edition: that there is none, it is short, a source was behind."""
    if newest is None:
        yield "No edition has been released yet"
        return
    if len(newest.picks) < newest.topic.limit:
        yield f"Latest edition ({newest.period.label}): {lead(newest)}"
    if newest.health:
        yield line_of(newest.health)
    for one in newest.withdrawn:
        yield f"Withdrawn since we showed it ({one.label}): {one.title}"


def _quoted(thing: str) -> str:
    return quote(thing, safe=_TAG_SAFE, errors="surrogatepass")


def _whole_second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
