"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), with why a paper is here as `_paper`."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, json

from digest.model import Part, SignalKind
from digest.render.feed import WHY, Feed, Item
from digest.render.legal import publishable

VERSION = "https://jsonfeed.org/version/1.1"


def render_json(feed: Feed) -> bytes:
    """Return the feed as a JSON Feed 1.1 document in UTF-8: the same feed gives the same bytes."""
    document = _document(publishable(feed))
    return json.format(json.encode(document), indent=2) + b"\n"


# The objects as they are written, field by field in this order; what is empty is left out.


class _Object(Struct, omit_defaults=True):
    pass


class _Author(_Object):
    name: str


class _Hub(_Object):
    type: str
    url: str


class _Part(_Object):
    name: str
    value: float
    weight: float


class _Paper(_Object, kw_only=True):
    about: str
    arxiv_id: str | None = None
    doi: str | None = None
    version: int | None = None
    score: float
    why: tuple[str, ...]
    parts: tuple[_Part, ...]
    numbers: dict[SignalKind, int]


class _Item(_Object, kw_only=True, rename={"paper": "_paper"}):
    id: str
    url: str
    external_url: str | None = None
    title: str
    summary: str | None = None
    content_html: str
    date_published: datetime
    date_modified: datetime
    authors: tuple[_Author, ...] = ()
    tags: tuple[str, ...] = ()
    paper: _Paper


class _Document(_Object, kw_only=True):
    version: str
    title: str
    home_page_url: str
    feed_url: str
    description: str
    language: str
    authors: tuple[_Author, ...]
    hubs: tuple[_Hub, ...] = ()
    items: tuple[_Item, ...]


def _document(feed: Feed) -> _Document:
    return _Document(
        version=VERSION,
        title=feed.title,
        home_page_url=feed.home,
        feed_url=feed.addresses["json"],
        description=feed.description,
        language=feed.language,
        authors=(_Author(name=feed.author),),
        hubs=tuple(_Hub(type="WebSub", url=hub) for hub in feed.hubs),
        items=tuple(map(_item, feed.items)),
    )


def _item(item: Item) -> _Item:
    return _Item(
        id=item.id,
        url=item.url,
        external_url=item.external_url,
        title=item.title,
        summary=item.summary,
        content_html=item.html,
        date_published=item.published,
        date_modified=item.updated,
        authors=tuple(_Author(name=name) for name in item.authors),
        tags=tuple(category.term for category in item.categories),
        paper=_paper(item),
    )


def _paper(item: Item) -> _Paper:
    return _Paper(
        about=WHY,
        arxiv_id=item.arxiv_id,
        doi=item.doi,
        version=item.version,
        score=item.score,
        why=item.reasons,
        parts=tuple(map(_part, item.parts)),
        numbers=dict(sorted(item.numbers.items())),
    )


def _part(part: Part) -> _Part:
    return _Part(name=part.name, value=part.value, weight=part.weight)
