"""Addresses with a query: the questions of adapters, and the next page of an answer."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from digest import text

_KEPT = ":,*|/"


def asked(url: str, **parameters: str) -> str:
    """Return `url` with these parameters in its query, instead of those of the same name; an empty one is left out.

    Total: what is no address is returned as it is, for the fetcher to refuse.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    given = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in parameters]
    kept = [(name, value) for name, value in parameters.items() if value]
    query = urlencode([*given, *kept], safe=_KEPT, quote_via=quote)
    return parts._replace(query=query, fragment="").geturl()


def parameter(url: str, name: str) -> str:
    """Return the first value of a parameter in the query of `url`, "" if it has none."""
    return next(iter(parameters(url, name)), "")


def parameters(url: str, name: str) -> tuple[str, ...]:
    """Return every value of a parameter in the query of `url` that is not empty, in order."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return ()
    return tuple(value for key, value in parse_qsl(query) if key == name)


def onward(url: str, base: str | None) -> str | None:
    """Return where an answer from `base` goes on: `url` joined and safe, None if it is none or leads back to `base`."""
    found = text.safe_url(url, base) if url else None
    return None if found == base else found
