"""The doors under attack: nothing is changed, learned, flooded, injected or guessed that should not be."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import time, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlencode, urljoin
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from msgspec.structs import replace
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from digest.app import App
from digest.edition import Calendar
from digest.errors import StoreError, TokenError
from digest.model import DeliveryState, SubscriberId, SuppressionReason
from digest.render.templates import environment
from digest.tokens import LENGTH, Purpose, sign, verify
from digest.web import create_app, forms
from digest.web.answers import Answers
from digest.web.headers import DEFAULTS
from digest.web.sheets import sheet
from digest.web.visitors import visitor
from digest.work import subscribing
from digest.work.census import Syndicated
from digest.work.messages import Messages
from digest.work.wishes import RefusedError, mailbox_of
from tests.doors import (
    ADA,
    SECRET,
    URL,
    Clock,
    client,
    crowd,
    fill,
    hidden,
    letters,
    link,
    reader,
    site,
    states,
    suppress,
)
from tests.factories import NOON
from tests.pages import SOURCES, links, parsed

SCANNERS: tuple[dict[str, str], ...] = (
    {},
    {"user-agent": "Mozilla/5.0 (compatible; scanner)", "purpose": "prefetch", "sec-purpose": "prefetch"},
    {"x-forwarded-for": "203.0.113.9", "referer": "https://mail.example/inbox", "accept": "*/*"},
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[App, Clock]]:
    with site() as found:
        yield found


@pytest.fixture
def app(place: tuple[App, Clock]) -> App:
    return place[0]


@pytest.fixture
def clock(place: tuple[App, Clock]) -> Clock:
    return place[1]


@pytest.fixture
def web(app: App) -> Iterator[TestClient]:
    with client(app) as found:
        yield found


def member(app: App, address: str = ADA) -> SubscriberId:
    """A reader with one active and one pending topic."""
    for topic in ("kv-cache", "vision"):
        subscribing.join(app, address=address, topics=[topic], cadence="daily", hour="7", zone="UTC")
        if topic == "kv-cache":
            subscribing.confirm(app, reader(app, address).id)
    return reader(app, address).id


def doors(app: App, who: SubscriberId) -> list[str]:
    return [
        "/",
        "/subscribe",
        "/preferences/",
        "/healthz",
        link(app, Purpose.CONFIRM, who, days=7),
        link(app, Purpose.LEAVE, who),
        link(app, Purpose.PREFERENCES, who, hours=1),
    ]


# Scanners


def test_no_link_changes_anything_by_being_followed(tmp_path: Path) -> None:
    """Every link of every page and every letter, by GET, HEAD and OPTIONS, twice, as mail scanners do."""
    path = tmp_path / "digest.db"
    with site(f"sqlite:///{path}") as (app, _), client(app) as web:
        todo = doors(app, member(app))
        before, seen = dump(path), set()
        while todo:
            one = todo.pop()
            if one in seen or not one.startswith("/"):
                continue
            seen.add(one)
            for method in ("GET", "HEAD", "OPTIONS"):
                for headers in SCANNERS:
                    found = web.request(method, one, headers=headers)
                    assert found.status_code in {200, 308, 405}, (method, one)
                    assert "set-cookie" not in found.headers
            page = web.get(one)
            if page.headers.get("content-type", "").startswith("text/html"):
                todo += [urljoin(one, target).removeprefix(URL) for target in links(parsed(page.content))]
        assert dump(path) == before
    assert len(seen) > 15
    assert {one.split("/")[1] for one in seen} >= {"confirm", "leave", "preferences", "subscribe", "topics"}


def dump(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


# Guessing


def test_ten_thousand_guesses_open_nothing_and_cost_little(app: App) -> None:
    good = sign(SECRET, Purpose.PREFERENCES, member(app), ends=app.now() + timedelta(hours=1))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    guesses = [
        good[:place] + letter + good[place + 1 :]
        for place in range(LENGTH)
        for letter in alphabet
        # The last letter of the MAC carries two bits more than it has: 22 letters for 128 bits.
        if letter != good[place]
    ]
    guesses += [f"{number:044}" for number in range(10_000 - len(guesses))]
    began = perf_counter()
    for guess in guesses:
        with pytest.raises(TokenError):
            verify(SECRET, Purpose.PREFERENCES, guess, now=app.now())
    assert len(guesses) >= 10_000
    assert perf_counter() - began < 5


def test_a_forged_link_is_a_plain_refusal(web: TestClient) -> None:
    for token in ("x", "A" * LENGTH, "0" * LENGTH, "é" * LENGTH, "%00" * LENGTH, "A" * 5000, "%2e%2e", "%ff"):
        for door in ("confirm", "leave", "preferences"):
            for found in (web.get(f"/{door}/{token}"), web.post(f"/{door}/{token}")):
                assert found.status_code == 403, (door, token)
                assert token == "x" or token not in found.text


@pytest.mark.parametrize("door", ["confirm", "leave", "preferences"])
@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_opens_one_door_only(app: App, web: TestClient, door: str, purpose: Purpose) -> None:
    path = link(app, purpose, member(app), hours=1).replace(f"/{purpose}/", f"/{door}/")
    expected = 200 if purpose == door else 403
    assert (web.get(path).status_code, web.post(path, data=VALID).status_code) == (expected, expected)
    if expected == 403:
        assert states(app) == {"kv-cache": "active", "vision": "pending"}


VALID = {"topic": "kv-cache", "cadence": "daily", "hour": "7", "zone": "UTC"}


def test_one_readers_link_changes_nothing_of_anothers(app: App, web: TestClient) -> None:
    member(app)
    web.post(link(app, Purpose.LEAVE, member(app, "bob@example.org")))
    assert states(app) == {"kv-cache": "active", "vision": "pending"}


@pytest.mark.parametrize(("purpose", "lasts"), [(Purpose.CONFIRM, {"days": 7}), (Purpose.PREFERENCES, {"hours": 1})])
def test_a_link_that_has_ended_says_so_and_does_nothing(
    app: App, clock: Clock, web: TestClient, purpose: Purpose, lasts: dict[str, float]
) -> None:
    path = link(app, purpose, member(app), **lasts)
    clock.turn(**lasts)
    assert (web.get(path).status_code, web.post(path, data=VALID).status_code) == (410, 410)
    assert states(app) == {"kv-cache": "active", "vision": "pending"}


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
        subscribing.join(app, address=ADA, topics=["vision"], cadence="daily", hour="7", zone="UTC")
        subscribing.confirm(app, reader(app).id)
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


def sent(app: App) -> None:
    for one in app.store.deliveries():
        for state in (DeliveryState.CLAIMED, DeliveryState.IN_DATA, DeliveryState.SENT):
            app.store.move_delivery(one.id, to=state, now=app.now())


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


# Other sites


ELSEWHERE = [
    {"origin": "https://evil.example"},
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://digest.example.evil.example"},
    {"origin": "http://[::1"},
]


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_another_sites_page_posts_nothing(app: App, web: TestClient, headers: dict[str, str]) -> None:
    who = member(app)
    for path in ("/subscribe", "/preferences/", link(app, Purpose.CONFIRM, who, days=1),
                 link(app, Purpose.PREFERENCES, who, hours=1)):  # fmt: skip
        assert web.post(path, data=VALID, headers=headers).status_code == 403
    assert states(app) == {"kv-cache": "active", "vision": "pending"}
    assert web.post(link(app, Purpose.LEAVE, who), headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": URL},
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://localhost:8000", "host": "localhost:8000"},
    ],
)
def test_our_own_pages_post(app: App, web: TestClient, headers: dict[str, str]) -> None:
    path = link(app, Purpose.CONFIRM, member(app), days=1)
    assert web.post(path, headers=headers).status_code == 200


# Hostile input


def corpus(shared: Path, name: str) -> list[dict[str, Any]]:
    lines = (shared / "corpora" / name / "cases.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def real(text: str) -> str:
    """Return a case with the control characters that it writes as their pictures."""
    return re.sub(
        "[\u2400-\u2421]", lambda found: chr((ord(found[0]) - 0x2400) if found[0] != "\u2421" else 0x7F), text
    )


def taken(address: str) -> bool:
    try:
        mailbox_of(address)
    except RefusedError:
        return False
    return True


@pytest.mark.shared
def test_every_invalid_address_is_refused_and_every_plain_valid_one_taken(shared: Path) -> None:
    cases = [(one["category"], one["diagnosis"], real(one["address"])) for one in corpus(shared, "isemail")]
    assert [case for case in cases if case[0] == "ISEMAIL_ERR" and taken(case[2])] == []
    # No mail for a whole top-level domain.
    assert [case[2] for case in cases if case[0] == "ISEMAIL_VALID_CATEGORY" and not taken(case[2])] == ["test@io"]
    others = [one for one in corpus(shared, "email-validator") if one["expect"] == "invalid"]
    assert [one for one in others if taken(one["address"])] == []


@pytest.mark.shared
def test_no_address_of_the_corpora_breaks_the_form(shared: Path) -> None:
    addresses = [real(one["address"]) for name in ("isemail", "email-validator") for one in corpus(shared, name)]
    with site(trusted_proxies=1) as (app, clock), crowd(app) as web:
        opened = hidden(web.get("/subscribe").text)
        for address in addresses:
            clock.turn(seconds=9)
            found = web.post("/subscribe", data={**VALID, "address": address, "opened": opened})
            assert found.status_code == (200 if taken(address) else 400), address
        kept = [one.address for one in app.store.subscribers()]
    assert len(kept) > 20
    assert [address for address in kept if not re.fullmatch(r"[!-~]+@[a-z0-9.-]+", address)] == []


NASTY = (
    *("\r\nBcc: eve@example.org", "\n", "\r", "\0", "\x1b[2J", "\u202e", "\ud800", "<script>alert(1)</script>"),
    *("'; drop table subscriber; --", "{{ 7 * 7 }}", "%s%n", "../../../etc/passwd", "=cmd()", "𝕏" * 300, "a" * 4000),
)


def test_no_field_takes_what_it_does_not_mean() -> None:
    with site(trusted_proxies=1) as (app, clock), crowd(app) as web:
        who = member(app)
        key, before = link(app, Purpose.PREFERENCES, who, hours=1), everything(app)
        opened = hidden(web.get("/subscribe").text)
        clock.turn(seconds=9)
        for nasty in NASTY:
            for field, value in {"address": ADA, **VALID, "homepage": "", "opened": opened}.items():
                form = {**VALID, "address": ADA, "opened": opened, field: value + nasty}
                found = web.post("/subscribe", content=encoded(form), headers=FORM)
                assert found.status_code == (200 if field in {"homepage", "opened"} else 400), (field, nasty)
                assert not list(parsed(found.content).iter("script"))
                assert "bcc" not in found.headers
            found = web.post(key, content=encoded({**VALID, "zone": nasty, "topic": nasty}), headers=FORM)
            assert found.status_code == 400
        assert everything(app) == before


FORM = {"content-type": "application/x-www-form-urlencoded"}


def encoded(form: dict[str, str]) -> bytes:
    return urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in form.items()}).encode()


def everything(app: App) -> list[object]:
    readers = app.store.subscribers()
    return [readers, [app.store.subscriptions(one.id) for one in readers], app.store.deliveries()]


ODD_TYPES = (
    b"multipart/form-data; boundary=x; charset=unicode_escape",
    b'multipart/form-data; boundary=x; charset="idna"',
    b"multipart/form-data; boundary=x; charset*=us-ascii'en'rot13",
    b"multipart/form-data; boundary=x",
    b"multipart/form-data",
    b"multipart/form-data; boundary=" + b"y" * 5000,
    b"application/json",
    b"",
    b"\xff/\xff",
)
ODD_BODIES = (
    b'--x\r\nContent-Disposition: form-data; name="address"\r\n\r\n\\ud800\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="opened"\r\n\r\n1-\\ud800\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nfile\r\n--x--\r\n',
    b"--x\r\n\r\n\r\n--x--\r\n",
    b"--x\r\n" + b"A: b\r\n" * 2000 + b"\r\n\r\n--x--\r\n",
    b"\0" * 500,
    b"%ff=%ff&" * 20,
    b"",
)


def test_no_form_however_odd_breaks_the_page() -> None:
    with site(trusted_proxies=1) as (app, _), crowd(app) as web:
        for kind in ODD_TYPES:
            for body in ODD_BODIES:
                found = web.post("/subscribe", content=body, headers=[(b"content-type", kind)])
                assert found.status_code in {200, 400, 415}, (kind, body)
        assert everything(app) == [[], [], []]


@pytest.mark.parametrize("path", ["/subscribe", "/preferences/", "{leave}", "{confirm}", "{preferences}"])
def test_a_body_that_is_too_large_is_refused_announced_or_not(app: App, web: TestClient, path: str) -> None:
    who = member(app)
    keys = {str(purpose): link(app, purpose, who, hours=1) for purpose in Purpose}
    large = b"a=" + b"x" * forms.LARGEST_BODY
    pieces = (large[place : place + 1000] for place in range(0, len(large), 1000))
    for content in (large, pieces):
        found = web.post(path.format(**keys), content=content, headers=FORM)
        assert (found.status_code, "That is too much" in found.text) == (413, True)
    assert states(app) == {"kv-cache": "active", "vision": "pending"}


@pytest.mark.parametrize("length", ["-1", "9" * 30, "1e9", "²"])
def test_a_body_of_a_strange_length_is_refused(web: TestClient, length: str) -> None:
    found = web.post("/subscribe", content=b"a", headers=[(b"content-length", length.encode())])
    assert found.status_code == 413


def test_many_fields_and_long_ones_are_refused(web: TestClient) -> None:
    assert web.post("/subscribe", data={"topic": [str(n) for n in range(forms.MOST_FIELDS + 1)]}).status_code == 400
    assert web.post("/subscribe", data={"address": "x" * (forms.LONGEST_FIELD + 100)}).status_code == 400


def test_a_body_that_never_comes_is_not_waited_for(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "SLOWEST", timedelta(milliseconds=50))
    assert asyncio.run(status_of(app, receive_nothing))[0] == 408


async def receive_nothing() -> dict[str, object]:
    await asyncio.sleep(60)
    return {}


async def receive_a_hang_up() -> dict[str, object]:
    return {"type": "http.disconnect"}


def test_who_hangs_up_is_no_error(app: App) -> None:
    with capture_logs() as log:
        assert asyncio.run(status_of(app, receive_a_hang_up)) == []
    assert [(one["event"], one["status"]) for one in log] == [("request", 499)]


async def status_of(app: App, receive: Any) -> list[int]:
    """Post to the form without the test client, which always sends a whole body. Returns the statuses answered."""
    found = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"5")]
    scope = {"type": "http", "method": "POST", "path": "/subscribe", "raw_path": b"/subscribe", "headers": headers}
    await create_app(app)({**scope, "query_string": b"", "client": None, "root_path": ""}, receive, send)
    return found


CONDITIONS = [b"if-none-match", b"if-modified-since", b"accept-encoding", b"a-im"]
HALF_RIGHT = st.sampled_from([b'"1.', b'"0.x"', b'W/"9.a-gzip"', b"feed", b"br;q=1", b'"', b"*", b",", b"-1."])


@given(st.lists(st.tuples(st.sampled_from(CONDITIONS), st.binary() | st.lists(HALF_RIGHT).map(b"".join))))
@settings(max_examples=300, deadline=None)
def test_no_request_header_breaks_what_is_published(headers: list[tuple[bytes, bytes]]) -> None:
    feed = b"<rss><channel>" + b"<item>text</item>" * 50 + b"</channel></rss>"
    one = sheet("/feed.rss", feed, NOON, feed=Syndicated(kind=None, entered=50))
    found = ANSWERS.to(headers, one, NOON)
    assert found.status in {200, 226, 304}
    assert dict(found.headers)[b"etag"]


ANSWERS = Answers(Calendar(zone=ZoneInfo("UTC"), compose_at=time(5), compose_by=time(7), release_by=time(9)))


DATES = [
    "Sat, 21 Nov 2026 05:00:00 GMT",
    "-1",
    "0",
    "Sat, 99 Nov 2026 99:99:99 +9999999999999",
    "Sat, 21 Nov 2026 05:00:00 -9959",
]


@pytest.mark.parametrize("date", DATES)
def test_no_date_breaks_what_is_published(web: TestClient, date: str) -> None:
    assert web.get("/", headers={"if-modified-since": date}).status_code in {200, 304}


# Every answer


def test_every_answer_has_the_headers_that_protect(app: App, clock: Clock, web: TestClient) -> None:
    who = member(app)
    fill(web, clock, "bob@example.org")
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", path, {}) for path in (*doors(app, who), "/style.css", "/topics/kv-cache/feed.rss", "/nowhere")
    ]
    asked += [("POST", path, {"data": VALID}) for path in doors(app, who)]
    asked += [
        ("OPTIONS", "/", {}),
        ("BREW", "/subscribe", {}),
        ("GET", "/topics/kv-cache", {}),
        ("GET", "/leave/x", {}),
    ]
    asked += [("POST", "/subscribe", {"headers": headers}) for headers in ELSEWHERE]
    asked += [("POST", "/subscribe", {"content": b"x" * 70_000})]
    asked += [("GET", "/", {"headers": {"if-none-match": "*"}})]
    asked += [("POST", "/subscribe", {}) for _ in range(20)]
    seen = set()
    for method, path, how in asked:
        found = web.request(method, path, **how)
        seen.add(found.status_code)
        for name, value in DEFAULTS:
            got = found.headers.get_list(name.decode())
            feed = path.endswith(".rss") and name == b"cross-origin-resource-policy"
            published = name == b"cache-control" and got[0].startswith("max-age=")
            assert got == ["cross-origin" if feed else value.decode()] or published, (method, path, name)
        assert published_only(path) or found.headers["cache-control"] == "no-store"
        assert "set-cookie" not in found.headers
        assert "<script" not in found.text
    assert seen == {200, 304, 308, 403, 404, 405, 413, 429}


def published_only(path: str) -> bool:
    return path in {"/", "/style.css"} or path.endswith(".rss")


def test_what_nobody_expected_is_a_page_with_a_number_and_a_log_without_names(app: App, clock: Clock) -> None:
    broken = App(settings=app.settings, store=app.store, now=app.now)
    with capture_logs() as log, client(broken) as web:
        opened = hidden(web.get("/subscribe").text)
        clock.turn(seconds=9)
        vars(broken)["store"] = None
        found = web.post("/subscribe", data={**VALID, "address": ADA, "opened": opened})
    assert found.status_code == 500
    (failed,) = [one for one in log if one["event"] == "request_failed"]
    assert f"name it: {failed['id']}." in found.text
    assert failed["error"] == "AttributeError"
    assert "subscribing.py:" in failed["at"]
    assert found.headers["content-security-policy"].startswith("default-src 'none'")
    assert "ada" not in json.dumps(log)


def test_a_broken_template_of_the_operators_is_told_even_if_it_is_that_of_errors(app: App) -> None:
    for broken in ({"web/subscribe.html"}, {"web/subscribe.html", "web/error.html"}):
        templates = environment({**SOURCES, **dict.fromkeys(broken, "{{ nothing }}")})
        with capture_logs() as log, client(with_templates(app, templates)) as web:
            found = web.get("/subscribe")
        assert (found.status_code, "This is our fault" in found.text) == (500, True)
        assert found.headers["x-content-type-options"] == "nosniff"
        assert [one["error"] for one in log if one["event"] == "request_failed"] == ["RenderError"]


def with_templates(app: App, templates: Environment) -> App:
    changed = App(settings=app.settings, store=app.store, now=app.now)
    vars(changed)["templates"] = templates
    return changed


def test_a_store_that_fails_is_told_as_such(app: App, clock: Clock) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise StoreError(f"store is locked, said {ADA}")

    broken = App(settings=app.settings, store=app.store, now=app.now)
    with capture_logs() as log, client(broken) as web:
        vars(broken)["store"] = Broken()
        for path in ("/subscribe", "/healthz"):
            found = web.get(path)
            assert (found.status_code, found.headers["retry-after"]) == (503, "30")
            assert ADA not in found.text
    assert ADA not in json.dumps(log)


def test_the_log_knows_no_address_and_no_token(app: App, clock: Clock) -> None:
    who = member(app)
    keys = [path for path in doors(app, who) if len(path) > LENGTH]
    with capture_logs() as log, client(app) as web:
        fill(web, clock, "eve@example.org")
        for path in (*keys, "/leave/forged-token", f"/subscribe?address={ADA}", f"/{ADA}"):
            web.get(path, headers={"referer": f"{URL}{keys[0]}", "user-agent": ADA})
            web.post(path, data={**VALID, "address": ADA})
    lines = [one for one in log if one["event"] == "request"]
    assert {one["path"] for one in lines} == {
        "/subscribe", "/confirm/{token}", "/leave/{token}", "/preferences/{token}", "other"
    }  # fmt: skip
    assert set(lines[0]) == {"event", "log_level", "method", "path", "status", "ms"}
    written = json.dumps(log)
    for secret in (ADA, "example.org", "forged-token", who, *(key.rpartition("/")[2] for key in keys)):
        assert secret not in written


def test_redirects_stay_at_home(web: TestClient) -> None:
    for path in (
        "//evil.example/topics/kv-cache",
        "/\\evil.example",
        "/topics/kv-cache?next=//evil.example",
        "/%2f%2fevil.example/..",
    ):
        found = web.get(f"{URL}{path}", headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
        assert found.headers.get("location", "kv-cache/") == "kv-cache/"


def test_a_preference_that_a_stranger_typed_is_never_in_a_letter(app: App, clock: Clock, web: TestClient) -> None:
    """A letter's words depend on the site and the link alone: two requests that differ in all else make the same."""
    fill(web, clock, "ada@example.org", topics=("kv-cache",), cadence="daily", hour="1")
    (one,) = letters(app)
    first = Messages(app).of(one, reader(app))
    app.store.save_subscribers([replace(reader(app), send_hour=23, zone="Asia/Tokyo")])
    assert Messages(app).of(one, reader(app)) == first
    assert b"KV" not in first
