"""What every feed format can carry: no text of a feed, however hostile, costs the feed."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from digest.model import Value
from digest.render.feed import Feed, Item

# XML 1.0, production 2, without the C1 controls and DEL, which it tolerates and validators warn about.
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def publishable(feed: Feed) -> Feed:
    """Return the feed with texts of legal characters only, titles and authors on one line, and no title blank."""
    legal: Feed = _legal(feed)
    return replace(legal, title=_titled(legal.title), items=tuple(map(_tidy, legal.items)))


def _tidy(item: Item) -> Item:
    return replace(item, title=_titled(item.title), authors=tuple(filter(None, map(_one_line, item.authors))))


def _titled(title: str) -> str:
    return _one_line(title) or "Untitled"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _legal(value: Any) -> Any:
    """Return the value with every text in it, however deep, made legal."""
    match value:
        case str():
            return _ILLEGAL.sub("", value)
        case tuple():
            return tuple(map(_legal, value))
        case dict():
            return {key: _legal(each) for key, each in value.items()}
        case Value():
            return replace(value, **{name: _legal(getattr(value, name)) for name in value.__struct_fields__})
    return value
