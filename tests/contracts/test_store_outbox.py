"""Store: digests, deliveries and their moves, suppressions, bounces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.errors import NotFoundError, StoreError
from digest.model import (
    DELIVERY_MOVES,
    Bounce,
    BounceKind,
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    DigestId,
    EditionId,
    SubscriberId,
    Suppression,
    SuppressionReason,
)
from digest.store import Store
from tests.factories import NOON

HOUR = timedelta(hours=1)
SLOT = "daily:2026-11-21"
STATES = list(DeliveryState)


def make_digest(id: str = "g1", *editions: str, **changes: Any) -> Digest:  # noqa: A002 - the model's word
    given = {"id": DigestId(id), "slot": SLOT, "language": "en", "layout": "cards"}
    return Digest(**{**given, "edition_ids": tuple(map(EditionId, editions)), **changes})


def make_delivery(id: str = "d1", **changes: Any) -> Delivery:  # noqa: A002 - the model's word
    given = {"id": DeliveryId(id), "subscriber_id": SubscriberId(f"s-{id}"), "slot": SLOT, "due": NOON}
    return Delivery(**{**given, "state": DeliveryState.QUEUED, **changes})


# Digests


def test_a_digest_comes_back_as_saved(store: Store) -> None:
    digest = make_digest("g1", "b/2026-11-20", "a/2026-11-20")
    assert store.save_digest(digest) == "g1"
    assert store.digest(digest.id) == digest


def test_the_same_digest_under_a_new_id_is_the_one_already_there(store: Store) -> None:
    store.save_digest(make_digest("g1", "a/2026-11-20"))
    assert store.save_digest(make_digest("g2", "a/2026-11-20")) == "g1"
    assert store.tally()["digest"] == 1


@pytest.mark.parametrize(
    "other",
    [
        make_digest("g2", "b/2026-11-20", "a/2026-11-20"),
        make_digest("g2", "a/2026-11-20", "b/2026-11-20", slot="daily:2026-11-22"),
        make_digest("g2", "a/2026-11-20", "b/2026-11-20", layout="plain"),
        make_digest("g2", "a/2026-11-20", "b/2026-11-20", language="de"),
    ],
    ids=["order", "slot", "layout", "language"],
)
def test_what_differs_in_anything_is_another_digest(store: Store, other: Digest) -> None:
    store.save_digest(make_digest("g1", "a/2026-11-20", "b/2026-11-20"))
    assert store.save_digest(other) == "g2"


def test_an_id_names_one_digest_only(store: Store) -> None:
    store.save_digest(make_digest("g1", "a/2026-11-20"))
    with pytest.raises(StoreError, match="digest"):
        store.save_digest(make_digest("g1", "b/2026-11-20"))


def test_an_unknown_digest_is_an_error(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.digest(DigestId("g1"))


# Deliveries


def test_a_delivery_comes_back_as_planned(store: Store) -> None:
    store.save_digest(make_digest())
    full = make_delivery(digest_id=DigestId("g1"), attempts=2, next_try=NOON + HOUR, reply="450 later", changed=NOON)
    assert store.plan_deliveries([full, make_delivery("d2")]) == 2
    assert store.delivery(full.id) == full
    assert store.delivery(DeliveryId("d2")) == make_delivery("d2")


def test_a_subscriber_has_one_delivery_a_slot(store: Store) -> None:
    store.plan_deliveries([make_delivery()])
    again = make_delivery("d2", subscriber_id=SubscriberId("s-d1"), due=NOON + HOUR)
    elsewhen = make_delivery("d3", subscriber_id=SubscriberId("s-d1"), slot="daily:2026-11-22")
    assert store.plan_deliveries([again, elsewhen]) == 1
    assert store.deliveries() == [make_delivery(), elsewhen]


def test_an_unknown_delivery_is_an_error(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.delivery(DeliveryId("d1"))


def test_deliveries_come_by_due_moment_then_id(store: Store) -> None:
    deliveries = [make_delivery("d1", due=NOON + HOUR), make_delivery("d3"), make_delivery("d2")]
    store.plan_deliveries(deliveries)
    assert [one.id for one in store.deliveries()] == ["d2", "d3", "d1"]


def test_deliveries_can_be_asked_for_by_slot_and_state(store: Store) -> None:
    tomorrow, sent = make_delivery("d2", slot="daily:2026-11-22"), make_delivery("d3", state=DeliveryState.SENT)
    store.plan_deliveries([make_delivery(), tomorrow, sent])
    assert store.deliveries("daily:2026-11-22") == [tomorrow]
    assert store.deliveries(state=DeliveryState.SENT) == [sent]
    assert store.deliveries(SLOT, DeliveryState.QUEUED) == [make_delivery()]


@pytest.mark.parametrize("to", STATES)
@pytest.mark.parametrize("state", STATES)
def test_a_delivery_makes_exactly_the_legal_moves(store: Store, state: DeliveryState, to: DeliveryState) -> None:
    store.plan_deliveries([make_delivery(state=state), make_delivery("d2", state=state)])
    legal = to in DELIVERY_MOVES[state]
    assert store.move_delivery(DeliveryId("d1"), to=to, now=NOON + HOUR, reply="250 ok") is legal
    moved = make_delivery(state=to, changed=NOON + HOUR, reply="250 ok") if legal else make_delivery(state=state)
    assert store.deliveries() == [moved, make_delivery("d2", state=state)]


def test_a_move_without_a_reply_keeps_the_last_one(store: Store) -> None:
    store.plan_deliveries([make_delivery(state=DeliveryState.DEFERRED, reply="450 later")])
    store.move_delivery(DeliveryId("d1"), to=DeliveryState.CLAIMED, now=NOON)
    assert store.delivery(DeliveryId("d1")).reply == "450 later"


def test_an_unknown_delivery_does_not_move(store: Store) -> None:
    assert not store.move_delivery(DeliveryId("d1"), to=DeliveryState.CLAIMED, now=NOON)


# What comes back


def suppression(reason: SuppressionReason, hours: int = 0) -> Suppression:
    return Suppression(address_hash="abc", reason=reason, since=NOON + hours * HOUR)


@pytest.mark.parametrize("first", SuppressionReason)
@pytest.mark.parametrize("second", SuppressionReason)
def test_hard_and_complaint_stay_what_they_are(
    store: Store, first: SuppressionReason, second: SuppressionReason
) -> None:
    store.suppress(suppression(first))
    store.suppress(suppression(second, hours=1))
    stays = first in (SuppressionReason.HARD, SuppressionReason.COMPLAINT)
    assert store.suppression("abc") == (suppression(first) if stays else suppression(second, hours=1))


def test_an_address_that_is_not_suppressed_is_none(store: Store) -> None:
    assert store.suppression("abc") is None


def test_a_bounce_that_is_read_twice_is_kept_once(store: Store) -> None:
    store.plan_deliveries([make_delivery()])
    soft = Bounce(
        delivery_id=DeliveryId("d1"), subscriber_id=SubscriberId("s-d1"), kind=BounceKind.SOFT, at=NOON, detail="full"
    )
    hard = Bounce(delivery_id=None, subscriber_id=SubscriberId("s-d1"), kind=BounceKind.HARD, at=NOON, status="5.1.1")
    assert store.save_bounces([soft, hard]) == 2
    assert store.save_bounces([hard, soft]) == 0
    assert store.bounces(SubscriberId("s-d1")) == [hard, soft]


def test_a_bounce_of_nobody_known_is_counted(store: Store) -> None:
    unknown = Bounce(delivery_id=None, subscriber_id=None, kind=BounceKind.COMPLAINT, at=NOON)
    assert [store.save_bounces([unknown]), store.save_bounces([unknown])] == [1, 0]
    assert store.tally()["bounce"] == 1
