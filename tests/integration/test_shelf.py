"""What is published, over HTTP: which bytes, in which coding, how long they last, and when nothing needs to be sent."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import brotli  # type: ignore[import-untyped]
import pytest
from starlette.testclient import TestClient

from digest.app import App
from digest.model import PeriodKind
from digest.render.paths import FEED_FORMATS
from digest.web.conditions import preferred
from digest.web.sheets import sheet
from digest.work.publishing import parcels
from tests.doors import Clock, client, refresh, site
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic

FEED = "/topics/kv-cache/feed.atom"
FEEDS = tuple(f"/topics/kv-cache/feed.{extension}" for extension in FEED_FORMATS)


# What it is


def test_every_file_of_the_site_is_served_as_it_is_published(app: App, web: TestClient) -> None:
    files = {file.path: file.make() for parcel in parcels(app) for file in parcel.files(())}
    assert {"/", "/feeds.opml", "/robots.txt", "/topics/kv-cache/2026-11-20/", *FEEDS} <= set(files)
    for path, body in files.items():
        for address in {path, f"{path}index.html" if path.endswith("/") else path}:
            for coding in ("br", "gzip", "identity"):
                found = web.get(address, headers={"accept-encoding": coding})
                assert (found.status_code, found.content) == (200, body), address


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/icon-64.png", "image/png"),
        ("/feeds.opml", "text/x-opml; charset=utf-8"),
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


def test_a_feed_names_itself_and_its_hubs_for_who_does_not_read_it() -> None:
    with site(hubs="https://hub.example/ https://push.example/hub") as (app, _), client(app) as web:
        for path in FEEDS:
            assert web.get(path).headers.get_list("link") == [
                '<https://hub.example/>; rel="hub"',
                '<https://push.example/hub>; rel="hub"',
                f'<https://digest.example{path}>; rel="self"',
            ]
        assert "link" not in web.get("/").headers


def test_head_has_the_headers_of_get_and_no_body(readonly: TestClient) -> None:
    for path in ("/", FEED, "/subscribe", "/search?q=paper", "/sources/"):
        got, head = readonly.get(path), readonly.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert {**head.headers, "etag": ""} == {**got.headers, "etag": ""}


# Codings


def test_each_coding_has_its_own_strong_tag(readonly: TestClient) -> None:
    codings = ("identity", "gzip", "br")
    plain, *packed = (readonly.get(FEED, headers={"accept-encoding": coding}) for coding in codings)
    assert "content-encoding" not in plain.headers
    assert [one.headers["content-encoding"] for one in packed] == ["gzip", "br"]
    assert len({one.headers["etag"] for one in (plain, *packed)}) == 3
    for one in (plain, *packed):
        assert re.fullmatch(r'"5\.[0-9a-f]{32}(-gzip|-br)?"', one.headers["etag"])
        assert (one.headers["vary"], one.content) == ("accept-encoding, a-im", plain.content)
    assert all(int(one.headers["content-length"]) < 0.5 * len(plain.content) for one in packed)


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, br;q=0.9", "gzip"),
        ("deflate, gzip;q=1.0, *;q=0.5", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip; q=0.001", "gzip"),
        ("gzip;q=0", ""),
        ("gzip;q=0.000", ""),
        ("*;q=0", ""),
        ("gzip;q=0, br;q=0, *", ""),
        ("identity", ""),
        ("identity, gzip;q=0.5", ""),
        ("", ""),
        ("gzipped", ""),
        ("gzip;q=x", ""),
    ],
)
def test_a_file_comes_packed_as_its_reader_likes_it_best(accept: str, taken: str) -> None:
    assert preferred(accept.encode())[0] == taken


def test_the_same_bytes_have_the_same_tags_always() -> None:
    body = b"a body " * 100
    one, other = (sheet("/feed.rss", body, NOON) for _ in range(2))
    assert one == other
    assert gzip.decompress(one.coded("gzip")) == brotli.decompress(one.coded("br")) == one.coded("") == body
    assert sheet("/feed.rss", b"short", NOON).codings == ("",)


# Conditions


@pytest.mark.parametrize(
    ("match", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ('W/"other",W/{tag} , "x"', 304),
        ('"a,b", {tag}', 304),
        ("*", 304),
        (" * ", 304),
        ("{plain}", 304),
        ("{brotli}", 304),
        ("{proxy}", 304),
        ('"other"', 200),
        ('"*"', 200),
        ('""', 200),
        ('"-gzip"', 200),
        ("{bare}", 200),
        ('"{bare}', 200),
        ("", 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_by_the_book(readonly: TestClient, match: str, status: int, method: str) -> None:
    tag = readonly.get(FEED, headers={"accept-encoding": "gzip"}).headers["etag"]
    others = {
        name: tag.replace("-gzip", mark) for name, mark in {"plain": "", "brotli": "-br", "proxy": "--gzip"}.items()
    }
    asked = match.format(tag=tag, bare=tag.strip('"'), **others)
    found = readonly.request(method, FEED, headers={"accept-encoding": "gzip", "if-none-match": asked})
    assert found.status_code == status
    if status == 304:
        assert found.content == b""
        assert found.headers["etag"] == (asked if match in {"{plain}", "{brotli}"} else tag)
        assert {"cache-control", "expires", "vary", "last-modified"} <= set(found.headers)
        assert not {"content-length", "content-type", "content-encoding", "link"} & set(found.headers)


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


# How long it lasts


@pytest.mark.parametrize(
    ("hours", "lasts"),
    [
        (0, timedelta(hours=19)),  # nine in the morning; the next edition is due at five in Berlin
        (18, timedelta(hours=1)),
        (18.99, timedelta(minutes=5)),
        (19.5, timedelta(minutes=5)),  # due, and not there yet
        (22, timedelta(hours=21)),  # the time by which it had to be there has passed: it held nothing new
    ],
)
def test_a_feed_lasts_until_its_next_edition_is_due(
    clock: Clock, web: TestClient, hours: float, lasts: timedelta
) -> None:
    clock.turn(hours=hours)
    found = web.get(FEED).headers
    assert found["cache-control"] == f"max-age={int(lasts.total_seconds())}"
    assert parsedate_to_datetime(found["expires"]) == (clock() + lasts).replace(microsecond=0)


def test_a_feed_that_may_change_at_any_time_and_a_page_last_some_minutes(readonly: TestClient) -> None:
    for path in ("/", "/rising/feed.rss", "/sources/", "/search/feed.atom?q=paper", "/style.css"):
        assert readonly.get(path).headers["cache-control"] == "max-age=600"


def test_a_month_without_news_lasts_a_day_at_most(app: App, web: TestClient) -> None:
    app.store.put_topics([make_topic(periods=(PeriodKind.MONTH,))])
    refresh(web)
    assert web.get(FEED).headers["cache-control"] == "max-age=86400"


def test_a_page_of_a_feeds_archive_is_immutable(app: App, web: TestClient) -> None:
    picks = [make_pick(make_paper(f"Old {number}"), rank=number) for number in range(1, 80)]
    app.store.save_edition(make_edition(*picks, label="2026-11-21", released=NOON + timedelta(days=2)))
    refresh(web)
    for path in ("/topics/kv-cache/feed-1.atom", "/topics/kv-cache/feed-2.json", "/feed-1.rss"):
        assert web.get(path).headers["cache-control"] == "max-age=31536000, immutable"
    before = web.get("/topics/kv-cache/feed-1.atom").headers
    app.store.save_edition(
        make_edition(make_pick(make_paper("New")), label="2026-11-22", released=NOON + timedelta(days=3))
    )
    refresh(web)
    assert web.get("/topics/kv-cache/feed-1.atom").headers == before


def test_for_thirty_quiet_days_nothing_changes_and_nothing_is_sent_twice(clock: Clock, web: TestClient) -> None:
    paths = (*FEEDS, "/feed.atom", "/rising/feed.json", "/", "/topics/kv-cache/", "/feeds.opml")
    tags = {path: web.get(path).headers["etag"] for path in paths}
    statuses = []
    for turn in range(30 * 6):
        clock.turn(hours=4)
        assert turn % 6 or refresh(web) == 0
        statuses += [web.get(path, headers={"if-none-match": tag}).status_code for path, tag in tags.items()]
    assert statuses == [304] * 30 * 6 * len(paths)
    assert {path: web.get(path).headers["etag"] for path in paths} == tags


def test_another_server_of_the_same_site_has_the_same_tags(app: App, web: TestClient) -> None:
    with client(app) as other:
        for path in (*FEEDS, "/", "/topics/kv-cache/2026-11-20/"):
            assert other.get(path).headers["etag"] == web.get(path).headers["etag"]
