"""OpenAlex: works by their filters (api.openalex.org/works). Abstracts come as an inverted index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from digest import identity, text
from digest.errors import SourceError
from digest.model import Batch, Observation, SignalKind, Source
from digest.sources import dates
from digest.sources.addresses import asked, onward, parameter
from digest.sources.base import Ask, Reach
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.json import answer, drafted, is_count, items_of, member, number, opens, string

_META = re.compile(rb'"meta"\s*:\s*\{')
_RESULTS = re.compile(rb'"results"\s*:\s*\[')
_PER_PAGE = "200"
# Works are indexed days after they were published; some journals date theirs months ahead.
_LAG = timedelta(days=14)


class OpenAlexAdapter:
    """The works of a filter or a search that were published within reach, and some days before."""

    kind = "openalex"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """See `Adapter`: `source.url` holds `filter=` or `search=`; dates and paging are added to it."""
        if not source.url:
            return ()
        given = parameter(source.url, "filter")
        window = f"from_publication_date:{reach.since - _LAG:%Y-%m-%d},to_publication_date:{reach.now:%Y-%m-%d}"
        chosen = given if "publication_date" in given else f"{given},{window}".lstrip(",")
        per_page = parameter(source.url, "per-page") or _PER_PAGE
        return (Ask(url=asked(source.url, filter=chosen, cursor="*", **{"per-page": per_page}), whole=True),)


class OpenAlexReader:
    """An answer that lists works."""

    format = "openalex"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`."""
        return opens(data, b"{") and _META.search(data) is not None and _RESULTS.search(data) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError if the first page is empty though works are announced."""
        found, base = answer(data, name), base_of(source, name)
        rows, cursor = items_of(found, "results"), string(member(found, "meta"), "next_cursor")
        total = number(member(found, "meta", "count")) or 0
        if not rows and total and parameter(name, "cursor") == "*":
            raise SourceError(f"cannot read {name}: an empty page, though {total} works are announced")
        return batch(
            drafted(rows, lambda row, where: _draft(row, where, base)),
            source=source,
            kind=self.format,
            next=onward(asked(name, cursor=cursor), name) if rows and cursor and "://" in name else None,
        )


def _draft(row: dict[str, Any], where: str, base: str | None) -> Draft:
    published = dates.day(string(row, "publication_date"))
    return Draft(
        where=where,
        title=wording(string(row, "title", "display_name"), text.plain),
        abstract=wording(_abstract(row.get("abstract_inverted_index")), text.plain),
        id=string(row, "id"),
        link=string(row.get("primary_location"), "landing_page_url"),
        base=base,
        pdf=string(row.get("best_oa_location"), "pdf_url") or string(row.get("primary_location"), "pdf_url"),
        authors=tuple(string(member(each, "author"), "display_name") for each in items_of(row, "authorships")),
        categories=tuple(string(topic, "display_name") for topic in items_of(row, "topics")),
        arxiv_id=_arxiv_id(row),
        doi=string(row, "doi"),
        announced=published,
        listed=published,
        withdrawn=row.get("is_retracted") is True,
        signals=tuple(_signals(row)),
    )


def _abstract(index: Any) -> str:
    """Return the text that an index of words and their places was made from; its gaps are closed."""
    places = index.items() if isinstance(index, dict) else ()
    words = [(place, word) for word, found in places if isinstance(found, list) for place in found if is_count(place)]
    return " ".join(word for _, word in sorted(words))


def _arxiv_id(row: dict[str, Any]) -> str:
    """Return the arXiv id among the places where a work can be read, unless they name several."""
    pages = (string(each, "landing_page_url") for each in items_of(row, "locations"))
    found = {known[0] for page in pages if (known := identity.arxiv_id(page))}
    return found.pop() if len(found) == 1 else ""


def _signals(row: dict[str, Any]) -> Iterator[Observation]:
    if is_count(row.get("cited_by_count")):
        yield Observation(kind=SignalKind.CITATIONS, value=row["cited_by_count"])
