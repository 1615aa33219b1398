"""Store: what the doors ask of it: a reader's deliveries, a suppression lifted, when editions were released."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    EditionState,
    Subscriber,
    SubscriberId,
    Suppression,
    SuppressionReason,
)
from digest.store import Store
from tests.factories import NOON, make_edition, make_topic


def delivery(id: str, reader: str, slot: str) -> Delivery:  # noqa: A002 - the model's word
    return Delivery(
        id=DeliveryId(id), subscriber_id=SubscriberId(reader), slot=slot, state=DeliveryState.QUEUED, due=NOON
    )


def test_a_readers_deliveries_are_the_readers_own(store: Store) -> None:
    mine = [delivery("a", "s1", "confirm:2026-11-20"), delivery("b", "s1", "daily:2026-11-20")]
    store.plan_deliveries([*mine, delivery("c", "s2", "daily:2026-11-20")])
    assert store.deliveries(subscriber_id=SubscriberId("s1")) == mine
    assert store.deliveries("daily:2026-11-20", subscriber_id=SubscriberId("s1")) == mine[1:]
    assert store.deliveries(subscriber_id=SubscriberId("nobody")) == []


@pytest.mark.parametrize("reason", SuppressionReason)
@pytest.mark.parametrize("held", SuppressionReason)
def test_a_suppression_is_lifted_for_its_own_reason_only(
    store: Store, held: SuppressionReason, reason: SuppressionReason
) -> None:
    store.suppress(Suppression(address_hash="h", reason=held, since=NOON))
    store.suppress(Suppression(address_hash="other", reason=held, since=NOON))
    assert store.lift("h", reason) is (held is reason)
    assert (store.suppression("h") is None) is (held is reason)
    assert store.suppression("other")


def test_releases_are_the_released_editions_with_their_dates(store: Store) -> None:
    first = make_edition()
    late = make_edition(label="2026-11-19", topic=make_topic("vision"), released=NOON + timedelta(days=9))
    draft = make_edition(label="2026-11-18", state=EditionState.DRAFT, released=None)
    assert store.releases() == {}
    for edition in (first, late, draft):
        store.save_edition(edition)
    assert store.releases() == {first.id: first.dated, late.id: NOON + timedelta(days=9)}


def test_shown_papers_are_those_of_released_editions_of_the_sites_topics(store: Store) -> None:
    site, own = make_topic("vision"), make_topic("mine", owner=SubscriberId("s1"))
    store.save_papers(pick.paper for pick in make_edition().picks)
    store.save_subscribers([Subscriber(id=SubscriberId("s1"), address="ana@example.org", created=NOON)])
    store.put_topics([site, own])
    first = make_edition(topic=site, label="2026-11-19", released=NOON)
    again = make_edition(topic=site, label="2026-11-20", released=NOON + timedelta(days=1))
    draft = make_edition(topic=site, label="2026-11-21", state=EditionState.DRAFT, released=None)
    for edition in (first, again, draft, make_edition(topic=own, released=NOON + timedelta(days=2))):
        store.save_edition(edition)
    assert store.shown_papers() == {pick.paper.id: NOON + timedelta(days=1) for pick in first.picks}
