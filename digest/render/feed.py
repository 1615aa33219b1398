"""The neutral feed: a topic's picks as items, before any format. `xmlfeeds` and `jsonfeed` write it down.

Why a paper is here travels with it. In RSS and Atom as elements of the namespace `WHY`, in JSON Feed as `_paper`,
whose `about` is the same address:

    why:score                 the score, a decimal number
    why:reason                one reason in words; repeated
    why:part                  one addend of the score, empty; repeated; with the attributes
        name value weight     the part's name, its value from 0 to 1, and how much it counts

The values times their weights add up to the score within 1e-9, as read back: numbers are written in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from urllib.parse import quote

from jinja2 import Environment

from digest.model import Edition, Paper, Part, Pick, Rights, SignalKind, Site, Topic, Value
from digest.render import paths, words
from digest.render.templates import render
from digest.render.views import PaperView, lead, paper_view
from digest.text import first_sentences

WHY = "https://digest.example/ns/why/1.0"
ARXIV_SCHEME = "http://arxiv.org/schemas/atom"
EXCERPT = 300  # characters
NEVER = datetime(2026, 1, 1, tzinfo=UTC)  # what a feed without any edition says; any fixed date does

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
    """A pick in a feed. `id` is the paper's, in whatever topic and version; `summary` is plain text, `html` is HTML.

    `url` is where a click leads: to `external_url`, the paper's own page, or else to ours.
    """

    id: str
    title: str
    url: str
    published: datetime
    updated: datetime
    html: str
    score: float
    numbers: dict[SignalKind, int]
    external_url: str | None = None
    summary: str | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    links: tuple[Link, ...] = ()
    reasons: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    arxiv_id: str | None = None
    doi: str | None = None
    version: int | None = None


class Feed(Value):
    """A topic's feed. `home` is the topic's page; `addresses` says, by extension, where the feed itself is."""

    id: str
    title: str
    description: str
    home: str
    addresses: dict[str, str]
    updated: datetime
    language: str
    author: str
    hubs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


def feed_of(
    site: Site,
    topic: Topic,
    editions: Sequence[Edition],
    env: Environment,
    *,
    limit: int = 50,
    empty_date: datetime = NEVER,
    hubs: Sequence[str] = (),
) -> Feed:
    """Return the subscription feed of a topic: at most `limit` picks, by edition and then by rank.

    The editions are of one period kind, newest first; a preview passes a draft. `empty_date` dates a feed without
    editions, `hubs` are its WebSub hubs. Raises RenderError when the entry's template is wrong.
    """
    newest = editions[0] if editions else None
    return Feed(
        id=_tag(site, "topic", topic.id),
        title=f"{topic.name} – {site.title}",
        description=_description(site, topic, newest),
        home=paths.absolute(site, paths.topic_path(topic.id)),
        addresses={name: paths.absolute(site, paths.feed_path(topic.id, name)) for name in paths.FEED_FORMATS},
        updated=_whole_second(newest.dated if newest else empty_date),
        language=site.language,
        author=site.title,
        hubs=tuple(hubs),
        items=tuple(islice(_items(site, editions, env), limit)),
    )


def _items(site: Site, editions: Sequence[Edition], env: Environment) -> Iterator[Item]:
    """Yield each paper once, where it is newest: an id that comes twice makes a feed invalid."""
    seen = set()
    for edition in editions:
        for place, pick in enumerate(sorted(edition.picks, key=attrgetter("rank"))):
            if pick.paper.id not in seen:
                seen.add(pick.paper.id)
                yield _item(site, edition, place, pick, env)


def _item(site: Site, edition: Edition, place: int, pick: Pick, env: Environment) -> Item:
    paper, view, at = pick.paper, paper_view(pick), _entered(edition, place)
    summary = _summary(paper)
    abstract_page = next((link.target for link in view.links if link.label == "Abstract"), None)
    page = f"{paths.absolute(site, paths.edition_path(edition))}#{view.anchor}"
    return Item(
        id=_tag(site, "paper", paper.id),
        title=paper.title,
        url=abstract_page or page,
        external_url=abstract_page,
        published=at,
        updated=at,
        summary=summary,
        html=render(env, "feed/entry.html", paper=view, abstract=summary, page=page),
        authors=paper.authors,
        categories=tuple(map(_category, paper.categories)),
        links=tuple(_links(view)),
        score=pick.score,
        reasons=pick.reasons,
        parts=pick.parts,
        numbers=pick.numbers,
        arxiv_id=paper.arxiv_id,
        doi=paper.doi,
        version=paper.version,
    )


def _entered(edition: Edition, place: int) -> datetime:
    """Return when the pick at that place entered the feed: the edition's date, each rank a second before the last.

    Readers that sort by date then keep our order, and no two entries say the same `updated`, which the W3C validator
    warns about.
    """
    return _whole_second(edition.dated) - timedelta(seconds=place)


def _summary(paper: Paper) -> str | None:
    """Return as much of the abstract as the source lets us republish."""
    if paper.rights is Rights.LINK or not paper.abstract:
        return None
    return paper.abstract if paper.rights is Rights.FULL else first_sentences(paper.abstract, EXCERPT)


def _links(view: PaperView) -> Iterator[Link]:
    """Yield the links beside the abstract's."""
    for link in view.links:
        if link.label in _RELATIONS:
            rel, media = _RELATIONS[link.label]
            yield Link(rel=rel, href=link.target, type=media, title=link.label)


def _category(term: str) -> Category:
    return Category(term=term, scheme=ARXIV_SCHEME if _ARXIV.fullmatch(term) else None)


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
        yield newest.health


def _tag(site: Site, kind: str, thing: str) -> str:
    return paths.tag_uri(site, f"{kind}:{quote(thing, safe=_TAG_SAFE, errors='surrogatepass')}")


def _whole_second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
