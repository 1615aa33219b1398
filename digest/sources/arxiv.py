"""What arXiv's own feeds do differently.

Its RSS puts id, version and kind of announcement in front of the abstract, and all authors into one element. Its API
answers an error with a feed of one entry, and now and then with an empty page.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from digest import identity
from digest.model import AnnounceType

_ANNOUNCEMENT = re.compile(r"\s*arXiv:(\S{9,40})\s+Announce Type:\s*([a-z-]{1,20})\s+(?:Abstract:\s*)?", re.IGNORECASE)
_ANNOUNCE_TYPES = {kind.value: kind for kind in AnnounceType}
_CITATION = re.compile(r"(?:arxiv\s(?:preprint|e-?prints?),?\s+)?(?:arxiv:\s?|abs/)(\S+)(?:\s+\[\S+\])?", re.IGNORECASE)
_PIECES = re.compile(r"([(),])")
_ERRORS = re.compile(r"https?://(?:export\.)?arxiv\.org/api/errors\b", re.I)
_FEED_ERROR = "feed error for query"
_WITHDRAWN = re.compile(
    r"""(?:\A|[.;]\s)\W*
        (?: (?:(?:this|the|our)\s)?(?:arxiv\s)?(?:paper|article|manuscript|submission|work|preprint|note)\s
            (?:(?:has|have)\sbeen\s|was\s|is\s)?(?:being\s|temporarily\s)?withdrawn\b
          | (?:has\sbeen\s)?withdrawn(?=\s(?:by|due|because)\b|\W*\Z) )""",
    re.VERBOSE | re.IGNORECASE,
)
_NOTE = 300
_ABSTRACT_PAGES = ("http://arxiv.org/abs/", "https://arxiv.org/abs/")


class Announcement(NamedTuple):
    """The line in front of an abstract in arXiv's RSS, and the abstract behind it."""

    id: str
    kind: AnnounceType | None
    abstract: str


def announcement(description: str) -> Announcement | None:
    """Return "arXiv:2603.01230v1 Announce Type: new Abstract: We study..." in its parts, or None if it is not that."""
    match = _ANNOUNCEMENT.match(description)
    if not match:
        return None
    return Announcement(match[1], announce_type(match[2]), description[match.end() :])


def announce_type(word: str) -> AnnounceType | None:
    """Return why a paper is announced, None for a word that arXiv did not have when this was written."""
    return _ANNOUNCE_TYPES.get(word.lower())


def authors(line: str) -> tuple[str, ...]:
    """Return the names in "Ana Ruiz (Acme, Inc.), Bo Li", less the affiliations: their brackets may hold commas."""
    if "(" not in line or line.count("(") != line.count(")"):
        return tuple(line.split(","))
    names, depth = [""], 0
    for piece in _PIECES.split(line):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and not depth:
            names.append("")
        elif piece != ")" and not depth:
            names[-1] += piece
    return tuple(names)


def stated(citation: str) -> str:
    """Return the arXiv id that a field of a citation consists of ("arXiv preprint arXiv:2603.01230"), else ""."""
    match = _CITATION.fullmatch(citation.strip()) if len(citation) < _NOTE else None
    return match[1] if match and identity.arxiv_id(match[1]) else ""


def is_error(entry_id: str) -> bool:
    """Say whether the entry of an answer is arXiv's way to say that it has none."""
    return _ERRORS.match(entry_id) is not None


def feed_error(title: str) -> bool:
    """Say whether the feed of this title is arXiv's way to say that it knows no such category."""
    return title.lower().startswith(_FEED_ERROR)


def withdrawn(abstract: str, comment: str = "") -> bool:
    """Say whether its authors took a paper back: arXiv says so only in prose, in front of the one or in the other.

    An abstract counts only where it begins, for papers also study what others withdrew.
    """
    return _WITHDRAWN.match(abstract) is not None or _WITHDRAWN.search(comment[:_NOTE]) is not None


def is_search_result(entry_id: str) -> bool:
    """Say whether an entry is from arXiv's search API, where "published" is when the first version was submitted."""
    return entry_id.lower().startswith(_ABSTRACT_PAGES)
