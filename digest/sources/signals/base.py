"""The contract of a meter: what to ask a service about papers, and how to read the numbers that come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol, TypeVar

from digest.model import Observation, Paper, PaperId, SignalKind, Value
from digest.sources.json import is_count

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOOKS = (timedelta(0), *(hours * HOUR for hours in (1, 3, 6, 12, 24, 48)), 4 * DAY, 8 * DAY, 16 * DAY)
"""When a paper is looked at, from its enrolment on: 70 % of a paper's votes come on its first day."""

T = TypeVar("T")


class Limit(Value):
    """How fast a service may be asked: one question each `every`, and up to `burst` of them at once after a silence."""

    every: timedelta
    burst: int


class Subject(Value):
    """A paper as a service knows it: `handle` is an id, an address or a repository, whatever it is asked by."""

    paper_id: PaperId
    handle: str


class Question(Value):
    """One question about some papers, that have one handle or several. A question with a `body` is a POST of JSON."""

    url: str
    about: tuple[Subject, ...]
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


Numbers = Mapping[PaperId, tuple[Observation, ...]]


class Meter(Protocol):
    """A service that counts something about papers. Holds no state and touches nothing but its arguments."""

    name: str
    """What its settings and its series are called."""
    server: str
    """Where it is asked: scheme and host, without a slash behind."""
    about: str
    """What it needs to know of a paper: `arxiv`, `id`, `code` (see `Readings.enrol` of the store)."""
    only_counted: bool
    """Whether it is asked only about papers that a source counts votes for, or that were picked."""
    continues: str | None
    """The kind of source whose own series its numbers go on with, if that source announced the paper."""
    at_once: int
    """The most papers in one question."""
    looks: tuple[timedelta, ...]
    """When it is asked about a paper, counted from the paper's enrolment."""

    def limit(self, *, keyed: bool) -> Limit:
        """Return how fast it may be asked, without a key or with one."""

    def with_key(self, question: Question, key: str) -> Question:
        """Return a question that shows a key."""

    def subject(self, paper: Paper) -> Subject | None:
        """Return what the service calls a paper; None if it cannot know it."""

    def questions(self, subjects: Sequence[Subject], *, now: datetime, at_once: int) -> tuple[Question, ...]:
        """Return the fewest questions about these papers in their order, each about at most `at_once` handles."""

    def parse(self, data: bytes, question: Question) -> Numbers:
        """Return the numbers in an answer. A paper that the service does not know is absent.

        Raises SourceError if the answer cannot be read. What is no count is left out.
        """


def observed(counts: Mapping[SignalKind, object]) -> tuple[Observation, ...]:
    """Return the counts among these values; what is no count, such as null, is not known."""
    return tuple(Observation(kind=kind, value=count) for kind, count in counts.items() if is_count(count))


def together(subjects: Iterable[Subject]) -> dict[str, tuple[Subject, ...]]:
    """Return subjects by their handle: two papers may have one repository."""
    found: dict[str, tuple[Subject, ...]] = {}
    for subject in subjects:
        found[subject.handle] = (*found.get(subject.handle, ()), subject)
    return found


def chunks(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield the items in their order, at most `size` at a time."""
    left = iter(items)
    while chunk := tuple(islice(left, size)):
        yield chunk
