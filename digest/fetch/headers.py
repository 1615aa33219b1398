"""The few headers of an answer that matter here, read as values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# A validator is sent back with each request, so its length is not the server's alone to choose.
_LONGEST_VALIDATOR = 1000
_MAX_AGE = re.compile(r'(?:^|[\s,])max-age="?([0-9]{1,9})', re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,9}")
_EPOCH = re.compile(r"[0-9]{10}")
_USED_UP = re.compile(r"\br=0\b[^,]*\bt=([0-9]{1,9})")


class Headers:
    """Headers by lower-case name; of a name that comes twice the first counts."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in raw:
            self._values.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())

    def __getitem__(self, name: str) -> str:
        return self._values.get(name, "")

    @property
    def location(self) -> str:
        """Where a redirect leads. It should be ASCII; what is not is UTF-8 in practice."""
        found = self["location"].encode("latin-1")
        return found.decode("utf-8", "replace")

    @property
    def tell_the_end(self) -> bool:
        """Say whether a body that breaks off is noticed: by its length, its last chunk, or how it is packed."""
        packed = self["content-encoding"].lower() not in ("", "identity")
        return packed or bool(self["content-length"]) or "chunked" in self["transfer-encoding"].lower()

    def validator(self, name: str) -> str | None:
        """Return an ETag or Last-Modified, quotes and all, as it must be sent back."""
        found = self[name]
        return found if 0 < len(found) <= _LONGEST_VALIDATOR else None

    def retry_after(self, now: datetime) -> timedelta | None:
        """Return how long the server asks us to wait, said in seconds or as a date (RFC 9110, 10.2.3).

        Else how long it takes until a limit that is used up begins anew: `x-ratelimit-reset` of GitHub, an instant in
        seconds since 1970, or `RateLimit` of Hugging Face (draft-ietf-httpapi-ratelimit-headers, where `t` is seconds).
        """
        found = self["retry-after"]
        if _SECONDS.fullmatch(found):
            return timedelta(seconds=int(found))
        until = _until(found, self._sent(now))
        return self._used_up(now) if until is None else until

    def _used_up(self, now: datetime) -> timedelta | None:
        reset = self["x-ratelimit-reset"]
        if self["x-ratelimit-remaining"] == "0" and _EPOCH.fullmatch(reset):
            return max(datetime.fromtimestamp(int(reset), UTC) - self._sent(now), timedelta(0))
        used_up = _USED_UP.search(self["ratelimit"])
        return timedelta(seconds=int(used_up[1])) if used_up else None

    def fresh_for(self, now: datetime) -> timedelta | None:
        """Return how long the answer stays good: max-age, else Expires, less its age in caches (RFC 9111, 4.2)."""
        match = _MAX_AGE.search(self["cache-control"])
        if not match:
            return _until(self["expires"], self._sent(now))
        age = int(self["age"]) if _SECONDS.fullmatch(self["age"]) else 0
        return max(timedelta(seconds=int(match[1]) - age), timedelta(0))

    def _sent(self, now: datetime) -> datetime:
        """Return the server's own now: its dates are meant by its clock, which may be wrong."""
        return _date(self["date"]) or now


def _until(text: str, now: datetime) -> timedelta | None:
    then = _date(text)
    return max(then - now, timedelta(0)) if then else None


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
