"""Poll: ask the sources that are due, take in what is new, and write down how it went."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http.client import responses
from typing import NamedTuple

from msgspec.structs import replace

from digest import __version__
from digest.app import App
from digest.config.checks import duration
from digest.config.settings import Settings
from digest.errors import DigestError, FetchError, SourceError, StoreError
from digest.fetch import Fetcher, Limits, Request, Response
from digest.model import Batch, Health, Source, SourceId, Value
from digest.sources import read
from digest.watch import Changes, Outcome
from digest.work.importing import ingest
from digest.work.rhythm import NEWS, Jitter, after_failure, after_news, after_silence, question

_Asked = tuple[Source, Health]

AT_ONCE = 8
# 10 MB on the wire go with 32 MB unpacked.
_UNPACKED = 3.2
_NOT_MODIFIED, _GONE = 304, 410
_GOOD = range(200, 300)
# With what XML and JSON end: a text cut elsewhere would be taken for an abstract's whole.
_LAST = (b">", b"}", b"]")
_HINTS = {
    401: "the site asks for a password: choose another source",
    403: "the site does not want us: ask its operator, or choose another source",
    404: "is the address right? `digest source edit` changes it",
    410: "it is not polled any more; `digest source edit` gives it another address, or enables it again",
}


class PollReport(Value):
    """What came of polling one source. With `error` (and its `code`) nothing was taken.

    `old` entries were there when the source was new to us, and are no news. `skipped` says which items were left out.
    """

    source: SourceId
    format: str | None = None
    read: int = 0
    new: int = 0
    merged: int = 0
    changed: int = 0
    unchanged: int = 0
    old: int = 0
    not_modified: bool = False
    skipped: tuple[str, ...] = ()
    moved_to: str | None = None
    next_poll: datetime | None = None
    code: str | None = None
    error: str | None = None
    hint: str | None = None


def spread(span: timedelta) -> timedelta:
    """The usual jitter: up to a fifth later."""
    return span * random.uniform(1, 1.2)


def fetcher_of(settings: Settings, now: Callable[[], datetime]) -> Fetcher:
    """Return the client of a site: it says who asks, and keeps to the site's limits."""
    contact = f"; {settings.site.contact}" if settings.site.contact else ""
    given = settings.fetch
    wire = given.megabytes * 1_000_000
    return Fetcher(
        agent=f"digest/{__version__} (+{settings.site.url}{contact})",
        now=now,
        limits=Limits(total=duration(given.timeout), wire=wire, unpacked=int(wire * _UNPACKED)),
        allow_private=given.allow_private,
    )


async def read_address(settings: Settings, now: Callable[[], datetime], url: str) -> Batch:
    """Return what stands at an address, without storing it. Raises FetchError, SourceError."""
    async with fetcher_of(settings, now) as fetcher:
        answer = await fetcher.get(Request(url=url))
    return _read(Source(id=SourceId("check"), kind="feed", name=url, url=url), answer)


async def poll(
    app: App,
    sources: Sequence[SourceId] | None = None,
    *,
    tell: Callable[[PollReport], None] = lambda report: None,
    fetcher: Fetcher | None = None,
    jitter: Jitter = spread,
) -> list[PollReport]:
    """Poll the sources that are due, or those named at once; `tell` hears each report as it comes.

    Hosts are asked side by side, the sources of one host one after the other. What a source gave and how it went are
    saved together. One that fails, even by a bug of ours, stops no other. Raises NotFoundError or SourceError
    before anything is polled if one that is named is not there, or has no address.
    """
    found = await asyncio.to_thread(_chosen, app, sources)
    if not found:
        return []
    reports: dict[SourceId, PollReport] = {}
    free = asyncio.Semaphore(AT_ONCE)
    async with fetcher or fetcher_of(app.settings, app.now) as client:
        poller = _Poller(app, client, jitter)

        async def in_turn(group: list[_Asked]) -> None:
            for source, health in group:
                async with free:
                    reports[source.id] = await poller.poll(source, health)
                tell(reports[source.id])

        await asyncio.gather(*map(in_turn, _by_host(client, found)))
    return [reports[source.id] for source, _ in found]


def _chosen(app: App, named: Sequence[SourceId] | None) -> list[_Asked]:
    if named is None:
        found = app.store.due_sources(app.now())
    else:
        found = [app.store.source(id_) for id_ in dict.fromkeys(named)]
    for source in found:
        if not source.url:
            raise SourceError(f"source {source.id} has no address to poll", hint="it stands for imported files")
    health = app.store.source_health(source.id for source in found)
    return [(source, health[source.id]) for source in found]


def _by_host(client: Fetcher, found: list[_Asked]) -> list[list[_Asked]]:
    groups: defaultdict[str, list[_Asked]] = defaultdict(list)
    for source, health in found:
        groups[client.turn_of(source.url or "")].append((source, health))
    return list(groups.values())


class _Poller(NamedTuple):
    app: App
    client: Fetcher
    jitter: Jitter

    async def poll(self, source: Source, health: Health) -> PollReport:
        """Poll one source; whatever goes wrong is in the report."""
        answer = None
        try:
            answer = await self.client.get(question(source, health))
            return await asyncio.to_thread(self._take, source, health, answer)
        except Exception as error:  # the shell of one source: whatever it is, the others go on
            return await asyncio.to_thread(self._fail, source, health, answer, error)

    def _take(self, source: Source, health: Health, answer: Response) -> PollReport:
        now, every = self.app.now(), duration(self.app.settings.fetch.poll_every)
        if answer.status == _NOT_MODIFIED:
            after = after_silence(health, answer, now, every=every)
            self.app.store.save_health(after)
            return PollReport(source=source.id, not_modified=True, next_poll=after.next_poll)
        batch = _read(source, answer)
        after = after_news(health, answer, now, every=every, entries=bool(batch.entries))
        with self.app.store.transaction():
            if self.app.store.source(source.id) != source:
                raise StoreError(f"source {source.id} was changed while it was polled; nothing of the old one is kept")
            changes = ingest(self.app, source, batch.entries)
            old = [] if health.baseline_at else _old(changes, now)
            self.app.store.mark_baseline(source.id, old)
            self.app.store.save_health(after)
        return _report(source, batch, changes, after, old=len(old))

    def _fail(self, source: Source, health: Health, answer: Response | None, error: Exception) -> PollReport:
        report = _failure(source, error)
        if isinstance(error, StoreError):
            # Not the source's fault: it stays due.
            return report
        wait = answer.retry_after if answer else None
        after = after_failure(health, report.error or "", self.app.now(), jitter=self.jitter, wait=wait)
        try:
            with self.app.store.transaction():
                if answer and answer.status == _GONE:
                    after = replace(after, next_poll=None)
                    self.app.store.put_sources([replace(self.app.store.source(source.id), enabled=False)])
                self.app.store.save_health(after)
        except StoreError as worse:
            return _failure(source, worse)
        return replace(report, next_poll=after.next_poll)


def _read(source: Source, answer: Response) -> Batch:
    """Return what an answer holds. Raises FetchError for one that is no answer, SourceError if it cannot be read."""
    if answer.status not in _GOOD:
        why = f"cannot fetch {source.url}: it answers {answer.status} {responses.get(answer.status, '')}".rstrip()
        raise FetchError(why, hint=_HINTS.get(answer.status))
    if not answer.whole and not answer.body.rstrip().endswith(_LAST):
        raise FetchError(f"cannot fetch {source.url}: its answer breaks off")
    return read(answer.body, source=source, name=answer.url)


def _old(changes: Changes, now: datetime) -> list[str]:
    """Return which of a new source's entries are no news: all that it does not say to have listed just now."""
    first_time = (one.entry for one in changes.decisions if one.outcome in (Outcome.NEW, Outcome.MERGED))
    return [entry.external_id for entry in first_time if entry.listed is None or entry.listed < now - NEWS]


def _report(source: Source, batch: Batch, changes: Changes, after: Health, *, old: int) -> PollReport:
    counts = Counter(decision.outcome for decision in changes.decisions)
    return PollReport(
        source=source.id,
        format=batch.format,
        read=len(batch.entries),
        new=counts[Outcome.NEW],
        merged=counts[Outcome.MERGED],
        changed=counts[Outcome.CHANGED],
        unchanged=counts[Outcome.UNCHANGED],
        old=old,
        skipped=batch.problems,
        moved_to=after.moved_to,
        next_poll=after.next_poll,
    )


def _failure(source: Source, error: Exception) -> PollReport:
    if isinstance(error, DigestError):
        return PollReport(source=source.id, code=error.code, error=error.message, hint=error.hint)
    why = f"{type(error).__name__}: {error}"
    return PollReport(source=source.id, code="bug", error=why, hint="this is a bug in Digest; please report it")
