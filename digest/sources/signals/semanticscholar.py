"""Citations from Semantic Scholar's batch of papers (api.semanticscholar.org/api-docs/graph).

It knows a new preprint only after days, and citations take longer: so it is asked late and seldom. A batch may hold 500
ids, but fails past 100 now and then, and one bad id spoils the whole: who asks halves a batch that failed. A key gives
one question a second; without one all the world shares a pool.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.model import Observation, Paper, PaperId, SignalKind
from digest.sources.signals.answers import answer_of
from digest.sources.signals.base import DAY, Limit, Numbers, Question, Subject, chunks, observed, together

LATE = (4 * DAY, 8 * DAY, 16 * DAY, 32 * DAY)


class SemanticScholar:
    """See `Meter`."""

    name = "semantic_scholar"
    about = "id"
    only_counted = False
    continues: str | None = None
    at_once = 100
    looks: tuple[timedelta, ...] = LATE

    def __init__(self, server: str = "https://api.semanticscholar.org") -> None:
        self.server = server

    def limit(self, *, keyed: bool) -> Limit:
        """See `Meter`: never two at once, for its limit is counted in seconds."""
        return Limit(every=timedelta(seconds=30 if keyed else 120), burst=1)

    def with_key(self, question: Question, key: str) -> Question:
        """See `Meter`."""
        return replace(question, headers=(("x-api-key", key),))

    def subject(self, paper: Paper) -> Subject | None:
        """See `Meter`."""
        if paper.arxiv_id:
            return Subject(paper_id=paper.id, handle=f"ARXIV:{paper.arxiv_id}")
        return Subject(paper_id=paper.id, handle=f"DOI:{paper.doi}") if paper.doi else None

    def questions(self, subjects: Sequence[Subject], *, now: datetime, at_once: int) -> tuple[Question, ...]:
        """See `Meter`."""
        return tuple(
            Question(
                url=f"{self.server}/graph/v1/paper/batch?fields=citationCount",
                about=tuple(subject for _, group in batch for subject in group),
                body=json.dumps({"ids": [handle for handle, _ in batch]}).encode(),
            )
            for batch in chunks(together(subjects).items(), at_once)
        )

    def parse(self, data: bytes, question: Question) -> Numbers:
        """See `Meter`. The answer has the order of the question, and null for what is not known."""
        found = answer_of(data, list, "Semantic Scholar")
        numbers: dict[PaperId, tuple[Observation, ...]] = {}
        for group, paper in zip(together(question.about).values(), found, strict=False):
            if isinstance(paper, dict):
                cited = observed({SignalKind.CITATIONS: paper.get("citationCount")})
                numbers |= {subject.paper_id: cited for subject in group}
        return numbers
