"""The site, as renderers see it."""

from __future__ import annotations

from digest.model.values import Value

# What feeds say where the operator says nothing else.
RIGHTS = "Titles and abstracts belong to their authors."


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
    rights: str = RIGHTS
    licence: str = ""


class Post(Value):
    """The addresses of a site's mail: `sender` in From, `letters` in that of letters, which ask for something.

    `returns` is where relays send a mail back, with a token behind a "+"; `complaints` where a reader's provider may
    report (RFC 9477). None: there is none.
    """

    sender: str
    letters: str
    returns: str | None = None
    complaints: str | None = None
