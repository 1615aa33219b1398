"""Hostile input to the doors: whatever is typed or sent, nothing breaks, and only what is meant is taken."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from digest.app import App
from digest.edition import Calendar
from digest.tokens import Purpose
from digest.web import create_app, forms
from digest.web.answers import Answers
from digest.web.sheets import sheet
from digest.work.census import Syndicated
from digest.work.wishes import RefusedError, mailbox_of
from tests.doors import ADA, VALID, crowd, hidden, link, member, site, states
from tests.factories import NOON
from tests.pages import parsed


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
