"""Digests, deliveries, bounces and suppressions in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from digest.model import (
    DELIVERY_MOVES,
    Bounce,
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    DigestId,
    SubscriberId,
    Suppression,
    SuppressionReason,
)
from digest.store import rows
from digest.store.base import Outbox
from digest.store.parts import Part, missing, origins
from digest.store.sql import mail as sql
from digest.store.sql import matching


class SqlOutbox(Part, Outbox):
    def save_digest(self, digest: Digest) -> DigestId:
        given = rows.of_value(digest)
        with self._db.transaction():
            self._db.run(sql.SAVE_DIGEST, **given)
            (row,) = self._db.rows(sql.SAME_DIGEST, **given)
        return DigestId(row["id"])

    def digest(self, digest_id: DigestId) -> Digest:
        found = self._first(Digest, sql.DIGEST, id=digest_id)
        if found is None:
            raise missing("digest", digest_id)
        return found

    def plan_deliveries(self, deliveries: Iterable[Delivery]) -> int:
        return self._db.many(sql.PLAN_DELIVERY, map(rows.of_value, deliveries))

    def delivery(self, delivery_id: DeliveryId) -> Delivery:
        found = self._first(Delivery, sql.DELIVERY, id=delivery_id)
        if found is None:
            raise missing("delivery", delivery_id)
        return found

    def deliveries(
        self,
        slot: str | None = None,
        state: DeliveryState | None = None,
        *,
        subscriber_id: SubscriberId | None = None,
    ) -> list[Delivery]:
        given = {"slot": slot, "state": state, "subscriber_id": subscriber_id}
        return self._all(Delivery, sql.DELIVERIES.format(where=matching(given)), **given)

    def move_delivery(
        self, delivery_id: DeliveryId, *, to: DeliveryState, now: datetime, reply: str | None = None
    ) -> bool:
        legal = origins(to, DELIVERY_MOVES)
        return self._db.run(sql.MOVE_DELIVERY, id=delivery_id, to=to, now=now, reply=reply, legal=legal) > 0

    def suppress(self, suppression: Suppression) -> None:
        self._db.run(sql.SUPPRESS, **rows.of_value(suppression))

    def lift(self, address_hash: str, reason: SuppressionReason) -> bool:
        return self._db.run(sql.LIFT, address_hash=address_hash, reason=reason) > 0

    def suppression(self, address_hash: str) -> Suppression | None:
        return self._first(Suppression, sql.SUPPRESSION, address_hash=address_hash)

    def save_bounces(self, bounces: Iterable[Bounce]) -> int:
        return self._db.many(sql.SAVE_BOUNCE, map(rows.of_value, bounces))

    def bounces(self, subscriber_id: SubscriberId) -> list[Bounce]:
        return self._all(Bounce, sql.BOUNCES, subscriber_id=subscriber_id)
