"""Only what is new: "A-IM: feed" (RFC 3229) and who asks too often."""

from __future__ import annotations

import json
from datetime import timedelta

import feedparser
import pytest
from lxml import etree
from starlette.testclient import TestClient

from digest.app import App
from digest.render.deltas import newest
from digest.render.paths import FEED_FORMATS
from tests.doors import ALL, client, refresh, site
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic

FEED = "/topics/kv-cache/feed.atom"
NEWSBOAT = {"a-im": "feed", "accept-encoding": "gzip"}


def release(app: App, web: TestClient, *titles: str, day: int = 21) -> None:
    picks = [make_pick(make_paper(title), rank=rank) for rank, title in enumerate(titles, 1)]
    edition = make_edition(*picks, label=f"2026-11-{day}", released=NOON + timedelta(days=day - 19))
    app.store.save_edition(edition)
    refresh(web)


def titles(body: bytes, path: str = FEED) -> list[str]:
    if path.endswith("json"):
        return [item["title"] for item in json.loads(body)["items"]]
    return [entry.title for entry in feedparser.parse(body).entries]


@pytest.mark.parametrize("path", [f"/topics/kv-cache/feed.{extension}" for extension in FEED_FORMATS])
@pytest.mark.parametrize("coding", ["gzip", "br", "identity"])
def test_who_says_what_it_has_gets_what_is_new_and_nothing_else(
    app: App, web: TestClient, path: str, coding: str
) -> None:
    asked = {"accept-encoding": coding, "a-im": "feed"}
    tag = web.get(path, headers=asked).headers["etag"]
    release(app, web, "New one", "New two")
    whole, part = web.get(path, headers=asked), web.get(path, headers={**asked, "if-none-match": tag})
    assert (whole.status_code, part.status_code) == (200, 226)
    assert titles(part.content, path) == ["New one", "New two"] == titles(whole.content, path)[:2]
    assert part.headers["im"] == "feed"
    assert part.headers["delta-base"] == tag
    assert part.headers["etag"] == whole.headers["etag"]
    assert part.headers["content-type"] == whole.headers["content-type"]
    assert part.headers["cache-control"].startswith("no-store, im, max-age=")
    assert part.headers["vary"] == "accept-encoding, a-im, if-none-match"
    assert web.get(path, headers={**asked, "if-none-match": part.headers["etag"]}).status_code == 304


def test_what_is_new_is_the_same_bytes_as_in_the_whole_feed(app: App, web: TestClient) -> None:
    tag = web.get(FEED).headers["etag"]
    release(app, web, "New ℓ₂ < ∞", "“Quoted” & more")
    whole, part = web.get(FEED).content, web.get(FEED, headers={"a-im": "feed", "if-none-match": tag}).content
    entries = [
        [etree.tostring(one, with_tail=False) for one in etree.fromstring(body).iter("{*}entry")]
        for body in (part, whole)
    ]
    assert entries[0] == entries[1][:2]
    assert feedparser.parse(part).feed.id == feedparser.parse(whole).feed.id


def test_days_that_were_missed_come_together(app: App, web: TestClient) -> None:
    tag = web.get(FEED, headers=NEWSBOAT).headers["etag"]
    release(app, web, "Monday", day=21)
    release(app, web, "Tuesday", day=22)
    part = web.get(FEED, headers={**NEWSBOAT, "if-none-match": f'"0.older", {tag}'})
    assert (part.status_code, titles(part.content)) == (226, ["Tuesday", "Monday"])
    assert part.headers["delta-base"] == tag


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"a-im": "feed"}, 226),
        ({"a-im": "FEED"}, 226),
        ({"a-im": "vcdiff, feed;q=0.5, gzip"}, 226),
        ({"a-im": "feed;q=0"}, 200),
        ({"a-im": "feeds"}, 200),
        ({"a-im": "vcdiff"}, 200),
        ({}, 200),
        ({"a-im": "feed", "if-none-match": '"0123456789abcdef0123456789abcdef"'}, 200),
        ({"a-im": "feed", "if-none-match": '"0.0123456789abcdef0123456789abcdef"'}, 200),
        ({"a-im": "feed", "if-none-match": '"999.0123456789abcdef0123456789abcdef"'}, 200),
        ({"a-im": "feed", "if-none-match": '"-1.x"'}, 200),
        ({"a-im": "feed", "if-none-match": '"ffffffffffffffffffff.x"'}, 200),
    ],
)
def test_everything_else_gets_the_whole_feed(app: App, web: TestClient, headers: dict[str, str], status: int) -> None:
    tag = web.get(FEED).headers["etag"]
    release(app, web, "New")
    found = web.get(FEED, headers={"if-none-match": tag, **headers})
    assert (found.status_code, len(titles(found.content))) == (status, 1 if status == 226 else 6)


def test_a_feed_that_was_only_renamed_comes_whole(app: App, web: TestClient) -> None:
    tag = web.get(FEED).headers["etag"]
    app.store.put_topics([make_topic(name="Another name", periods=ALL)])
    refresh(web)
    found = web.get(FEED, headers={**NEWSBOAT, "if-none-match": tag})
    assert (found.status_code, feedparser.parse(found.content).feed.title[:12]) == (200, "Another name")


def test_a_reader_that_comes_daily_is_sent_a_tenth(app: App, web: TestClient) -> None:
    release(app, web, *(f"Paper {number} of many with a title of usual length" for number in range(10, 49)))
    tag = web.get(FEED, headers=NEWSBOAT).headers["etag"]
    release(app, web, "The one of today, with a title of usual length", day=22)
    whole, part = (web.get(FEED, headers={**NEWSBOAT, **more}) for more in ({}, {"if-none-match": tag}))
    assert part.status_code == 226
    assert len(part.content) < 0.1 * len(whole.content)


def test_a_cut_needs_something_to_leave_out() -> None:
    feed = b'<feed xmlns="http://www.w3.org/2005/Atom"><entry/><entry/></feed>'
    assert newest(feed, "atom", 2) is None
    assert newest(b'{"items": []}', "json", 1) is None
    cut = newest(feed, "atom", 1)
    assert cut
    assert len(etree.fromstring(cut)) == 1


# Who asks too often

NAT = {"x-forwarded-for": "203.0.113.9"}


def test_who_asks_for_the_whole_feed_again_and_again_is_told_to_wait() -> None:
    with site(trusted_proxies=1) as (app, _), client(app) as web:
        codes = [web.get(FEED, headers=NAT).status_code for _ in range(15)]
        assert codes == [200] * 10 + [429] * 5
        refused = web.get(FEED, headers=NAT)
        assert 0 < int(refused.headers["retry-after"]) <= 3601
        assert "If-None-Match" in refused.text
        assert refused.headers["content-security-policy"]
        assert refused.headers["cache-control"] == "no-store"


def test_who_says_what_it_has_is_never_told_to_wait_and_neither_are_others() -> None:
    with site(trusted_proxies=1) as (app, _), client(app) as web:
        for _ in range(15):
            first = web.get(FEED, headers=NAT)
        assert first.status_code == 429
        validators = ({"if-none-match": '"x"'}, {"if-modified-since": "Sat, 21 Nov 2026 05:00:00 GMT"})
        for more in (*validators, {"x-forwarded-for": "203.0.113.10"}):
            assert {web.get(FEED, headers={**NAT, **more}).status_code for _ in range(9)} <= {200, 304}
        for other in ("/topics/kv-cache/feed.rss", "/topics/kv-cache/", "/"):
            assert web.get(other, headers=NAT).status_code == 200
        assert web.head(FEED, headers=NAT).status_code == 200


def test_all_the_world_behind_a_proxy_we_do_not_know_is_not_one_reader(app: App, web: TestClient) -> None:
    assert {web.get(FEED).status_code for _ in range(50)} == {200}
