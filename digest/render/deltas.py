"""A feed without the entries that its reader has: what RFC 3229 and "A-IM: feed" call a feed's delta. Pure.

It is cut out of the finished document, so that what is left has the bytes it has there.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from lxml import etree

_ENTRIES = {"rss": "channel/item", "atom": "{http://www.w3.org/2005/Atom}entry"}


def newest(document: bytes, extension: str, keep: int) -> bytes | None:
    """Return one of our own feeds with its first `keep` entries only, or None if it has no more than that."""
    cut: Callable[[bytes, int], bytes | None] = _json if extension == "json" else _xml(_ENTRIES[extension])
    return cut(document, keep)


def _xml(entries: str) -> Callable[[bytes, int], bytes | None]:
    def cut(document: bytes, keep: int) -> bytes | None:
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, strip_cdata=False))
        known = root.findall(entries)[keep:]
        for entry in known:
            parent = entry.getparent()
            assert parent is not None
            parent.remove(entry)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8") if known else None

    return cut


def _json(document: bytes, keep: int) -> bytes | None:
    feed = json.loads(document)
    if len(feed["items"]) <= keep:
        return None
    return json.dumps({**feed, "items": feed["items"][:keep]}, ensure_ascii=False).encode()
