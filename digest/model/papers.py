"""Sources, entries, papers and the numbers about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from digest.model.values import PaperId, SourceId, Value


class Rights(StrEnum):
    """What of a source's text may be republished."""

    FULL = "full"
    EXCERPT = "excerpt"
    LINK = "link"


class SourceState(StrEnum):
    """How a source stands against its usual rhythm."""

    FRESH = "fresh"
    WAITING = "waiting"
    QUIET = "quiet"
    STALLED = "stalled"
    FAILED = "failed"


class Source(Value):
    """A place we poll, or files we import."""

    id: SourceId
    kind: str
    name: str
    url: str | None = None
    rights: Rights = Rights.FULL
    enabled: bool = True


class AnnounceType(StrEnum):
    """Why a source announced a paper, strongest first."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"


class Links(Value):
    """Where a paper can be read: absolute http or https addresses."""

    abstract: str | None = None
    pdf: str | None = None
    code: str | None = None
    project: str | None = None
    discussion: str | None = None


class SignalKind(StrEnum):
    """What a number about a paper counts."""

    UPVOTES = "upvotes"
    COMMENTS = "comments"
    STARS = "stars"
    CITATIONS = "citations"
    MENTIONS = "mentions"
    READER_VOTES = "reader_votes"


class Observation(Value):
    """A signal as one source stated it. `at` is None when the source does not say: it is then the moment we saw it."""

    kind: SignalKind
    value: int
    at: datetime | None = None


class Entry(Value):
    """One announcement by one source, cleaned. `external_id` is the source's own id, or one minted from the content."""

    source_id: SourceId
    external_id: str
    title: str
    abstract: str | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    links: Links = Links()
    arxiv_id: str | None = None
    doi: str | None = None
    version: int | None = None
    announce_type: AnnounceType | None = None
    submitted: datetime | None = None
    announced: datetime | None = None
    listed: datetime | None = None
    place: str | None = None
    raw_title: str | None = None
    raw_abstract: str | None = None
    withdrawn: bool = False
    signals: tuple[Observation, ...] = ()


class Pause(Value):
    """When a source does not want to be asked: `ttl` after an answer, nor in these hours (0 to 23) and days, all UTC.

    Days are numbered as Python does: Monday is 0.
    """

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


class Batch(Value):
    """What one answer or file of a source held. `problems` says, a line each, which items were left out and why.

    `next` is the address of the answer that goes on where this one ends, None where nothing more is to come.
    """

    format: str
    title: str | None = None
    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()
    next: str | None = None
    pause: Pause = Pause()


class Paper(Value):
    """The work itself, merged over its entries. The id is minted once and never changes."""

    id: PaperId
    title: str
    first_seen: datetime
    abstract: str | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    links: Links = Links()
    arxiv_id: str | None = None
    doi: str | None = None
    version: int | None = None
    submitted: datetime | None = None
    announced: datetime | None = None
    listed: datetime | None = None
    rights: Rights = Rights.FULL
    withdrawn: bool = False

    @property
    def fresh_from(self) -> datetime:
        """The instant age counts from: listed, else first seen. A listing after first sight is a source's error."""
        return min(self.listed, self.first_seen) if self.listed else self.first_seen


class Sighting(Value):
    """An entry as stored: which paper it announces and when we first saw it."""

    entry: Entry
    paper_id: PaperId
    first_seen: datetime


class Signal(Value):
    """A number about a paper at a moment, as stored in its series."""

    paper_id: PaperId
    kind: SignalKind
    source_id: SourceId
    at: datetime
    value: int


class Rhythm(Value):
    """When a source brings news: how often it did in the hours that it was watched, older weeks counting less.

    `days` (from Monday) and `quarters` (of an hour, from midnight), both in UTC, say when, and each sum up to `times`.
    """

    times: float = 0.0
    hours: float = 0.0
    days: tuple[float, ...] = ()
    quarters: tuple[float, ...] = ()


class Health(Value):
    """How polling a source goes. `address` gave the last good answer, and the validators are that address's.

    `complete_at` is when all that the source had to say was last read to its end, `fresh_until` how long it was good
    by the server's own word, and `last_news` when something new came. `moved_to` is where permanent redirects lead, all
    of them since `moved_since`. `baseline_at` is when the first entries came, most of which are old stock: see the
    store's `mark_baseline`.
    """

    source_id: SourceId
    last_poll: datetime | None = None
    last_ok: datetime | None = None
    next_poll: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    address: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None
    baseline_at: datetime | None = None
    complete_at: datetime | None = None
    fresh_until: datetime | None = None
    last_news: datetime | None = None
    moved_since: datetime | None = None
    pause: Pause = Pause()
    rhythm: Rhythm = Rhythm()
