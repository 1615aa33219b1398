"""BibTeX, as Zotero, Mendeley, JabRef, Google Scholar and arXiv export it. bibtexparser reads the syntax.

It is linear, goes on behind an entry that is broken, and needs nothing that is not here already. `pybtex` stops at
the first error and is quadratic on joined values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from digest import identity, text
from digest.errors import SourceError
from digest.model import Batch, Source
from digest.sources import arxiv, dates, names
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.encoding import decode
from digest.sources.json import opens

if TYPE_CHECKING:
    from datetime import datetime

    from bibtexparser.model import Block

_HEAD = 1 << 16
_ENTRY = re.compile(
    r"^[ \t]*@(?:article|book(?:let)?|collection|comment|conference|dataset|electronic|"
    r"in(?:book|collection|proceedings)|manual|mastersthesis|misc|online|patent|periodical|phdthesis|preamble|preprint|proceedings|report|set|software|"
    r"string|techreport|thesis|unpublished)\s*[{(]",
    re.IGNORECASE | re.MULTILINE,
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_OTHERS = frozenset({"others", "et al", "et al."})


class BibtexReader:
    """BibTeX and BibLaTeX files."""

    format = "bibtex"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`: a line starts an entry; above it may stand whatever is no markup and no JSON."""
        if b"@" not in data[:_HEAD] or any(opens(data, bracket) for bracket in (b"<", b"{", b"[")):
            return False
        return _ENTRY.search(decode(data[:_HEAD])) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError if no entry is a paper."""
        shown, base = name.replace("\\", "/").rpartition("/")[2], base_of(source, name)
        read = batch(_items(decode(data), shown, base), source=source, kind=self.format)
        if not read.entries:
            why = next(iter(read.problems), "it holds no entry")
            raise SourceError(f"cannot read {name}: no entry is a paper: {why}", hint="export it again")
        return read


def _items(bibliography: str, file: str, base: str | None) -> Iterator[Draft | str]:
    from bibtexparser.model import Entry, ParsingFailedBlock

    for block in _blocks(bibliography):
        # An entry with a key or a field that is there already is told apart later.
        found = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else block
        where = f"line {(block.start_line or 0) + 1}"
        if isinstance(found, Entry):
            fields = {field.key.lower(): str(field.value) for field in reversed(found.fields)}
            yield _draft(fields, found.key, where, file, base)
        elif isinstance(block, ParsingFailedBlock):
            yield f"{where}: an entry is not closed"


def _blocks(bibliography: str) -> list[Block]:
    """Return the blocks in the order of the file. The library is imported on first use, and kept from printing."""
    from bibtexparser import splitter
    from bibtexparser.entrypoint import parse_string

    splitter.logger.disabled = True
    return parse_string(bibliography).blocks


def _draft(fields: dict[str, str], key: str, where: str, file: str, base: str | None) -> Draft:
    def said(*keys: str) -> str:
        return next((found for each in keys if (found := fields.get(each, "").strip())), "")

    published = _date(said("date"), said("year"), said("month"))
    return Draft(
        where=where,
        title=wording(said("title"), _read),
        abstract=wording(said("abstract"), _read),
        id=key,
        link=_read(said("url")),
        base=base,
        authors=_authors(said("author", "editor")),
        categories=tuple(_read(word) for word in re.split("[,;]", said("keywords"))),
        arxiv_id=_arxiv_id(fields),
        doi=_read(said("doi")),
        announced=published,
        listed=published,
        place=f"{file}, {where}",
    )


def _read(written: str) -> str:
    """Return TeX as text. The braces left over kept capitals from a bibliography's style."""
    return text.tidy(text.clean(written).replace("{", "").replace("}", ""))


def _authors(written: str) -> tuple[str, ...]:
    from bibtexparser.middlewares.names import split_multiple_persons_names

    people = split_multiple_persons_names(written) if written else []
    return tuple(_read(_upright(person)) for person in people if person.lower() not in _OTHERS)


def _upright(person: str) -> str:
    """Return a name in its natural order; one in braces is an organisation's, whatever commas it holds."""
    return person if person.startswith("{") else names.upright(person)


def _date(date: str, year: str, month: str) -> datetime | None:
    number = _MONTHS.index(month[:3].lower()) + 1 if month[:3].lower() in _MONTHS else month
    return dates.day(date.partition("/")[0]) or (dates.day(f"{year}-{number}") or dates.day(year) if year else None)


def _arxiv_id(fields: dict[str, str]) -> str:
    """Return the arXiv id: `eprint`, else where Google Scholar, DBLP and Zotero write it."""
    eprint = fields.get("eprint", "")
    if identity.arxiv_id(eprint):
        return eprint
    spellings = (fields.get(name, "") for name in ("journal", "volume", "number", "note", "howpublished", "publisher"))
    return next(filter(None, map(arxiv.stated, spellings)), "")
