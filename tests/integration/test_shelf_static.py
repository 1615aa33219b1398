"""The site as files for any static host: the same bytes, only what changed, nothing left of what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from digest.app import App
from digest.errors import PublishError, RenderError
from digest.model import TopicId
from digest.work import feeds
from digest.work.publishing import LEDGER, publish
from tests.doors import ALL, client, spied
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic


def files(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found.pop(LEDGER, None)
    return found


def release(app: App, title: str, day: int = 21) -> None:
    edition = make_edition(
        make_pick(make_paper(title)), label=f"2026-11-{day}", released=NOON + timedelta(days=day - 19)
    )
    app.store.save_papers([make_paper(title)])
    app.store.save_edition(edition)


def test_feeds_are_the_bytes_that_the_web_serves(app: App, tmp_path: Path) -> None:
    publish(app, tmp_path)
    with client(app) as web:
        for path in ("feed.atom", "topics/kv-cache/feed.rss", "topics/vision/feed.json", "feeds.opml", "style.css"):
            assert files(tmp_path)[path] == web.get(f"/{path}").content


def test_a_second_time_nothing_is_written(app: App, tmp_path: Path) -> None:
    first = publish(app, tmp_path)
    held = files(tmp_path)
    assert publish(app, tmp_path).written == 0
    assert first.written == len(held)
    assert files(tmp_path) == held


def test_two_exports_are_the_same_bytes(app: App, tmp_path: Path) -> None:
    publish(app, tmp_path / "one")
    release(app, "New")
    publish(app, tmp_path / "one")
    publish(app, tmp_path / "other")
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_only_feeds_that_changed_are_rendered(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = spied(monkeypatch)
    publish(app, tmp_path)
    rendered.clear()
    publish(app, tmp_path)
    assert rendered == []
    release(app, "New")
    publish(app, tmp_path)
    assert rendered == ["/feed", "/topics/kv-cache/feed"]


@pytest.mark.parametrize("how", ["gone", "other templates", "no ledger", "a broken ledger"])
def test_what_is_not_as_it_was_left_is_made_again(app: App, tmp_path: Path, how: str) -> None:
    publish(app, tmp_path)
    held = files(tmp_path)
    (tmp_path / "topics/kv-cache/feed.atom").unlink()
    (tmp_path / "about/index.html").unlink()
    if how == "no ledger":
        (tmp_path / LEDGER).unlink()
    if how == "a broken ledger":
        (tmp_path / LEDGER).write_bytes(b'{"maker": 1')
    if how == "other templates":
        app = App(
            settings=replace(app.settings, site=replace(app.settings.site, title="Other")), store=app.store, now=app.now
        )
    publish(app, tmp_path)
    assert set(files(tmp_path)) == set(held)
    assert (files(tmp_path) == held) is (how != "other templates")


@pytest.mark.parametrize("how", ["removed", "disabled"])
def test_of_a_topic_that_has_ended_a_page_that_says_so_is_left(app: App, tmp_path: Path, how: str) -> None:
    publish(app, tmp_path)
    (tmp_path / "topics/kv-cache/mine.txt").write_text("a file of the operator's", "utf-8")
    if how == "removed":
        app.store.remove_topic(TopicId("kv-cache"))
    else:
        app.store.put_topics([make_topic(periods=ALL, enabled=False)])
    publish(app, tmp_path)
    left = [path for path in files(tmp_path) if path.startswith("topics/kv-cache/")]
    assert sorted(left) == ["topics/kv-cache/index.html", "topics/kv-cache/mine.txt"]
    assert b"This topic has ended" in files(tmp_path)["topics/kv-cache/index.html"]
    app.store.put_topics([make_topic(periods=ALL)])
    publish(app, tmp_path)
    assert b"This topic has ended" not in files(tmp_path)["topics/kv-cache/index.html"]
    assert "topics/kv-cache/feed.atom" in files(tmp_path)


def test_a_template_that_fails_leaves_the_old_file_and_is_told_after_the_rest_is_written(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(app, tmp_path)
    documents = feeds.documents

    def failing(app: App, channel: feeds.Channel, **how: object) -> Iterator[feeds.Document]:
        if channel.stem == "/topics/kv-cache/feed":
            raise RenderError("a template failed")
        return documents(app, channel)

    monkeypatch.setattr(feeds, "documents", failing)
    release(app, "New")
    with pytest.raises(RenderError, match="a template failed"):
        publish(app, tmp_path)
    held = files(tmp_path)
    assert b"New" not in held["topics/kv-cache/feed.atom"]
    assert b"New" in held["feed.atom"]
    assert b"New" in held["topics/kv-cache/2026-11-21/index.html"]
    monkeypatch.undo()
    publish(app, tmp_path)
    assert b"New" in files(tmp_path)["topics/kv-cache/feed.atom"]


def test_a_folder_that_is_a_file_is_a_plain_error(app: App, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("a file", "utf-8")
    with pytest.raises(PublishError, match="cannot be written"):
        publish(app, tmp_path / "site")
