"""What the answer of a service means for the papers it was asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http.client import responses
from typing import NamedTuple

from msgspec.structs import replace

from digest.errors import SourceError
from digest.fetch import Request, Response
from digest.model import PaperId, Reading, SignalKind
from digest.sources.signals import Meter, Numbers, Question
from digest.work import pace

JSON = "application/json"

_NOT_MODIFIED, _KEY_REFUSED = 304, 401
_GOOD = range(200, 300)
# What a service says about one paper, not about itself.
_UNKNOWN = frozenset({400, 404, 410, 422, 451})
_THROTTLED = frozenset({403, 406, 429, 503})

Readings = Mapping[PaperId, Reading]


class Heard(NamedTuple):
    """What a service said about the papers of a question; `numbers` is None if nothing changed since the last time.

    `wait` is how long until it may be asked again, if its limit is used up.
    """

    question: Question
    numbers: Numbers | None
    at: datetime
    address: str | None = None
    etag: str | None = None
    wait: timedelta | None = None


class TroubleError(Exception):
    """A question that failed; `blamed` is the question where it may be at fault, and not the service."""

    def __init__(self, why: str, *, wait: timedelta | None = None, blamed: Question | None = None) -> None:
        super().__init__(why)
        self.wait, self.blamed = wait, blamed


def request(question: Question, readings: Readings) -> Request:
    """Return what is sent: with validators only if all papers of the question have them of the same answer.

    Papers that share a repository may have been asked about at different times.
    """
    last = readings[question.about[0].paper_id]
    same = all(readings[subject.paper_id].etag == last.etag for subject in question.about)
    return Request(
        url=question.url,
        address=last.address if same else None,
        etag=last.etag if same else None,
        accept=JSON,
        body=question.body,
        headers=question.headers,
    )


def heard(meter: Meter, question: Question, answer: Response, at: datetime) -> Heard:
    """Return what an answer says. Raises TroubleError for one that says nothing about the papers."""
    if answer.status == _NOT_MODIFIED:
        return Heard(question, None, at, answer.url, answer.etag)
    if answer.status in _GOOD:
        return Heard(question, _read(meter, question, answer), at, answer.url, answer.etag, answer.retry_after)
    if answer.status in _UNKNOWN and _one(question):
        return Heard(question, {}, at)
    why = f"{meter.server} answers {answer.status} {responses.get(answer.status, '')}".rstrip()
    of_service = answer.status == _KEY_REFUSED or (answer.retry_after and answer.status in _THROTTLED)
    raise TroubleError(why, wait=answer.retry_after, blamed=None if of_service else question)


def numbers_of(one: Heard, readings: Readings) -> dict[PaperId, dict[SignalKind, int]]:
    """Return the numbers of each paper that the service knows; those that did not change are numbers of now, too."""
    if one.numbers is None:
        return {subject.paper_id: readings[subject.paper_id].numbers for subject in one.question.about}
    return {id_: {count.kind: count.value for count in counts} for id_, counts in one.numbers.items()}


def after(meter: Meter, one: Heard, readings: Readings) -> list[Reading]:
    """Return the readings of the papers of a question after its answer."""
    numbers = numbers_of(one, readings)
    return [
        replace(
            pace.after_look(readings[id_], numbers.get(id_), one.at, meter.looks),
            address=one.address,
            etag=one.etag or (readings[id_].etag if one.numbers is None else None),
        )
        for id_ in (subject.paper_id for subject in one.question.about)
    ]


def put_off(meter: Meter, trouble: TroubleError, readings: Readings, now: datetime) -> Sequence[Reading]:
    """Return the readings of a paper that may be why a service fails: it must not be asked about first for ever."""
    if trouble.blamed is None or not _one(trouble.blamed):
        return ()
    return after(meter, Heard(trouble.blamed, {}, now), readings)


def _read(meter: Meter, question: Question, answer: Response) -> Numbers:
    try:
        return meter.parse(answer.body, question)
    except SourceError as error:
        raise TroubleError(error.message, blamed=question) from error


def _one(question: Question) -> bool:
    return len({subject.handle for subject in question.about}) == 1
