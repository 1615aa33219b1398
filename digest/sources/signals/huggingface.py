"""Votes of a paper that has left the daily list, from its own page (huggingface.co/api/papers/ID).

The daily list shows a day; after it a paper's votes grow by a third more in the median, and by ten times for a few.
Anonymous programs have 500 questions in five minutes. A paper that nobody opened there is answered by 404.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.model import Paper, SignalKind
from digest.sources.json import items_of
from digest.sources.signals.answers import answer_of
from digest.sources.signals.base import DAY, HOUR, Limit, Numbers, Question, Subject, observed, together


class HuggingFace:
    """See `Meter`."""

    name = "huggingface"
    about = "arxiv"
    only_counted = True
    continues: str | None = "daily-papers"
    at_once = 1
    looks: tuple[timedelta, ...] = (6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 8 * DAY, 16 * DAY)

    def __init__(self, server: str = "https://huggingface.co") -> None:
        self.server = server

    def limit(self, *, keyed: bool) -> Limit:
        """See `Meter`: up to 160 in five minutes."""
        return Limit(every=timedelta(seconds=3), burst=60)

    def with_key(self, question: Question, key: str) -> Question:
        """See `Meter`."""
        return replace(question, headers=(("Authorization", f"Bearer {key}"),))

    def subject(self, paper: Paper) -> Subject | None:
        """See `Meter`."""
        return Subject(paper_id=paper.id, handle=paper.arxiv_id) if paper.arxiv_id else None

    def questions(self, subjects: Sequence[Subject], *, now: datetime, at_once: int) -> tuple[Question, ...]:
        """See `Meter`."""
        return tuple(
            Question(url=f"{self.server}/api/papers/{handle}", about=about)
            for handle, about in together(subjects).items()
        )

    def parse(self, data: bytes, question: Question) -> Numbers:
        """See `Meter`. Comments come as a number, or as themselves."""
        found = answer_of(data, dict, "Hugging Face")
        counts = {
            SignalKind.UPVOTES: found.get("upvotes"),
            SignalKind.COMMENTS: found.get("numComments", len(items_of(found, "comments")) or None),
            SignalKind.STARS: found.get("githubStars"),
        }
        return {subject.paper_id: observed(counts) for subject in question.about}
