"""Broken XML made readable, in one linear scan.

Feeds break in few ways: entities that only HTML knows, stray signs, control characters, sections never closed. What
libxml2's recovering parser would drop is written as characters here, so that no title ends at its first accent.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape, unescape
from html.entities import html5

_ILLEGAL = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]+"
# An alternative that opens something takes the rest of the text if it is never closed: one scan, no way back.
_BROKEN = re.compile(
    rf"""(?P<cdata><!\[CDATA\[.*?(?:\]\]>|\Z))
      | (?P<unread><!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<![^<>]*+>?)
      | (?P<entity>&(?:\#[0-9]{{1,7}}|\#[xX][0-9a-fA-F]{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,31}});)
      | (?P<stray>&|<(?![A-Za-z_/!]))
      | (?P<illegal>{_ILLEGAL})""",
    re.VERBOSE | re.DOTALL,
)
_NO_CHARACTER = re.compile(_ILLEGAL)


def mended(xml: str) -> str:
    """Return `xml` with its entities and stray signs as characters, without comments, declarations and illegal signs.

    Elements are left as they are: the recovering parser closes what is open.
    """
    return _BROKEN.sub(_repair, xml)


def _repair(broken: re.Match[str]) -> str:
    match broken.lastgroup:
        case "cdata" if broken[0].endswith("]]>"):
            return _NO_CHARACTER.sub("", broken[0])
        case "cdata":  # never closed: without its mark the items behind it can still be read
            return mended(broken[0].replace("<![CDATA[", ""))
        case "entity":
            return _character(broken[0])
        case "stray":
            return escape(broken[0])
    return ""


@lru_cache(maxsize=1024)
def _character(entity: str) -> str:
    """Return an entity as the character it names, escaped; one that HTML does not know as the text it is."""
    if entity.startswith("&#"):
        return escape(_NO_CHARACTER.sub("", unescape(entity)).replace("\ufffd", ""))
    return escape(html5.get(entity[1:], entity))
