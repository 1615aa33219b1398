"""Stars of the repository that a paper names, from GitHub (docs.github.com/rest/repos/repos#get-a-repository).

Without a token GitHub answers 60 questions an hour, with one 5,000; “not modified” costs nothing. A repository that was
renamed is answered by 301.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.model import Paper, SignalKind
from digest.sources.signals.answers import answer_of
from digest.sources.signals.base import LOOKS, Limit, Numbers, Question, Subject, observed, together

_REPOSITORY = re.compile(
    r"https?://(?:www\.)?github\.com/([\w-]{1,39})/([\w.-]{1,100}?)(?:\.git)?(?:[/?#].*)?", re.ASCII
)
_NO_REPOSITORY = frozenset({".", ".."})


class GitHub:
    """See `Meter`."""

    name = "github"
    about = "code"
    only_counted = False
    continues: str | None = None
    at_once = 1
    looks: tuple[timedelta, ...] = LOOKS

    def __init__(self, server: str = "https://api.github.com") -> None:
        self.server = server

    def limit(self, *, keyed: bool) -> Limit:
        """See `Meter`: up to 58 an hour of 60, up to 1,860 of 5,000."""
        if keyed:
            return Limit(every=timedelta(seconds=2), burst=60)
        return Limit(every=timedelta(seconds=75), burst=10)

    def with_key(self, question: Question, key: str) -> Question:
        """See `Meter`."""
        return replace(question, headers=(("Authorization", f"Bearer {key}"),))

    def subject(self, paper: Paper) -> Subject | None:
        """See `Meter`: owner and name in lower case, for GitHub does not tell their case apart."""
        match = _REPOSITORY.fullmatch(paper.links.code or "")
        if not match or match[2] in _NO_REPOSITORY:
            return None
        return Subject(paper_id=paper.id, handle=f"{match[1]}/{match[2]}".lower())

    def questions(self, subjects: Sequence[Subject], *, now: datetime, at_once: int) -> tuple[Question, ...]:
        """See `Meter`: one question a repository, for all papers that name it."""
        return tuple(
            Question(url=f"{self.server}/repos/{handle}", about=about) for handle, about in together(subjects).items()
        )

    def parse(self, data: bytes, question: Question) -> Numbers:
        """See `Meter`."""
        found = answer_of(data, dict, "GitHub")
        stars = observed({SignalKind.STARS: found.get("stargazers_count")})
        return {subject.paper_id: stars for subject in question.about}
