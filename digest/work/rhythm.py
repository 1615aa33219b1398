"""When a source is polled again, and how its health stands after an answer. Pure: now and jitter are arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.fetch import Request, Response
from digest.model import Health, Source

FIRST_RETRY = timedelta(minutes=30)
LAST_RETRY = timedelta(hours=24)
# However long a server asks us to wait: a slip of its keyboard must not silence a source for ever.
LONGEST_WAIT = timedelta(days=7)
# Of what a new source already held, this much may still be news.
NEWS = timedelta(hours=48)

Jitter = Callable[[timedelta], timedelta]
"""Returns a span much like the one given, so that sources which failed together do not come back together."""


def next_poll(now: datetime, *, span: timedelta, wait: timedelta | None = None) -> datetime:
    """Return when to poll next: after `span`, not before the server's own `wait` is over, and within 7 days."""
    return now + min(max(span, wait or timedelta()), LONGEST_WAIT)


def retry(failures: int, jitter: Jitter) -> timedelta:
    """Return how long to wait after so many failures in a row: 30 minutes, doubled each time, up to a day."""
    doubled = FIRST_RETRY * 2 ** min(failures - 1, 10)
    return jitter(min(doubled, LAST_RETRY))


def question(source: Source, health: Health) -> Request:
    """Return what to ask a source that has an address: whether it changed since that address last answered well."""
    assert source.url
    if health.address != source.url:
        return Request(url=source.url)
    return Request(url=source.url, etag=health.etag, last_modified=health.last_modified)


def after_news(health: Health, answer: Response, now: datetime, *, every: timedelta, entries: bool) -> Health:
    """Return the health after an answer that was read to its end. Its validators replace the old ones, also by none.

    An answer that may have been cut leaves none: “not modified” would hide the rest for ever.
    """
    return replace(
        _well(health, answer, now, every),
        address=answer.url,
        etag=answer.etag if answer.whole else None,
        last_modified=answer.last_modified if answer.whole else None,
        moved_to=answer.moved_to,
        baseline_at=health.baseline_at or (now if entries else None),
    )


def after_silence(health: Health, answer: Response, now: datetime, *, every: timedelta) -> Health:
    """Return the health after “not modified”, which may bring new validators."""
    return replace(
        _well(health, answer, now, every),
        etag=answer.etag or health.etag,
        last_modified=answer.last_modified or health.last_modified,
    )


def after_failure(health: Health, why: str, now: datetime, *, jitter: Jitter, wait: timedelta | None = None) -> Health:
    """Return the health after a poll that failed; validators stay those of the last good answer."""
    failures = health.failures + 1
    return replace(
        health,
        last_poll=now,
        next_poll=next_poll(now, span=retry(failures, jitter), wait=wait),
        failing_since=health.failing_since or now,
        failures=failures,
        last_error=why,
    )


def _well(health: Health, answer: Response, now: datetime, every: timedelta) -> Health:
    due = next_poll(now, span=every, wait=answer.fresh_for)
    return replace(health, last_poll=now, last_ok=now, next_poll=due, failing_since=None, failures=0, last_error=None)
