"""A paper for those who cite it: a BibTeX entry, and the tags by which Zotero, Google Scholar and others read a page.

The tags are Highwire Press's, which https://scholar.google.com/intl/en/scholar/inclusion.html asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from digest.model import Paper, Rights
from digest.text import fold, safe_url, tidy, within

_MOST_AUTHORS = 100
_LONGEST = 400
_LONGEST_ABSTRACT = 10_000  # bytes
# What TeX would take for a command. BibTeX counts braces behind a backslash too, so those are written as words.
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_SPECIAL_SIGN = re.compile("[" + re.escape("".join(_SPECIAL)) + "]")


def citation_tags(paper: Paper) -> tuple[tuple[str, str], ...]:
    """Return the names and contents of a page's citation tags; what is not known has none. Nothing of a tombstone."""
    return () if paper.withdrawn else tuple(_tags(paper))


def bibtex(paper: Paper) -> str:
    """Return a paper as a BibTeX entry with a key like `ruiz2026caching`; whatever its texts hold, it is one entry."""
    fields = "".join(f"  {name} = {{{value}}},\n" for name, value in _fields(paper))
    return f"@misc{{{_key(paper)},\n{fields}}}\n"


def _tags(paper: Paper) -> Iterator[tuple[str, str]]:
    yield "citation_title", _plain(paper.title)
    for author in _people(paper):
        yield "citation_author", author
    if dated := _dated(paper):
        yield "citation_publication_date", f"{dated:%Y/%m/%d}"
    if paper.doi:
        yield "citation_doi", _plain(paper.doi)
    if paper.arxiv_id:
        yield "citation_arxiv_id", _plain(paper.arxiv_id)
    for name, url in (("citation_pdf_url", paper.links.pdf), ("citation_abstract_html_url", paper.links.abstract)):
        if url and (safe := safe_url(url)):
            yield name, safe
    if paper.abstract and paper.rights is Rights.FULL:
        yield "citation_abstract", tidy(within(paper.abstract, _LONGEST_ABSTRACT))


def _fields(paper: Paper) -> Iterator[tuple[str, str]]:
    yield "title", f"{{{_tex(paper.title)}}}"
    if people := _people(paper):
        more = " and others" if len(paper.authors) > len(people) else ""
        yield "author", " and ".join(_name(author) for author in people) + more
    if dated := _dated(paper):
        yield "year", f"{dated:%Y}"
    if paper.arxiv_id:
        yield "eprint", _tex(paper.arxiv_id)
        yield "archiveprefix", "arXiv"
        if paper.categories:
            yield "primaryclass", _tex(paper.categories[0])
    if paper.doi:
        yield "doi", _tex(paper.doi)
    if paper.links.abstract and (url := safe_url(paper.links.abstract)):
        yield "url", _address(url)


def _people(paper: Paper) -> tuple[str, ...]:
    return tuple(filter(None, map(_plain, paper.authors[:_MOST_AUTHORS])))


def _dated(paper: Paper) -> datetime | None:
    return paper.submitted or paper.announced or paper.listed


def _key(paper: Paper) -> str:
    """Return first author's family name, year and first long word of the title, in plain letters and digits."""
    author = _plain(paper.authors[0]) if paper.authors else ""
    family = author.partition(",")[0] if "," in author else author.rpartition(" ")[2]
    word = next((word for word in _letters(paper.title).split() if len(word) > 3), "")
    dated = _dated(paper)
    parts = (_letters(family).replace(" ", ""), f"{dated:%Y}" if dated else "", word)
    return "".join(parts)[:60] or "paper"


def _letters(text: str) -> str:
    return re.sub("[^a-z0-9]+", " ", fold(text)).strip()


def _name(author: str) -> str:
    """Return one name. What BibTeX would take for several, or for "et al.", is kept together by braces."""
    written = _tex(author)
    whole = re.search(r"\b(and|others)\b", author) or author.count(",") > 1
    return f"{{{written}}}" if whole else written


def _tex(text: str) -> str:
    return _SPECIAL_SIGN.sub(lambda sign: _SPECIAL[sign[0]], _plain(text))


def _address(url: str) -> str:
    """Return an address, in which no sign may be written otherwise, without the signs that end an entry."""
    return url.replace("\\", "%5C").replace("{", "%7B").replace("}", "%7D")


def _plain(text: str) -> str:
    return tidy(text)[:_LONGEST].strip()
