"""The site and its doors over HTTP: what is published, and each way in and out."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from digest.app import App
from digest.errors import ConfigError, DigestError, RenderError
from digest.model import EditionState, PeriodKind, SubscriberId, SuppressionReason, TopicId
from digest.render.letters import LetterKind, letter, letter_message
from digest.tokens import Purpose
from digest.web import create_app, serve_until
from digest.web.server import address_of, listening
from digest.web.shelf import accepts_gzip, sheet
from digest.web.visitors import Buckets
from digest.work import subscribing
from digest.work.publishing import site_files
from tests.doors import ADA, ALL, Clock, client, fill, hidden, letters, link, reader, site, states
from tests.factories import NOON, make_edition, make_paper, make_pick, make_site, make_topic
from tests.pages import ENV, links, outline_is_sound, parsed, part, words_of

FEED = "/topics/kv-cache/feed.atom"


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
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


@pytest.fixture(scope="module")
def readonly() -> Iterator[TestClient]:
    """One web application for all tests that only read."""
    with site() as (app, _), client(app) as found:
        yield found


# What is published


def test_every_file_of_the_site_is_served_as_it_is_published(app: App, web: TestClient) -> None:
    files = dict(site_files(app))
    assert len(files) == 11
    for path, body in files.items():
        for address in {f"/{path}", f"/{path}".removesuffix("index.html")}:
            for coding in ("gzip", "identity"):
                found = web.get(address, headers={"accept-encoding": coding})
                assert (found.status_code, found.content) == (200, body), address


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/topics/kv-cache/feed.rss", "application/rss+xml; charset=utf-8"),
        ("/topics/kv-cache/feed.atom", "application/atom+xml; charset=utf-8"),
        ("/topics/kv-cache/feed.json", "application/feed+json; charset=utf-8"),
    ],
)
def test_content_types_are_those_of_the_standards(readonly: TestClient, path: str, kind: str) -> None:
    assert readonly.get(path).headers["content-type"] == kind


def test_feeds_may_be_read_by_programs_on_other_sites_and_pages_may_not(readonly: TestClient) -> None:
    feed, page = readonly.get(FEED).headers, readonly.get("/").headers
    assert (feed["access-control-allow-origin"], feed["cross-origin-resource-policy"]) == ("*", "cross-origin")
    assert "access-control-allow-origin" not in page
    assert page["cross-origin-resource-policy"] == "same-origin"


def test_head_has_the_headers_of_get_and_no_body(readonly: TestClient) -> None:
    for path in ("/", FEED, "/subscribe"):
        got, head = readonly.get(path), readonly.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert {**head.headers, "etag": ""} == {**got.headers, "etag": ""}


def test_each_coding_has_its_own_strong_tag(readonly: TestClient) -> None:
    plain = readonly.get(FEED, headers={"accept-encoding": "identity"})
    packed = readonly.get(FEED, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] != packed.headers["etag"]
    for one in (plain, packed):
        assert re.fullmatch(r'"[0-9a-f]{32}(-gzip)?"', one.headers["etag"])
        assert (one.headers["vary"], one.content) == ("accept-encoding", plain.content)
    assert int(packed.headers["content-length"]) < 0.5 * len(plain.content)


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("gzip", True),
        ("GZip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("br, *", True),
        ("x-gzip", True),
        ("gzip; q=0.001", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("", False),
        ("gzipped", False),
        ("gzip;q=x", False),
    ],
)
def test_gzip_is_for_those_who_take_it(accept: str, taken: bool) -> None:
    assert accepts_gzip(accept.encode()) is taken


def test_the_same_bytes_have_the_same_tags_always() -> None:
    body = b"a body " * 100
    one, other = (sheet("feed.rss", body, NOON) for _ in range(2))
    assert one == other
    assert one.gzipped
    assert gzip.decompress(one.gzipped.body) == body
    assert sheet("feed.rss", b"short", NOON).gzipped is None


@pytest.mark.parametrize(
    ("match", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ('W/"other",W/{tag} , "x"', 304),
        ('"a,b", {tag}', 304),
        ("*", 304),
        ("{other}", 304),
        ('"other"', 200),
        ('""', 200),
        ("{bare}", 200),
        ('"{bare}', 200),
        ("", 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_by_the_book(readonly: TestClient, match: str, status: int, method: str) -> None:
    tag = readonly.get(FEED, headers={"accept-encoding": "gzip"}).headers["etag"]
    asked = match.format(tag=tag, bare=tag.strip('"'), other=tag.replace("-gzip", ""))
    found = readonly.request(method, FEED, headers={"accept-encoding": "gzip", "if-none-match": asked})
    assert found.status_code == status
    if status == 304:
        assert found.content == b""
        assert found.headers["etag"] == (asked if match == "{other}" else tag)
        assert {"cache-control", "vary", "last-modified"} <= set(found.headers)
        assert not {"content-length", "content-type", "content-encoding"} & set(found.headers)


def test_if_none_match_in_several_headers_is_one_list(readonly: TestClient) -> None:
    tag = readonly.get(FEED).headers["etag"]
    assert readonly.get(FEED, headers=[("if-none-match", '"a"'), ("if-none-match", tag)]).status_code == 304


@pytest.mark.parametrize(
    ("since", "status"),
    [
        (timedelta(0), 304),
        (timedelta(days=1), 304),
        (-timedelta(seconds=1), 200),
        ("yesterday", 200),
        ("Sat, 21 Nov 99999999999999999999 05:00:00 GMT", 200),
        ("Sat, 21 Nov 2026 05:00:00", 200),
        ("Sat, 21 Nov 2026 06:00:00 +0100", 304),
    ],
)
def test_if_modified_since_by_the_book(readonly: TestClient, since: timedelta | str, status: int) -> None:
    first = readonly.get(FEED)
    released = make_edition().dated
    assert first.headers["last-modified"] == format_datetime(released, usegmt=True)
    asked = since if isinstance(since, str) else format_datetime(released + since, usegmt=True)
    assert readonly.get(FEED, headers={"if-modified-since": asked}).status_code == status


def test_if_none_match_wins_over_if_modified_since(readonly: TestClient) -> None:
    first = readonly.get(FEED).headers
    asked = {"if-none-match": '"other"', "if-modified-since": first["last-modified"]}
    assert readonly.get(FEED, headers=asked).status_code == 200
    asked = {"if-none-match": first["etag"], "if-modified-since": format_datetime(NOON - timedelta(999), usegmt=True)}
    assert readonly.get(FEED, headers=asked).status_code == 304


def test_a_new_edition_appears_and_only_what_changed_has_new_tags(app: App, web: TestClient) -> None:
    shelf = web.app.state.shelf  # type: ignore[attr-defined]
    before = {path: web.get(path).headers for path in ("/", FEED, "/topics/vision/", "/topics/vision/feed.rss")}
    assert shelf.refresh() is False
    later = make_edition(make_pick(make_paper("New")), label="2026-11-21", released=NOON + timedelta(days=2))
    app.store.save_edition(later)
    assert shelf.refresh() is True
    after = {path: web.get(path).headers for path in before}
    assert [path for path in before if before[path]["etag"] != after[path]["etag"]] == ["/", FEED]
    assert after[FEED]["last-modified"] == format_datetime(later.dated, usegmt=True)
    assert web.get("/topics/kv-cache/2026-11-21/").status_code == 200


def test_a_draft_does_not_appear(app: App, web: TestClient) -> None:
    app.store.save_edition(make_edition(label="2026-11-21", state=EditionState.DRAFT, released=None))
    assert web.app.state.shelf.refresh() is False  # type: ignore[attr-defined]


def test_a_renamed_topic_is_dated_by_its_renaming(app: App, clock: Clock, web: TestClient) -> None:
    first = web.get("/topics/kv-cache/").headers
    app.store.put_topics([make_topic(name="The cache of keys", periods=ALL)])
    web.app.state.shelf.refresh()  # type: ignore[attr-defined]
    again = web.get("/topics/kv-cache/", headers={"if-modified-since": first["last-modified"]})
    assert again.status_code == 200
    assert again.headers["last-modified"] == format_datetime(clock(), usegmt=True)


def test_new_editions_are_looked_for_while_it_runs(app: App) -> None:
    with client(app, look_every=timedelta(milliseconds=20)) as web:
        app.store.save_edition(make_edition(label="2026-11-21", released=NOON + timedelta(days=2)))
        for _ in range(200):
            if web.get("/topics/kv-cache/2026-11-21/").status_code == 200:
                return
            time.sleep(0.02)
    pytest.fail("the new edition never appeared")


def test_a_site_that_cannot_be_rendered_anew_keeps_what_it_has(app: App) -> None:
    with capture_logs() as log, client(app, look_every=timedelta(milliseconds=5)) as web:
        shelf = web.app.state.shelf  # type: ignore[attr-defined]
        shelf._made = lambda _: (_ for _ in ()).throw(RenderError("a template failed"))
        app.store.put_topics([make_topic(name="Other")])
        time.sleep(0.1)
        assert web.get("/").status_code == 200
    assert {"event": "site_not_rendered", "code": "render", "log_level": "warning"} in log


@pytest.mark.parametrize("path", ["/topics/kv-cache", "/topics/kv-cache/2026-11-20", "/preferences"])
def test_a_missing_slash_leads_to_the_page_at_home(readonly: TestClient, path: str) -> None:
    found = readonly.get(path, headers={"host": "evil.example"})
    assert (found.status_code, found.headers["location"]) == (308, f"{path.rpartition('/')[2]}/")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/topics/", "/a/b/c/d", "/%00", "/%2e%2e/etc/passwd", "//evil.example/", "/" * 500]
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
    assert words_of(part(page, f".//*[@id='{described}']")).startswith("There must be something after")
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
    how = {"address": ADA, "date": NOON, "message_id": "<1@digest.example>", "sender": "digest@digest.example"}
    raw = letter_message(made, make_site(title="Päpers"), **how)  # type: ignore[arg-type]
    message = message_from_bytes(raw, policy=policy.default)
    assert raw == letter_message(made, make_site(title="Päpers"), **how)  # type: ignore[arg-type]
    assert not [name for name in message if name.lower().startswith("list-") or name == "Precedence"]
    assert (message["Auto-Submitted"], message["To"]) == ("auto-generated", ADA)
    assert (message["Subject"], message["From"].addresses[0].display_name) == (made.subject, "Päpers")
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
    assert not {"server", "date"} & set(found.headers)


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
                found = httpx2.get(f"http://127.0.0.1:{port}/subscribe", trust_env=False)
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
