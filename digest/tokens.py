"""Links that prove who follows them: a subscriber's id and an end, signed for one purpose.

A token is 44 characters of the URL-safe alphabet, always: 16 of the subscriber's id, 6 of the minute it ends (zero:
never), 22 of a 128-bit MAC (HMAC-SHA-256, RFC 2104, truncated). It holds no address, and one for leaving opens nothing
else. What else it is about, a digest say, is signed along and stands beside it. That of a reader's own feed has no end,
and holds the number of its renewal instead. The key is the site's secret.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

from digest.errors import TokenError
from digest.model import SubscriberId

ID_LENGTH, END_LENGTH, MAC_LENGTH = 16, 6, 22
LENGTH = ID_LENGTH + END_LENGTH + MAC_LENGTH
# What a preview prints where a reader's token would stand.
PLACEHOLDER = "0" * LENGTH
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Purpose(StrEnum):
    """What a token is good for, and for nothing else."""

    CONFIRM = "confirm"
    LEAVE = "leave"
    PREFERENCES = "preferences"
    DIGEST = "digest"
    RETURN = "return"
    FEED = "feed"


def subscriber_id(random: bytes) -> SubscriberId:
    """Return the id that 12 random bytes make: unguessable, and in 16 characters."""
    if len(random) != 12:
        raise ValueError("an id is made of 12 bytes")
    return SubscriberId(_text(random))


def sign(
    secret: str, purpose: Purpose, subscriber: SubscriberId, *, ends: datetime | None = None, about: str = ""
) -> str:
    """Return a token for a subscriber, good until `ends` (to the minute) or for ever, and beside `about` alone.

    Raises ValueError: not an id.
    """
    if len(subscriber) != ID_LENGTH:
        raise ValueError(f"not a subscriber's id: {subscriber!r}")
    head = subscriber + _end(ends)
    return head + _mac(secret, purpose, head + about)


def verify(secret: str, purpose: Purpose, token: str, *, now: datetime, about: str = "") -> SubscriberId:
    """Return whose token it is. Raises TokenError when it is forged, for another purpose or thing, or past its end."""
    head, minute = _opened(secret, purpose, token, about)
    if minute and now >= _EPOCH + timedelta(minutes=minute):
        raise TokenError("this link has expired", hint="ask for a new one", expired=True)
    return SubscriberId(head[:ID_LENGTH])


def sign_feed(secret: str, subscriber: SubscriberId, *, renewals: int) -> str:
    """Return the token of a reader's own feed, which counts as long as its owner has renewed it no more often.

    Raises ValueError: not an id.
    """
    if len(subscriber) != ID_LENGTH:
        raise ValueError(f"not a subscriber's id: {subscriber!r}")
    head = subscriber + _text(renewals.to_bytes(4))
    return head + _mac(secret, Purpose.FEED, head)


def verify_feed(secret: str, token: str) -> tuple[SubscriberId, int]:
    """Return whose feed a token opens, and as of which renewal. Raises TokenError when it is forged."""
    head, renewals = _opened(secret, Purpose.FEED, token)
    return SubscriberId(head[:ID_LENGTH]), renewals


def address_hash(secret: str, address: str) -> str:
    """Return the keyed hash of an address under which a suppression outlives the subscriber."""
    return hmac.digest(_key(secret, "address"), address.encode(), sha256).hex()


def _opened(secret: str, purpose: Purpose, token: str, about: str = "") -> tuple[str, int]:
    """Return what a token says, and the number in it. Raises TokenError."""
    head, mac = token[:-MAC_LENGTH], token[-MAC_LENGTH:]
    whole = len(token) == LENGTH and (token + about).isascii()
    if not whole or not hmac.compare_digest(mac, _mac(secret, purpose, head + about)):
        raise TokenError("this link is not valid", hint="copy the whole address from the mail")
    return head, int.from_bytes(urlsafe_b64decode(f"{head[ID_LENGTH:]}=="))


@lru_cache(maxsize=64)
def _end(ends: datetime | None) -> str:
    return _text((0 if ends is None else (ends - _EPOCH) // timedelta(minutes=1)).to_bytes(4))


def _mac(secret: str, purpose: str, head: str) -> str:
    return _text(hmac.digest(_key(secret, purpose), head.encode(), sha256)[:16])


@lru_cache(maxsize=64)
def _key(secret: str, purpose: str) -> bytes:
    """Return a key of its own for each purpose. Raises ValueError without a secret: an empty key signs for anybody."""
    if not secret:
        raise ValueError("site.secret is empty")
    return hmac.digest(secret.encode(), f"digest {purpose}".encode(), sha256)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
