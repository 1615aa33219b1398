"""Poll: ask the sources that are due, take in what is new, and write down how it went."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from msgspec.structs import replace

from digest import __version__
from digest.app import App
from digest.config.checks import duration
from digest.config.settings import Settings
from digest.errors import FetchError, SourceError, StoreError
from digest.fetch import GAPS, Fetcher, Limits, NoAnswerError, Queue, Request, Response, alone, host_of
from digest.model import Batch, Health, Source, SourceId
from digest.work.ledger import Ledger
from digest.work.manners import FIRST_RETRY, LONGEST_WAIT, Jitter, share_of, throttles
from digest.work.rhythm import SOONEST
from digest.work.turns import only_one, queue_of
from digest.work.visits import PollReport, Visit, batch_of, begun, bounded, broken, failure, taken

__all__ = ["AT_ONCE", "PollReport", "fetcher_of", "poll", "read_address", "spread"]

AT_ONCE = 16
# Of what was fetched and waits to be stored, in bytes.
_WAITING = 16_000_000
# 10 MB on the wire go with 32 MB unpacked.
_UNPACKED = 3.2
# Another process may be polling already; who names a source wants to see it polled.
_PATIENCE = timedelta(seconds=30)

# After that no other source is begun: those that are left stay due, and what comes after the polls is not kept waiting.
ROUND = timedelta(minutes=5)
# So often a host may fail to answer in one round; its other sources fail with it then, unasked.
_SILENT = 2

log = structlog.get_logger()


def spread(span: timedelta) -> timedelta:
    """The usual jitter: any time up to `span`, though not at once."""
    return max(SOONEST, span * random.random())


def fetcher_of(settings: Settings, now: Callable[[], datetime], *, queue: Queue = alone) -> Fetcher:
    """Return the client of a site: it says who asks, and keeps to the site's limits.

    With a `queue` it also waits for the other processes of the site where a domain wants that.
    """
    contact = f"; {settings.site.contact}" if settings.site.contact else ""
    given = settings.fetch
    wire = given.megabytes * 1_000_000
    return Fetcher(
        agent=f"digest/{__version__} (+{settings.site.url}{contact})",
        contact=settings.site.contact or None,
        now=now,
        limits=Limits(total=duration(given.timeout), wire=wire, unpacked=int(wire * _UNPACKED)),
        allow_private=given.allow_private,
        queue=queue,
    )


async def read_address(settings: Settings, now: Callable[[], datetime], url: str) -> Batch:
    """Return what stands at an address, without storing it. Raises FetchError, SourceError."""
    async with fetcher_of(settings, now) as fetcher:
        answer = await fetcher.get(Request(url=url))
    batch = batch_of(Source(id=SourceId("check"), kind="feed", name=url, url=url), answer)
    assert batch, "nobody asked whether it was modified"
    return batch


async def poll(
    app: App,
    sources: Sequence[SourceId] | None = None,
    *,
    tell: Callable[[PollReport], None] = lambda report: None,
    fetcher: Fetcher | None = None,
    jitter: Jitter = spread,
) -> list[PollReport]:
    """Poll the sources that are due, or those named at once; `tell` hears each report as it comes.

    Hosts are asked side by side, the sources of one host one after the other. What an answer gave and how it went are
    saved together. One source that fails, even by a bug of ours, stops no other. While another process polls, none is
    due. Raises NotFoundError or SourceError before anything is polled if one that is named is not there, or has no
    address; StoreError if another process does not stop polling.
    """
    if not await asyncio.to_thread(_chosen, app, sources):
        return []
    async with only_one(app, "polling", patience=_PATIENCE if sources else timedelta()) as held:
        if not held and sources:
            raise StoreError("another process polls", hint="try again when it has finished")
        found = await asyncio.to_thread(_chosen, app, sources) if held else []
        async with fetcher or fetcher_of(app.settings, app.now, queue=queue_of(app)) as client:
            poller = _Poller(app, client, jitter, await asyncio.to_thread(app.store.cooling_hosts, app.now()))
            reports = await asyncio.gather(*(poller.poll(source, health, tell) for source, health in found))
    return reports


def _chosen(app: App, named: Sequence[SourceId] | None) -> list[tuple[Source, Health]]:
    if named is None:
        found = app.store.due_sources(app.now())
    else:
        found = [app.store.source(id_) for id_ in dict.fromkeys(named)]
    for source in found:
        if not source.url:
            raise SourceError(f"source {source.id} has no address to poll", hint="it stands for imported files")
    health = app.store.source_health(source.id for source in found)
    return [(source, health[source.id]) for source in found]


class _WaitsError(Exception):
    """A source is not asked, by no fault of its own: not before `until`, or in the next round."""

    def __init__(self, why: str, until: datetime | None = None) -> None:
        super().__init__(why)
        self.until = until


class _Room:
    """Keeps what was fetched from piling up before the store."""

    def __init__(self, size: int) -> None:
        self._left, self._open = size, asyncio.Event()
        self.take(0)

    async def wait(self) -> None:
        await self._open.wait()

    def take(self, size: int) -> None:
        """Take room, more than there is if need be; a negative size gives it back."""
        self._left -= size
        if self._left > 0:
            self._open.set()
        else:
            self._open.clear()


class _Poller:
    """One round of polls: what it learns of a host by one source goes for all of its sources."""

    def __init__(self, app: App, client: Fetcher, jitter: Jitter, cooling: dict[str, datetime]) -> None:
        self._app, self._client, self._jitter = app, client, jitter
        self._cooling, self._silent = cooling, Counter[str]()
        self._clock = asyncio.get_running_loop()
        self._ends = self._clock.time() + ROUND.total_seconds()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._free, self._room = asyncio.Semaphore(AT_ONCE), _Room(_WAITING)
        self._ledger = Ledger(app.store)

    async def poll(self, source: Source, health: Health, tell: Callable[[PollReport], None]) -> PollReport:
        """Poll one source; whatever goes wrong is in the report."""
        try:
            report = await self._visited(begun(source, health, self._app.now()))
        except Exception as error:  # the shell of one source: whatever it is, the others go on
            report = failure(source.id, error)
        if report.adopted:
            log.info("source_moved", source=source.id, old=source.url, new=report.moved_to)
        tell(report)
        return report

    async def _visited(self, visit: Visit) -> PollReport:
        while visit.request:
            answer = None
            try:
                answer = await self._answer(visit, visit.request)
                visit = await self._taken(visit, answer)
            except _WaitsError as wait:
                return await self._ledger.save(partial(_put_off, self._app, visit, wait))
            except StoreError:
                # Not the source's fault: it stays due.
                raise
            except Exception as error:  # a bug in reading one source is that source's alone
                return await self._ledger.save(partial(self._broken, visit, answer, error))
        return visit.report

    async def _taken(self, visit: Visit, answer: Response) -> Visit:
        self._room.take(len(answer.body))
        try:
            batch = await asyncio.to_thread(batch_of, visit.source, answer)
            return await self._ledger.save(partial(taken, self._app, visit, answer, batch))
        finally:
            self._room.take(-len(answer.body))

    async def _answer(self, visit: Visit, request: Request) -> Response:
        """Return the answer to a question, when its host's turn has come."""
        await self._room.wait()
        turn = self._client.turn_of(request.url)
        async with self._turns[turn], self._free:
            self._allowed(visit, request.url, turn)
            try:
                answer = await self._client.get(request)
            except NoAnswerError as error:
                self._silent[error.host] += 1
                raise
            self._heed(answer)
            return answer

    def _heed(self, answer: Response) -> None:
        """Leave a host alone that says it is asked too much, before its next source has its turn."""
        turn = self._client.turn_of(answer.url)
        if throttles(answer.status, gap=turn in GAPS):
            wait = FIRST_RETRY if answer.retry_after is None else answer.retry_after
            self._cooling[turn] = self._app.now() + min(wait, LONGEST_WAIT)

    def _allowed(self, visit: Visit, url: str, turn: str) -> None:
        """Raises FetchError or _WaitsError if there is no sense in asking now."""
        bounded(visit, self._app.now())
        until = self._cooling.get(turn)
        if until and until > self._app.now():
            raise _WaitsError(f"{turn} asked for patience until {until:%Y-%m-%d %H:%M} UTC", until)
        if self._silent and self._silent[host_of(url)] >= _SILENT:
            raise FetchError(f"cannot fetch {url}: {host_of(url)} did not answer others either")
        if self._clock.time() > self._ends and not visit.report.pages:
            raise _WaitsError("others took too long: it is polled in the next round")

    def _broken(self, visit: Visit, answer: Response | None, error: Exception) -> PollReport:
        """Write down a failure, and for its host that it is asked too much, if it says so."""
        turn = self._client.turn_of(answer.url) if answer else ""
        if turn in self._cooling:
            self._app.store.cool_host(turn, self._cooling[turn])
        return broken(self._app, visit, answer, error, jitter=self._jitter)


def _put_off(app: App, visit: Visit, wait: _WaitsError) -> PollReport:
    """Have a source polled when its host lets itself be asked, not all of the host's sources at once."""
    health = visit.health
    if wait.until:
        health = replace(health, next_poll=wait.until + SOONEST * share_of(visit.source.id))
        app.store.save_health(health)
    return replace(visit.report, waits=str(wait), next_poll=health.next_poll)
