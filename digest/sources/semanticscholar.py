"""Semantic Scholar: its search, its bulk search and its recommendations (api.semanticscholar.org/graph/v1).

What it did not ask for or does not know is null. New preprints are missing for days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from digest import text
from digest.errors import SourceError
from digest.model import Batch, Observation, SignalKind, Source
from digest.sources import dates
from digest.sources.addresses import asked, onward, parameter
from digest.sources.base import Ask, Reach
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.json import answer, drafted, is_count, items_of, member, number, opens, string

_FIELDS = "title,abstract,authors,externalIds,publicationDate,url,openAccessPdf,citationCount,s2FieldsOfStudy"
_LAG = timedelta(days=14)
_ROWS = re.compile(rb'"(?:data|recommendedPapers)"\s*:\s*\[\s*(?:\]|\{)')
_OURS = re.compile(rb'"(?:paperId|total)"\s*:')
_NONE_FOUND = re.compile(rb'\{(?:\s*"(?:total|offset|next|token)"\s*:\s*(?:[0-9]{1,18}|null)\s*,?)+\}')


class SemanticScholarAdapter:
    """A search whose results were published within reach, and some days before."""

    kind = "semantic-scholar"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """See `Adapter`: `source.url` holds the query; the fields that are read and the dates are added to it."""
        if not source.url:
            return ()
        url = asked(source.url, fields=parameter(source.url, "fields") or _FIELDS)
        if "/search" in url and not parameter(url, "publicationDateOrYear"):
            url = asked(url, publicationDateOrYear=f"{reach.since - _LAG:%Y-%m-%d}:")
        return (Ask(url=url, whole=True),)


class SemanticScholarReader:
    """An answer that lists papers."""

    format = "semantic-scholar"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`."""
        if not opens(data, b"{"):
            return False
        listed = _ROWS.search(data) is not None and _OURS.search(data) is not None
        return listed or _NONE_FOUND.fullmatch(data[:200].strip()) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError if a page is empty though more results are announced."""
        found, base = answer(data, name), base_of(source, name)
        rows = items_of(found, "data", "recommendedPapers")
        total = number(member(found, "total")) or 0
        if not rows and (number(member(found, "offset")) or 0) < total and not parameter(name, "token"):
            raise SourceError(f"cannot read {name}: an empty page, though {total} results are announced")
        return batch(
            drafted(rows, lambda row, where: _draft(row, where, base)),
            source=source,
            kind=self.format,
            next=_next(found, name) if rows else None,
        )


def _next(found: Any, name: str) -> str | None:
    """Return the next page: a bulk search names a token, a search the number of the first result on it."""
    token, offset = string(found, "token"), number(member(found, "next"))
    if "://" not in name or not (token or offset):
        return None
    return onward(asked(name, token=token) if token else asked(name, offset=str(offset)), name)


def _draft(row: dict[str, Any], where: str, base: str | None) -> Draft:
    published = dates.day(string(row, "publicationDate"))
    return Draft(
        where=where,
        title=wording(string(row, "title"), text.plain),
        abstract=wording(string(row, "abstract"), text.plain),
        id=string(row, "paperId"),
        link=string(row, "url"),
        base=base,
        pdf=string(row.get("openAccessPdf"), "url"),
        authors=tuple(string(author, "name") for author in items_of(row, "authors")),
        categories=tuple(string(field, "category") for field in items_of(row, "s2FieldsOfStudy")),
        arxiv_id=string(row.get("externalIds"), "ArXiv"),
        doi=string(row.get("externalIds"), "DOI"),
        announced=published,
        listed=published,
        signals=tuple(_signals(row)),
    )


def _signals(row: dict[str, Any]) -> Iterator[Observation]:
    if is_count(row.get("citationCount")):
        yield Observation(kind=SignalKind.CITATIONS, value=row["citationCount"])
