"""When two announcements are of the same paper: ids read from any of their spellings, and keys made of content.

Keys read `kind:value`; two entries that share one announce the same paper, unless `conflict` says that a stronger
id of both differs. A title alone never merges papers: surveys of one field carry interchangeable titles.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import unquote

from digest.model import Entry, Paper, PaperId
from digest.text import fold

# 80 bits: among 10^7 papers the chance of any two colliding by accident is 4e-11 (n^2 / 2 / 2^80).
_HASH_BYTES = 10

_ARCHIVES = (
    "acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas cond-mat cs dg-ga "
    "econ eess funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph mtrl-th nlin nucl-ex nucl-th patt-sol physics "
    "plasm-ph q-alg q-bio q-fin quant-ph solv-int stat supr-con"
)
# Four digits behind the point until 1412, five from 1501 on: https://info.arxiv.org/help/arxiv_identifier.html
_NEW_STYLE = (
    r"(?:0(?:7(?:0[4-9]|1[0-2])|[89](?:0[1-9]|1[0-2]))|1[0-4](?:0[1-9]|1[0-2]))\.[0-9]{4}"
    r"|(?:1[5-9]|[2-8][0-9])(?:0[1-9]|1[0-2])\.[0-9]{5}"
)
_OLD_STYLE = rf"(?:{'|'.join(_ARCHIVES.split())})(?:\.[a-z]{{2}})?/[0-9]{{7}}"
_ARXIV = re.compile(
    rf"""(?: (?:https?://)?(?:[a-z0-9-]+\.)*(?:arxiv|alphaxiv|ar5iv)\.org/
             (?:abs|pdf|html|format|src|e-print|ps)/(?:arxiv:)?
           | (?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:api/)?papers/
           | (?:https?://)?(?:www\.)?semanticscholar\.org/arxiv/
           | (?:https?://)?(?:dx\.)?(?:doi\.org/)?(?:doi:\s?)?10\.48550/arxiv\.
           | oai:arxiv\.org: | arxiv:\s?
         )?
         (?P<id>{_NEW_STYLE}|{_OLD_STYLE})(?:v(?P<version>[1-9][0-9]{{0,2}}))?
         (?:\s?\[[a-z.-]{{2,20}}\]|(?:\.pdf|\.md)?/?(?:[?\#].*)?)""",
    re.VERBOSE | re.IGNORECASE | re.ASCII | re.DOTALL,
)
_DOI = re.compile(
    r"(?:https?://)?(?:dx\.|www\.)?(?:doi\.org/)?(?:doi:\s?)?(?P<doi>10\.[0-9]{4,9}(?:\.[0-9]+)*/\S{1,500})",
    re.IGNORECASE,
)
_ARXIV_DOI = "10.48550/arxiv."
_SUBJECT_CLASS = re.compile(r"\.[a-z]{2}(?=/)")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


def arxiv_id(text: str) -> tuple[str, int | None] | None:
    """Return the arXiv id that `text` is, without its version, and the version if it has one; None if it is none.

    `text` is an id or an address, not prose: abs, pdf and html pages, `oai:arXiv.org:`, `arXiv:`, the DOI
    10.48550/arXiv.X, huggingface.co/papers/X, or bare. Zeros are kept: an id is text.
    """
    match = _ARXIV.fullmatch(text.strip()) if len(text) < 500 else None
    if not match:
        return None
    found, version = match["id"].lower(), match["version"]
    return _SUBJECT_CLASS.sub("", found) if "/" in found else found, int(version) if version else None


def doi(text: str) -> str | None:
    """Return the DOI that `text` is, in lower case, from a doi.org address, `doi:` or bare; None if it is none."""
    match = _DOI.fullmatch(text.strip()) if len(text) < 1000 else None
    if not match:
        return None
    found = (unquote(match["doi"]) if "doi.org" in text else match["doi"]).lower().rstrip(".,;")
    return found if found.isprintable() and " " not in found else None


def keys(entry: Entry) -> tuple[str, ...]:
    """Return the keys of an entry, strongest first; never empty.

    `arxiv:` and `doi:` are ids. `text:` is title and abstract: how saved pages merge. `title:` is title and first
    author's family name: the caller lets it merge within one year only. `bare:` is a title with nothing else.
    """
    arxiv, registered = _ids(entry)
    found = [f"arxiv:{arxiv}"] if arxiv else []
    if registered:
        found.append(f"doi:{registered}")
    if entry.abstract:
        found.append(_hashed("text", entry.title, entry.abstract))
    if entry.authors:
        found.append(_hashed("title", entry.title, _family_name(entry.authors[0])))
    return tuple(found) or (_hashed("bare", entry.title),)


def mint(entry: Entry) -> PaperId:
    """Return the id of a paper first announced by this entry: its strongest key."""
    return PaperId(keys(entry)[0])


def conflict(one: Entry | Paper, other: Entry | Paper) -> bool:
    """Say whether ids prove two works different, so that no weaker key may merge them.

    The same arXiv id settles it: a preprint's DOI changes when a journal prints it.
    """
    (arxiv, registered), (known_arxiv, known_registered) = _ids(one), _ids(other)
    if arxiv and known_arxiv:
        return arxiv != known_arxiv
    return bool(registered and known_registered and registered != known_registered)


def _ids(known: Entry | Paper) -> tuple[str | None, str | None]:
    """Return arXiv id and DOI; arXiv's own DOI is an arXiv id, and no other DOI contradicts it."""
    if known.doi and known.doi.lower().startswith(_ARXIV_DOI):
        read = arxiv_id(known.doi)
        return known.arxiv_id or (read[0] if read else None), None
    return known.arxiv_id, known.doi and known.doi.lower()


@lru_cache(maxsize=8192)
def _hashed(kind: str, *parts: str) -> str:
    """Return a key of folded parts. What folds to nothing, such as a title of signs alone, counts as it stands."""
    content = "\n".join(fold(part) or part for part in parts)
    return f"{kind}:{blake2b(content.encode('utf-8', 'replace'), digest_size=_HASH_BYTES).hexdigest()}"


def _family_name(author: str) -> str:
    """Return the family name of `Ana Ruiz`, `Ruiz, Ana` or `Ana Ruiz Jr.`; particles (`van der`) are left out."""
    name, comma, given = author.partition(",")
    words = fold(name).split()
    if comma and not _SUFFIXES.issuperset(fold(given).split()):
        return words[-1] if words else name
    words = [word for word in words if word not in _SUFFIXES] or words
    return words[-1] if words else name
