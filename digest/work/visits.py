"""One poll of one source, page by page: what is asked next, and when all of it was read.

A page is taken in as it comes, and doing that again changes nothing. So a poll that breaks off between two pages is
simply done anew: until one was read to its end, what the last ones brought still counts as new, and is read past.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from http.client import responses

from msgspec.structs import replace

from digest.app import App
from digest.config.checks import duration
from digest.errors import DigestError, FetchError, StoreError
from digest.fetch import Request, Response
from digest.model import AnnounceType, Batch, Health, Source, SourceId, Value
from digest.sources import Ask, requests
from digest.watch import Changes, Outcome
from digest.work.importing import ingest
from digest.work.manners import (
    NEWS,
    Heard,
    Jitter,
    after_failure,
    after_news,
    after_silence,
    is_first,
    new_address,
    question,
    reach_of,
)
from digest.work.reading import read

# More than any source has for a few weeks; a server that never ends must not keep the others waiting.
PAGES = 500
BYTES = 200_000_000
PATIENCE = timedelta(minutes=10)

_NOT_MODIFIED, _GONE = 304, 410
_GOOD = range(200, 300)
# With what XML and JSON end: a text cut elsewhere would be taken for an abstract's whole.
_LAST = (b">", b"}", b"]")
_FIRST_TIME = (Outcome.NEW, Outcome.MERGED)
_REVISED = (AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS)
_HINTS = {
    401: "the site asks for a password: choose another source",
    403: "the site does not want us: ask its operator, or choose another source",
    404: "is the address right? `digest source edit` changes it",
    410: "it is not polled any more; `digest source edit` gives it another address, or enables it again",
}


class PollReport(Value):
    """What came of polling one source. With `error` (and its `code`) the poll is not complete; what it read is kept.

    `old` entries were there when the source was new to us, and are no news. `skipped` says which items were left out.
    `adopted` says that the source goes by `moved_to` from now on, `waits` why it was not asked at all.
    """

    source: SourceId
    format: str | None = None
    pages: int = 0
    read: int = 0
    new: int = 0
    merged: int = 0
    changed: int = 0
    unchanged: int = 0
    old: int = 0
    not_modified: bool = False
    skipped: tuple[str, ...] = ()
    moved_to: str | None = None
    adopted: bool = False
    waits: str | None = None
    next_poll: datetime | None = None
    code: str | None = None
    error: str | None = None
    hint: str | None = None


class Visit(Value):
    """A poll under way: `ask` is what is put to the source now, with `request`; None when it is over.

    `page` names what the last answer held.
    """

    source: Source
    health: Health
    begun: datetime
    report: PollReport
    ask: Ask
    left: tuple[Ask, ...]
    request: Request | None
    heard: Heard | None = None
    page: tuple[str, ...] = ()


def begun(source: Source, health: Health, now: datetime) -> Visit:
    """Return a visit with its first question, to a source that has an address."""
    first, *left = requests(source, reach_of(health, now))
    return Visit(
        source=source,
        health=health,
        begun=now,
        report=PollReport(source=source.id),
        ask=first,
        left=tuple(left),
        request=question(first, health),
    )


def batch_of(source: Source, answer: Response) -> Batch | None:
    """Return what an answer holds, None for “not modified”.

    Raises FetchError for one that is no answer, SourceError if it cannot be read.
    """
    if answer.status == _NOT_MODIFIED:
        return None
    if answer.status not in _GOOD:
        why = f"cannot fetch {answer.url}: it answers {answer.status} {responses.get(answer.status, '')}".rstrip()
        raise FetchError(why, hint=_HINTS.get(answer.status))
    if not answer.whole and not answer.body.rstrip().endswith(_LAST):
        raise FetchError(f"cannot fetch {answer.url}: its answer breaks off")
    return read(answer.body, source=source, name=answer.url)


def taken(app: App, visit: Visit, answer: Response, batch: Batch | None) -> Visit:
    """Take one answer into the store, and return the visit with its next question, or with its end written down.

    Runs inside a transaction of the store. Raises StoreError if the source was changed meanwhile.
    """
    if app.store.source(visit.source.id) != visit.source:
        raise StoreError(f"source {visit.source.id} was changed while it was polled; nothing of the old one is kept")
    now = app.now()
    changes = ingest(app, visit.source, batch.entries) if batch else None
    old = _old(changes, now, first=is_first(visit.health, now)) if changes else []
    if old:
        app.store.mark_baseline(visit.source.id, old)
    after = replace(_tallied(visit, batch, changes, len(old)), heard=_heard(visit, answer, batch, changes))
    if batch and changes and batch.next and _goes_on(app, visit, batch, changes):
        ask = replace(visit.ask, url=batch.next)
        return replace(after, ask=ask, request=question(ask, Health(source_id=visit.source.id)), page=_held(batch))
    if visit.left:
        first, *left = visit.left
        return replace(after, ask=first, left=tuple(left), request=question(first, visit.health))
    return _ended(app, after, now)


def _held(batch: Batch) -> tuple[str, ...]:
    return tuple(entry.external_id for entry in batch.entries)


def bounded(visit: Visit, now: datetime) -> None:
    """Raises FetchError if a poll took too much already to ask for more."""
    pages, size = visit.report.pages, visit.heard.size if visit.heard else 0
    if pages >= PAGES or size > BYTES or now - visit.begun > PATIENCE:
        why = f"cannot fetch all of {visit.source.url}: no end after {pages} pages and {size / 1e6:.0f} MB"
        raise FetchError(why, hint="choose an address that holds less")


def _tallied(visit: Visit, batch: Batch | None, changes: Changes | None, old: int) -> Visit:
    decisions = changes.decisions if changes else ()
    counts, report = Counter(decision.outcome for decision in decisions), visit.report
    report = replace(
        report,
        format=report.format or (batch.format if batch else None),
        pages=report.pages + 1,
        read=report.read + len(decisions),
        new=report.new + counts[Outcome.NEW],
        merged=report.merged + counts[Outcome.MERGED],
        changed=report.changed + counts[Outcome.CHANGED],
        unchanged=report.unchanged + counts[Outcome.UNCHANGED],
        old=report.old + old,
        skipped=report.skipped + (batch.problems if batch else ()),
    )
    return replace(visit, report=report)


def _heard(visit: Visit, answer: Response, batch: Batch | None, changes: Changes | None) -> Heard:
    heard = visit.heard or Heard(answer=replace(answer, body=b""), pause=batch.pause if batch else None)
    decisions = changes.decisions if changes else ()
    # What a new source holds says nothing of when it brings more.
    news = not is_first(visit.health, visit.begun) and any(one.outcome in _FIRST_TIME for one in decisions)
    return replace(
        heard,
        size=heard.size + len(answer.body),
        entries=heard.entries or bool(decisions),
        news=heard.news or news,
    )


def _old(changes: Changes, now: datetime, *, first: bool) -> list[str]:
    """Return which entries are no news: later versions of papers that were announced before we knew them, and of the
    first poll of a source all that it does not say to have listed just now.
    """
    first_time = (one.entry for one in changes.decisions if one.outcome in _FIRST_TIME)
    return [
        entry.external_id
        for entry in first_time
        if entry.announce_type in _REVISED or (first and (entry.listed is None or entry.listed < now - NEWS))
    ]


def _goes_on(app: App, visit: Visit, batch: Batch, changes: Changes) -> bool:
    """Say whether the page behind this one is to be read: in doubt until one holds nothing new to a complete poll.

    Of a new source only what it says to be of the days that a poll reaches back: it may hold its whole history.
    """
    if visit.page == _held(batch):
        # A server that knows nothing of pages gives the same one for ever.
        return False
    if visit.ask.whole:
        return True
    if is_first(visit.health, visit.begun):
        since = reach_of(visit.health, visit.begun).since
        return any(entry.listed and entry.listed >= since for entry in batch.entries)
    if any(one.outcome in _FIRST_TIME for one in changes.decisions):
        return True
    known = app.store.sightings(visit.source.id, [entry.external_id for entry in batch.entries])
    complete = visit.health.complete_at
    return any(complete is None or sighting.first_seen > complete for sighting in known.values())


def _ended(app: App, visit: Visit, now: datetime) -> Visit:
    """Write down how a poll went that was read to its end."""
    heard, every = visit.heard, duration(app.settings.fetch.poll_every)
    assert heard
    silent = heard.answer.status == _NOT_MODIFIED
    after = (after_silence if silent else after_news)(visit.health, heard, now, every=every)
    moved_to = after.moved_to
    adopted = new_address(visit.source, visit.health, heard.answer, now)
    if adopted:
        after = _moved(app, visit.source, after, adopted)
    app.store.save_health(after)
    report = replace(
        visit.report,
        not_modified=silent and not visit.report.read,
        moved_to=moved_to,
        adopted=bool(adopted),
        next_poll=after.next_poll,
    )
    return replace(visit, request=None, report=report)


def broken(app: App, visit: Visit, answer: Response | None, error: Exception, *, jitter: Jitter) -> PollReport:
    """Write down that a poll broke off, and return what to say about it. Runs inside a transaction of the store."""
    report, source, now = failure(visit.source.id, error), visit.source, app.now()
    wait = answer.retry_after if answer else None
    after = after_failure(visit.health, report.error or "", now, jitter=jitter, wait=wait)
    moved_to = new_address(source, visit.health, answer, now) if answer else None
    if moved_to and app.store.source(source.id) == source:
        after = _moved(app, source, after, moved_to)
    elif answer and answer.status == _GONE and not visit.report.pages:
        after = replace(after, next_poll=None)
        app.store.put_sources([replace(app.store.source(source.id), enabled=False)])
    app.store.save_health(after)
    return replace(report, next_poll=after.next_poll, moved_to=moved_to, adopted=bool(moved_to))


def failure(source_id: SourceId, error: Exception) -> PollReport:
    """Return the report of a poll that broke off."""
    if isinstance(error, DigestError):
        return PollReport(source=source_id, code=error.code, error=error.message, hint=error.hint)
    why = f"{type(error).__name__}: {error}"
    return PollReport(source=source_id, code="bug", error=why, hint="this is a bug in Digest; please report it")


def _moved(app: App, source: Source, health: Health, url: str) -> Health:
    """Give a source its new address, and return its health, which has no move to follow any more."""
    app.store.put_sources([replace(source, url=url)])
    return replace(health, moved_to=None, moved_since=None)
