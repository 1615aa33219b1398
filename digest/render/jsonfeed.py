"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), with why a paper is here as `_paper`."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, json

from digest.model import SignalKind
from digest.render.feed import Feed, Item
from digest.render.icons import ICON, SMALL
from digest.render.why import WHY

VERSION = "https://jsonfeed.org/version/1.1"


def render_json(feed: Feed) -> bytes:
    """Return the feed as a JSON Feed 1.1 document in UTF-8: the same feed gives the same bytes."""
    return json.format(json.encode(_document(feed)), indent=2) + b"\n"


# The objects as they are written, field by field in this order; what is empty is left out.


class _Object(Struct, omit_defaults=True):
    pass


class _Author(_Object):
    name: str


class _Hub(_Object):
    type: str
    url: str


class _Attachment(_Object):
    url: str
    mime_type: str
    title: str | None = None


class _Part(_Object):
    name: str
    value: float
    weight: float


class _Source(_Object):
    title: str
    url: str


class _Paper(_Object, kw_only=True):
    about: str
    arxiv_id: str | None = None
    doi: str | None = None
    version: int | None = None
    score: float | None = None
    why: tuple[str, ...]
    parts: tuple[_Part, ...]
    numbers: dict[SignalKind, int]
    source: _Source | None = None


class _Item(_Object, kw_only=True, rename={"paper": "_paper"}):
    id: str
    url: str
    external_url: str | None = None
    title: str
    summary: str | None = None
    content_html: str
    content_text: str | None = None
    date_published: datetime
    date_modified: datetime
    authors: tuple[_Author, ...] = ()
    tags: tuple[str, ...] = ()
    attachments: tuple[_Attachment, ...] = ()
    paper: _Paper


class _Document(_Object, kw_only=True):
    version: str
    title: str
    home_page_url: str
    feed_url: str
    description: str
    user_comment: str | None = None
    next_url: str | None = None
    icon: str | None = None
    favicon: str | None = None
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
        user_comment=feed.rights or None,
        next_url=feed.older.get("json"),
        icon=feed.images.get(ICON),
        favicon=feed.images.get(SMALL),
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
        content_text=item.abstract,
        date_published=item.published,
        date_modified=item.updated,
        authors=tuple(map(_Author, item.authors)),
        tags=tuple(category.term for category in item.categories),
        attachments=tuple(
            _Attachment(link.href, link.type, link.title) for link in item.links if link.type == "application/pdf"
        ),
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
        parts=tuple(_Part(part.name, part.value, part.weight) for part in item.parts),
        numbers=dict(sorted(item.numbers.items())),
        source=_Source(item.origin.name, item.origin.url) if item.origin else None,
    )
