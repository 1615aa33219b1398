"""The daily list of Hugging Face, as its API gives it (huggingface.co/api/daily_papers): papers with their votes.

A row and the paper in it say some things twice, and every member but the paper's id may be absent. The machine-written
summary is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from digest import identity, text
from digest.errors import SourceError
from digest.model import Batch, Observation, SignalKind, Source
from digest.sources import dates
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.json import NotJsonError, decoded, items_of, lost_zero, string

_BEFORE = b"\xef\xbb\xbf \t\r\n"
_PAPER = re.compile(rb'"paper"\s*:\s*\{')
_PAGE = "https://huggingface.co/papers/"
_LARGEST = 2**53


class DailyPapersReader:
    """The answer of the daily-papers API."""

    format = "daily-papers"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`: a list of rows with a paper in them; an empty list only where its address says what it is."""
        start = data[:100].lstrip(_BEFORE)
        if not start.startswith(b"["):
            return False
        return _PAPER.search(data) is not None or ("daily_papers" in name and data.strip(_BEFORE) == b"[]")

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError if there are rows, but none is a paper."""
        try:
            rows = decoded(data)
        except NotJsonError as error:
            raise SourceError(f"cannot read {name}: broken JSON: {error}", hint="fetch it again") from None
        read = batch(_drafts(rows, base_of(source, name)), source=source, kind=self.format)
        if rows and not read.entries:
            hint = "Digest reads the daily papers of Hugging Face, JSON Feed and JSON Lines"
            raise SourceError(f"cannot read {name}: no row is a paper: {read.problems[0]}", hint=hint)
        return read


def _drafts(rows: list[Any], base: str | None) -> Iterator[Draft | str]:
    for number, row in enumerate(rows, 1):
        where = f"item {number}"
        paper = row.get("paper") if isinstance(row, dict) else None
        if not isinstance(paper, dict):
            yield f"{where}: no paper"
        elif isinstance(paper.get("id"), int | float):
            yield f"{where}: {lost_zero(paper['id'])}"
        elif string(paper, "withdrawnAt"):
            yield f"{where}: withdrawn"
        else:
            yield _draft(row, paper, where, base)


def _draft(row: dict[str, Any], paper: dict[str, Any], where: str, base: str | None) -> Draft:
    given = string(paper, "id").strip()
    page = _PAGE + quote(given, safe="") if given else ""
    return Draft(
        where=where,
        title=wording(string(paper, "title") or string(row, "title"), text.plain),
        abstract=wording(string(paper, "summary") or string(row, "summary"), text.plain),
        id=given,
        link="" if identity.arxiv_id(given) else page,
        base=base,
        code=string(paper, "githubRepo"),
        discussion=page,
        authors=tuple(_authors(paper)),
        submitted=dates.parse(string(paper, "publishedAt")),
        # Not the row's `publishedAt`, which is the list's date for some and arXiv's for others.
        listed=dates.parse(string(paper, "submittedOnDailyAt")),
        signals=tuple(_signals(row, paper)),
    )


def _authors(paper: dict[str, Any]) -> Iterator[str]:
    """Yield the authors but those who asked to be hidden."""
    yield from (string(author, "name") for author in items_of(paper, "authors") if not _hidden(author))


def _hidden(author: Any) -> bool:
    return isinstance(author, dict) and bool(author.get("hidden"))


def _signals(row: dict[str, Any], paper: dict[str, Any]) -> Iterator[Observation]:
    counts = {
        SignalKind.UPVOTES: paper.get("upvotes"),
        SignalKind.COMMENTS: row.get("numComments"),
        SignalKind.STARS: paper.get("githubStars"),
    }
    for kind, count in counts.items():
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < _LARGEST:
            yield Observation(kind=kind, value=count)
