"""When a source may be asked again, and how its health stands after an answer. Pure: now and jitter are arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zlib import crc32

from msgspec.structs import replace

from digest.fetch import Request, Response
from digest.model import Health, Pause, Rhythm, Source, SourceId, Value
from digest.sources import Ask, Reach
from digest.work.rhythm import WAIT, is_known, learned, next_look

FIRST_RETRY = timedelta(minutes=30)
LAST_RETRY = timedelta(hours=24)
# However long a server asks us to wait: a slip of its keyboard must not silence a source for ever.
LONGEST_WAIT = timedelta(days=7)
# Of what a new source already held, this much may still be news.
NEWS = timedelta(hours=48)
# A look-back that reaches over a long weekend, and over what a server says too late.
LOOK_BACK = timedelta(days=7)
OVERLAP = timedelta(days=1)
# An answer that holds one day can hide another once a day has passed since the last was good.
ONE_DAY = timedelta(days=1)
# The next batch is not there the second the last one goes stale, and who asks too early may ask next a day later.
GRACE = timedelta(minutes=10)
# From when a source is due to when its server hears of it.
LATENESS = timedelta(minutes=2)
# A permanent move is believed when it was said for so long.
AGREED = timedelta(days=7)
# An answer without validators costs its sender the whole of it each time: news there waits longer.
WHOLE = 16

_GONE = frozenset({404, 410})
_THROTTLED = frozenset({429, 503})
# What arXiv says since September 2026 to those who ask too much; elsewhere it is about the Accept header.
_THROTTLED_WITH_GAP = _THROTTLED | {406}

Jitter = Callable[[timedelta], timedelta]
"""Returns a span much like the one given, so that sources which failed together do not come back together."""


class Heard(Value):
    """What a poll that was read to its end had to say: its first answer, and what came of all of it."""

    answer: Response
    pause: Pause | None = None
    size: int = 0
    entries: bool = False
    news: bool = False


def reach_of(health: Health, now: datetime) -> Reach:
    """Return how far back a poll looks: to the last complete one less an overlap, and at least 7 days."""
    if health.complete_at is None:
        return Reach(since=now - LOOK_BACK, now=now)
    good_until = max(health.complete_at, health.fresh_until or health.complete_at)
    since = min(health.complete_at - OVERLAP, now - LOOK_BACK)
    return Reach(since=since, now=now, gap=now - good_until > ONE_DAY)


def is_first(health: Health, now: datetime) -> bool:
    """Say whether what a source holds is mostly old stock: nothing came yet, or its first poll still is incomplete."""
    if health.baseline_at is None:
        return True
    return health.complete_at is None and now - health.baseline_at < NEWS


def question(ask: Ask, health: Health) -> Request:
    """Return what to ask: whether it changed, if that address gave the last good answer, also behind a redirect."""
    asked = Request(url=ask.url, address=health.address, etag=health.etag, last_modified=health.last_modified)
    return replace(asked, accept=ask.accept) if ask.accept else asked


def throttles(status: int, *, gap: bool) -> bool:
    """Say whether an answer speaks for its whole host; `gap` hosts, such as arXiv, say it with 406 as well."""
    return status in (_THROTTLED_WITH_GAP if gap else _THROTTLED)


def new_address(source: Source, health: Health, answer: Response, now: datetime) -> str | None:
    """Return the address that a source has from now on, if a permanent move is to be believed.

    One is after seven days of the same redirect, at once when only http becomes https, and when the old address is gone
    though it led elsewhere before. Only the unbroken permanent part of the redirects counts.
    """
    if answer.status in _GONE:
        return health.moved_to if answer.url == source.url else None
    if answer.moved_to is None or source.url is None:
        return None
    agreed = health.moved_to == answer.moved_to and health.moved_since and now - health.moved_since >= AGREED
    return answer.moved_to if agreed or _only_safer(source.url, answer.moved_to) else None


def _only_safer(old: str, new: str) -> bool:
    before, after = urlsplit(old), urlsplit(new)
    same = (before.hostname, before.path or "/", before.query) == (after.hostname, after.path or "/", after.query)
    return same and (before.scheme, after.scheme) == ("http", "https")


def after_news(health: Health, heard: Heard, now: datetime, *, every: timedelta) -> Health:
    """Return the health after a poll that was read to its end. New validators replace the old ones, also by none.

    An answer that may have been cut leaves none: “not modified” would hide the rest for ever.
    """
    answer = heard.answer
    known = replace(
        health,
        address=answer.url,
        etag=answer.etag if answer.whole else None,
        last_modified=answer.last_modified if answer.whole else None,
        pause=heard.pause or Pause(),
        baseline_at=health.baseline_at or (now if heard.entries else None),
    )
    return _well(known, heard, now, every)


def after_silence(health: Health, heard: Heard, now: datetime, *, every: timedelta) -> Health:
    """Return the health after “not modified”, which may bring new validators."""
    answer = heard.answer
    known = replace(
        health,
        etag=answer.etag or health.etag,
        last_modified=answer.last_modified or health.last_modified,
    )
    return _well(known, heard, now, every)


def after_failure(health: Health, why: str, now: datetime, *, jitter: Jitter, wait: timedelta | None = None) -> Health:
    """Return the health after a poll that failed; validators stay those of the last good answer."""
    failures = health.failures + 1
    return replace(
        health,
        last_poll=now,
        next_poll=not_before(now + retry(failures, jitter), now, wait=wait, pause=health.pause),
        failing_since=health.failing_since or now,
        failures=failures,
        last_error=why,
    )


def retry(failures: int, jitter: Jitter) -> timedelta:
    """Return how long to wait after so many failures in a row: 30 minutes, doubled each time, up to a day."""
    doubled = FIRST_RETRY * 2 ** min(failures - 1, 10)
    return jitter(min(doubled, LAST_RETRY))


def not_before(due: datetime, now: datetime, *, wait: timedelta | None, pause: Pause) -> datetime:
    """Return `due`, or the first instant after it at which the server may be asked; no wait is over 7 days."""
    patience = min(max(wait or timedelta(), pause.ttl or timedelta()), LONGEST_WAIT)
    at = max(due, now + patience + min(patience / 24, GRACE))
    for _ in range(24 * 8):
        if not _skips(pause, at) and not _skips(pause, at + LATENESS):
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    # It skips every hour of the week, which cannot be meant.
    return max(due, now + patience)


def _skips(pause: Pause, at: datetime) -> bool:
    return at.hour in pause.skip_hours or at.weekday() in pause.skip_days


def share_of(source_id: SourceId) -> float:
    """Return a fraction that is always the same for a source, and another for the next one."""
    return crc32(source_id.encode()) % 3600 / 3600


def _well(health: Health, heard: Heard, now: datetime, every: timedelta) -> Health:
    moved = heard.answer.moved_to
    after = replace(
        health,
        last_poll=now,
        last_ok=now,
        complete_at=now,
        fresh_until=now + min(heard.answer.fresh_for, LONGEST_WAIT) if heard.answer.fresh_for else None,
        last_news=now if heard.news else health.last_news,
        rhythm=learned(health.rhythm, health.complete_at, now, news=heard.news) if health.complete_at else Rhythm(),
        moved_to=moved,
        moved_since=(health.moved_since if moved == health.moved_to else now) if moved else None,
        failing_since=None,
        failures=0,
        last_error=None,
    )
    due = now + _span(after, now, every)
    return replace(after, next_poll=not_before(due, now, wait=heard.answer.fresh_for, pause=after.pause))


def _span(health: Health, now: datetime, every: timedelta) -> timedelta:
    """Return when a source is worth the next look by its rhythm; as long as that is not known, `every` so often.

    Each source waits a little longer, by a share of its own, so that many which were asked together spread.
    """
    share = share_of(health.source_id)
    if not is_known(health.rhythm):
        return every * (1 + share / 4)
    conditional = health.etag or health.last_modified
    look = next_look(health.rhythm, now, last_news=health.last_news, wait=WAIT if conditional else WAIT * WHOLE)
    return (look if conditional else max(look, every)) + timedelta(minutes=2) * share
