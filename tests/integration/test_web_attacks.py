"""The doors under attack: nothing is changed, learned, flooded, injected or guessed that should not be."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urljoin

import pytest
from jinja2 import Environment
from msgspec.structs import replace
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from digest.app import App
from digest.errors import StoreError, TokenError
from digest.model import SubscriberId
from digest.render.templates import environment
from digest.tokens import LENGTH, Purpose, sign, verify
from digest.web.headers import DEFAULTS
from digest.work.messages import Messages
from tests.doors import (
    ADA,
    SECRET,
    URL,
    VALID,
    Clock,
    client,
    fill,
    hidden,
    letters,
    link,
    member,
    reader,
    site,
    states,
)
from tests.pages import SOURCES, links, parsed

SCANNERS: tuple[dict[str, str], ...] = (
    {},
    {"user-agent": "Mozilla/5.0 (compatible; scanner)", "purpose": "prefetch", "sec-purpose": "prefetch"},
    {"x-forwarded-for": "203.0.113.9", "referer": "https://mail.example/inbox", "accept": "*/*"},
)


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
