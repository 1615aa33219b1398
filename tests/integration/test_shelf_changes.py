"""What is published, as it changes: what is new or made on demand, what fails, and what has ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime

import feedparser
import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from digest.app import App
from digest.errors import RenderError
from digest.model import EditionState, TopicId
from digest.render.paths import FEED_FORMATS
from digest.work import feeds
from tests.doors import ALL, Clock, client, refresh, spied
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic

FEED = "/topics/kv-cache/feed.atom"
FEEDS = tuple(f"/topics/kv-cache/feed.{extension}" for extension in FEED_FORMATS)


def release(app: App, label: str, released: datetime, *titles: str) -> None:
    picks = [make_pick(make_paper(title), rank=rank) for rank, title in enumerate(titles or [f"New in {label}"], 1)]
    app.store.save_edition(make_edition(*picks, label=label, released=released))


# What changes


def test_a_new_edition_appears_and_only_what_changed_has_new_tags(app: App, web: TestClient) -> None:
    paths = ("/", FEED, "/feed.atom", "/topics/vision/", "/topics/vision/feed.rss", "/about/", "/style.css")
    before = {path: web.get(path).headers for path in paths}
    assert refresh(web) == 0
    later = make_edition(make_pick(make_paper("New")), label="2026-11-21", released=NOON + timedelta(days=2))
    app.store.save_edition(later)
    assert refresh(web) > 0
    after = {path: web.get(path).headers for path in before}
    assert [path for path in before if before[path]["etag"] != after[path]["etag"]] == ["/", FEED, "/feed.atom"]
    assert after[FEED]["last-modified"] == format_datetime(later.dated, usegmt=True)
    assert web.get("/topics/kv-cache/2026-11-21/").status_code == 200


def test_what_did_not_change_is_not_rendered_again(app: App, web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = spied(monkeypatch)
    refresh(web)
    assert rendered == []
    app.store.save_edition(
        make_edition(make_pick(make_paper("New")), label="2026-11-21", released=NOON + timedelta(days=2))
    )
    refresh(web)
    assert rendered == ["/feed", "/topics/kv-cache/feed"]


def test_a_draft_does_not_appear(app: App, web: TestClient) -> None:
    app.store.save_edition(make_edition(label="2026-11-21", state=EditionState.DRAFT, released=None))
    assert refresh(web) == 0


def test_a_renamed_topic_is_dated_by_its_renaming(app: App, clock: Clock, web: TestClient) -> None:
    first = web.get("/topics/kv-cache/").headers
    app.store.put_topics([make_topic(name="The cache of keys", periods=ALL)])
    refresh(web)
    again = web.get("/topics/kv-cache/", headers={"if-modified-since": first["last-modified"]})
    assert again.status_code == 200
    assert again.headers["last-modified"] == format_datetime(clock(), usegmt=True)


def test_a_template_that_fails_keeps_what_there_is_and_is_tried_again(
    app: App, web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = feeds.documents

    def failing(app: App, channel: feeds.Channel, **how: object) -> Iterator[feeds.Document]:
        if channel.stem == "/topics/kv-cache/feed":
            raise RenderError("a template failed")
        return documents(app, channel)

    before = web.get(FEED).headers["etag"]
    app.store.save_edition(
        make_edition(make_pick(make_paper("New")), label="2026-11-21", released=NOON + timedelta(days=2))
    )
    monkeypatch.setattr(feeds, "documents", failing)
    with capture_logs() as log:
        refresh(web)
    assert {"event": "site_not_rendered", "code": "render", "log_level": "warning"} in log
    assert web.get(FEED).headers["etag"] == before
    assert b"New" in web.get("/feed.atom").content
    monkeypatch.undo()
    refresh(web)
    assert b"New" in web.get(FEED).content


# What nobody asks for every day


def test_an_edition_that_is_no_longer_of_the_day_is_made_when_somebody_asks(
    app: App, clock: Clock, web: TestClient
) -> None:
    path, shelf = "/topics/kv-cache/2026-11-20/", web.app.shelf  # type: ignore[attr-defined]
    release(app, "2026-11-21", NOON + timedelta(days=2))
    refresh(web)
    before = web.get(path).headers["etag"]
    clock.turn(days=20)
    release(app, "2026-12-10", clock())
    refresh(web)
    assert shelf.get(path) is None
    assert shelf.get("/topics/kv-cache/2026-12-10/")
    old = web.get(path)
    assert (old.status_code, old.headers["etag"]) == (200, before)
    assert web.get(path, headers={"if-none-match": before}).status_code == 304
    assert web.get(path.rstrip("/")).headers["location"] == "2026-11-20/"
    assert web.post(path).status_code == 405
    app.store.remove_topic(TopicId("kv-cache"))
    refresh(web)
    assert web.get(path).status_code == 410


def test_what_is_made_on_demand_is_what_would_have_been_kept(app: App, clock: Clock, web: TestClient) -> None:
    paths = [one for one in web.app.shelf._sheets if "2026-11-20" in one]  # type: ignore[attr-defined]
    kept = {path: web.get(path).headers["etag"] for path in paths}
    clock.turn(days=20)
    with client(app) as later:
        assert not set(paths) & set(later.app.shelf._sheets)  # type: ignore[attr-defined]
        assert {path: later.get(path).headers["etag"] for path in paths} == kept
    assert len(paths) >= 2


def test_a_feeds_archive_is_read_to_its_end(app: App, web: TestClient) -> None:
    picks = [make_pick(make_paper(f"Old {number}"), rank=number) for number in range(1, 200)]
    app.store.save_edition(make_edition(*picks, label="2026-11-21", released=NOON + timedelta(days=2)))
    refresh(web)
    seen, path = [], FEED
    while path:
        read = feedparser.parse(web.get(path).content)
        seen += [entry.id for entry in read.entries]
        older = [link.href for link in read.feed.links if link.rel == "prev-archive"]
        path = older[0].removeprefix("https://digest.example") if older else ""
    assert (len(seen), len(set(seen))) == (204, 204)
    assert web.get("/topics/kv-cache/feed-99.atom").status_code == 404
    assert web.get("/topics/nowhere/feed-1.atom").status_code == 404
    assert web.get("/topics/kv-cache/feed-1.exe").status_code == 404


# What has ended


@pytest.mark.parametrize("how", ["removed", "disabled"])
def test_a_topic_that_has_ended_is_gone_for_good_and_says_so(app: App, web: TestClient, how: str) -> None:
    if how == "removed":
        app.store.remove_topic(TopicId("kv-cache"))
    else:
        app.store.put_topics([make_topic(enabled=False)])
    refresh(web)
    for path in (*FEEDS, "/topics/kv-cache/", "/topics/kv-cache/2026-11-20/"):
        found = web.get(path)
        assert (found.status_code, "This topic has ended" in found.text) == (410, True)
    app.store.put_topics([make_topic()])
    refresh(web)
    assert web.get(FEED).status_code == 200


def test_a_topic_that_never_had_an_edition_is_just_not_there(app: App, web: TestClient) -> None:
    app.store.remove_topic(TopicId("vision"))
    refresh(web)
    assert web.get("/topics/vision/feed.rss").status_code == 404
