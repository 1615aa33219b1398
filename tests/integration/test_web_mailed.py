"""The page of a mail: what was in it, and two buttons a paper. Whoever holds the link can do no more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from digest.app import App
from digest.model import (
    Delivery,
    DeliveryState,
    Digest,
    DigestId,
    EditionId,
    Subscriber,
    SubscriptionState,
    SuppressionReason,
)
from digest.render import paths
from digest.tokens import LENGTH, Purpose, sign
from digest.work import personal, subscribing
from digest.work.messages import PAGE_FOR, Messages
from digest.work.personal import Liking, own, own_id, say
from digest.work.phrases import phrases
from tests.doors import ADA, MORNING, SECRET, Clock, confirmed, reader, site, states, suppress
from tests.factories import make_edition, make_paper, make_pick, make_topic

SLOT = "daily:2026-11-21"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
    with site() as (found, clock):
        confirmed(found, "vision")
        send(found, reader(found))
        yield found, clock


@pytest.fixture
def ada(app: App) -> Subscriber:
    return reader(app)


@pytest.fixture
def page(ada: Subscriber) -> str:
    return link(ada)


def send(app: App, who: Subscriber, *editions: str, slot: str = SLOT) -> Delivery:
    ids = tuple(map(EditionId, editions or ("kv-cache/2026-11-20",)))
    digest = Digest(id=DigestId(f"d{len(slot)}"), slot=slot, language="en", layout="cards", edition_ids=ids)
    app.store.save_digest(digest)
    one = Delivery(
        id=f"{who.id}/{slot}",  # type: ignore[arg-type]
        subscriber_id=who.id,
        slot=slot,
        state=DeliveryState.QUEUED,
        due=MORNING,
        digest_id=digest.id,
    )
    app.store.plan_deliveries([one])
    return one


def link(who: Subscriber, slot: str = SLOT) -> str:
    return paths.mailed_path(slot, sign(SECRET, Purpose.DIGEST, who.id, ends=MORNING + PAGE_FOR, about=slot))


def like(web: TestClient, page: str, liking: str, paper: str = "text:paper-1") -> str:
    answer = web.post(page, data={"like": liking, "paper": paper})
    assert answer.status_code == 200
    return answer.text


def liked(app: App, who: Subscriber) -> tuple[list[str], list[str]]:
    found = own(app, who.id)
    return [paper.title for paper in found.more], [paper.title for paper in found.less]


def test_the_link_stands_in_both_forms_of_the_mail_and_opens_what_it_held(web: TestClient, app: App) -> None:
    who = reader(app)
    delivery = app.store.deliveries(SLOT, subscriber_id=who.id)[0]
    raw = Messages(app).of(delivery, who).replace(b"=\r\n", b"").decode()
    found = re.findall(rf"https://digest\.example(/digest/daily/2026-11-21/[\w-]{{{LENGTH}}})", raw)
    assert found == [link(who)] * 2
    text = web.get(found[0]).text
    assert "Your mail of Saturday, 21 November 2026" in text
    assert "The KV cache" in text
    for n in range(1, 6):
        assert f"Paper {n}" in text
        assert f"What Paper {n} says." in text
    assert "matches “KV cache”" in text.lower().replace("kv cache", "KV cache")


def test_a_paper_makes_a_topic_of_ones_own_and_the_page_says_what_it_did(
    web: TestClient, app: App, ada: Subscriber, page: str
) -> None:
    assert "begins a topic of your own" in web.get(page).text
    text = like(web, page, "more")
    assert "Your topic “My own topic” now prefers papers like “Paper 1”." in text
    assert re.search(r"Of the \d+ papers? of the last days", text)
    assert liked(app, ada) == (["Paper 1"], [])
    assert states(app)[own_id(ada.id)] == "active"
    assert "begins a topic of your own" not in text


def test_less_is_the_other_list_and_each_can_be_taken_back(
    web: TestClient, app: App, ada: Subscriber, page: str
) -> None:
    like(web, page, "more")
    assert "now avoids papers like “Paper 2”" in like(web, page, "less", "text:paper-2")
    assert liked(app, ada) == (["Paper 1"], ["Paper 2"])
    like(web, page, "less")
    assert liked(app, ada) == ([], ["Paper 1", "Paper 2"])
    assert "no longer goes by “Paper 1”" in like(web, page, "neither")
    assert liked(app, ada) == ([], ["Paper 2"])


def test_less_alone_is_no_topic_yet_and_the_page_says_so(web: TestClient, app: App, ada: Subscriber, page: str) -> None:
    assert "nothing to look for yet" in like(web, page, "less")
    assert own_id(ada.id) not in states(app)


def test_all_that_was_said_on_the_page_is_taken_back_and_nothing_else(
    web: TestClient, app: App, ada: Subscriber, page: str
) -> None:
    app.store.save_papers([make_paper("Elsewhere")])
    say(app, ada.id, phrases("bees", "", ""), by_link=True)
    personal.more_like(app, ada.id, make_paper("Elsewhere").id, by_link=True)
    like(web, page, "more")
    like(web, page, "less", "text:paper-2")
    assert "Take back all" in web.get(page).text
    assert "no longer goes by these papers" in like(web, page, "neither", "")
    assert liked(app, ada) == (["Elsewhere"], [])
    assert own(app, ada.id).topic.should == ("bees",)
    assert "Take back all" not in web.get(page).text


def test_what_was_chosen_is_shown_with_a_way_back(web: TestClient, page: str) -> None:
    like(web, page, "more")
    text = web.get(page).text
    assert "✓ More like this" in text
    assert text.count("✓") == 1
    assert text.count('value="neither"') == 2


def test_looking_changes_nothing(web: TestClient, app: App, ada: Subscriber, page: str) -> None:
    for _ in range(2):
        assert web.get(page, params={"like": "more", "paper": "text:paper-1"}).status_code == 200
        web.head(page)
    assert liked(app, ada) == ([], [])
    assert own_id(ada.id) not in states(app)


def test_nothing_of_the_reader_is_on_the_page_but_what_the_mail_held(
    web: TestClient, app: App, ada: Subscriber, page: str
) -> None:
    say(app, ada.id, phrases("whales", "Ana Ruiz", "cs.LG"), by_link=True)
    app.store.save_papers([make_paper("Songs of whales")])
    text = like(web, page, "more") + web.get(page).text
    for secret in ("whales", "Ana Ruiz", "cs.LG", ADA, ada.id, "/leave/", "Songs"):
        assert secret not in text


def test_who_left_is_not_brought_back(web: TestClient, app: App, ada: Subscriber, page: str) -> None:
    subscribing.leave(app, ada.id)
    assert "No mail comes to you now" in web.get(page).text
    assert web.post(page, data={"like": "more", "paper": "text:paper-1"}).status_code == 400
    assert liked(app, ada) == ([], [])
    assert set(states(app).values()) == {"ended"}
    assert subscribing.suppressed(app, ADA) is SuppressionReason.LEFT


def test_nor_is_a_topic_that_its_reader_ended(web: TestClient, app: App, ada: Subscriber, page: str) -> None:
    like(web, page, "more")
    (own_one,) = (one for one in app.store.subscriptions(ada.id) if one.topic_id == own_id(ada.id))
    app.store.save_subscription(replace(own_one, state=SubscriptionState.ENDED))
    like(web, page, "more", "text:paper-2")
    assert states(app)[own_id(ada.id)] == "ended"


def test_a_passed_on_mail_pushes_none_of_the_readers_papers_out(
    web: TestClient, app: App, ada: Subscriber, page: str
) -> None:
    papers = [make_paper(f"Mine {number}") for number in range(personal.PAPERS)]
    app.store.save_papers(papers)
    for paper in papers:
        personal.more_like(app, ada.id, paper.id, by_link=True)
    assert web.post(page, data={"like": "more", "paper": "text:paper-1"}).status_code == 400
    assert own(app, ada.id).topic.examples == tuple(paper.id for paper in papers)


def test_nor_who_is_suppressed(web: TestClient, app: App, ada: Subscriber, page: str) -> None:
    suppress(app, ADA, SuppressionReason.COMPLAINT)
    assert web.post(page, data={"like": "more", "paper": "text:paper-1"}).status_code == 400
    assert own_id(ada.id) not in states(app)


@pytest.mark.parametrize(
    "given",
    [
        {"like": "more", "paper": "text:no-such-paper"},
        {"like": "more", "paper": HOSTILE},
        {"like": "more", "paper": ""},
        {"like": HOSTILE, "paper": "text:paper-1"},
        {},
    ],
)
def test_what_cannot_be_done_is_said(
    web: TestClient, app: App, ada: Subscriber, page: str, given: dict[str, str]
) -> None:
    answer = web.post(page, data=given)
    assert answer.status_code == 400
    assert "Nothing has been changed yet" in answer.text
    assert "<script>" not in answer.text
    assert liked(app, ada) == ([], [])


def test_the_page_is_for_no_search_engine_no_cache_and_no_other_site(web: TestClient, page: str) -> None:
    answer = web.get(page)
    assert '<meta name="robots" content="noindex">' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "Disallow: /digest/" in web.get("/robots.txt").text


def test_another_sites_form_and_too_many_are_refused(web: TestClient, app: App, ada: Subscriber, page: str) -> None:
    given = {"like": "more", "paper": "text:paper-1"}
    assert web.post(page, data=given, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert liked(app, ada) == ([], [])
    answers = [web.post(page, data={"like": "neither", "paper": ""}).status_code for _ in range(30)]
    assert answers[-1] == 429


def test_a_link_ends_after_sixty_days(clock: Clock, web: TestClient, page: str) -> None:
    assert "until 20 Jan 2027" in web.get(page).text
    clock.instant += PAGE_FOR - timedelta(minutes=1)
    assert web.get(page).status_code == 200
    clock.turn(minutes=1)
    answer = web.get(page)
    assert answer.status_code == 410
    assert "This link has ended" in answer.text


def test_a_link_is_good_for_one_slot_one_reader_and_one_purpose(web: TestClient, app: App, ada: Subscriber) -> None:
    send(app, ada, slot="weekly:2026-11-21")
    token = link(ada).rpartition("/")[2]
    leave = sign(SECRET, Purpose.LEAVE, ada.id)
    other = sign(SECRET, Purpose.DIGEST, ada.id, ends=MORNING + PAGE_FOR)
    wrong = [
        paths.mailed_path("weekly:2026-11-21", token),
        paths.mailed_path("daily:2026-11-22", token),
        paths.mailed_path(SLOT, leave),
        paths.mailed_path(SLOT, other),
        f"/leave/{token}",
        f"/preferences/{token}",
        paths.mailed_path(SLOT, "x" * LENGTH),
        paths.mailed_path("ü:%ff", token),
    ]
    assert {web.get(path).status_code for path in wrong} == {403}
    assert len({web.get(path).text.count("<") for path in wrong}) == 1
    assert {web.post(path, data={"like": "more", "paper": "text:paper-1"}).status_code for path in wrong} == {403}
    assert states(app) == {"vision": "active"}


def test_a_forged_link_and_a_strangers_say_the_same(web: TestClient) -> None:
    known, unknown = (web.get(paths.mailed_path(SLOT, "A" * 16 + "AAAAAA" + mac * 22)) for mac in "ab")
    assert known.status_code == unknown.status_code == 403
    assert known.text == unknown.text


def test_a_slot_in_which_nothing_was_mailed_has_ended(web: TestClient, ada: Subscriber) -> None:
    assert web.get(link(ada, "daily:2026-11-19")).status_code == 410


def test_what_is_left_of_a_mail_is_shown_when_a_topic_of_it_is_gone(web: TestClient, app: App, ada: Subscriber) -> None:
    send(app, ada, "kv-cache/2026-11-20", f"{own_id(ada.id)}/2026-11-20", slot="monthly:2026-11-21")
    assert "Paper 1" in web.get(link(ada, "monthly:2026-11-21")).text


def test_the_readers_own_section_is_shown_and_leads_nowhere_public(web: TestClient, app: App, ada: Subscriber) -> None:
    mine = make_topic(own_id(ada.id), name="My own topic", owner=ada.id)
    app.store.put_topics([mine])
    app.store.save_edition(make_edition(make_pick(make_paper("Mine alone")), topic=mine))
    send(app, ada, f"{mine.id}/2026-11-20", slot="weekly:2026-11-21")
    text = web.get(link(ada, "weekly:2026-11-21")).text
    assert "Mine alone" in text
    assert mine.id not in text


def test_every_liking_has_its_button(web: TestClient, page: str) -> None:
    like(web, page, "more")
    text = web.get(page).text
    assert set(re.findall(r'name="like" value="(\w+)"', text)) == set(Liking)
