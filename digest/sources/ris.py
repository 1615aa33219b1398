"""RIS: a tag a line, a record from TY to ER. What Zotero, Mendeley, EndNote and most publishers export.

Our own reader, because those we tried lose a record whose end is missing without a word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from digest import text
from digest.errors import SourceError
from digest.model import Batch, Source
from digest.sources import arxiv, dates, names
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.encoding import decode

_HEAD = 1 << 12
_START = re.compile(r"\s*TY {1,2}-(?:\s|\Z)")
_TAG = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?: (.*))?")
_BOUNDS = frozenset({"TY", "ER"})
_DATE = re.compile(r"([0-9]{4})(?:/([0-9]{1,2}))?(?:/([0-9]{1,2}))?(?:/.*)?")

Record = dict[str, tuple[str, ...]]


class RisReader:
    """RIS files."""

    format = "ris"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`."""
        return b"TY" in data[:_HEAD] and _START.match(decode(data[:_HEAD]).lstrip("\ufeff")) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError if no record is a paper."""
        shown, base = name.replace("\\", "/").rpartition("/")[2], base_of(source, name)
        drafts = (_draft(record, number, shown, base) for number, record in enumerate(_records(decode(data)), 1))
        read = batch(drafts, source=source, kind=self.format)
        if not read.entries:
            why = next(iter(read.problems), "it holds none")
            raise SourceError(f"cannot read {name}: no record is a paper: {why}", hint="export it again")
        return read


def _records(lines: str) -> Iterator[Record]:
    """Yield the records; one without an end ends where the next begins, and a line without a tag goes on the last."""
    values: list[tuple[str, list[str]]] = []
    for line in lines.splitlines():
        match = _TAG.fullmatch(line.strip())
        if match and match[1] in _BOUNDS and values:
            yield _record(values)
            values = []
        if match and match[1] != "ER":
            values.append((match[1], [match[2] or ""]))
        elif values and not match:
            values[-1][1].append(line.strip())
    if values:
        yield _record(values)


def _record(values: list[tuple[str, list[str]]]) -> Record:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for tag, parts in values:
        found[tag].append(" ".join(filter(None, parts)))
    return {tag: tuple(written) for tag, written in found.items()}


def _draft(record: Record, number: int, file: str, base: str | None) -> Draft:
    published = _date(_first(record, "DA", "PY", "Y1"))
    return Draft(
        where=f"record {number}",
        title=wording(_first(record, "TI", "T1", "CT", "BT"), text.plain),
        abstract=wording(_first(record, "AB", "N2"), text.plain),
        id=_first(record, "DO", "ID"),
        link=_first(record, "UR"),
        base=base,
        pdf=_first(record, "L1") if "://" in _first(record, "L1") else "",
        authors=tuple(names.upright(name) for tag in ("AU", "A1") for name in record.get(tag, ())),
        categories=tuple(record.get("KW", ())),
        arxiv_id=_arxiv_id(record),
        doi=_first(record, "DO", "M3"),
        announced=published,
        listed=published,
        place=f"{file}, record {number}",
    )


def _first(record: Record, *tags: str) -> str:
    return next((value for tag in tags for value in record.get(tag, ()) if value.strip()), "")


def _date(written: str) -> datetime | None:
    match = _DATE.fullmatch(written.strip())
    return dates.day("-".join(filter(None, match.groups())) if match else written)


def _arxiv_id(record: Record) -> str:
    """Return the arXiv id where exports put it beside the address: the accession number, the publisher, a note."""
    spellings = (value for tag in ("AN", "M1", "N1", "PB", "JO", "T2") for value in record.get(tag, ()))
    return next(filter(None, map(arxiv.stated, spellings)), "")
