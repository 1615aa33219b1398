"""Sending over a real SMTP server: each reader once, whatever the relay does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from digest.app import App
from digest.errors import RenderError, StoreError
from digest.model import (
    Begun,
    DeliveryState,
    Edition,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    TopicId,
)
from digest.store import open_store
from digest.tokens import PLACEHOLDER, Purpose, verify
from digest.work import composing
from digest.work.composing import compose_day, compose_due
from digest.work.planning import loads, plan
from digest.work.previewing import preview, preview_for, remarks
from digest.work.sending import Sent, recover, send
from digest.work.subscribing import hash_of
from tests.factories import Clock
from tests.mailserver import Mailbox, free_port, running
from tests.sending import (
    HOUR,
    PAPERS,
    SLOT,
    announce,
    deliver,
    join,
    morning,
    parsed,
    site,
    states,
    two_topics,
    with_reports,
)

BOTH = {**PAPERS, "Both": "A cache of every image."}


@pytest.fixture
def app(store_url: str, clock: Clock, relay: Mailbox) -> Iterator[App]:
    """A site with two topics, a paper in each, and one paper in both."""
    with two_topics(store_url, clock, relay.url, BOTH) as app:
        yield app


def test_each_reader_gets_one_mail_with_the_topics_asked_for(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "ana", "cache")
    join(app, "bo", "cache", "vision")
    morning(app, clock)
    assert deliver(app) == Sent(sent=2)
    assert relay.recipients() == ["ana@example.org", "bo@example.org"]
    (mail,) = relay.to("bo@example.org")
    text = parsed(mail).get_body(("plain",)).get_content()
    assert text.count("Both") == 1
    assert "An image" in text
    assert states(app) == {"sent": 2}


def test_others_write_while_editions_are_ranked(
    app: App, clock: Clock, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, wrote = composing.completed, []
    with closing(open_store(store_url)) as other:

        def completed(*args: Any, **named: Any) -> Edition:
            other.set_switch("publish", "on")
            wrote.append(True)
            return real(*args, **named)

        monkeypatch.setattr(composing, "completed", completed)
        morning(app, clock)
    assert len(wrote) == 2


def test_a_second_send_mails_nobody(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "ana", "cache")
    morning(app, clock)
    deliver(app)
    assert deliver(app) == Sent()
    assert len(relay.mails) == 1


def test_the_one_click_link_is_the_readers_own_and_only_for_leaving(app: App, clock: Clock, relay: Mailbox) -> None:
    ana = join(app, "ana", "cache")
    morning(app, clock)
    deliver(app)
    mail = parsed(relay.mails[0][1])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].split(">")[0].lstrip("<")
    assert link.startswith("https://papers.example/leave/")
    token = link.rpartition("/")[2]
    assert verify(app.settings.site.secret, Purpose.LEAVE, token, now=app.now()) == ana
    assert mail["To"] == "ana@example.org"


def test_three_zones_get_each_edition_once_in_the_first_slot_after_its_release(
    app: App, clock: Clock, relay: Mailbox
) -> None:
    zones = {"tokyo": "Asia/Tokyo", "berlin": "Europe/Berlin", "la": "America/Los_Angeles"}
    for name, zone in zones.items():
        join(app, name, "cache", zone=zone)
    arrived: dict[str, list[datetime]] = {name: [] for name in zones}
    seen = 0
    clock.instant = datetime(2026, 11, 20, 21, tzinfo=UTC)
    for _ in range(4 * 24 * 4):
        clock.instant += timedelta(minutes=15)
        if clock.instant == datetime(2026, 11, 22, 5, 15, tzinfo=UTC):
            announce(app, {"A late cache": "Its batch came late; the cache evicts more."})
            compose_day(app, app.store.topics(), clock.instant.date())
        elif clock.instant.hour == 5:
            compose_due(app, app.store.topics())
        deliver(app)
        for address, _ in relay.mails[seen:]:
            arrived[address.split("@")[0]].append(clock.instant)
        seen = len(relay.mails)
    hours = {name: [at.strftime("%d %H:%M") for at in times] for name, times in arrived.items()}
    # Released 21 05:00 and 22 05:15 UTC; send hour 07:00 local is 22:00, 06:00 and 15:00 UTC.
    assert hours == {
        "tokyo": ["21 22:00", "22 22:00"],
        "berlin": ["21 06:00", "22 06:00"],
        "la": ["21 15:00", "22 15:00"],
    }
    for name in zones:
        late = [mail for mail in relay.to(f"{name}@example.org") if b"A late cache" in mail]
        assert len(late) == 1


def test_an_empty_day_is_skipped_and_stands_in_the_books(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "ana", "vision")
    morning(app, clock)
    deliver(app)
    clock.instant += timedelta(days=1)
    compose_due(app, app.store.topics())
    deliver(app)
    assert len(relay.mails) == 1
    assert states(app, "daily:2026-11-22") == {"skipped": 1}


def test_who_leaves_while_queued_gets_nothing(app: App, clock: Clock, relay: Mailbox) -> None:
    ana, bo = join(app, "ana", "cache"), join(app, "bo", "cache")
    morning(app, clock)
    plan(app)
    app.store.save_subscription(
        Subscription(subscriber_id=ana, topic_id=TopicId("cache"), state=SubscriptionState.ENDED, since=app.now())
    )
    asyncio.run(send(app))
    assert relay.recipients() == ["bo@example.org"]
    assert states(app) == {"sent": 1, "cancelled": 1}
    assert bo


def test_a_suppressed_address_gets_nothing_even_when_subscribed(app: App, clock: Clock, relay: Mailbox) -> None:
    ana = join(app, "ana", "cache")
    key = hash_of(app, app.store.subscriber(ana).address)
    morning(app, clock)
    plan(app)
    app.store.suppress(Suppression(address_hash=key, reason=SuppressionReason.COMPLAINT, since=app.now()))
    asyncio.run(send(app))
    assert (relay.mails, states(app)) == ([], {"suppressed": 1})


def test_a_dead_mailbox_is_refused_and_suppressed_and_the_others_go_on(app: App, clock: Clock, relay: Mailbox) -> None:
    dead = join(app, "dead", "cache")
    policy_ = join(app, "policy", "cache")
    join(app, "ana", "cache")
    answers = {"dead@example.org": "550 5.1.1 no such user", "policy@example.org": "550 5.7.1 not from you"}
    relay.at_rcpt = answers.get
    morning(app, clock)
    assert deliver(app) == Sent(sent=1, refused=2)
    assert app.store.suppression(hash_of(app, app.store.subscriber(dead).address))
    assert app.store.suppression(hash_of(app, app.store.subscriber(policy_).address)) is None


def test_a_temporary_answer_is_tried_again_later_and_not_at_once(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "grey", "cache")
    relay.at_rcpt = {"grey@example.org": "451 4.7.1 come back"}.get
    morning(app, clock)
    assert deliver(app) == Sent(deferred=1)
    assert deliver(app) == Sent()
    relay.at_rcpt = lambda address: None
    clock.instant += timedelta(minutes=7)
    assert deliver(app) == Sent(sent=1)
    assert len(relay.mails) == 1


def test_tries_end_when_the_next_daily_digest_is_due(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "grey", "cache")
    relay.at_end = {"grey@example.org": "452 4.2.2 full"}.get
    morning(app, clock)
    for _ in range(40):
        deliver(app)
        clock.instant += HOUR
        if states(app).get("parked") or states(app).get("skipped"):
            break
    assert relay.mails == []
    assert states(app) in ({"parked": 1}, {"skipped": 1})
    assert clock.instant <= datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_a_lost_answer_is_resent_once_with_the_same_bytes_then_parked(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "ana", "cache")
    relay.vanish = lambda address: True
    morning(app, clock)
    assert deliver(app) == Sent(deferred=1)
    assert deliver(app) == Sent()
    clock.instant += timedelta(minutes=16)
    assert deliver(app) == Sent(parked=1)
    clock.instant += 2 * HOUR
    assert deliver(app) == Sent()
    first, second = relay.to("ana@example.org")
    assert first == second
    assert states(app) == {"parked": 1}


def test_what_a_dead_sender_left_is_taken_up(app: App, clock: Clock, relay: Mailbox) -> None:
    for name in ("ana", "bo"):
        join(app, name, "cache")
    morning(app, clock)
    plan(app)
    claimed, begun = app.store.claim(limit=2, now=app.now(), until=app.now() + HOUR)
    mail = Begun(id=begun.id, fence=begun.fence, message_id="<x@y>", relay="relay:25")
    assert app.store.admit([mail], until=app.now() + HOUR, now=app.now()) == 1
    assert deliver(app) == Sent()
    clock.instant += HOUR
    assert recover(app) == 2
    assert app.store.delivery(claimed.id).state is DeliveryState.QUEUED
    assert app.store.delivery(begun.id).state is DeliveryState.DEFERRED
    deliver(app)
    clock.instant += HOUR
    deliver(app)
    assert relay.recipients() == ["ana@example.org", "bo@example.org"]


def test_a_relay_that_is_down_loses_nothing(store_url: str, clock: Clock) -> None:
    port = free_port()
    with two_topics(store_url, clock, f"smtp://127.0.0.1:{port}") as app:
        for name in ("ana", "bo"):
            join(app, name, "cache")
        morning(app, clock)
        done = deliver(app)
        assert f"relay 127.0.0.1:{port} cannot be used" in (done.error or "")
        assert states(app) == {"queued": 2}
    with running() as relay, site(store_url, clock, relay.url) as app:
        assert deliver(app) == Sent(sent=2)


def test_a_paused_outbox_begins_no_mail(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "ana", "cache")
    morning(app, clock)
    app.store.set_switch("outbox", "paused")
    deliver(app)
    assert (relay.mails, states(app)) == ([], {"queued": 1})
    app.store.set_switch("outbox", "open")
    assert deliver(app) == Sent(sent=1)


def test_a_slot_that_is_half_a_day_late_is_skipped_and_the_next_carries_its_editions(
    app: App, clock: Clock, relay: Mailbox
) -> None:
    join(app, "ana", "cache")
    clock.instant = datetime(2026, 11, 21, 5, tzinfo=UTC)
    compose_due(app, app.store.topics())
    clock.instant = datetime(2026, 11, 21, 20, tzinfo=UTC)
    deliver(app)
    assert (relay.mails, states(app)) == ([], {"skipped": 1})
    clock.instant = datetime(2026, 11, 22, 7, tzinfo=UTC)
    deliver(app)
    assert len(relay.mails) == 1


def test_a_subscribers_preview_is_the_mail_that_is_sent_but_for_the_readers_own_lines(
    app: App, clock: Clock, relay: Mailbox
) -> None:
    ana = join(app, "ana", "cache", "vision")
    morning(app, clock)
    _, files = preview_for(app, app.store.subscriber(ana), date(2026, 11, 20))
    deliver(app)
    sent, previewed = parsed(relay.mails[0][1]), parsed(files["mail.eml"])
    own = {"To", "Date", "Message-ID", "List-Unsubscribe"}
    assert [(k, v) for k, v in sent.items() if k not in own] == [(k, v) for k, v in previewed.items() if k not in own]
    for kind in ("plain", "html"):
        body = sent.get_body((kind,)).get_content()
        assert anonymous(body) == anonymous(previewed.get_body((kind,)).get_content())


def anonymous(text: str) -> str:
    """Put the placeholder in place of a reader's own tokens and slot."""
    text = re.sub(r"/leave/[\w-]{44}", f"/leave/{PLACEHOLDER}", text)
    return re.sub(r"/digest/daily/[\d-]+/[\w-]{44}", f"/digest/{PLACEHOLDER}", text)


def test_what_comes_back_says_for_whom_it_was(app: App, clock: Clock, relay: Mailbox) -> None:
    ana = join(app, "ana", "cache")
    morning(app, clock)
    app = with_reports(app)
    deliver(app)
    (sender,) = relay.senders
    name, _, domain = sender.partition("@")
    bounce, _, token = name.partition("+")
    assert (bounce, domain) == ("bounce", "papers.example")
    assert len(name) <= 64
    assert verify("s" * 32, Purpose.RETURN, token, now=clock()) == ana
    mail = parsed(relay.mails[0][1])
    assert verify("s" * 32, Purpose.RETURN, mail["CFBL-Feedback-ID"], now=clock()) == ana
    leave = mail["List-Unsubscribe"].partition("mailto:")[2].partition("@")[0].partition("+")[2]
    assert verify("s" * 32, Purpose.LEAVE, leave, now=clock()) == ana


def test_a_wrong_template_stops_a_send_before_the_first_mail(
    app: App, clock: Clock, relay: Mailbox, tmp_path: Path
) -> None:
    join(app, "ana", "cache")
    morning(app, clock)
    plan(app)
    own = tmp_path / "own" / "partials" / "paper.txt"
    own.parent.mkdir(parents=True)
    own.write_text("\n{{ paper.titel }}")
    changed = msgspec.structs.replace(app.settings.site, templates=str(tmp_path / "own"))
    wrong = replace(app, settings=msgspec.structs.replace(app.settings, site=changed))
    with pytest.raises(RenderError, match=r"template partials/paper\.txt, line 2: .*titel"):
        asyncio.run(send(wrong))
    assert (relay.mails, states(app)) == ([], {"queued": 1})
    assert asyncio.run(send(app)) == Sent(sent=1)


def test_a_digest_that_breaks_a_rule_goes_to_nobody_and_others_go(
    app: App, clock: Clock, relay: Mailbox, tmp_path: Path
) -> None:
    for name, topic in (("ana", "cache"), ("bo", "cache"), ("cy", "vision")):
        join(app, name, topic)
    morning(app, clock)
    plan(app)
    own = tmp_path / "own" / "partials" / "paper.mail.html"
    own.parent.mkdir(parents=True)
    shipped = app.templates.sources["partials/paper.mail.html"]
    own.write_text(shipped + '{% if paper.title == "A cache" %}<img src="https://a.example/pixel.png">{% endif %}')
    changed = msgspec.structs.replace(app.settings.site, templates=str(tmp_path / "own"))
    assert asyncio.run(send(replace(app, settings=msgspec.structs.replace(app.settings, site=changed)))).sent == 1
    assert relay.recipients() == ["cy@example.org"]
    waiting = [one for one in app.store.deliveries(SLOT) if one.state is DeliveryState.DEFERRED]
    assert len(waiting) == 2
    assert all("would break a rule" in (one.reply or "") for one in waiting)


def test_a_dry_run_counts_by_hour_and_domain_and_enters_nothing(app: App, clock: Clock) -> None:
    for name, topics in {"ana": ("cache",), "bo": ("cache",), "cy": ("vision",)}.items():
        join(app, name, *topics)
    join(app, "di", "cache", address="di@Example.NET")
    morning(app, clock)
    found = loads(app, plan(app, dry=True))
    assert [(one.hour, one.domain, one.mails) for one in found] == [
        (datetime(2026, 11, 21, 7, tzinfo=UTC), "example.org", 3),
        (datetime(2026, 11, 21, 7, tzinfo=UTC), "example.net", 1),
    ]
    assert not app.store.deliveries()


def test_a_stop_finishes_what_is_under_way_and_gives_the_rest_back(app: App, clock: Clock, relay: Mailbox) -> None:
    for number in range(20):
        join(app, f"r{number}", "cache")
    morning(app, clock)
    plan(app)

    async def stopped_early() -> Sent:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def after_the_first(address: str) -> None:
            loop.call_soon_threadsafe(stop.set)

        relay.at_end = after_the_first
        return await send(app, stop=stop)

    done = asyncio.run(stopped_early())
    assert 1 <= done.sent == len(relay.mails) < 20
    assert states(app) == {"sent": done.sent, "queued": 20 - done.sent}
    relay.at_end = lambda address: None
    assert deliver(app).sent == 20 - done.sent
    assert len(set(relay.recipients())) == len(relay.mails) == 20


def test_when_the_books_cannot_be_written_no_more_mail_begins_and_none_is_lost(
    app: App, clock: Clock, relay: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        join(app, f"r{number}", "cache")
    morning(app, clock)
    plan(app)
    real, calls = app.store.admit, 0

    def full(*given: Any, **named: Any) -> int:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise StoreError("store: the disk is full")
        return real(*given, **named)

    monkeypatch.setattr(app.store, "admit", full)
    done = asyncio.run(send(app))
    assert done.error == "store: the disk is full"
    assert 2 <= len(relay.mails) == done.sent < 8
    monkeypatch.setattr(app.store, "admit", real)
    clock.instant += HOUR
    deliver(app)
    assert relay.recipients() == sorted(f"r{number}@example.org" for number in range(8))


def test_a_preview_can_be_of_any_day_language_and_layout(app: App, clock: Clock) -> None:
    morning(app, clock)
    topic, day = app.store.topic(TopicId("cache")), date(2026, 11, 20)
    _, files = preview(app, topic, day, language="de")
    assert parsed(files["mail.eml"])["Content-Language"] == "de"
    assert b'lang="de"' in files["mail.html"]
    with pytest.raises(RenderError, match="no mail layout is called 'poster'"):
        preview(app, topic, day, layout="poster")


def test_a_preview_says_what_found_no_room_and_which_rules_are_broken(app: App, clock: Clock) -> None:
    morning(app, clock)
    edition = app.store.editions(TopicId("cache"))[0]
    form = {"layout": "cards", "language": "en"}
    assert remarks(app, [edition], **form) == []
    many = msgspec.structs.replace(edition, picks=edition.picks * 200)
    (said,) = remarks(app, [many], **form)
    assert re.fullmatch(r"\d+ papers do not fit into 90 KiB of HTML: they are on the web alone", said)
