"""Citations from OpenAlex (developers.openalex.org): for those who have its free key, without which it hardly answers.

A list of works filtered by up to 100 DOIs costs one of 10,000 questions a day. arXiv's papers have DOIs as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from msgspec.structs import replace

from digest import identity
from digest.model import Observation, Paper, PaperId, SignalKind
from digest.sources.json import items_of, string
from digest.sources.signals.answers import answer_of
from digest.sources.signals.base import Limit, Numbers, Question, Subject, chunks, observed, together
from digest.sources.signals.semanticscholar import LATE

# They part the filter: a DOI with one of them cannot be asked for.
_SYNTAX = frozenset(",|")


class OpenAlex:
    """See `Meter`."""

    name = "openalex"
    about = "id"
    only_counted = False
    continues: str | None = None
    at_once = 50
    looks: tuple[timedelta, ...] = LATE

    def __init__(self, server: str = "https://api.openalex.org") -> None:
        self.server = server

    def limit(self, *, keyed: bool) -> Limit:
        """See `Meter`."""
        return Limit(every=timedelta(minutes=1 if keyed else 30), burst=2)

    def with_key(self, question: Question, key: str) -> Question:
        """See `Meter`: in the address, the only place where it is read."""
        return replace(question, url=f"{question.url}&api_key={quote(key, safe='')}")

    def subject(self, paper: Paper) -> Subject | None:
        """See `Meter`."""
        doi = f"10.48550/arxiv.{paper.arxiv_id}" if paper.arxiv_id else paper.doi
        return Subject(paper_id=paper.id, handle=doi.lower()) if doi and _SYNTAX.isdisjoint(doi) else None

    def questions(self, subjects: Sequence[Subject], *, now: datetime, at_once: int) -> tuple[Question, ...]:
        """See `Meter`."""
        return tuple(
            Question(
                url=f"{self.server}/works?select=doi,cited_by_count&per-page={len(batch)}"
                f"&filter=doi:{quote('|'.join(handle for handle, _ in batch), safe='')}",
                about=tuple(subject for _, group in batch for subject in group),
            )
            for batch in chunks(together(subjects).items(), at_once)
        )

    def parse(self, data: bytes, question: Question) -> Numbers:
        """See `Meter`."""
        groups = together(question.about)
        numbers: dict[PaperId, tuple[Observation, ...]] = {}
        for work in items_of(answer_of(data, dict, "OpenAlex"), "results"):
            cited = observed({SignalKind.CITATIONS: work.get("cited_by_count") if isinstance(work, dict) else None})
            numbers |= {subject.paper_id: cited for subject in groups.get(identity.doi(string(work, "doi")) or "", ())}
        return numbers
