"""Look: ask services for the numbers that are due, and write down how it went.

A service that is absent, slow or full rests and is asked later; it fails no poll and stops no other. What it may be
asked in a span is reserved in the store before it is asked, so that a restart or a second process asks no more.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from msgspec.structs import replace

from digest.app import App
from digest.errors import FetchError
from digest.fetch import Request, Response
from digest.model import MeterHealth, PaperId, Reading, Signal, SourceId, Value
from digest.sources.signals import METERS, Meter, Question
from digest.work import hearing, pace
from digest.work.hearing import Heard, TroubleError
from digest.work.manners import Jitter
from digest.work.polling import fetcher_of, spread
from digest.work.turns import queue_of

# A paper announced or picked this long ago is enrolled; what is learned later, such as its code, still counts.
WORTH = timedelta(days=3)
ENROL_EVERY = timedelta(minutes=10)
# After that no further question is begun: what is left stays due, and the other chores are not kept waiting.
ROUND = timedelta(seconds=20)
# One look is over long before; a process that was killed gives way after it.
LEASE = timedelta(minutes=10)


class Client(Protocol):
    """Who asks: the fetcher of the site."""

    async def get(self, request: Request) -> Response:
        """Raises FetchError."""


class MeterReport(Value):
    """What came of asking a service: questions, the papers in them, new numbers, papers it does not know.

    With `error` it failed; what it had answered before is kept, and `rests_until` says when it is asked again.
    """

    meter: str
    enrolled: int = 0
    questions: int = 0
    papers: int = 0
    numbers: int = 0
    unknown: int = 0
    rests_until: datetime | None = None
    error: str | None = None


class _Plan(NamedTuple):
    """What is asked of a service in one look, about papers with these readings. `key` is "" for none."""

    questions: tuple[Question, ...]
    readings: dict[PaperId, Reading]
    key: str
    enrolled: int


def switched_on(app: App) -> list[Meter]:
    """Return the services that the settings allow."""
    return [meter for meter in METERS if getattr(app.settings.signals, meter.name)]


async def look(
    app: App,
    *,
    meters: Sequence[Meter] | None = None,
    client: Client | None = None,
    jitter: Jitter = spread,
    tell: Callable[[MeterReport], None] = lambda report: None,
) -> list[MeterReport]:
    """Ask each service that is switched on what is due, services side by side; `tell` hears of those that were asked.

    Nothing is asked while another process does. Raises StoreError only if the store cannot be used at all.
    """
    chosen, holder = switched_on(app) if meters is None else meters, secrets.token_hex(8)
    if not chosen or not await asyncio.to_thread(_take_turn, app, holder):
        return []
    try:
        async with AsyncExitStack() as stack:
            if client is None:
                client = await stack.enter_async_context(fetcher_of(app.settings, app.now, queue=queue_of(app)))
            reports = await asyncio.gather(*map(_Looker(app, client, jitter).look, chosen))
    finally:
        await asyncio.to_thread(app.store.drop_lease, "signals", holder=holder, now=app.now())
    for report in reports:
        if report.questions or report.error:
            tell(report)
    return reports


def _take_turn(app: App, holder: str) -> bool:
    now = app.now()
    return app.store.take_lease("signals", holder=holder, now=now, until=now + LEASE) is not None


class _Looker(NamedTuple):
    app: App
    client: Client
    jitter: Jitter

    async def look(self, meter: Meter) -> MeterReport:
        """Ask one service; whatever goes wrong is in the report."""
        try:
            plan = await asyncio.to_thread(self._plan, meter)
            if not plan.questions:
                return MeterReport(meter=meter.name, enrolled=plan.enrolled)
            answers, trouble = await self._ask(meter, plan)
            return await asyncio.to_thread(self._save, meter, plan, answers, trouble)
        except Exception as error:  # the shell of one service: whatever it is, the others go on
            return MeterReport(meter=meter.name, error=f"{type(error).__name__}: {error}")

    def _plan(self, meter: Meter) -> _Plan:
        """Choose what is asked now, and reserve it."""
        now, key = self.app.now(), getattr(self.app.settings.signals, f"{meter.name}_key", "")
        limit = meter.limit(keyed=bool(key))
        with self.app.store.transaction():
            health, enrolled = self._enrolled(meter, now)
            cooling = _host(meter) in self.app.store.cooling_hosts(now)
            allowed = 0 if cooling else pace.allowance(health, limit, now)
            questions, readings = self._due(meter, now, allowed, pace.at_once(health, meter.at_once))
            if questions:
                self.app.store.save_meter(pace.reserved(health, limit, now, questions=len(questions)))
        return _Plan(questions, readings, key, enrolled)

    def _enrolled(self, meter: Meter, now: datetime) -> tuple[MeterHealth, int]:
        """Watch what came since the last time, and forget what is long done."""
        store = self.app.store
        health = store.meters().get(meter.name, MeterHealth(meter=meter.name))
        if health.enrolled and now < health.enrolled + ENROL_EVERY:
            return health, 0
        count = store.enrol(
            meter.name,
            about=meter.about,
            only_counted=meter.only_counted,
            start=now - WORTH,
            now=now,
            next_at=now + meter.looks[0],
        )
        store.forget_readings(meter.name, before=now - pace.LONGEST_WATCH)
        health = replace(health, enrolled=now)
        store.save_meter(health)
        return health, count

    def _due(
        self, meter: Meter, now: datetime, allowed: int, size: int
    ) -> tuple[tuple[Question, ...], dict[PaperId, Reading]]:
        """Return the questions that are due and allowed; papers that turn out not to be askable are watched no more."""
        due = self.app.store.due_readings(meter.name, now, limit=allowed * size) if allowed else []
        if not due:
            return (), {}
        papers = self.app.store.papers(reading.paper_id for reading in due)
        subjects = {id_: meter.subject(paper) for id_, paper in papers.items()}
        useless = [reading for reading in due if not subjects.get(reading.paper_id)]
        self.app.store.save_readings(replace(reading, next_at=None) for reading in useless)
        known = [subject for reading in due if (subject := subjects.get(reading.paper_id))]
        questions = meter.questions(known, now=now, at_once=size)[:allowed]
        return questions, {reading.paper_id: reading for reading in due}

    async def _ask(self, meter: Meter, plan: _Plan) -> tuple[list[Heard], TroubleError | None]:
        """Ask one question after the other, until one fails, the service has had enough, or the round is over."""
        answers: list[Heard] = []
        ends = asyncio.get_running_loop().time() + ROUND.total_seconds()
        for question in plan.questions:
            try:
                answers.append(await self._answer(meter, plan, question))
            except TroubleError as trouble:
                return answers, trouble
            if answers[-1].wait or asyncio.get_running_loop().time() > ends:
                break
        return answers, None

    async def _answer(self, meter: Meter, plan: _Plan, question: Question) -> Heard:
        asked = meter.with_key(question, plan.key) if plan.key else question
        try:
            answer = await self.client.get(hearing.request(asked, plan.readings))
        except FetchError as error:
            why = error.message.replace(plan.key, "(key)") if plan.key else error.message
            raise TroubleError(why) from error
        return hearing.heard(meter, question, answer, self.app.now())

    def _save(self, meter: Meter, plan: _Plan, answers: Sequence[Heard], trouble: TroubleError | None) -> MeterReport:
        readings = [after for one in answers for after in hearing.after(meter, one, plan.readings)]
        if trouble:
            readings += hearing.put_off(meter, trouble, plan.readings, self.app.now())
        with self.app.store.transaction():
            count = self.app.store.save_signals(self._signals(meter, answers, plan))
            self.app.store.save_readings(readings)
            health = self._health(meter, answers, trouble)
            self.app.store.save_meter(health)
        return MeterReport(
            meter=meter.name,
            enrolled=plan.enrolled,
            questions=len(answers) + bool(trouble),
            papers=sum(len(one.question.about) for one in answers),
            numbers=count,
            unknown=sum(reading.unknown for reading in readings),
            rests_until=health.rests_until,
            error=str(trouble) if trouble else None,
        )

    def _health(self, meter: Meter, answers: Sequence[Heard], trouble: TroubleError | None) -> MeterHealth:
        now, health = self.app.now(), self.app.store.meters()[meter.name]
        if answers:
            health = pace.after_answers(health, now, wait=answers[-1].wait)
        if trouble:
            health = pace.after_trouble(health, str(trouble), now, jitter=self.jitter, wait=trouble.wait)
        if trouble and trouble.wait and health.rests_until:
            # The sources of that host rest with it, as it rests with them.
            self.app.store.cool_host(_host(meter), health.rests_until)
        return health

    def _signals(self, meter: Meter, answers: Sequence[Heard], plan: _Plan) -> list[Signal]:
        # By the id it has now: it may have turned out to be another paper meanwhile, or be gone.
        there = {id_: paper.id for id_, paper in self.app.store.papers(plan.readings).items()}
        series = self._series(meter, there.values())
        return [
            Signal(paper_id=there[id_], kind=kind, source_id=series[there[id_]], at=one.at, value=value)
            for one in answers
            for id_, numbers in hearing.numbers_of(one, plan.readings).items()
            if id_ in there
            for kind, value in numbers.items()
        ]

    def _series(self, meter: Meter, ids: Iterable[PaperId]) -> dict[PaperId, SourceId]:
        """Return whose series a paper's numbers belong to: the list's that announced it, or the service's own."""
        own = SourceId(meter.name)
        if not meter.continues:
            return dict.fromkeys(ids, own)
        lists = {source.id for source in self.app.store.sources() if source.kind == meter.continues}
        announcers = self.app.store.announcers(ids)
        return {id_: next((one for one in announcers.get(id_, ()) if one in lists), own) for id_ in ids}


def _host(meter: Meter) -> str:
    return urlsplit(meter.server).hostname or ""
