"""Subscribers and subscriptions in SQL. What each method promises stands in `base`."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from contextlib import suppress

from msgspec import json

from digest.model import SUBSCRIPTION_MOVES, Subscriber, SubscriberId, Subscription
from digest.store import rows
from digest.store.base import Readers
from digest.store.parts import Part, missing, origins
from digest.store.sql import mail as sql


class SqlReaders(Part, Readers):
    def save_subscribers(self, subscribers: Iterable[Subscriber]) -> int:
        found = ({**rows.of_value(one), "address_key": address_key(one.address)} for one in subscribers)
        return self._db.many(sql.SAVE_SUBSCRIBER, found)

    def subscriber(self, subscriber_id: SubscriberId) -> Subscriber:
        found = self._first(Subscriber, sql.SUBSCRIBER, id=subscriber_id)
        if found is None:
            raise missing("subscriber", subscriber_id)
        return found

    def subscribers_named(self, ids: Iterable[SubscriberId]) -> dict[SubscriberId, Subscriber]:
        return {one.id: one for one in self._all(Subscriber, sql.SUBSCRIBERS_NAMED, ids=list(ids))}

    def subscriber_by_address(self, address: str) -> Subscriber | None:
        return self._first(Subscriber, sql.SUBSCRIBER_BY_KEY, address_key=address_key(address))

    def subscribers(self) -> list[Subscriber]:
        return self._all(Subscriber, sql.SUBSCRIBERS)

    def save_subscription(self, subscription: Subscription) -> bool:
        legal = origins(subscription.state, SUBSCRIPTION_MOVES)
        with self._db.transaction():
            saved = self._db.run(sql.SAVE_SUBSCRIPTION, **rows.of_value(subscription), legal=legal) > 0
            self._keep_topics(subscription)
        return saved

    def _keep_topics(self, changed: Subscription) -> None:
        """Keep the active topics with their reader: digests are planned by them, for many readers in one statement."""
        active = [row["topic_id"] for row in self._db.rows(sql.TOPICS_OF, subscriber_id=changed.subscriber_id)]
        topics = json.encode(active).decode() if active else ""
        self._db.run(sql.KEEP_TOPICS, subscriber_id=changed.subscriber_id, topics=topics, since=changed.since)

    def subscriptions(self, subscriber_id: SubscriberId) -> list[Subscription]:
        return self._all(Subscription, sql.SUBSCRIPTIONS, subscriber_id=subscriber_id)


def address_key(address: str) -> str:
    """Return what all spellings of an address share: composed letters, no case, the domain in ASCII (RFC 3490)."""
    if address.isascii() and "@" in address:
        return address.strip().lower()
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).casefold().rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}@{domain}"
