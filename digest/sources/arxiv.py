"""What arXiv's own feeds do differently.

Its RSS puts id, version and kind of announcement in front of the abstract, and all authors into one element. Its API
answers an error with a feed of one entry.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from digest.model import AnnounceType

_ANNOUNCEMENT = re.compile(r"\s*arXiv:(\S{9,40})\s+Announce Type:\s*([a-z-]{1,20})\s+(?:Abstract:\s*)?", re.IGNORECASE)
_ANNOUNCE_TYPES = {kind.value: kind for kind in AnnounceType}
_PIECES = re.compile(r"([(),])")
_ERRORS = re.compile(r"https?://(?:export\.)?arxiv\.org/api/errors\b", re.I)
_ABSTRACT_PAGE = re.compile(r"https?://arxiv\.org/abs/", re.I)


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


def is_error(entry_id: str) -> bool:
    """Say whether the entry of an answer is arXiv's way to say that it has none."""
    return _ERRORS.match(entry_id) is not None


def is_search_result(entry_id: str) -> bool:
    """Say whether an entry is from arXiv's search API, where "published" is when the first version was submitted."""
    return _ABSTRACT_PAGE.match(entry_id) is not None
