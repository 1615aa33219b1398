"""What a store promises about readers, and the mail to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from digest.model import (
    Begun,
    Bounce,
    Cadence,
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    DigestId,
    Ended,
    Segment,
    Standing,
    Subscriber,
    SubscriberId,
    Subscription,
    Suppression,
    SuppressionReason,
)


class Readers(Protocol):
    """Subscribers and what they subscribed to."""

    def save_subscribers(self, subscribers: Iterable[Subscriber]) -> int:
        """Add subscribers or change them. Returns how many were written.

        Raises StoreError if an address, however it is spelled, belongs to another one.
        """

    def subscriber(self, subscriber_id: SubscriberId) -> Subscriber:
        """Raises NotFoundError."""

    def subscribers_named(self, ids: Iterable[SubscriberId]) -> dict[SubscriberId, Subscriber]:
        """The subscribers that are known of those named."""

    def subscriber_by_address(self, address: str) -> Subscriber | None:
        """The subscriber with that address, however it is spelled."""

    def subscribers(self) -> list[Subscriber]:
        """All subscribers by id."""

    def save_subscription(self, subscription: Subscription) -> bool:
        """Begin a subscription in any state, or move it on. Raises StoreError for an unknown subscriber.

        False, and nothing changes, if SUBSCRIPTION_MOVES forbids the move.
        """

    def subscriptions(self, subscriber_id: SubscriberId) -> list[Subscription]:
        """A subscriber's subscriptions in every state, by topic."""


class Outbox(Protocol):
    """Digests, the books of their delivery, and what came back."""

    def save_digest(self, digest: Digest) -> DigestId:
        """Keep a digest. Returns its id, or that of the one already there with the same slot, form and editions."""

    def digest(self, digest_id: DigestId) -> Digest:
        """Raises NotFoundError."""

    def plan_deliveries(self, deliveries: Iterable[Delivery]) -> int:
        """Enter deliveries in the books; a second one for a subscriber and slot is ignored. Returns the number new."""

    def delivery(self, delivery_id: DeliveryId) -> Delivery:
        """Raises NotFoundError."""

    def deliveries(
        self,
        slot: str | None = None,
        state: DeliveryState | None = None,
        *,
        subscriber_id: SubscriberId | None = None,
    ) -> list[Delivery]:
        """The deliveries that fit, by due moment, then id."""

    def move_delivery(
        self, delivery_id: DeliveryId, *, to: DeliveryState, now: datetime, reply: str | None = None
    ) -> bool:
        """Move a delivery in one statement; without a `reply` the last one stays.

        False, and nothing changes, if DELIVERY_MOVES forbids it from where the delivery stands, or there is none.
        """

    def suppress(self, suppression: Suppression) -> None:
        """Mail an address no more. `hard` and `complaint` stay what they are: only the operator lifts them."""

    def lift(self, address_hash: str, reason: SuppressionReason) -> bool:
        """Mail an address again. False, and nothing changes, if it is not suppressed for that reason."""

    def suppression(self, address_hash: str) -> Suppression | None:
        """Why an address is not mailed, if it is not."""

    def save_bounces(self, bounces: Iterable[Bounce]) -> int:
        """Keep reports about mail; the same report again is ignored. Returns how many were new."""

    def bounces(self, subscriber_id: SubscriberId) -> list[Bounce]:
        """What came back from a subscriber, oldest first."""


class Dispatch(Protocol):
    """Who is mailed next, under which claim; and what only one may do at a time.

    A claim is a fence number on the delivery: whoever comes back with an old number changes nothing.
    """

    def send_times(self) -> list[tuple[Cadence, str, int]]:
        """The cadences, zones and send hours of all who get digests."""

    def segments(self, cadence: Cadence, zone: str, send_hour: int, *, slot: str, due: datetime) -> list[Segment]:
        """Those of a send time whose slot is not in the books, grouped; not those activated after it was due."""

    def domains(self, segment: Segment, *, slot: str) -> dict[str, int]:
        """To which domains, in lower case, a segment's mail for a slot would go: readers by domain, most first."""

    def plan_segment(
        self,
        segment: Segment,
        *,
        slot: str,
        due: datetime,
        covers: datetime,
        now: datetime,
        state: DeliveryState = DeliveryState.QUEUED,
        digest_id: DigestId | None = None,
        reply: str | None = None,
        next_try: datetime | None = None,
        vanguard: Sequence[SubscriberId] = (),
    ) -> int:
        """Enter a slot in the books for a whole segment, in one statement; its readers are then covered up to `covers`.

        Those who are no `vanguard` wait until `next_try`. A reader's second delivery for a slot is ignored. Returns how
        many are new.
        """

    def claim(self, *, limit: int, now: datetime, until: datetime) -> list[Delivery]:
        """Take deliveries whose time has come; nobody else gets them until `until`.

        Letters, which carry no digest and were just asked for, come before all digests, then the longest waiting.
        """

    def standings(self, address_hashes: Mapping[DeliveryId, str]) -> dict[DeliveryId, Standing]:
        """What speaks for and against deliveries, with the hash of each one's address; unknown ones are absent.

        To be read in the transaction of `admit` and `finish`.
        """

    def admit(self, begun: Iterable[Begun], *, until: datetime, now: datetime) -> int:
        """Move claimed deliveries to in_data. Returns how many; not those whose claim is no longer this one."""

    def finish(self, ended: Iterable[Ended], *, now: datetime) -> int:
        """Write down how claims ended. Returns how many; not if the claim is another, or DELIVERY_MOVES forbids it."""

    def release(self, delivery: Delivery, *, now: datetime, next_try: datetime | None = None) -> bool:
        """Give a claim back untried, for `next_try` if one is given. False if the claim is no longer this one."""

    def renew(self, deliveries: Iterable[Delivery], *, until: datetime) -> int:
        """Hold claims longer: their sender is there. Returns how many of them are still these ones."""

    def lapsed(self, *, now: datetime) -> list[Delivery]:
        """Deliveries whose claim nobody ended in time: their sender is gone."""

    def books(self) -> dict[str, dict[DeliveryState, int]]:
        """How many deliveries of each slot stand in each state, newest slot first."""

    def change_deliveries(self, *, to: DeliveryState, slot: str | None, now: datetime) -> int:
        """Move all that wait in a legal state for it (of one slot, or of all). Returns how many.

        What is claimed moves only to where it cannot be sent from.
        """

    def answers(self, slot: str, *, limit: int) -> tuple[int, int]:
        """How many mails of a slot were answered for good, counted up to `limit`, and how many of them were refused."""

    def next_try(self) -> datetime | None:
        """When the next delivery may be claimed."""

    def take_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> int | None:
        """Take or renew a lease. Returns its fence, which grows with each new holder; None while another holds it."""

    def drop_lease(self, name: str, *, holder: str, now: datetime) -> None:
        """Give a lease back."""

    def leases(self, prefix: str, *, now: datetime) -> list[str]:
        """Names of leases that are held and begin so, in order."""

    def set_switch(self, name: str, value: str) -> None:
        """Set a switch that all processes see."""

    def switch(self, name: str) -> str | None:
        """Where a switch stands; None if it was never set."""
