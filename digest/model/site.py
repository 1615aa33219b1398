"""The site, as renderers see it."""

from __future__ import annotations

from digest.model.values import Value


class Site(Value):
    """Who publishes. `tag` (`authority,date`, RFC 4151) starts every id and never changes, even when `url` does."""

    title: str
    url: str
    tag: str
    description: str = ""
    language: str = "en"
    zone: str = "UTC"
    contact: str | None = None
    postal: str | None = None
