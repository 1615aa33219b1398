"""The forms as an oracle and as a nuisance: they tell nobody who reads, and flood no mailbox and no server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import perf_counter

import pytest
from starlette.testclient import TestClient

from digest.app import App
from digest.model import SuppressionReason
from digest.web import create_app
from digest.web.visitors import visitor
from digest.work import subscribing
from tests.doors import (
    ADA,
    URL,
    VALID,
    Clock,
    client,
    confirmed,
    crowd,
    fill,
    hidden,
    letters,
    member,
    sent,
    site,
    suppress,
)

# Learning


KNOWN: dict[str, Callable[[App], object]] = {
    "unknown": lambda app: None,
    "pending": lambda app: subscribing.join(app, address=ADA, topics=["vision"], cadence="daily", hour="7", zone="UTC"),
    "active": member,
    "paused": lambda app: subscribing.pause(app, member(app), paused=True),
    "left": lambda app: subscribing.leave(app, member(app)),
    "hard": lambda app: suppress(app, ADA, SuppressionReason.HARD),
    "complaint": lambda app: suppress(app, ADA, SuppressionReason.COMPLAINT),
    "erased": lambda app: suppress(app, ADA, SuppressionReason.ERASED),
}


def answers(kind: str) -> list[tuple[int, bytes, list[tuple[str, str]]]]:
    with site() as (app, clock), client(app) as web:
        KNOWN[kind](app)
        asked = [fill(web, clock), fill(web, clock)]
        opened = hidden(web.get("/preferences/").text)
        clock.turn(seconds=5)
        asked += [web.post("/preferences/", data={"address": ADA, "opened": opened}) for _ in range(2)]
        return [(one.status_code, one.content, one.headers.multi_items()) for one in asked]


def test_a_form_answers_the_same_bytes_for_every_address() -> None:
    first = answers("unknown")
    assert {status for status, _, _ in first} == {200}
    assert {kind: answers(kind) == first for kind in KNOWN} == dict.fromkeys(KNOWN, True)


def test_a_form_takes_the_same_time_for_every_address() -> None:
    """The time is a floor above what the store takes, so that what it does cannot be seen."""
    for kind in ("unknown", "active", "erased"):
        with site() as (app, clock), TestClient(create_app(app, pace=timedelta(milliseconds=80)), base_url=URL) as web:
            KNOWN[kind](app)
            opened = hidden(web.get("/subscribe").text)
            clock.turn(seconds=5)
            began = perf_counter()
            web.post("/subscribe", data={**VALID, "address": ADA, "opened": opened})
            assert 0.08 <= perf_counter() - began < 0.4


# Flooding


def test_a_mailbox_cannot_be_flooded_by_the_form() -> None:
    """One address in several spellings from a hundred places, by both forms."""
    spellings = ["ada@example.org", "ADA@example.org", "Ada@Example.Org", " ada@EXAMPLE.org "]
    with site(trusted_proxies=1) as (app, clock), crowd(app) as web:
        confirmed(app, "vision")
        sent(app)
        clock.turn(days=1)
        for number in range(100):
            opened = hidden(web.get("/subscribe").text)
            clock.turn(seconds=9)
            form = {**VALID, "address": spellings[number % 4], "opened": opened}
            assert web.post("/subscribe" if number % 2 else "/preferences/", data=form).status_code == 200
        assert sorted(one.slot for one in letters(app)) == [
            "access:2026-11-22",
            "confirm:2026-11-21",
            "confirm:2026-11-22",
        ]


def test_one_place_cannot_post_without_end(app: App, web: TestClient) -> None:
    codes = [web.post("/subscribe", data={"address": f"a{number}@example.org"}).status_code for number in range(25)]
    assert codes == [200] * 20 + [429] * 5
    refused = web.post("/preferences/", data={})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 15
    assert web.get("/subscribe").status_code == 200


def test_all_places_together_cannot_post_without_end() -> None:
    with site(trusted_proxies=1) as (app, _), crowd(app) as web:
        codes = [web.post("/subscribe").status_code for _ in range(330)]
    assert codes[:300] == [200] * 300
    assert 429 in codes[300:]


@pytest.mark.parametrize(
    ("given", "trusted", "who"),
    [
        ([], 0, "192.0.2.1"),
        (["203.0.113.9"], 0, "192.0.2.1"),
        (["203.0.113.9"], 1, "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9"], 1, "203.0.113.9"),
        (["6.6.6.6", "203.0.113.9, 10.0.0.1"], 2, "203.0.113.9"),
        (["203.0.113.9"], 2, "192.0.2.1"),
        (["nonsense"], 1, "192.0.2.1"),
        (["a" * 9999], 1, "192.0.2.1"),
        (["2001:db8:1:2:3:4:5:6"], 1, "2001:db8:1:2::"),
        (["::ffff:203.0.113.9"], 1, "203.0.113.9"),
        ([], 1, "192.0.2.1"),
    ],
)
def test_only_our_own_proxies_are_believed(given: list[str], trusted: int, who: str) -> None:
    headers = [(b"x-forwarded-for", line.encode()) for line in given]
    assert visitor({"client": ("192.0.2.1", 1), "headers": headers}, trusted) == who


def test_a_visitor_without_an_address_is_rationed_too() -> None:
    assert visitor({"client": None, "headers": []}, 0) == "unknown"


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        ({"seconds": 1}, {}),
        ({"hours": 24, "seconds": 1}, {}),
        ({"seconds": 9}, {"homepage": "https://spam.example"}),
        ({"seconds": 9}, {"opened": ""}),
        ({"seconds": 9}, {"opened": "1795251600-" + "0" * 32}),
        ({"seconds": 9}, {"opened": "x" * 4000}),
        ({"seconds": 9}, {"opened": "é-é"}),
    ],
)
def test_what_no_person_sends_is_answered_the_same_and_ignored(
    app: App, clock: Clock, web: TestClient, after: dict[str, float], changes: dict[str, str]
) -> None:
    good = fill(web, clock, "bob@example.org").content
    for door in ("/subscribe", "/preferences/"):
        member(app) if door == "/preferences/" else None
        before = len(app.store.deliveries())
        opened = hidden(web.get(door).text)
        clock.turn(**after)
        found = web.post(door, data={**VALID, "address": ADA, "opened": opened, **changes})
        assert found.status_code == 200
        assert found.content == good or door == "/preferences/"
        assert len(app.store.deliveries()) == before


def test_a_stamp_is_good_from_two_seconds_to_a_day(app: App, clock: Clock, web: TestClient) -> None:
    for after in ({"seconds": 2}, {"hours": 24}):
        opened = hidden(web.get("/subscribe").text)
        clock.turn(**after)
        before = len(app.store.deliveries())
        address = f"{after.get('seconds', 0)}@example.org"
        web.post("/subscribe", data={**VALID, "address": address, "opened": opened})
        assert len(app.store.deliveries()) == before + 1
