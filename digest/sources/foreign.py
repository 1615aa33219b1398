"""What another parser found in a feed that this package cannot read: entries by the same rules as all others."""

from __future__ import annotations

from typing import Any

from digest import text
from digest.errors import SourceError
from digest.model import Batch, Source
from digest.sources import arxiv, dates
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.json import drafted, items_of, string
from digest.sources.rss import name_only


def adopted(found: Any, *, source: Source, name: str) -> Batch:
    """Return the feed that `found` describes: `version`, `title`, `entries`; its texts may be HTML. Total.

    Raises SourceError if the feed is arXiv's way to report an error.
    """
    base = base_of(source, name)
    drafts = drafted(items_of(found, "entries"), lambda entry, where: _draft(entry, where, base))
    kind = "atom" if string(found, "version").startswith("atom") else "rss"
    return batch(drafts, source=source, kind=kind, title=text.plain(string(found, "title")))


def _draft(entry: dict[str, Any], where: str, base: str | None) -> Draft:
    abstract = string(entry, "summary")
    if arxiv.is_error(string(entry, "id")):
        raise SourceError(f"arXiv answered with an error: {text.plain(abstract) or 'it does not say which'}")
    published, updated = (dates.parse(string(entry, event)) for event in ("published", "updated"))
    return Draft(
        where=where,
        title=wording(string(entry, "title"), text.plain),
        abstract=wording(abstract, text.plain),
        id=string(entry, "id"),
        link=string(entry, "link"),
        base=base,
        discussion=string(entry, "comments"),
        authors=tuple(name_only(each) for each in items_of(entry, "authors") if isinstance(each, str)),
        categories=tuple(each for each in items_of(entry, "tags") if isinstance(each, str)),
        doi=string(entry, "doi"),
        announced=published,
        listed=updated or published,
    )
