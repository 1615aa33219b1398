"""Polling when things go wrong, and of many sources at once: one failure is one failure, and nothing is half stored."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from digest.app import App, opened
from digest.config.settings import FetchSettings, Settings, SiteSettings, StoreSettings
from digest.fetch import Fetcher
from digest.model import Health, Source
from digest.sources import read
from digest.work import polling, visits
from digest.work.polling import fetcher_of, poll
from tests.factories import NOON, Clock
from tests.hosts import Host, Play, answer, in_turn, names, packed, raw, reset, slow
from tests.polling import LIST, NOBODY, add, feed, health, item, one, run, site

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
    with site() as found:
        yield found


# What goes wrong


def test_each_failure_is_told_by_its_source_and_stops_no_other(
    app: App, here: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.plays |= {"/good": answer(feed(item("One"))), "/bug": answer(feed(item("Bug"))), "/reset": reset}
    here.plays |= {"/page": answer(b"<!doctype html><title>Down for repair</title>")}
    for id_ in ("good", "bug", "reset", "page", "missing"):
        add(app, here.url(f"/{id_}"), id_)
    add(app, "http://nowhere.example/feed", "nowhere")
    add(app, "http://127.0.0.1:25/feed", "mail")

    def buggy(data: bytes, *, source: Source, name: str) -> Any:
        if source.id == "bug":
            raise KeyError("a defect of ours")
        return read(data, source=source, name=name)

    monkeypatch.setattr(visits, "read", buggy)
    reports = {str(report.source): report for report in run(app, resolve=names(**{"127_0_0_1": "127.0.0.1"}))}
    said = {id_: (report.code, str(report.error)) for id_, report in reports.items() if report.error}
    assert list(reports) == ["bug", "good", "mail", "missing", "nowhere", "page", "reset"]
    assert said.keys() == reports.keys() - {"good"}
    assert said["bug"] == ("bug", "KeyError: 'a defect of ours'")
    assert said["page"][0] == "source"
    assert "this is a web page, not a feed" in said["page"][1]
    assert "404 Not Found" in said["missing"][1]
    assert "its name nowhere.example is not known" in said["nowhere"][1]
    assert {health(app, id_).failing_since for id_ in said} == {NOON}
    assert {health(app, id_).next_poll for id_ in said} == {NOON + HOUR / 2}
    assert [paper.title for paper in app.store.search("about", limit=9)] == ["One"]


def test_validators_are_kept_only_of_an_answer_that_was_read_to_its_end(app: App, here: Host) -> None:
    add(app, here.url("/feed"))
    page = b"<!doctype html><title>Please log in</title>"
    here.plays["/feed"] = in_turn(answer(feed(item("One")), 'ETag: "v1"'), answer(page, 'ETag: "page"'), answer(feed()))
    run(app, "list")
    assert run(app, "list")[0].code == "source"
    run(app, "list")
    assert [asked.headers.get("if-none-match") for asked in here.asked] == [None, '"v1"', '"v1"']


LONG = feed(*(item(f"Paper {number}") for number in range(60)))


@pytest.mark.parametrize("played", ["length", "chunks", "gzip", "close"])
def test_an_answer_cut_anywhere_leaves_nothing_half_stored(app: App, here: Host, played: str) -> None:
    add(app, here.url("/feed"))

    def cut(at: int) -> Play:
        if played == "length":
            return answer(LONG[:at], 'ETag: "v1"', length=len(LONG))
        if played == "chunks":
            head = b"HTTP/1.1 200 OK\r\nETag: v1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(LONG)
            return raw(head + LONG[:at])
        if played == "gzip":
            return packed(LONG, pack=lambda data: _gzip(data)[: at * len(_gzip(data)) // len(data)])
        return raw(b"HTTP/1.0 200 OK\r\nETag: v1\r\n\r\n" + LONG[:at])

    for at in range(500, len(LONG), 1000):
        here.plays["/feed"] = cut(at)
        report = one(app, "list")
        assert report.error or (played == "close" and LONG[:at].endswith(b">"))
        assert (health(app).etag, health(app).last_modified) == (None, None)
    if played != "close":
        assert app.store.tally()["entry"] == 0


def _gzip(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data, mtime=0)


def test_an_answer_whose_end_is_not_told_leaves_no_validators(app: App, here: Host) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = raw(b'HTTP/1.0 200 OK\r\nETag: "v1"\r\n\r\n' + feed(item("One")))
    assert one(app).new == 1
    assert health(app).etag is None


def test_a_source_that_is_removed_while_it_is_polled_does_not_come_back(app: App, here: Host) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = _after(lambda: app.store.remove_source(LIST), answer(feed(item("One"))))
    assert one(app).code == "not-found"
    assert app.store.sources() == []
    assert app.store.tally()["paper"] == 0


def test_a_source_that_is_changed_while_it_is_polled_keeps_nothing_of_the_old_one(app: App, here: Host) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = _after(lambda: add(app, here.url("/other")), answer(feed(item("One"))))
    report = one(app)
    assert "was changed while it was polled" in str(report.error)
    assert app.store.tally()["paper"] == 0
    assert health(app) == Health(source_id=LIST)
    assert [source.url for source in app.store.due_sources(NOON)] == [here.url("/other")]


def _after(first: Any, then: Play) -> Play:
    def play(connection: Any, over: threading.Event) -> None:
        first()
        then(connection, over)

    return play


def test_a_store_that_refuses_is_not_the_sources_fault(app: App, here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from digest.errors import StoreError

    def full(*_: object) -> None:
        raise StoreError("store digest.db: the disk is full")

    add(app, here.url("/feed"))
    here.plays["/feed"] = answer(feed(item("One")))
    monkeypatch.setattr(type(app.store), "save_sightings", full)
    assert one(app).code == "store"
    assert app.store.tally()["paper"] == 0
    assert health(app) == Health(source_id=LIST)


# Many at once


def test_sources_of_one_host_take_turns_and_hosts_do_not_wait_for_each_other(app: App, here: Host) -> None:
    here.plays["/feed"] = slow(answer(feed()), 0.05)
    known = {f"host{number}_example": "127.0.0.1" for number in range(12)}
    for number, name in enumerate(known):
        for twice in ("a", "b"):
            add(app, here.url("/feed", name.replace("_", ".")), f"source-{number}-{twice}")
    reports = run(app, resolve=names(**known))
    assert [report.error for report in reports] == [None] * 24
    assert 2 <= here.most <= polling.AT_ONCE
    by_host: dict[str, list[float]] = {}
    for asked in here.asked:
        by_host.setdefault(asked.headers["host"], []).append(asked.at)
    assert all(second - first >= 0.05 for first, second in by_host.values())


def test_reports_are_told_as_they_come_and_given_back_in_order(app: App, here: Host) -> None:
    here.plays |= {"/slow": slow(answer(feed()), 0.2), "/quick": answer(feed())}
    add(app, here.url("/slow", "slow.example"), "a-slow")
    add(app, here.url("/quick", "quick.example"), "b-quick")
    told: list[str] = []
    client = Fetcher(
        agent="digest/test",
        now=app.now,
        allow_private=True,
        trust=NOBODY,
        resolve=names(slow_example="127.0.0.1", quick_example="127.0.0.1"),
    )
    reports = asyncio.run(poll(app, tell=lambda report: told.append(report.source), fetcher=client))
    assert told == ["b-quick", "a-slow"]
    assert [report.source for report in reports] == ["a-slow", "b-quick"]


def test_the_sites_client_says_whose_it_is(here: Host, clock: Clock) -> None:
    site = SiteSettings(url="https://papers.example", contact="ada@papers.example")
    settings = Settings(site=site, fetch=FetchSettings(allow_private=True), store=StoreSettings(url="sqlite://"))
    here.plays["/feed"] = answer(feed())
    with opened(settings, now=clock) as app:
        add(app, here.url("/feed"))
        asyncio.run(poll(app))
    assert here.asked[0].headers["user-agent"].startswith("digest/")
    assert here.asked[0].headers["user-agent"].endswith(" (+https://papers.example; ada@papers.example)")
    assert here.asked[0].headers["from"] == "ada@papers.example"
    assert fetcher_of(Settings(), clock).turn_of("https://export.arxiv.org/") == "arxiv.org"
