"""What a request for a published file asks for: in which coding, and unless it is held already (RFC 9110, 12 and 13).

Pure: from header values to decisions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

_LONGEST_ACCEPT = 200  # bytes of an Accept-Encoding that are looked at, and may be kept in a cache
_LONGEST_MATCH = 4000  # bytes of an If-None-Match; a reader holds one or two tags
_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")
# Proxies that pack what they pass on put their own mark behind a tag (Apache's mod_deflate, nginx, Caddy, h2o).
_TAG = re.compile(rb'(?:W/)?"([\x21\x23-\x7e\x80-\xff]+?)(?:(?:-|--|;|:)(gzip|br|zstd|deflate))?"')
_MANIPULATION = re.compile(rb"(?:^|,)\s*feed\s*(?:;\s*q\s*=\s*(?:1|0\.\d*[1-9]\d*|1\.0*)\s*)?(?:,|$)", re.I)


class Question(NamedTuple):
    """What a request says of its wishes. `match` is None where it names no tags, `since` where it names no date."""

    accept: bytes = b""
    match: bytes | None = None
    since: bytes | None = None
    delta: bool = False

    @property
    def conditional(self) -> bool:
        return self.match is not None or self.since is not None


class Held(NamedTuple):
    """What a request has in hand: the tag, without quotation marks, and the coding it was in. No tag is any tag."""

    tag: str
    coding: str

    @property
    def entity_tag(self) -> bytes:
        """As it was given: the coding is a part of it."""
        return f'"{self.tag}{f"-{self.coding}" if self.coding else ""}"'.encode("latin-1")


def question(headers: Iterable[tuple[bytes, bytes]]) -> Question:
    """Read the headers of a request; a list may come in several."""
    accept, match, since, delta = b"", None, None, False
    for name, value in headers:
        if name == b"accept-encoding":
            accept = accept + b"," + value if accept else value
        elif name == b"if-none-match":
            match = value if match is None else match + b"," + value
        elif name == b"if-modified-since":
            since = value
        elif name == b"a-im":
            delta = delta or bool(_MANIPULATION.search(value[:_LONGEST_ACCEPT]))
    return Question(accept[:_LONGEST_ACCEPT], match, since, delta)


@lru_cache(1024)
def preferred(accept: bytes) -> tuple[str, ...]:
    """Return the codings that an Accept-Encoding takes, the best first; "" is none, and is always taken.

    By weight, and at the same weight the smallest first. A name counts before `*`.
    """
    weights = {}
    for item in accept.decode("latin-1").lower().split(","):
        if found := _CODING.fullmatch(item):
            weights[found[1]] = float(found[2] or 1)
    others = weights.get("*", 0.0)
    packed = {"br": weights.get("br", others), "gzip": weights.get("gzip", weights.get("x-gzip", others))}
    plain = weights.get("identity", others or 0.001)
    wanted = sorted((name for name in packed if packed[name] > 0), key=lambda name: -packed[name])
    return (*(name for name in wanted if packed[name] >= plain), "", *(name for name in wanted if packed[name] < plain))


def held(match: bytes) -> list[Held]:
    """Return what an If-None-Match names, by weak comparison."""
    if match.strip() == b"*":
        return [Held("", "")]
    return [
        Held(tag.decode("latin-1"), coding.decode("latin-1")) for tag, coding in _TAG.findall(match[:_LONGEST_MATCH])
    ]


def not_since(since: bytes, modified: datetime) -> bool:
    """Say whether nothing changed since the date of an If-Modified-Since; what is no date counts as nothing said."""
    try:
        return modified <= parsedate_to_datetime(since.decode("latin-1"))
    except (ValueError, TypeError, OverflowError):
        return False


def entered_at(tag: str) -> int | None:
    """Return how many papers had entered a feed when it had this tag of ours; None for any other tag."""
    number, dot, _ = tag.partition(".")
    try:
        return int(number, 16) if dot and len(number) <= 12 else None
    except ValueError:
        return None
