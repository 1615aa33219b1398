"""The brake, the pace and the hours of mail, over a real SMTP server."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from msgspec.structs import replace

from digest.app import App
from digest.model import Delivery, DeliveryState, Subscriber, Subscription, SubscriptionState, TopicId
from digest.tokens import subscriber_id
from digest.work import brake
from digest.work.messages import Messages
from digest.work.planning import plan
from digest.work.sending import Sent, send
from digest.work.sending.ledger import Beginning, keep
from digest.work.sending.supply import Mail
from digest.work.status import status
from digest.work.subscribing import hash_of, leave
from tests.factories import Clock
from tests.mailserver import Mailbox
from tests.sending import HOUR, SLOT, deliver, join, morning, states, with_smtp

MINUTE = timedelta(minutes=1)
GONE, POLICY = "550 5.1.1 no such user", "550 5.7.1 blocked"


def crowd(app: App, number: int) -> list[str]:
    names = [f"r{n:05}" for n in range(number)]
    people = [
        Subscriber(id=subscriber_id(name.encode().ljust(12, b".")), address=f"{name}@example.org", created=app.now())
        for name in names
    ]
    with app.store.transaction():
        app.store.save_subscribers(people)
        for one in people:
            app.store.save_subscription(
                Subscription(
                    subscriber_id=one.id, topic_id=TopicId("cache"), state=SubscriptionState.ACTIVE, since=app.now()
                )
            )
    return names


def test_too_many_refusals_stop_the_slot_and_say_why(app: App, clock: Clock, relay: Mailbox) -> None:
    crowd(app, 60)
    morning(app, clock)
    relay.at_rcpt = lambda address: POLICY
    done = deliver(app)
    assert 11 <= done.refused <= 11 + app.settings.smtp.connections
    assert (why := brake.paused(app))
    assert why.startswith(f"11 of the first 11 mails of {SLOT} were refused, the last with: 550 5.7.1")
    assert any(why in line for line in status(app).stuck)
    assert deliver(app) == Sent()


def test_who_lets_a_slot_go_on_is_not_stopped_again(app: App, clock: Clock, relay: Mailbox) -> None:
    crowd(app, 40)
    morning(app, clock)
    relay.at_rcpt = lambda address: POLICY
    deliver(app)
    brake.resume(app)
    deliver(app)
    assert states(app) == {"refused": 40}
    assert brake.paused(app) is None


def test_a_slot_that_tripped_trips_no_more_though_another_did_since(app: App, clock: Clock, relay: Mailbox) -> None:
    brake.trip(app, SLOT, "many")
    brake.trip(app, "weekly:2026-W47", "many")
    assert brake.tripped(app, SLOT)
    assert brake.tripped(app, "weekly:2026-W47")
    assert not brake.tripped(app, "daily:2026-11-22")


def test_refusals_are_counted_over_rounds_and_a_few_are_normal(app: App, clock: Clock, relay: Mailbox) -> None:
    names = crowd(app, 30)
    for name in ("late", "later"):
        join(app, name, "cache", send_hour=8)
    morning(app, clock)
    dead = {f"{name}@example.org" for name in names[:10]}
    relay.at_rcpt = lambda address: GONE if address in dead else None
    assert deliver(app).refused == 10
    assert brake.paused(app) is None
    relay.at_rcpt = lambda address: GONE
    clock.instant += HOUR
    assert deliver(app).refused >= 1
    assert (why := brake.paused(app))
    assert why.startswith(f"11 of the first 31 mails of {SLOT} were refused")


def test_a_share_of_one_never_stops(app: App, clock: Clock, relay: Mailbox) -> None:
    crowd(app, 20)
    morning(app, clock)
    relay.at_rcpt = lambda address: POLICY
    assert deliver(with_smtp(app, refusals=1.0)).refused == 20
    assert brake.paused(app) is None


def test_another_process_stops_at_once_when_paused_or_cancelled(app: App, clock: Clock, relay: Mailbox) -> None:
    crowd(app, 60)
    morning(app, clock)
    seen = threading.Semaphore(0)

    def slow(address: str) -> None:
        seen.release()
        time.sleep(0.01)

    relay.at_rcpt = slow
    plan(app)
    sender = threading.Thread(target=lambda: asyncio.run(send(app)))
    sender.start()
    seen.acquire()
    brake.pause(app)
    at_pause = len(relay.mails)
    sender.join(20)
    assert len(relay.mails) <= at_pause + app.settings.smtp.connections
    held = brake.cancel(app, SLOT)
    brake.resume(app)
    assert deliver(app) == Sent()
    assert states(app) == {"cancelled": held, "sent": 60 - held}


def test_a_cancelled_slot_stays_so_for_readers_whose_hour_is_still_to_come(
    app: App, clock: Clock, relay: Mailbox
) -> None:
    join(app, "early", "cache", send_hour=7)
    join(app, "late", "cache", send_hour=9)
    morning(app, clock)
    plan(app)
    assert brake.cancel(app, SLOT) == 1
    clock.instant += 3 * HOUR
    deliver(app)
    assert (states(app), relay.mails) == ({"cancelled": 2}, [])
    assert brake.retry(app, SLOT) == 0
    assert not brake.cancelled(app, SLOT)


def test_the_vanguard_is_mailed_before_all_others(app: App, clock: Clock, relay: Mailbox) -> None:
    crowd(app, 5)
    join(app, "boss", "cache", "vision")
    ours = with_smtp(app, vanguard="boss@example.org nobody@example.org", vanguard_lead="10m")
    morning(app, clock)
    deliver(ours)
    assert relay.recipients() == ["boss@example.org"]
    clock.instant += 10 * MINUTE
    deliver(ours)
    assert len(relay.mails) == 6


def test_no_digest_comes_in_quiet_hours(app: App, clock: Clock, relay: Mailbox) -> None:
    schedule = replace(app.settings.schedule, quiet="22:00-08:00", compose_at="05:00", compose_by="06:00")
    ours = App(settings=replace(app.settings, schedule=schedule), store=app.store, now=clock)
    join(ours, "ana", "cache", send_hour=7)
    join(ours, "bo", "cache", send_hour=21)
    morning(ours, clock)
    assert deliver(ours) == Sent()
    clock.instant += HOUR
    deliver(ours)
    assert relay.recipients() == ["ana@example.org"]
    clock.instant += 13 * HOUR
    relay.at_rcpt = lambda address: "451 4.3.0 later"
    assert deliver(ours).deferred == 1
    clock.instant += HOUR + MINUTE
    relay.at_rcpt = lambda address: None
    assert deliver(ours).sent == 0
    clock.instant += 10 * HOUR
    assert deliver(ours).sent >= 1
    assert "bo@example.org" in relay.recipients()


def test_mail_goes_at_the_pace_that_is_set(app: App, clock: Clock, relay: Mailbox) -> None:
    crowd(app, 12)
    morning(app, clock)
    began = time.monotonic()
    assert deliver(with_smtp(app, rate="10/s")).sent == 12
    assert 1.0 <= time.monotonic() - began <= 6.0


def test_a_receiver_that_wants_rest_gets_it_and_the_books_say_when(app: App, clock: Clock, relay: Mailbox) -> None:
    for name, domain in (("ana", "tired.example"), ("bo", "tired.example"), ("cy", "fresh.example")):
        join(app, name, "cache", address=f"{name}@{domain}")
    morning(app, clock)
    relay.at_rcpt = lambda address: "450 4.7.28 unusual rate" if "tired" in address else None
    deliver(with_smtp(app, connections=1))
    assert relay.recipients() == ["cy@fresh.example"]
    waits = {one.next_try for one in app.store.deliveries(SLOT) if one.state is not DeliveryState.SENT}
    assert all(at and at >= clock.instant + 10 * MINUTE for at in waits)


def beginning(app: App, delivery: Delivery) -> Beginning:
    address = app.store.subscriber(delivery.subscriber_id).address
    mail = Mail(
        delivery=delivery,
        ends=delivery.due + HOUR,
        address=address,
        address_hash=hash_of(app, address),
        return_path="back@papers.example",
        name="n",
        message_id="<n@papers.example>",
        text=b"",
    )
    return Beginning(mail=mail, relay="relay")


def test_no_mail_begins_after_the_commit_of_an_unsubscribe(app: App, clock: Clock) -> None:
    crowd(app, 10_000)
    morning(app, clock)
    plan(app)
    assert states(app) == {"queued": 10_000}
    first = app.store.claim(limit=600, now=app.now(), until=app.now() + HOUR)
    # Both go through the same readers, one begins mails and one ends subscriptions.
    gone: set[str] = set()

    def leaves() -> None:
        for one in first[::3]:
            leave(app, one.subscriber_id)
            gone.add(one.subscriber_id)

    leaver = threading.Thread(target=leaves)
    leaver.start()
    begun, wrong = set[str](), set[str]()
    for start in range(0, len(first), 5):
        batch = first[start : start + 5]
        left = {one.id for one in batch if one.subscriber_id in gone}
        done = keep(app, [beginning(app, one) for one in batch], [], HOUR)
        begun |= done.begun
        wrong |= done.begun & left
    leaver.join()
    assert wrong == set()
    assert len(gone) == 200
    assert 400 <= len(begun) < 600
    assert states(app)["queued"] == 9_400


def test_a_mail_that_breaks_us_is_parked_after_three_tries_and_stops_no_other(
    app: App, clock: Clock, relay: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(app, "ana", "cache")
    join(app, "poison", "cache")
    morning(app, clock)
    made = Messages.of

    def breaks(self: Messages, delivery: Delivery, subscriber: Subscriber) -> bytes:
        if subscriber.address.startswith("poison"):
            raise RecursionError("deep")
        return made(self, delivery, subscriber)

    monkeypatch.setattr(Messages, "of", breaks)
    for _ in range(3):
        deliver(app)
        clock.instant += HOUR
    assert relay.recipients() == ["ana@example.org"]
    assert states(app) == {"sent": 1, "parked": 1}
    (parked,) = app.store.deliveries(SLOT, DeliveryState.PARKED)
    assert (parked.attempts, parked.reply) == (3, "it could not be made: RecursionError")
