"""One digest made four ways: what is previewed, tried out, kept and sent are the same bytes but for a reader's own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from digest.app import App
from digest.errors import RenderError
from digest.model import Edition, Subscriber
from digest.render import mime, paths
from digest.work.messages import core_of, envelope, wire_of
from digest.work.planning import told_once
from digest.work.previewing import preview_for, specimen
from digest.work.testing import send_test
from tests.factories import Clock
from tests.mailserver import Mailbox
from tests.pages import parsed as page_of
from tests.pages import texts
from tests.sending import SLOT, announce, deliver, join, morning, parsed, two_topics, with_reports
from tests.web import all_pages

DAY = date(2026, 11, 20)


@pytest.fixture
def app(store_url: str, clock: Clock, relay: Mailbox) -> Iterator[App]:
    texts = {"A cache": "How a cache evicts…", "An image": "How = an image forms.", "Both": "A cached image."}
    with two_topics(store_url, clock, relay.url, texts) as app:
        yield with_reports(app)


@pytest.fixture
def ana(app: App, clock: Clock) -> Subscriber:
    """A reader of two topics, on the morning of the slot."""
    id_ = join(app, "ana", "cache", "vision")
    morning(app, clock)
    return app.store.subscriber(id_)


def kept(app: App) -> tuple[list[Edition], mime.Wire]:
    """Make the digest's core from what the books keep of it: nothing of its reader's is asked."""
    (delivery,) = app.store.deliveries(SLOT)
    assert delivery.digest_id
    digest = app.store.digest(delivery.digest_id)
    sections = told_once(app, [app.store.edition(one) for one in digest.edition_ids])
    return sections, wire_of(app, core_of(app, sections, layout=digest.layout, language=digest.language))


def four(app: App, relay: Mailbox, ana: Subscriber) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return a digest as it was previewed, tried out and sent, and each as its core from the books and an envelope."""
    sections, files = preview_for(app, ana, DAY)
    asyncio.run(send_test(app, "ed@example.net"))
    deliver(app)
    (tested,), (sent,) = relay.to("ed@example.net"), relay.to(ana.address)
    (delivery,) = app.store.deliveries(SLOT)
    _, wire = kept(app)
    envelopes = {
        "previewed": specimen(app, sections),
        "tested": specimen(app, sections, address="ed@example.net"),
        "sent": envelope(app, delivery, ana),
    }
    made = {name: mime.message(wire, own) for name, own in envelopes.items()}
    return {"previewed": files["mail.eml"], "tested": tested, "sent": sent}, made


def test_preview_test_mail_and_what_is_sent_are_one_core_and_an_envelope(
    app: App, relay: Mailbox, ana: Subscriber
) -> None:
    got, made = four(app, relay, ana)
    for name in got:
        # The relay's end of the line may lack the last line end.
        assert got[name].rstrip() == made[name].rstrip(), name


def test_the_core_is_the_same_when_all_has_changed_since(
    app: App, relay: Mailbox, ana: Subscriber, clock: Clock
) -> None:
    deliver(app)
    before = kept(app)
    clock.instant += timedelta(days=30)
    announce(app, {"Later": "A cache of a later image.", "A cache": "Revised: how a cache evicts everything."})
    assert kept(app) == before


def test_it_is_not_the_same_bytes_when_anything_shown_differs(
    app: App, relay: Mailbox, ana: Subscriber, tmp_path: Path
) -> None:
    deliver(app)
    sections, wire = kept(app)
    own = specimen(app, sections)
    picks = sections[0].picks
    other_reason = msgspec.structs.replace(picks[0], summary="Another summary.")
    changed = [msgspec.structs.replace(sections[0], picks=(other_reason, *picks[1:])), *sections[1:]]
    different = wire_of(app, core_of(app, changed, layout="cards", language="en"))
    assert mime.message(different, own) != mime.message(wire, own)
    template = tmp_path / "own" / "partials" / "paper.txt"
    template.parent.mkdir(parents=True)
    template.write_text(app.templates.sources["partials/paper.txt"] + "\n")
    settings = msgspec.structs.replace(app.settings.site, templates=str(tmp_path / "own"))
    restyled = replace(app, settings=msgspec.structs.replace(app.settings, site=settings))
    assert kept(restyled)[1] != wire


def test_only_the_readers_own_lines_tell_two_readers_mails_apart(app: App, relay: Mailbox, clock: Clock) -> None:
    for name in ("ana", "bo"):
        join(app, name, "cache", "vision")
    morning(app, clock)
    deliver(app)
    (one,), (other,) = relay.to("ana@example.org"), relay.to("bo@example.org")
    assert one != other
    assert without_own(one) == without_own(other)
    assert without_own(one).count(b"OWN") == 9


def without_own(mail: bytes) -> bytes:
    """Return a mail without what is one reader's: address, id, and each token."""
    whole = mail.replace(b"=\r\n", b"")
    whole = re.sub(rb"(?m)^(To|Message-ID): .*$", rb"\1: OWN", whole)
    return re.sub(rb"(/leave/|/digest/daily/2026-11-21/|bounce\+|CFBL-Feedback-ID: )[\w-]{44}", rb"\1OWN", whole)


def test_the_web_edition_shows_the_same_papers_for_the_same_reasons(app: App, relay: Mailbox, ana: Subscriber) -> None:
    deliver(app)
    sections, _ = kept(app)
    (sent,) = relay.to(ana.address)
    html = page_of(parsed(sent).get_body(("html",)).get_content())
    page = page_of(all_pages(app)[paths.edition_path(sections[0])])
    titles = texts(page, ".//h2")
    assert titles
    assert texts(html, ".//h3")[: len(titles)] == titles
    reasons = texts(page, ".//p[@class='why']")
    assert reasons
    assert texts(html, ".//td[@class='why']")[: len(reasons)] == reasons


def test_a_test_mail_that_breaks_a_rule_is_not_sent(app: App, relay: Mailbox, ana: Subscriber, tmp_path: Path) -> None:
    template = tmp_path / "own" / "mail" / "digest.html"
    template.parent.mkdir(parents=True)
    pixel = '<img src="https://count.example/1.gif">{{ body }}'
    template.write_text(app.templates.sources["mail/digest.html"].replace("{{ body }}", pixel))
    settings = msgspec.structs.replace(app.settings.site, templates=str(tmp_path / "own"))
    wrong = replace(app, settings=msgspec.structs.replace(app.settings, site=settings))
    with pytest.raises(RenderError, match="would break a rule"):
        asyncio.run(send_test(wrong, "ed@example.net"))
    with pytest.raises(RenderError, match="would break a rule"):
        deliver(wrong)
    assert relay.mails == []
