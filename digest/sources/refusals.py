"""Why bytes are not read: what they are instead, and the way out."""

from __future__ import annotations

import re

from digest.errors import SourceError
from digest.sources import discovery
from digest.sources.encoding import decode
from digest.sources.json import NotJsonError, decoded

_HEAD = 1 << 18
_FEEDS_NAMED = 5
_SIGNATURES = {
    b"%PDF": "a PDF file",
    b"PK\x03\x04": "a ZIP file",
    b"\x1f\x8b": "gzip-compressed",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"SQLite format 3": "a SQLite database",
}
_FORMATS = "Digest reads RSS, Atom, JSON Feed, JSON Lines, BibTeX, RIS and saved daily-papers pages"
_BEFORE_ROOT = re.compile(r"\s*(?:<!--.*?(?:-->|\Z)\s*|<\?[^>]*>\s*)*", re.DOTALL)
_WEB_PAGE = re.compile(r"<(?:!doctype html|html|head|body|meta|title)\b", re.IGNORECASE)
_ELEMENT = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")


def refusal(data: bytes, *, name: str, base: str | None) -> SourceError:
    """Return the error that says in one line why no reader takes `data`. `base` is where a page's links start from."""
    why, hint = _reason(data, base)
    return SourceError(f"cannot read {name}: {why}", hint=hint)


def _reason(data: bytes, base: str | None) -> tuple[str, str]:
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        return "it is empty", "fetch or save it again"
    if kind := _binary(data):
        return f"it is {kind}, not text", _FORMATS
    head = decode(data[:_HEAD])
    if _WEB_PAGE.match(_BEFORE_ROOT.sub("", head, count=1)):
        return "this is a web page, not a feed", _way_to_feeds(data, base)
    if head.lstrip().startswith(("{", "[")):
        return _json_reason(data)
    element = _ELEMENT.search(head) if head.lstrip().startswith("<") else None
    if element:
        return f"this is XML, but not a feed: it starts with <{element[1]}>", _FORMATS
    return "its format is not known", _FORMATS


def _binary(data: bytes) -> str | None:
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    return "binary data" if "\x00" in decode(data[:_HEAD]) else None


def _way_to_feeds(page: bytes, base: str | None) -> str:
    found = [feed.url for feed in discovery.feeds_of(page, base)]
    if not found:
        return "it names no feed; give the address of the feed itself"
    return f"it names {'its feed' if len(found) == 1 else 'feeds'}: {' '.join(found[:_FEEDS_NAMED])}"


def _json_reason(data: bytes) -> tuple[str, str]:
    try:
        decoded(data)
    except NotJsonError as error:
        return f"its JSON is broken: {error}", "fetch it again, or write one object a line"
    return "this is JSON, but not a feed", "Digest reads JSON Feed, and JSON Lines with a title in each line's object"
