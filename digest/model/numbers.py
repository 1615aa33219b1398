"""When numbers about papers are asked for again, and how asking goes."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from digest.model.papers import SignalKind
from digest.model.values import PaperId, Value


class Reading(Value):
    """One paper at one meter, watched since it was enrolled there; `next_at` is None when it is asked for no more.

    `numbers` and `etag` are of the last answer, whose address is `address`. An `unknown` paper is one that the service
    had not heard of when it was last asked.
    """

    meter: str
    paper_id: PaperId
    since: datetime
    next_at: datetime | None
    numbers: dict[SignalKind, int] = field(default_factory=dict)
    address: str | None = None
    etag: str | None = None
    unknown: bool = False


class MeterHealth(Value):
    """How asking a service goes. It is not asked while it rests, and its questions are spread: see `Limit`.

    `free_at` is when a service that was asked too fast would have been asked as often at an even pace. `enrolled` is
    when papers were last looked for that it should be asked about.
    """

    meter: str
    free_at: datetime | None = None
    rests_until: datetime | None = None
    failures: int = 0
    last_ok: datetime | None = None
    last_error: str | None = None
    enrolled: datetime | None = None
