"""Addresses of both kinds, mail and web, read strictly."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from digest.model import Value

_MAILBOX = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^<>"])*)<([^<>\s]*)>', re.DOTALL)
_SPEC = re.compile(r"[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]]+@[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\\]+")
_URIS = re.compile(r"<([^<>\s]+)>(?:\s*,\s*<([^<>\s]+)>)*")
_URI = re.compile(r"<([^<>]*)>")
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{22,}")  # 128 bits in base64
_HOST = re.compile(r"^[a-z]+://[^/?#]*")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Mailbox(Value):
    """One address with its display name as written (RFC 5322, 3.4)."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands behind the @, in lower case."""
        return self.address.rpartition("@")[2].lower()


def mailbox(value: str) -> Mailbox | None:
    """Return the one mailbox that a value is, or None for none, for several, and for a group."""
    match = _MAILBOX.fullmatch(value)
    name, address = (match[1].strip(), match[2]) if match else ("", value)
    return Mailbox(name=name, address=address) if _SPEC.fullmatch(address) else None


def uris(value: str) -> list[str]:
    """Return what stands in angle brackets, as in RFC 2369."""
    return _URI.findall(value)


def is_uri_list(value: str) -> bool:
    """Say whether a value is a list of addresses in angle brackets and nothing else."""
    return bool(_URIS.fullmatch(value))


def split(url: str) -> SplitResult | None:
    """Return the parts of an address, or None for what cannot be one."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def host(url: str) -> str:
    """Return an address's host in lower case, or nothing."""
    parts = split(url)
    return (parts.hostname or "") if parts else ""


def opaque(url: str) -> str:
    """Return the longest piece of an address that nobody can guess, or nothing: 22 characters of base64 or more."""
    return max(_OPAQUE.findall(_HOST.sub("", url)), key=len, default="")


def related(one: str, other: str) -> bool:
    """Say whether two host names have their last two labels in common, or are the same."""
    return one == other or (one.count(".") > 0 and one.split(".")[-2:] == other.split(".")[-2:])
