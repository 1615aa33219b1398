"""JSON Lines: an object a line, one paper each. What `digest` itself exports, and what scripts write.

    {"title": "Tiny Routers", "abstract": "We study...", "authors": ["Ana Ruiz"], "arxiv_id": "2603.01230",
     "submitted": "2026-03-01", "upvotes": 17}

(on one line). Only `title` is required; members this module does not name are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from digest import identity, text
from digest.errors import SourceError
from digest.model import Batch, Observation, SignalKind, Source
from digest.sources import dates
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.json import NotJsonError, decoded, is_count, items_of, lost_zero, string

_IDS = ("id", "arxiv_id", "doi")
_DATES = ("submitted", "announced", "listed")
_COUNTS = {
    "upvotes": SignalKind.UPVOTES,
    "votes": SignalKind.UPVOTES,
    "comments": SignalKind.COMMENTS,
    "stars": SignalKind.STARS,
    "citations": SignalKind.CITATIONS,
}
_HINT = 'each line is an object with at least a title, such as {"title": "...", "abstract": "..."}'


class JsonLinesReader:
    """JSON Lines."""

    format = "jsonl"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`: the first line that is not blank is an object of its own."""
        first = data[: 1 << 20].lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0].rstrip()
        return first.startswith(b"{") and first.endswith(b"}") and len(first) > len(b"{}")

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError if there is no line that can be read."""
        read = batch(_items(data, name, base_of(source, name)), source=source, kind=self.format)
        if not read.entries:
            raise SourceError(f"cannot read {name}: no line is a paper: {read.problems[0]}", hint=_HINT)
        return read


def _items(data: bytes, name: str, base: str | None) -> Iterator[Draft | str]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield from _line(line, f"line {number}", name, base)


def _line(line: bytes, where: str, name: str, base: str | None) -> Iterator[Draft | str]:
    try:
        paper = decoded(line)
    except NotJsonError as error:
        yield f"{where}: not JSON: {error}"
        return
    refusal = _refusal(paper)
    if refusal:
        yield f"{where}: {refusal}"
        return
    yield from (f"{where}: {complaint}" for complaint in _complaints(paper))
    yield _draft(paper, where, f"{name.rpartition('/')[2]}, {where}", base)


def _refusal(paper: Any) -> str | None:
    """Return why a line is no paper at all."""
    if not isinstance(paper, dict):
        return "not an object"
    numbers = [paper[key] for key in _IDS if isinstance(paper.get(key), int | float)]
    if numbers:
        return lost_zero(numbers[0])
    return None if string(paper, "title") else "no title"


def _complaints(paper: dict[str, Any]) -> Iterator[str]:
    """Yield what a paper says that is not understood and therefore left out."""
    for key in _DATES:
        if paper.get(key) is not None and _date(paper[key]) is None:
            yield f"{key} is not a date: {_shown(paper[key])}"
    if string(paper, "arxiv_id") and not identity.arxiv_id(paper["arxiv_id"]):
        yield f"arxiv_id is not an arXiv id: {_shown(paper['arxiv_id'])}"
    for key in _COUNTS:
        if paper.get(key) is not None and not is_count(paper[key]):
            yield f"{key} is not a whole number: {_shown(paper[key])}"
    for signal in items_of(paper, "signals"):
        if _observation(signal) is None:
            yield f"not a signal: {_shown(signal)}"


def _draft(paper: dict[str, Any], where: str, place: str, base: str | None) -> Draft:
    submitted, announced, listed = (_date(paper.get(key)) for key in _DATES)
    return Draft(
        where=where,
        title=wording(string(paper, "title"), text.clean),
        abstract=wording(string(paper, "abstract", "summary"), text.clean),
        id=string(paper, "id"),
        link=string(paper, "url"),
        base=base,
        pdf=string(paper, "pdf_url"),
        code=string(paper, "code_url"),
        authors=tuple(_name(author) for author in _list(paper, "authors")),
        categories=tuple(each for each in _list(paper, "categories", "tags") if isinstance(each, str)),
        arxiv_id=string(paper, "arxiv_id"),
        doi=string(paper, "doi"),
        version=paper["version"] if is_count(paper.get("version")) else None,
        submitted=submitted,
        announced=announced,
        listed=listed,
        place=place,
        signals=tuple(_signals(paper)),
    )


def _list(paper: dict[str, Any], *keys: str) -> list[Any]:
    """Return a list, also where a single text stands instead of one."""
    return items_of(paper, *keys) or [string(paper, *keys)]


def _name(author: Any) -> str:
    return author if isinstance(author, str) else string(author, "name")


def _date(found: Any) -> datetime | None:
    return dates.parse(found) if isinstance(found, str) else None


def _signals(paper: dict[str, Any]) -> Iterator[Observation]:
    yield from filter(None, map(_observation, items_of(paper, "signals")))
    for key, kind in _COUNTS.items():
        if is_count(paper.get(key)):
            yield Observation(kind=kind, value=paper[key])


def _observation(signal: Any) -> Observation | None:
    kind = string(signal, "kind")
    if kind not in list(SignalKind) or not is_count(signal.get("value")):
        return None
    at = _date(signal.get("at"))
    unclear = signal.get("at") is not None and at is None
    return None if unclear else Observation(kind=SignalKind(kind), value=signal["value"], at=at)


def _shown(found: Any) -> str:
    return text.shorten(text.tidy(repr(found)), 60)
