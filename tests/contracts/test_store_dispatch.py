"""Planning and claiming deliveries, leases and switches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.model import (
    DELIVERY_MOVES,
    Begun,
    Cadence,
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    DigestId,
    EditionId,
    Ended,
    Segment,
    Standing,
    Subscriber,
    SubscriberId,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    TopicId,
)
from digest.publish.flow import Limits
from digest.publish.sharing import LEASE, LOOK, Share
from digest.store import Store
from tests.factories import NOON, make_topic

HOUR, LATER = timedelta(hours=1), NOON + timedelta(days=1)
SLOT = "daily:2026-11-21"


def join(store: Store, name: str, *topics: str, since: object = NOON, **changes: object) -> SubscriberId:
    id_ = SubscriberId(name)
    fields = {"id": id_, "address": f"{name}@example.org", "created": NOON, **changes}
    store.save_subscribers([Subscriber(**fields)])  # type: ignore[arg-type]
    for topic in topics:
        subscribe(store, id_, topic, SubscriptionState.ACTIVE, since)
    return id_


def subscribe(store: Store, reader: SubscriberId, topic: str, state: SubscriptionState, since: object = NOON) -> None:
    assert store.save_subscription(
        Subscription(subscriber_id=reader, topic_id=TopicId(topic), state=state, since=since)  # type: ignore[arg-type]
    )


def segments(store: Store, due: object = LATER) -> list[Segment]:
    return [
        segment
        for cadence, zone, hour in store.send_times()
        for segment in store.segments(cadence, zone, hour, slot=SLOT, due=due)  # type: ignore[arg-type]
    ]


def planned(store: Store) -> list[Delivery]:
    for segment in segments(store):
        store.plan_segment(segment, slot=SLOT, due=LATER, covers=LATER, now=LATER)
    return store.deliveries(SLOT)


def claim(store: Store, **changes: object) -> list[Delivery]:
    return store.claim(**{"limit": 10, "now": LATER, "until": LATER + HOUR, **changes})  # type: ignore[arg-type]


def admit(store: Store, *claimed: Delivery) -> int:
    begun = [Begun(id=one.id, fence=one.fence, message_id="<a@b>", relay="relay:25") for one in claimed]
    return store.admit(begun, until=LATER, now=LATER)


def finish(store: Store, delivery: Delivery, to: DeliveryState, **given: Any) -> int:
    return store.finish([Ended(id=delivery.id, fence=delivery.fence, to=to, **given)], now=LATER)


def test_readers_with_the_same_wishes_are_one_segment(store: Store) -> None:
    store.put_topics([make_topic("a"), make_topic("b")])
    join(store, "ana", "a", "b")
    join(store, "bo", "b", "a")
    join(store, "cy", "a")
    found = segments(store)
    assert [(one.topics, one.readers, one.covered) for one in found] == [(("a", "b"), 2, NOON), (("a",), 1, NOON)]


def test_who_waits_left_or_paused_is_in_no_segment(store: Store) -> None:
    ana = join(store, "ana", "a")
    subscribe(store, ana, "a", SubscriptionState.ENDED)
    subscribe(store, join(store, "bo"), "a", SubscriptionState.PENDING)
    join(store, "cy", "a", paused=True)
    assert (store.send_times(), segments(store)) == ([], [])


def test_who_was_activated_after_the_slot_was_due_waits_for_the_next(store: Store) -> None:
    join(store, "ana", "a", since=LATER)
    assert segments(store, due=LATER) == []
    assert len(segments(store, due=LATER + HOUR)) == 1


def test_a_segments_readers_are_counted_by_domain(store: Store) -> None:
    for name, address in {"a": "a@x.example", "b": "b+x.example@X.example", "c": "c@y.example"}.items():
        join(store, name, "cache", address=address)
    join(store, "d", "cache", "vision", address="d@x.example")
    assert sorted((store.domains(one, slot=SLOT) for one in segments(store)), key=len) == [
        {"x.example": 1},
        {"x.example": 2, "y.example": 1},
    ]
    planned(store)
    assert [store.domains(one, slot=SLOT) for one in segments(store)] == []


def test_a_segment_is_planned_once_and_covered(store: Store) -> None:
    for name in ("ana", "bo", "cy"):
        join(store, name, "a")
    assert len(planned(store)) == 3
    assert len(planned(store)) == 3
    assert segments(store) == []
    (next_,) = store.segments(Cadence.DAILY, "UTC", 7, slot="daily:2026-11-22", due=LATER + 24 * HOUR)
    assert next_.covered == LATER


def test_a_reader_of_hundreds_of_topics_is_planned_like_any_other(store: Store) -> None:
    names = [f"a topic of {number} with a long name" for number in range(300)]
    store.put_topics([make_topic(name) for name in names])
    join(store, "ana", *names)
    join(store, "ben", *names[:-1])
    assert [one.readers for one in segments(store)] == [1, 1]
    assert len(planned(store)) == 2


def test_a_claim_hides_a_delivery_until_it_ends(store: Store) -> None:
    join(store, "ana", "a")
    planned(store)
    (mine,) = claim(store)
    assert (mine.state, mine.fence, mine.attempts) == (DeliveryState.CLAIMED, 1, 1)
    assert claim(store) == []
    assert store.lapsed(now=LATER + HOUR - timedelta(seconds=1)) == []
    assert [one.id for one in store.lapsed(now=LATER + HOUR)] == [mine.id]


def test_what_is_not_due_is_not_claimed(store: Store) -> None:
    join(store, "ana", "a")
    planned(store)
    assert claim(store, now=LATER - HOUR) == []
    assert store.next_try() == LATER


def test_the_longest_waiting_are_claimed_first_and_no_more_than_asked_for(store: Store) -> None:
    for number in range(5):
        store.plan_deliveries(
            [
                Delivery(
                    id=DeliveryId(f"d{number}"),
                    subscriber_id=SubscriberId(f"s{number}"),
                    slot=SLOT,
                    state=DeliveryState.QUEUED,
                    due=LATER - number * HOUR,
                )
            ]
        )
    assert {one.id for one in claim(store, limit=2)} == {"d4", "d3"}


def test_letters_are_claimed_before_digests_that_wait_longer(store: Store) -> None:
    digest = store.save_digest(
        Digest(id=DigestId("g"), slot=SLOT, language="en", layout="cards", edition_ids=(EditionId("cache/2026-11-20"),))
    )
    waits = {"d0": -1, "d1": -2, "l0": 0, "l1": -1, "d2": -3, "soon": 1}
    store.plan_deliveries(
        Delivery(
            id=DeliveryId(name),
            subscriber_id=SubscriberId(name),
            slot=SLOT if name[0] == "d" else "confirm:2026-11-22",
            state=DeliveryState.QUEUED,
            due=LATER + hours * HOUR,
            digest_id=digest if name[0] == "d" else None,
        )
        for name, hours in waits.items()
    )
    assert [one.id for one in claim(store, limit=3)] == ["l1", "l0", "d2"]
    assert [one.id for one in claim(store)] == ["d1", "d0"]
    assert store.next_try() == LATER + HOUR


def test_an_old_claim_changes_nothing(store: Store) -> None:
    join(store, "ana", "a")
    planned(store)
    (old,) = claim(store)
    assert store.release(old, now=LATER)
    (new,) = claim(store)
    assert admit(store, old) == 0
    assert finish(store, old, DeliveryState.SENT) == 0
    assert admit(store, old, new) == 1
    assert finish(store, new, DeliveryState.SENT, reply="250 ok") == 1
    done = store.delivery(new.id)
    assert (done.state, done.reply, done.attempts, done.relay) == (DeliveryState.SENT, "250 ok", 1, "relay:25")


def test_who_is_there_holds_a_claim_and_who_was_given_up_does_not(store: Store) -> None:
    join(store, "ana", "a")
    planned(store)
    (old,) = claim(store)
    assert store.release(old, now=LATER)
    (new,) = claim(store)
    assert admit(store, new) == 1
    assert store.renew([old, new], until=LATER + 9 * HOUR) == 1
    assert store.lapsed(now=LATER + 8 * HOUR) == []
    assert [one.id for one in store.lapsed(now=LATER + 9 * HOUR)] == [new.id]


def test_a_deferred_delivery_comes_back_at_its_time(store: Store) -> None:
    join(store, "ana", "a")
    planned(store)
    (mine,) = claim(store)
    assert finish(store, mine, DeliveryState.DEFERRED, next_try=LATER + HOUR, uncertain=True) == 1
    assert claim(store) == []
    (again,) = claim(store, now=LATER + HOUR)
    assert (again.attempts, again.uncertain) == (2, 1)


@pytest.mark.parametrize("target", list(DeliveryState))
def test_a_claim_ends_only_by_a_legal_move(store: Store, target: DeliveryState) -> None:
    join(store, "ana", "a")
    planned(store)
    (mine,) = claim(store)
    assert finish(store, mine, target) == (target in DELIVERY_MOVES[DeliveryState.CLAIMED])


def standing(store: Store, delivery: Delivery) -> Standing:
    return store.standings({delivery.id: "h", DeliveryId("nobody"): "n"})[delivery.id]


def test_standings_say_what_speaks_for_and_against(store: Store) -> None:
    ana, bo = join(store, "ana", "a"), join(store, "bo", "a")
    planned(store)
    mine, other = sorted(claim(store), key=lambda one: one.subscriber_id)
    found = standing(store, mine)
    assert (found.state, found.fence, found.active, found.paused) == (DeliveryState.CLAIMED, 1, 1, False)
    subscribe(store, ana, "a", SubscriptionState.ENDED)
    store.set_switch("outbox", "paused")
    store.suppress(Suppression(address_hash="h", reason=SuppressionReason.LEFT, since=NOON))
    found = standing(store, mine)
    assert (found.active, found.paused, found.suppression) == (0, True, SuppressionReason.LEFT)
    both = store.standings({mine.id: "h", other.id: "o"})
    assert [(one.id, one.active, one.suppression) for one in both.values()] == [
        (mine.id, 0, SuppressionReason.LEFT),
        (other.id, 1, None),
    ]
    assert bo


def test_nothing_begins_and_ends_where_nothing_is_given(store: Store) -> None:
    assert (store.standings({}), admit(store), store.finish([], now=LATER)) == ({}, 0, 0)


def test_the_books_count_each_state_of_each_slot(store: Store) -> None:
    for name in ("ana", "bo"):
        join(store, name, "a")
    planned(store)
    claim(store, limit=1)
    assert store.books() == {SLOT: {DeliveryState.CLAIMED: 1, DeliveryState.QUEUED: 1}}


def test_a_lease_has_one_holder_and_its_fence_grows_with_each_new_one(store: Store) -> None:
    assert store.take_lease("chores", holder="one", now=NOON, until=NOON + HOUR) == 1
    assert store.take_lease("chores", holder="two", now=NOON, until=NOON + HOUR) is None
    assert store.take_lease("chores", holder="one", now=NOON, until=NOON + 2 * HOUR) == 1
    assert store.take_lease("chores", holder="two", now=NOON + 2 * HOUR, until=NOON + 3 * HOUR) == 2
    store.drop_lease("chores", holder="two", now=NOON + 2 * HOUR)
    assert store.take_lease("chores", holder="one", now=NOON + 2 * HOUR, until=NOON + 3 * HOUR) == 3


def test_leases_are_listed_by_name_while_they_are_held(store: Store) -> None:
    for name in ("sender/2", "sender/1", "sender/3", "senders", "chores"):
        store.take_lease(name, holder="one", now=NOON, until=NOON + HOUR)
    store.drop_lease("sender/3", holder="one", now=NOON)
    assert store.leases("sender/", now=NOON) == ["sender/1", "sender/2"]
    assert store.leases("sender/", now=NOON + HOUR) == []


def test_senders_share_a_limit_by_their_leases(store: Store) -> None:
    now, seconds, limits = NOON, 0.0, Limits(relay=3)
    one, other = (Share(store, lambda: now, clock=lambda: seconds) for _ in range(2))
    assert [one.look(limits), other.look(limits), one.look(limits)] == [limits, Limits(relay=1), Limits(relay=2)]
    assert (one.opens(0), other.opens(0)) == (0, 2 * LOOK + 1)
    now, seconds = NOON + LEASE / 2, 7.5
    assert other.look(limits) == Limits(relay=1)
    now += LEASE / 2 + timedelta(seconds=1)
    assert other.look(limits) == limits
    other.opens(16)
    other.leave()
    assert one.look(limits) == Limits(relay=2)
    assert one.stands_by is other.stands_by is False


def test_a_switch_stands_where_it_was_set(store: Store) -> None:
    assert store.switch("outbox") is None
    store.set_switch("outbox", "paused")
    store.set_switch("outbox", "open")
    assert store.switch("outbox") == "open"
