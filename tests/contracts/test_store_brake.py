"""Holding mail back: cancelled at once, given back for later, the vanguard, and the first answers of a slot."""

from __future__ import annotations

from digest.model import Begun, Delivery, DeliveryState, Ended
from digest.store import Store
from tests.contracts.test_store_dispatch import HOUR, LATER, SLOT, claim, join, planned, segments


def begin(store: Store, delivery: Delivery) -> int:
    begun = Begun(id=delivery.id, fence=delivery.fence, message_id="<a@b>", relay="relay")
    return store.admit([begun], until=LATER + HOUR, now=LATER)


def end(store: Store, delivery: Delivery, to: DeliveryState) -> None:
    assert store.finish([Ended(id=delivery.id, fence=delivery.fence, to=to)], now=LATER) == 1


def test_all_that_has_not_begun_can_be_cancelled_at_once(store: Store) -> None:
    for name in ("ana", "bo", "cy"):
        join(store, name, "a")
    planned(store)
    begun, claimed = claim(store, limit=2)
    begin(store, begun)
    assert store.change_deliveries(to=DeliveryState.CANCELLED, slot="daily:2026-11-20", now=LATER) == 0
    assert store.change_deliveries(to=DeliveryState.CANCELLED, slot=SLOT, now=LATER) == 2
    assert not begin(store, claimed)
    assert store.books() == {SLOT: {DeliveryState.IN_DATA: 1, DeliveryState.CANCELLED: 2}}


def test_what_is_queued_again_is_not_taken_from_its_sender(store: Store) -> None:
    join(store, "ana", "a")
    planned(store)
    claim(store)
    assert store.change_deliveries(to=DeliveryState.QUEUED, slot=None, now=LATER) == 0


def test_a_claim_may_be_given_back_for_later(store: Store) -> None:
    join(store, "ana", "a")
    planned(store)
    (mine,) = claim(store)
    assert store.release(mine, now=LATER, next_try=LATER + HOUR)
    assert claim(store) == []
    (again,) = claim(store, now=LATER + HOUR)
    assert again.attempts == 1


def test_the_vanguard_goes_first(store: Store) -> None:
    ana, bo = (join(store, name, "a") for name in ("ana", "bo"))
    for segment in segments(store):
        waits = {"next_try": LATER + HOUR, "vanguard": [bo]}
        store.plan_segment(segment, slot=SLOT, due=LATER, covers=LATER, now=LATER, **waits)  # type: ignore[arg-type]
    assert [one.subscriber_id for one in claim(store)] == [bo]
    assert [one.subscriber_id for one in claim(store, now=LATER + HOUR)] == [ana]


def test_a_slots_final_answers_are_counted(store: Store) -> None:
    for name in ("ana", "bo", "cy", "di"):
        join(store, name, "a")
    planned(store)
    for delivery, to in zip(
        claim(store), (DeliveryState.SENT, DeliveryState.SENT, DeliveryState.REFUSED), strict=False
    ):
        begin(store, delivery)
        end(store, delivery, to)
    assert store.answers(SLOT, limit=9) == (3, 1)
    assert store.answers(SLOT, limit=2)[0] == 2
    assert store.answers("daily:2026-11-20", limit=9) == (0, 0)
