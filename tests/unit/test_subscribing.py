"""Readers come, confirm, change and leave: what each verb does, and what it must not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.app import App
from digest.errors import NotFoundError
from digest.model import (
    Cadence,
    Delivery,
    DeliveryId,
    DeliveryState,
    PeriodKind,
    SubscriberId,
    SubscriptionState,
    SuppressionReason,
    TopicId,
)
from digest.render.letters import LetterKind
from digest.work import subscribing
from digest.work.subscribing import BLOCKING, letter_is_due
from digest.work.wishes import RefusedError, application, mailbox_of
from tests.doors import ADA, Clock, confirmed, join, letters, reader, sent, states, suppress
from tests.factories import NOON, make_topic

KV, VISION = TopicId("kv-cache"), TopicId("vision")


# Asking


def test_asking_makes_a_pending_reader_and_queues_one_letter(app: App) -> None:
    join(app, "Ada@Example.org", KV, VISION, cadence="weekly", hour="18", zone="Asia/Tokyo")
    who = reader(app)
    assert (who.address, who.cadence, who.send_hour, who.zone) == ("Ada@example.org", "weekly", 18, "Asia/Tokyo")
    assert (len(who.id), who.created) == (16, app.now())
    assert states(app) == {KV: "pending", VISION: "pending"}
    assert letters(app) == [
        Delivery(
            id=DeliveryId(f"{who.id}/confirm:2026-11-21"),
            subscriber_id=who.id,
            slot="confirm:2026-11-21",
            state=DeliveryState.QUEUED,
            due=app.now(),
        )
    ]


@pytest.mark.parametrize("again", [ADA, "ADA@example.org", " ada@EXAMPLE.ORG "])
def test_asking_again_is_the_same_reader_and_no_second_letter_within_a_day(app: App, clock: Clock, again: str) -> None:
    join(app)
    sent(app)
    clock.turn(hours=23, minutes=59)
    join(app, again, VISION)
    assert app.store.tally()["subscriber"] == 1
    assert len(letters(app)) == 1
    clock.turn(minutes=1)
    join(app)
    assert [one.slot for one in letters(app)] == ["confirm:2026-11-21", "confirm:2026-11-22"]


def test_no_letter_is_queued_behind_one_that_waits(app: App, clock: Clock) -> None:
    join(app)
    clock.turn(days=2)
    join(app)
    assert len(letters(app)) == 1


def test_a_stranger_can_send_three_letters_a_month_and_no_more(app: App, clock: Clock) -> None:
    for _ in range(29):
        join(app)
        sent(app)
        clock.turn(days=1)
    assert len(letters(app)) == 3
    clock.turn(days=1)
    join(app)
    assert len(letters(app)) == 4


@pytest.mark.parametrize(
    ("earlier", "due"),
    [
        ([], True),
        ([("confirm", timedelta(hours=24), DeliveryState.SENT)], True),
        ([("confirm", timedelta(hours=23), DeliveryState.CANCELLED)], False),
        ([("confirm", timedelta(days=3), DeliveryState.DEFERRED)], False),
        ([("access", timedelta(hours=1), DeliveryState.QUEUED)], True),
        ([("daily", timedelta(hours=1), DeliveryState.QUEUED)], True),
        ([("confirm", timedelta(days=n), DeliveryState.SENT) for n in (2, 5, 29)], False),
        ([("confirm", timedelta(days=n), DeliveryState.SENT) for n in (2, 5, 30)], True),
    ],
)
def test_the_rule_of_letters(earlier: list[tuple[str, timedelta, DeliveryState]], due: bool) -> None:
    books = [
        Delivery(
            id=DeliveryId(str(number)),
            subscriber_id=SubscriberId("s"),
            slot=f"{kind}:x",
            state=state,
            due=NOON - ago,
        )
        for number, (kind, ago, state) in enumerate(earlier)
    ]
    assert letter_is_due(LetterKind.CONFIRM, books, NOON) is due


@pytest.mark.parametrize("reason", sorted(BLOCKING))
def test_a_blocked_address_leaves_no_trace(app: App, reason: SuppressionReason) -> None:
    suppress(app, ADA, reason)
    join(app)
    subscribing.ask_for_access(app, ADA)
    assert app.store.subscriber_by_address(ADA) is None
    assert app.store.deliveries() == []


def test_who_left_may_ask_to_come_back(app: App) -> None:
    suppress(app, ADA, SuppressionReason.LEFT)
    join(app)
    assert len(letters(app)) == 1
    assert subscribing.suppressed(app, ADA) is SuppressionReason.LEFT
    subscribing.confirm(app, reader(app).id)
    assert subscribing.suppressed(app, ADA) is None


def test_a_strangers_form_changes_nothing_for_who_is_mailed_already(app: App) -> None:
    confirmed(app)
    before = reader(app)
    sent(app)
    join(app, ADA, KV, cadence="monthly", hour="3", zone="Asia/Tokyo")
    assert reader(app) == before
    assert states(app) == {KV: "active"}
    assert len(letters(app)) == 1, "all that was asked for comes already"


def test_a_new_topic_of_a_reader_waits_for_a_letter_of_its_own(app: App, clock: Clock) -> None:
    confirmed(app)
    sent(app)
    clock.turn(days=2)
    join(app, ADA, KV, VISION)
    assert states(app) == {KV: "active", VISION: "pending"}
    assert len(letters(app)) == 2


def test_until_somebody_confirms_the_last_form_counts(app: App) -> None:
    join(app)
    join(app, cadence="weekly", hour="9", zone="UTC")
    assert (reader(app).cadence, reader(app).send_hour, reader(app).zone) == ("weekly", 9, "UTC")


def test_what_nobody_confirmed_for_a_week_is_not_confirmed_by_a_later_letter(app: App, clock: Clock) -> None:
    join(app, ADA, VISION)
    clock.turn(days=7)
    join(app, ADA, KV)
    assert states(app) == {KV: "pending", VISION: "ended"}
    clock.turn(days=7)
    join(app, ADA, VISION)
    assert states(app) == {KV: "ended", VISION: "pending"}


WRONG = {
    "address": [
        "",
        " ",
        "ada",
        "ada@",
        "@example.org",
        "a@b",
        "a b@example.org",
        "ä@example.org",
        "a@example.org,b@c.de",
    ],
    "topics": ["nowhere", "../kv-cache", ""],
    "cadence": ["", "hourly", "Daily", "daily\r\n"],
    "hour": ["", "24", "-1", "7.5", "seven", "٧", "1" * 5000, "7\n"],
    "zone": ["", "Mars/Base", "../../etc/passwd", "europe/berlin", "Europe/Berlin\0"],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_what_cannot_be_read_is_refused_by_its_field(field: str, value: str) -> None:
    given = {"address": ADA, "topics": [KV], "cadence": "daily", "hour": "7", "zone": "UTC", "offered": [make_topic()]}
    given[field] = [value] if field == "topics" else value
    with pytest.raises(RefusedError) as caught:
        application(**given)  # type: ignore[arg-type]
    assert list(caught.value.problems) == [field]


def test_what_is_refused_leaves_no_trace(app: App) -> None:
    with pytest.raises(RefusedError):
        join(app, hour="24")
    assert (app.store.tally()["subscriber"], app.store.deliveries()) == (0, [])


def test_all_that_is_wrong_is_told_at_once(app: App) -> None:
    with pytest.raises(RefusedError) as caught:
        subscribing.join(app, address="", topics=[], cadence="", hour="", zone="")
    assert set(caught.value.problems) == set(WRONG)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada.Lovelace+papers@EXAMPLE.org", "Ada.Lovelace+papers@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        (" ada@example.org ", "ada@example.org"),
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.org", None),
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 58}.org", ""),
    ],
)
def test_addresses_are_kept_as_they_go_on_the_wire(typed: str, kept: str | None) -> None:
    if kept == "":
        with pytest.raises(RefusedError, match="254"):
            mailbox_of(typed)
    else:
        assert mailbox_of(typed) == (kept or typed)


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xD800])
def test_no_control_character_gets_into_an_address(code: int) -> None:
    for text in (f"a{chr(code)}@example.org", f"{chr(code)}a@example.org", f"a@example.org{chr(code)}"):
        with pytest.raises(RefusedError):
            mailbox_of(text)


def test_a_topic_is_not_promised_at_a_cadence_it_never_has(app: App) -> None:
    app.store.put_topics([make_topic("rare", name="Rare", periods=(PeriodKind.MONTH,))])
    with pytest.raises(RefusedError, match="no daily edition of “Rare”"):
        join(app, ADA, KV, "rare")
    join(app, ADA, KV, "rare", cadence="monthly")


def test_personal_and_disabled_topics_are_not_on_offer(app: App) -> None:
    who = confirmed(app)
    app.store.put_topics([make_topic("mine", owner=who), make_topic("off", enabled=False)])
    for topic in ("mine", "off"):
        with pytest.raises(RefusedError):
            join(app, ADA, topic)


# Confirming


def test_confirming_begins_what_was_asked_for_with_the_evidence(app: App, clock: Clock) -> None:
    join(app, ADA, KV, VISION)
    clock.turn(hours=1)
    assert [topic.id for topic in subscribing.confirm(app, reader(app).id)] == [KV, VISION]
    held = app.store.subscriptions(reader(app).id)
    assert {(one.state, one.since) for one in held} == {(SubscriptionState.ACTIVE, app.now())}
    assert held[0].evidence == "form, confirmed by link (asked 2026-11-21T09:00:00Z)"


def test_confirming_twice_changes_nothing(app: App, clock: Clock) -> None:
    who = confirmed(app)
    before = app.store.subscriptions(who)
    clock.turn(hours=1)
    assert [topic.id for topic in subscribing.confirm(app, who)] == [KV]
    assert app.store.subscriptions(who) == before


def test_an_old_link_to_confirm_does_not_bring_back_who_left(app: App) -> None:
    who = confirmed(app)
    subscribing.leave(app, who)
    assert subscribing.confirm(app, who) == []
    assert states(app) == {KV: "ended"}
    assert subscribing.suppressed(app, ADA) is SuppressionReason.LEFT


@pytest.mark.parametrize("reason", sorted(BLOCKING))
def test_confirming_lifts_nothing_but_having_left(app: App, reason: SuppressionReason) -> None:
    join(app)
    suppress(app, ADA, reason)
    subscribing.confirm(app, reader(app).id)
    assert subscribing.suppressed(app, ADA) is reason


def test_a_reader_who_was_erased_cannot_confirm(app: App) -> None:
    with pytest.raises(NotFoundError):
        subscribing.confirm(app, SubscriberId("A" * 16))


# Leaving


def test_leaving_ends_everything_and_is_remembered(app: App, clock: Clock) -> None:
    who = confirmed(app)
    join(app, ADA, VISION)
    subscribing.leave(app, who)
    assert states(app) == {KV: "ended", VISION: "ended"}
    left = app.store.suppression(subscribing.hash_of(app, "ADA@example.org"))
    assert left is not None
    clock.turn(hours=1)
    subscribing.leave(app, who)
    assert app.store.suppression(left.address_hash) == left
    assert left.reason is SuppressionReason.LEFT


@pytest.mark.parametrize("reason", sorted(BLOCKING))
def test_leaving_does_not_weaken_a_suppression(app: App, reason: SuppressionReason) -> None:
    who = confirmed(app)
    suppress(app, ADA, reason)
    subscribing.leave(app, who)
    assert subscribing.suppressed(app, ADA) is reason


def test_leaving_for_nobody_is_no_error(app: App) -> None:
    subscribing.leave(app, SubscriberId("A" * 16))
    assert app.store.tally()["suppression"] == 0


# Preferences


def change(app: App, who: SubscriberId, *topics: str, **wishes: Any) -> subscribing.Preferences:
    usual = {"cadence": "weekly", "hour": "8", "zone": "UTC", "paused": False}
    return subscribing.change(app, who, topics=topics, **{**usual, **wishes})


def test_only_a_known_address_gets_a_letter_with_access(app: App) -> None:
    confirmed(app)
    subscribing.ask_for_access(app, ADA)
    subscribing.ask_for_access(app, ADA)
    subscribing.ask_for_access(app, "stranger@example.org")
    assert [one.slot for one in app.store.deliveries() if one.slot.startswith("access:")] == ["access:2026-11-21"]
    assert app.store.tally()["subscriber"] == 1


def test_preferences_show_what_is_on_offer_and_what_comes(app: App) -> None:
    who = confirmed(app)
    join(app, ADA, VISION)
    found = subscribing.preferences(app, who)
    assert [topic.id for topic in found.topics] == [KV, VISION]
    assert (set(found.active), set(found.pending)) == ({KV}, {VISION})


def test_a_change_holds_at_once(app: App) -> None:
    who = confirmed(app)
    found = change(app, who, VISION, paused=True)
    assert (set(found.active), set(found.pending)) == ({VISION}, set())
    assert states(app) == {KV: "ended", VISION: "active"}
    one = reader(app)
    assert (one.cadence, one.send_hour, one.zone, one.paused) == (Cadence.WEEKLY, 8, "UTC", True)


def test_a_change_brings_back_what_was_ended_and_confirms_what_waits(app: App) -> None:
    who = confirmed(app)
    change(app, who, VISION)
    join(app, ADA, KV)
    change(app, who, KV, VISION)
    assert states(app) == {KV: "active", VISION: "active"}


def test_without_any_topic_a_change_is_leaving_and_with_one_it_is_coming_back(app: App) -> None:
    who = confirmed(app)
    change(app, who)
    assert (states(app), subscribing.suppressed(app, ADA)) == ({KV: "ended"}, SuppressionReason.LEFT)
    change(app, who, KV)
    assert (states(app), subscribing.suppressed(app, ADA)) == ({KV: "active"}, None)


def test_a_topic_that_is_switched_off_for_now_is_kept(app: App) -> None:
    who = confirmed(app, KV, VISION)
    app.store.put_topics([make_topic("vision", enabled=False)])
    change(app, who, KV)
    assert states(app)[VISION] == "active"


def test_a_wrong_change_changes_nothing(app: App) -> None:
    who = confirmed(app)
    before = reader(app)
    with pytest.raises(RefusedError):
        change(app, who, KV, hour="25")
    assert reader(app) == before


def test_a_pause_is_a_pause(app: App) -> None:
    who = confirmed(app)
    assert subscribing.pause(app, who, paused=True)
    assert reader(app).paused
    assert not subscribing.pause(app, who, paused=True)
