"""The headers that every answer carries."""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

# Nothing runs, nothing is fetched from elsewhere, nobody frames us, and no link of a reader's leaks as a referrer.
SECURITY: Headers = [
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
# What is not published is somebody's own.
DEFAULTS: Headers = [*SECURITY, (b"cache-control", b"no-store")]


def completed(given: Iterable[tuple[bytes, bytes]], defaults: Headers = DEFAULTS) -> Headers:
    """Return headers with those of `defaults` that they do not have."""
    held = list(given)
    names = {name.lower() for name, _ in held}
    return [*held, *(default for default in defaults if default[0] not in names)]


def lines(headers: Headers) -> bytes:
    """Return headers as they are sent, with the empty line behind them."""
    return b"".join([part for name, value in headers for part in (name, b": ", value, b"\r\n")]) + b"\r\n"
