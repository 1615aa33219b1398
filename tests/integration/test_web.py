"""The site and its doors over HTTP: what is published, and each way in and out."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from digest.app import App
from digest.errors import ConfigError, DigestError
from digest.model import PeriodKind, Post, SubscriberId, SuppressionReason, TopicId
from digest.render.letters import LetterKind, letter, letter_message
from digest.tokens import Purpose
from digest.web import create_app, serve_until
from digest.web.server import address_of, listening
from digest.web.visitors import Buckets
from digest.work import subscribing
from tests.doors import ADA, Clock, client, fill, hidden, letters, link, reader, site, states
from tests.factories import NOON, make_site, make_topic
from tests.pages import ENV, links, outline_is_sound, parsed, part, words_of

FEED = "/topics/kv-cache/feed.atom"


# What is not there


@pytest.mark.parametrize("path", ["/topics/kv-cache", "/topics/kv-cache/2026-11-20", "/preferences"])
def test_a_missing_slash_leads_to_the_page_at_home(readonly: TestClient, path: str) -> None:
    found = readonly.get(path, headers={"host": "evil.example"})
    assert (found.status_code, found.headers["location"]) == (308, f"{path.rpartition('/')[2]}/")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/topic/", "/a/b/c/d", "/%00", "/%2e%2e/etc/passwd", "//evil.example/", "/" * 500]
)
def test_what_is_not_there_is_a_page_that_says_so(readonly: TestClient, path: str) -> None:
    found = readonly.get(f"https://digest.example{path}")
    assert found.status_code == 404
    assert "There is no such page" in found.text
    assert len(found.content) < 3000


def test_links_of_an_error_hold_at_any_depth(readonly: TestClient) -> None:
    home = {path: links(parsed(readonly.get(path).content))[-1] for path in ("/x", "/a/b/c", f"/{'a/' * 20}")}
    assert list(home.values()) == ["./", "../../", "https://digest.example/"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/", "GET, HEAD"),
        ("DELETE", FEED, "GET, HEAD"),
        ("OPTIONS", "/", "GET, HEAD"),
        ("PUT", "/subscribe", "GET, HEAD, POST"),
        ("PATCH", "/leave/x", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_other_methods_are_refused_with_those_that_are_not(
    readonly: TestClient, method: str, path: str, allow: str
) -> None:
    found = readonly.request(method, path)
    assert (found.status_code, found.headers["allow"]) == (405, allow)


def test_the_way_to_the_mail_is_shown_where_mail_is_sent(readonly: TestClient) -> None:
    assert "by mail" not in readonly.get("/").text + readonly.get("/topics/kv-cache/").text
    with site(smtp="smtp://localhost") as (app, _), client(app) as mailing:
        index, topic = (parsed(mailing.get(path).content) for path in ("/", "/topics/kv-cache/"))
        assert "./subscribe" in links(index)
        assert "../../subscribe?topic=kv-cache" in links(topic)


def test_it_does_not_start_without_a_secret(app: App) -> None:
    bare = App(settings=replace(app.settings, site=replace(app.settings.site, secret="")), store=app.store, now=app.now)
    with pytest.raises(ConfigError, match=r"site\.secret is empty"):
        create_app(bare)


# The doors


def test_a_reader_comes_by_form_letter_and_button(app: App, clock: Clock, web: TestClient) -> None:
    asked = fill(web, clock, topics=("kv-cache", "vision"), cadence="weekly", hour="18", zone="Asia/Tokyo")
    assert asked.status_code == 200
    assert "Look into your mailbox" in asked.text
    (queued,) = letters(app)
    assert (queued.slot, queued.due) == ("confirm:2026-11-21", clock())
    path = link(app, Purpose.CONFIRM, queued.subscriber_id, days=7)
    shown = web.get(path)
    assert shown.text.count("<button") == 1
    assert "The KV cache" in shown.text
    assert states(app) == {"kv-cache": "pending", "vision": "pending"}
    done = web.post(path)
    assert done.status_code == 200
    assert "18:00 (Asia/Tokyo) with the next weekly edition" in done.text
    assert states(app) == {"kv-cache": "active", "vision": "active"}


def test_who_has_confirmed_gets_the_key_to_the_preferences_and_later_visitors_do_not(
    app: App, clock: Clock, web: TestClient
) -> None:
    fill(web, clock)
    path = link(app, Purpose.CONFIRM, reader(app).id, days=7)
    (key,) = [one for one in links(parsed(web.post(path).content)) if "preferences" in one]
    assert web.get(f"/confirm/{key}").url.path.startswith("/preferences/")
    for later in (web.get(path), web.post(path)):
        assert later.status_code == 200
        assert [one for one in links(parsed(later.content)) if "preferences" in one] == ["../preferences/"]
        assert "KV cache" not in later.text


def test_a_reader_leaves_by_one_post_without_anything_else(app: App, clock: Clock, web: TestClient) -> None:
    fill(web, clock)
    subscribing.confirm(app, reader(app).id)
    path = link(app, Purpose.LEAVE, reader(app).id)
    clock.turn(days=3000)
    assert "Unsubscribe" in web.get(path).text
    assert states(app) == {"kv-cache": "active"}
    for _ in range(2):
        found = web.post(path, content="List-Unsubscribe=One-Click",
                         headers={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip
        assert found.status_code == 200
        assert "set-cookie" not in found.headers
        assert states(app) == {"kv-cache": "ended"}
    assert subscribing.suppressed(app, ADA) is SuppressionReason.LEFT


@pytest.mark.parametrize(
    "how",
    [
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"content": b""},
        {"content": b"\x00\xff no form at all", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"data": {"a": "b"}, "headers": {"origin": "https://mail.example", "sec-fetch-site": "cross-site"}},
    ],
)
def test_leaving_works_whatever_the_body_and_wherever_from(
    app: App, clock: Clock, web: TestClient, how: dict[str, object]
) -> None:
    fill(web, clock)
    assert web.post(link(app, Purpose.LEAVE, reader(app).id), **how).status_code == 200  # type: ignore[arg-type]
    assert states(app) == {"kv-cache": "ended"}


def test_leaving_is_not_rationed(app: App, clock: Clock, web: TestClient) -> None:
    fill(web, clock)
    path = link(app, Purpose.LEAVE, reader(app).id)
    assert {web.post(path).status_code for _ in range(60)} == {200}


def test_a_reader_changes_what_comes_by_a_link_that_ends(app: App, clock: Clock, web: TestClient) -> None:
    fill(web, clock)
    subscribing.confirm(app, reader(app).id)
    asked = web.get("/preferences/")
    clock.turn(seconds=5)
    sent = web.post("/preferences/", data={"address": ADA, "opened": hidden(asked.text)})
    assert "Look into your mailbox" in sent.text
    assert [one.slot for one in letters(app)] == ["confirm:2026-11-21", "access:2026-11-21"]
    path = link(app, Purpose.PREFERENCES, reader(app).id, hours=1)
    page = parsed(web.get(path).content)
    checked = [one.attrib["value"] for one in page.iter("input") if "checked" in one.attrib]
    assert checked == ["kv-cache", "daily"]
    saved = web.post(path, data={"topic": "vision", "cadence": "monthly", "hour": "0", "zone": "UTC", "paused": "yes"})
    assert (saved.status_code, "Saved." in saved.text) == (200, True)
    assert states(app) == {"kv-cache": "ended", "vision": "active"}
    assert (reader(app).cadence, reader(app).send_hour, reader(app).paused) == ("monthly", 0, True)
    clock.turn(minutes=61)
    for late in (web.get(path), web.post(path, data={"topic": "kv-cache"})):
        assert (late.status_code, "This link has ended" in late.text) == (410, True)
        assert "../preferences/" in links(parsed(late.content))


def test_a_wrong_change_says_what_is_wrong_and_keeps_what_was_typed(app: App, clock: Clock, web: TestClient) -> None:
    fill(web, clock)
    path = link(app, Purpose.PREFERENCES, reader(app).id, hours=1)
    found = web.post(path, data={"topic": "vision", "cadence": "weekly", "hour": "99", "zone": "UTC"})
    assert found.status_code == 400
    assert "Choose an hour from 0 to 23." in found.text
    checked = [one.attrib["value"] for one in parsed(found.content).iter("input") if "checked" in one.attrib]
    assert checked == ["vision", "weekly"]


def test_a_form_with_mistakes_comes_back_with_each_beside_its_field(clock: Clock, web: TestClient) -> None:
    found = fill(web, clock, "ada@", topics=(), cadence="weekly", hour="12", zone="Asia/Tokyo")
    assert found.status_code == 400
    page = parsed(found.content)
    assert part(page, ".//input[@id='address']").attrib["value"] == "ada@"
    described = part(page, ".//input[@id='address']").attrib["aria-describedby"]
    assert words_of(part(page, f".//*[@id='{described}']")).startswith("This is no mail address")
    assert [one.attrib["href"] for one in page.iterfind(".//*[@role='alert']//a")] == ["#address", "#topics"]
    selected = [one.attrib["value"] for one in page.iter("option") if "selected" in one.attrib]
    assert selected == ["12", "Asia/Tokyo"]


def test_the_form_takes_up_the_topic_it_was_opened_for(app: App, web: TestClient) -> None:
    page = parsed(web.get("/subscribe?topic=vision&topic=<b>nowhere").content)
    checked = [one.attrib["value"] for one in page.iter("input") if "checked" in one.attrib]
    assert checked == ["vision", "daily"]
    assert "<b>" not in web.get("/subscribe?topic=<b>").text
    selected = [one.attrib["value"] for one in page.iter("option") if "selected" in one.attrib]
    assert selected == ["7", "Europe/Berlin"]


def test_only_cadences_that_some_topic_has_are_offered(app: App, web: TestClient) -> None:
    app.store.put_topics([make_topic(periods=(PeriodKind.WEEK,)), make_topic("vision", periods=(PeriodKind.WEEK,))])
    page = parsed(web.get("/subscribe").content)
    assert [one.attrib["value"] for one in page.iterfind(".//input[@type='radio']")] == ["weekly"]


def test_a_site_without_topics_has_no_form_to_fill_in(app: App, web: TestClient) -> None:
    for topic in ("kv-cache", "vision"):
        app.store.remove_topic(TopicId(topic))
    assert "<form" not in web.get("/subscribe").text


@pytest.mark.parametrize("purpose", [Purpose.CONFIRM, Purpose.PREFERENCES])
def test_a_good_link_of_who_was_erased_has_ended(app: App, web: TestClient, purpose: Purpose) -> None:
    path = link(app, purpose, SubscriberId("A" * 16), hours=1)
    assert (web.get(path).status_code, web.post(path).status_code) == (410, 410)


def test_every_page_is_sound_for_those_who_do_not_see_it(app: App, clock: Clock, web: TestClient) -> None:
    fill(web, clock)
    who = reader(app).id
    for path in (
        "/subscribe",
        "/preferences/",
        link(app, Purpose.CONFIRM, who, days=1),
        link(app, Purpose.LEAVE, who),
        link(app, Purpose.PREFERENCES, who, hours=1),
        "/nowhere",
        "/leave/forged",
    ):
        page = parsed(web.get(path).content)
        assert outline_is_sound(page), path
        assert words_of(part(page, ".//title"))
        labelled = {one.attrib["for"] for one in page.iter("label") if "for" in one.attrib}
        inside = {id(one) for label in page.iter("label") for one in label.iter()}
        for field in (*page.iter("input"), *page.iter("select")):
            if field.attrib.get("type") != "hidden":
                assert field.attrib.get("id") in labelled or id(field) in inside, (path, field.attrib)


def test_health_is_whether_the_store_answers(app: App, web: TestClient) -> None:
    assert (web.get("/healthz").status_code, web.get("/healthz").text) == (200, "ok\n")


# The letters


@pytest.mark.parametrize("kind", LetterKind)
def test_a_letter_is_one_link_in_fixed_words(kind: LetterKind) -> None:
    address = "https://digest.example/confirm/" + "A" * 44
    found = letter(ENV, make_site(postal="1 Example Street", contact="hello@digest.example"), kind, address)
    leads = [one for one in links(parsed(found.html)) if one.startswith("http")]
    assert leads == ["https://digest.example/", address]
    assert f"\n{address}\n" in found.text
    assert max(map(len, found.text.replace(address, "").splitlines())) <= 72
    for text in (found.text, words_of(parsed(found.html))):
        assert "1 Example Street" in text
        assert "do nothing" in text
    assert "style=" in found.html


def test_a_letter_belongs_to_no_list_and_wants_no_answer() -> None:
    made = letter(ENV, make_site(title="Päpers"), "access", "https://digest.example/x")
    post = Post(sender="digest@digest.example", letters="confirm@digest.example")
    how = {"address": ADA, "date": NOON, "message_id": "<1@digest.example>"}
    raw = letter_message(made, make_site(title="Päpers"), post, **how)  # type: ignore[arg-type]
    message = message_from_bytes(raw, policy=policy.default)
    assert raw == letter_message(made, make_site(title="Päpers"), post, **how)  # type: ignore[arg-type]
    assert not [name for name in message if name.lower().startswith("list-") or name == "Precedence"]
    assert (message["Auto-Submitted"], message["To"]) == ("auto-generated", ADA)
    assert (message["Subject"], message["From"].addresses[0].display_name) == (made.subject, "Päpers")
    assert message["From"].addresses[0].addr_spec == "confirm@digest.example"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    bodies = [part.get_content().replace("\r\n", "\n") for part in message.walk() if not part.is_multipart()]
    assert bodies == [made.text, made.html]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)


# Rations


def test_a_bucket_gives_a_burst_and_then_one_at_a_time() -> None:
    now = [1000.0]
    bucket = Buckets(3, timedelta(seconds=10), clock=lambda: now[0])
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 10]
    assert bucket.take("b") == 0
    now[0] += 10
    assert [bucket.take("a") for _ in range(2)] == [0, 10]
    now[0] += 1000
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 10]


def test_buckets_of_too_many_names_do_not_fill_the_memory() -> None:
    bucket = Buckets(1, timedelta(hours=1), names=10, clock=lambda: 0.0)
    for number in range(1000):
        bucket.take(str(number))
    assert len(bucket._full) == 10
    assert bucket.take("999") > 0


# The server


def test_the_server_serves_until_it_is_told_to_stop(app: App) -> None:
    async def run() -> tuple[httpx2.Response, int]:
        stop = asyncio.Event()
        with listening("127.0.0.1", 0) as ours:
            serving = asyncio.create_task(serve_until(app, ours, stop))
            async with httpx2.AsyncClient(base_url=address_of(ours), trust_env=False) as web:
                found = await web.get("/")
                asked = await web.get(FEED, headers={"if-none-match": found.headers["etag"]})
            stop.set()
            await asyncio.wait_for(serving, 10)
        return found, asked.status_code

    found, status = asyncio.run(run())
    assert (found.status_code, status) == (200, 200)
    assert "server" not in found.headers
    assert found.headers.get_list("date")[1:] == []


def test_a_port_in_use_is_one_plain_line() -> None:
    with listening("127.0.0.1", 0) as ours, pytest.raises(DigestError, match="cannot listen on") as caught:
        listening("127.0.0.1", ours.getsockname()[1])
    assert caught.value.hint == "choose another with --port or web.port"


def test_the_command_serves_and_ends_by_sigterm(tmp_path: Path) -> None:
    digest = [sys.executable, "-m", "digest"]
    subprocess.run([*digest, "init", "--yes"], cwd=tmp_path, check=True, capture_output=True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    running = subprocess.Popen([*digest, "web", "--port", str(port)], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr
        assert f"http://127.0.0.1:{port}" in running.stderr.readline()
        for _ in range(100):
            try:
                found = httpx2.get(f"http://127.0.0.1:{port}/subscribe", trust_env=False, timeout=60)
                break
            except httpx2.ConnectError:
                time.sleep(0.05)
        assert found.status_code == 200
        second = subprocess.run(
            [*digest, "web", "--port", str(port)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (second.returncode, second.stderr.splitlines()[0].split(":")[0]) == (1, "error[failed]")
    finally:
        running.terminate()
        _, rest = running.communicate(timeout=20)
    assert running.returncode == 0
    assert "Traceback" not in rest
