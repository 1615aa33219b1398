"""The words of Digest as frozen values: sources, entries, papers, signals, topics, picks, editions, mail.

Instants are aware UTC `datetime`s, days are `date`s in the site's or the reader's zone.
`None` means "not known", never zero and never "now".
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType, dataclass_transform

from msgspec import Struct

SourceId = NewType("SourceId", str)
PaperId = NewType("PaperId", str)
TopicId = NewType("TopicId", str)
EditionId = NewType("EditionId", str)
SubscriberId = NewType("SubscriberId", str)
DigestId = NewType("DigestId", str)
DeliveryId = NewType("DeliveryId", str)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value: compared by content, never changed."""


# Sources, entries, papers


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
    signals: tuple[Observation, ...] = ()


class Batch(Value):
    """What one answer or file of a source held. `problems` says, a line each, which items were left out and why."""

    format: str
    title: str | None = None
    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()


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


# Topics and picks


class Mode(StrEnum):
    """What a topic's readers want first."""

    FRESH = "fresh"
    TRENDING = "trending"
    BEST = "best"


class PeriodKind(StrEnum):
    """How long an edition's period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Weights(Value):
    """How much each part of a score counts; they need not add up to one."""

    relevance: float = 0.6
    freshness: float = 0.25
    trend: float = 0.15


class Topic(Value, rename={"not_": "not"}):
    """What somebody wants to read about. An entry of `should`, `must`, `not_` with a space in it is a phrase."""

    id: TopicId
    name: str
    description: str = ""
    mode: Mode = Mode.FRESH
    should: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    examples: tuple[PaperId, ...] = ()
    sources: tuple[SourceId, ...] = ()
    periods: tuple[PeriodKind, ...] = (PeriodKind.DAY, PeriodKind.WEEK)
    limit: int = 10
    min_score: float = 0.2
    half_life: timedelta | None = None
    weights: Weights | None = None
    owner: SubscriberId | None = None
    enabled: bool = True


class Part(Value):
    """One addend of a score: `value` (0 to 1) times `weight`. `detail` says in words where the value comes from."""

    name: str
    value: float
    weight: float
    detail: str = ""


class Pick(Value):
    """A paper chosen for a topic, with all that a renderer shows of it; `numbers` are the signals as of then."""

    paper: Paper
    rank: int
    score: float
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]
    numbers: dict[SignalKind, int] = {}

    @property
    def sentence(self) -> str:
        """The reasons as one plain sentence."""
        return "; ".join(self.reasons)


# Editions


class Period(Value):
    """A day, an ISO week or a month, by its first day."""

    kind: PeriodKind
    start: date

    @classmethod
    def containing(cls, kind: PeriodKind, day: date) -> Period:
        """Return the period of that kind which holds `day`."""
        if kind is PeriodKind.WEEK:
            return cls(kind=kind, start=day - timedelta(days=day.weekday()))
        return cls(kind=kind, start=day.replace(day=1) if kind is PeriodKind.MONTH else day)

    @classmethod
    def parse(cls, label: str) -> Period:
        """Read a label back: 2026-11-20, 2026-W47 or 2026-11. Raises ValueError."""
        if "W" in label:
            year, week = label.split("-W")
            return cls(kind=PeriodKind.WEEK, start=date.fromisocalendar(int(year), int(week), 1))
        if label.count("-") == 1:
            return cls(kind=PeriodKind.MONTH, start=date.fromisoformat(f"{label}-01"))
        return cls(kind=PeriodKind.DAY, start=date.fromisoformat(label))

    @property
    def end(self) -> date:
        """The first day after the period."""
        if self.kind is PeriodKind.MONTH:
            return (self.start + timedelta(days=31)).replace(day=1)
        return self.start + timedelta(days=7 if self.kind is PeriodKind.WEEK else 1)

    @property
    def label(self) -> str:
        """The period's name in ids, addresses and commands."""
        if self.kind is PeriodKind.WEEK:
            year, week, _ = self.start.isocalendar()
            return f"{year}-W{week:02}"
        return self.start.isoformat()[: 7 if self.kind is PeriodKind.MONTH else 10]

    @property
    def previous(self) -> Period:
        """The period of the same kind just before."""
        return Period.containing(self.kind, self.start - timedelta(days=1))


class EditionState(StrEnum):
    """A draft can still be edited; a released edition is immutable."""

    DRAFT = "draft"
    RELEASED = "released"


class Edition(Value):
    """A topic's picks for one period, holding all it renders, so that a replay gives the same bytes.

    `cut` is when it was due, `as_of` when it was composed (nothing seen later is in it), `released` the date that
    feeds and pages show. `considered` papers were in the window, `matched` of them fit the topic.
    """

    topic: Topic
    period: Period
    cut: datetime
    as_of: datetime
    state: EditionState = EditionState.DRAFT
    released: datetime | None = None
    picks: tuple[Pick, ...] = ()
    considered: int = 0
    matched: int = 0
    note: str | None = None
    health: str | None = None

    @property
    def id(self) -> EditionId:
        """Topic and period: a topic has one edition a period."""
        return EditionId(f"{self.topic.id}/{self.period.label}")

    @property
    def dated(self) -> datetime:
        """The date that renderers show: released, for a draft its cut."""
        return self.released or self.cut


# Readers and mail


class Cadence(StrEnum):
    """How often a subscriber gets a digest."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


CADENCE_OF = {PeriodKind.DAY: Cadence.DAILY, PeriodKind.WEEK: Cadence.WEEKLY, PeriodKind.MONTH: Cadence.MONTHLY}


class Subscriber(Value):
    """An address and how its owner wants to be mailed. `send_hour` is 0 to 23 in `zone` (an IANA name)."""

    id: SubscriberId
    address: str
    created: datetime
    cadence: Cadence = Cadence.DAILY
    zone: str = "UTC"
    send_hour: int = 7
    language: str = "en"
    layout: str = "cards"
    paused: bool = False


class SubscriptionState(StrEnum):
    """Pending until the owner of the address confirms; ended for ever unless asked for again."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


class Subscription(Value):
    """An address x topic; `evidence` says how consent was given."""

    subscriber_id: SubscriberId
    topic_id: TopicId
    state: SubscriptionState
    since: datetime
    evidence: str | None = None


class Digest(Value):
    """What is mailed in a slot, shared by all whose digest is the same. `slot` reads `daily:2026-11-21`."""

    id: DigestId
    slot: str
    language: str
    layout: str
    edition_ids: tuple[EditionId, ...]


class DeliveryState(StrEnum):
    """Where one mail to one subscriber stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    IN_DATA = "in_data"
    DEFERRED = "deferred"
    SENT = "sent"
    REFUSED = "refused"
    PARKED = "parked"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Delivery(Value):
    """A subscriber x slot. `digest_id` is None when the slot is skipped, or the mail is a letter with words of its own.

    `uncertain` counts ends without an answer; `fence` grows with each claim, so that an old claim's answer is refused.
    """

    id: DeliveryId
    subscriber_id: SubscriberId
    slot: str
    state: DeliveryState
    due: datetime
    digest_id: DigestId | None = None
    attempts: int = 0
    uncertain: int = 0
    fence: int = 0
    next_try: datetime | None = None
    reply: str | None = None
    changed: datetime | None = None


class Segment(Value):
    """Readers whose next digest is the same: derived, never stored. `covered` is the due moment of their last slot."""

    cadence: Cadence
    zone: str
    send_hour: int
    language: str
    layout: str
    topics: tuple[TopicId, ...]
    covered: datetime
    readers: int


class Standing(Value):
    """What speaks for and against sending a claimed delivery, read in the transaction that lets its text begin."""

    state: DeliveryState
    fence: int
    active: int
    pending: int
    suppression: SuppressionReason | None
    paused: bool


class BounceKind(StrEnum):
    """What a report about a mail says."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"


class Bounce(Value):
    """A report about a delivery."""

    delivery_id: DeliveryId | None
    subscriber_id: SubscriberId | None
    kind: BounceKind
    at: datetime
    status: str | None = None
    detail: str | None = None


class SuppressionReason(StrEnum):
    """Why an address is not mailed."""

    LEFT = "left"
    HARD = "hard"
    COMPLAINT = "complaint"
    ERASED = "erased"


class Suppression(Value):
    """A keyed hash of an address we do not mail; it outlives the subscriber."""

    address_hash: str
    reason: SuppressionReason
    since: datetime


# Legal moves

EDITION_MOVES: dict[EditionState, frozenset[EditionState]] = {
    EditionState.DRAFT: frozenset({EditionState.RELEASED}),
    EditionState.RELEASED: frozenset(),
}

SUBSCRIPTION_MOVES: dict[SubscriptionState, frozenset[SubscriptionState]] = {
    SubscriptionState.PENDING: frozenset({SubscriptionState.ACTIVE, SubscriptionState.ENDED}),
    SubscriptionState.ACTIVE: frozenset({SubscriptionState.ENDED}),
    SubscriptionState.ENDED: frozenset({SubscriptionState.PENDING}),
}

_D = DeliveryState
_NEVER_BEGUN = {_D.SUPPRESSED, _D.CANCELLED, _D.SKIPPED}

DELIVERY_MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    _D.QUEUED: frozenset({_D.CLAIMED} | _NEVER_BEGUN),
    # A claim whose lease ended goes back to the queue; RCPT may be refused before the text is sent.
    _D.CLAIMED: frozenset({_D.QUEUED, _D.IN_DATA, _D.DEFERRED, _D.REFUSED, _D.PARKED} | _NEVER_BEGUN),
    # No way back to queued: after the text began only the relay's answer, one resend or a person settles it.
    _D.IN_DATA: frozenset({_D.SENT, _D.REFUSED, _D.DEFERRED, _D.PARKED}),
    _D.DEFERRED: frozenset({_D.CLAIMED, _D.PARKED} | _NEVER_BEGUN),
    _D.PARKED: frozenset({_D.QUEUED, _D.CANCELLED}),
    _D.SENT: frozenset(),
    _D.REFUSED: frozenset(),
    _D.SUPPRESSED: frozenset(),
    _D.CANCELLED: frozenset(),
    _D.SKIPPED: frozenset(),
}

OPEN_DELIVERIES = frozenset({_D.QUEUED, _D.CLAIMED, _D.IN_DATA, _D.DEFERRED})
FINAL_DELIVERIES = frozenset(DeliveryState) - OPEN_DELIVERIES


# The site, as renderers see it


class Site(Value):
    """Who publishes. `tag` (`authority,date`, RFC 4151) starts every id and never changes, even when `url` does."""

    title: str
    url: str
    tag: str
    description: str = ""
    language: str = "en"
    zone: str = "UTC"
    contact: str | None = None
    postal: str | None = None


# Polling


class Health(Value):
    """How polling a source goes. `address` gave the last good answer, and the validators are that address's.

    `moved_to` is where permanent redirects lead. `baseline_at` is when the first entries came, most of which are old
    stock: see the store's `mark_baseline`.
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
