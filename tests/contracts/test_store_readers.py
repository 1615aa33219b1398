"""Store: subscribers and their subscriptions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.errors import NotFoundError, StoreError
from digest.model import (
    SUBSCRIPTION_MOVES,
    Cadence,
    Subscriber,
    SubscriberId,
    Subscription,
    SubscriptionState,
    TopicId,
)
from digest.store import Store
from tests.factories import NOON, make_topic

STATES = list(SubscriptionState)


def reader(id: str = "s1", **changes: Any) -> Subscriber:  # noqa: A002 - the model's word
    return Subscriber(**{"id": SubscriberId(id), "address": f"{id}@example.org", "created": NOON, **changes})


def subscription(state: SubscriptionState, **changes: Any) -> Subscription:
    given = {"subscriber_id": SubscriberId("s1"), "topic_id": TopicId("kv-cache"), "since": NOON}
    return Subscription(**{**given, "state": state, **changes})


def stand_in(store: Store, state: SubscriptionState) -> None:
    """Bring the subscription of s1 to a state by legal moves."""
    store.save_subscribers([reader()])
    for step in STATES[: STATES.index(state) + 1]:
        store.save_subscription(subscription(step))


def test_a_subscriber_comes_back_as_saved(store: Store) -> None:
    full = reader(cadence=Cadence.WEEKLY, zone="Asia/Tokyo", send_hour=0, language="ja", layout="plain", paused=True)
    assert store.save_subscribers([reader("s2"), full]) == 2
    assert store.subscriber(full.id) == full
    assert store.subscribers() == [full, reader("s2")]


def test_a_subscriber_can_change_the_address(store: Store) -> None:
    store.save_subscribers([reader()])
    assert store.save_subscribers([reader(address="new@example.org")]) == 1
    assert store.subscriber_by_address("new@example.org") == reader(address="new@example.org")
    assert store.subscriber_by_address("s1@example.org") is None


def test_an_unknown_subscriber_is_an_error(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.subscriber(SubscriberId("s1"))


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        (" ada@example.org", "ada@example.org"),
    ],
)
def test_one_mailbox_is_one_subscriber_however_it_is_spelled(store: Store, kept: str, asked: str) -> None:
    store.save_subscribers([reader(address=kept)])
    assert store.subscriber_by_address(asked) == reader(address=kept)
    with pytest.raises(StoreError, match="address"):
        store.save_subscribers([reader("s2", address=asked)])


def test_different_mailboxes_are_different_subscribers(store: Store) -> None:
    addresses = ["ada@example.org", "ada+papers@example.org", "a.da@example.org", "ada@example.com"]
    store.save_subscribers(reader(f"s{number}", address=address) for number, address in enumerate(addresses))
    assert [one.address for one in store.subscribers()] == addresses


@pytest.mark.parametrize("to", STATES)
@pytest.mark.parametrize("state", STATES)
def test_a_subscription_makes_exactly_the_legal_moves(
    store: Store, state: SubscriptionState, to: SubscriptionState
) -> None:
    stand_in(store, state)
    before = store.subscriptions(SubscriberId("s1"))
    moved = subscription(to, since=NOON + timedelta(days=1), evidence="form, 2026-11-21")
    assert store.save_subscription(moved) is (to in SUBSCRIPTION_MOVES[state])
    assert store.subscriptions(SubscriberId("s1")) == ([moved] if to in SUBSCRIPTION_MOVES[state] else before)


def test_subscriptions_come_by_topic(store: Store) -> None:
    store.save_subscribers([reader(), reader("s2")])
    b, a = (subscription(SubscriptionState.ACTIVE, topic_id=TopicId(topic)) for topic in "ba")
    elsewhere = subscription(SubscriptionState.ACTIVE, subscriber_id=SubscriberId("s2"))
    for one in (b, a, elsewhere):
        store.save_subscription(one)
    assert store.subscriptions(SubscriberId("s1")) == [a, b]


def test_a_subscription_needs_a_subscriber(store: Store) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.save_subscription(subscription(SubscriptionState.PENDING))


def test_a_topic_that_is_put_back_finds_its_readers(store: Store) -> None:
    store.put_topics([make_topic()])
    stand_in(store, SubscriptionState.ACTIVE)
    store.remove_topic(TopicId("kv-cache"))
    store.put_topics([make_topic()])
    assert store.subscriptions(SubscriberId("s1")) == [subscription(SubscriptionState.ACTIVE)]
