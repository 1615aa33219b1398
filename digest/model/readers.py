"""Readers and their mail: subscribers, digests, deliveries, bounces, suppressions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from digest.model.topics import PeriodKind
from digest.model.values import DeliveryId, DigestId, EditionId, SubscriberId, TopicId, Value


class Cadence(StrEnum):
    """How often a subscriber gets a digest."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Layout(StrEnum):
    """How much a mail shows of each paper: all, who and why, or a line."""

    CARDS = "cards"
    COMPACT = "compact"
    TITLES = "titles"


CADENCE_OF = {PeriodKind.DAY: Cadence.DAILY, PeriodKind.WEEK: Cadence.WEEKLY, PeriodKind.MONTH: Cadence.MONTHLY}


class Subscriber(Value):
    """An address and how its owner wants to be mailed. `send_hour` is 0 to 23 in `zone` (an IANA name).

    `renewals` counts how often the reader gave the own feed another address: see the store's `renew_feed`.
    """

    id: SubscriberId
    address: str
    created: datetime
    cadence: Cadence = Cadence.DAILY
    zone: str = "UTC"
    send_hour: int = 7
    language: str = "en"
    layout: str = Layout.CARDS
    paused: bool = False
    renewals: int = 0


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
    `relay` is the one that the last begun mail went to.
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
    relay: str | None = None


class Begun(Value):
    """A claimed delivery whose mail is about to begin, and where."""

    id: DeliveryId
    fence: int
    message_id: str
    relay: str


class Ended(Value):
    """How a claim ended; `uncertain` if no answer came to a mail that had begun."""

    id: DeliveryId
    fence: int
    to: DeliveryState
    reply: str | None = None
    next_try: datetime | None = None
    uncertain: bool = False


class Segment(Value):
    """Readers whose next digest is the same: derived, never stored. `covered` is the due moment of their last slot.

    `first` and `last` are their lowest and highest ids, so that a segment of one is found at once among all others.
    """

    cadence: Cadence
    zone: str
    send_hour: int
    language: str
    layout: str
    topics: tuple[TopicId, ...]
    covered: datetime
    readers: int
    first: SubscriberId
    last: SubscriberId


class Standing(Value):
    """What speaks for and against sending a claimed delivery, read in the transaction that lets its mail begin."""

    id: DeliveryId
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
