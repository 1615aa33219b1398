"""Polling against real hosts: what is taken in, what is written down, and that one failure is one failure."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from digest.app import App, opened
from digest.cli import cli
from digest.config.settings import FetchSettings, Settings, SiteSettings, StoreSettings
from digest.errors import NotFoundError, SourceError
from digest.fetch import Fetcher
from digest.model import Health, Period, PeriodKind, SignalKind, Source, SourceId
from digest.sources import read
from digest.work import polling, visits
from digest.work.importing import ingest
from digest.work.manners import retry, share_of
from digest.work.polling import PollReport, fetcher_of, poll
from digest.work.ranking import candidates_of
from tests.factories import make_entry, make_source
from tests.hosts import Host, Play, answer, host, in_turn, names, packed, raw, redirect, reset, slow

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
LIST = SourceId("list")
# An hour, and the share of another quarter by which this source is apart from others.
SOON = HOUR + HOUR / 4 * share_of(LIST)


class Clock:
    def __init__(self) -> None:
        self.instant = NOON

    def __call__(self) -> datetime:
        return self.instant


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Iterator[App]:
    with opened(Settings(store=StoreSettings(url="sqlite://")), now=clock) as app:
        yield app


@pytest.fixture
def here() -> Iterator[Host]:
    with host() as found:
        yield found


def item(title: str, listed: datetime | None = NOON) -> str:
    date = f"<pubDate>{format_datetime(listed)}</pubDate>" if listed else ""
    return f"<item><guid>{title}</guid><title>{title}</title><description>About {title}.</description>{date}</item>"


def feed(*items: str) -> bytes:
    return f"<rss version='2.0'><channel><title>Papers</title>{''.join(items)}</channel></rss>".encode()


def add(app: App, url: str | None, id: str = "list", **changes: Any) -> Source:  # noqa: A002 - the model's word
    source = make_source(id, kind="feed", url=url, **changes)
    app.store.put_sources([source])
    return source


def run(app: App, *named: str, **options: Any) -> list[PollReport]:
    client = Fetcher(agent="digest/test", now=app.now, allow_private=True, trust=NOBODY, **options)
    ids = [SourceId(one) for one in named] or None
    return asyncio.run(poll(app, ids, fetcher=client, jitter=lambda span: span))


def one(app: App, *named: str, **options: Any) -> PollReport:
    (report,) = run(app, *named, **options)
    return report


def health(app: App, source_id: str = "list") -> Health:
    return app.store.source_health([SourceId(source_id)])[SourceId(source_id)]


def in_window(app: App) -> list[str]:
    today = Period.containing(PeriodKind.DAY, app.now().date())
    return sorted(candidate.paper.title for candidate in candidates_of(app, today, as_of=app.now()))


# What is taken in


def test_a_first_poll_takes_the_entries_and_the_next_asks_only_for_what_changed(
    app: App, here: Host, clock: Clock
) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = in_turn(
        answer(feed(item("One"), item("Two")), 'ETag: "v1"'), answer(status="304 Not Modified")
    )
    first = one(app)
    assert (first.format, first.read, first.new, first.error) == ("rss", 2, 2, None)
    assert app.store.tally()["paper"] == 2
    before = health(app)
    assert before == Health(
        source_id=LIST, last_poll=NOON, last_ok=NOON, next_poll=NOON + SOON, address=here.url("/feed"), etag='"v1"',
        baseline_at=NOON, complete_at=NOON,
    )  # fmt: skip
    clock.instant += SOON
    second = one(app)
    assert (second.not_modified, second.error) == (True, None)
    assert here.asked[1].headers["if-none-match"] == '"v1"'
    after = health(app)
    assert (after.last_ok, after.next_poll, after.etag) == (clock.instant, clock.instant + SOON, '"v1"')


def test_new_entries_of_a_later_poll_are_new_and_the_rest_unchanged(app: App, here: Host, clock: Clock) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = in_turn(answer(feed(item("One"))), answer(feed(item("Two"), item("One"))))
    one(app)
    clock.instant += SOON
    report = one(app)
    assert (report.read, report.new, report.unchanged) == (2, 1, 1)


def test_the_daily_list_brings_its_votes_each_time(app: App, here: Host, clock: Clock) -> None:
    add(app, here.url("/api/daily_papers"))
    papers = [
        [{"numComments": 3, "paper": {"id": "2611.01230", "title": "Tiny Routers", "upvotes": votes}}]
        for votes in (17, 41)
    ]
    here.plays["/api/daily_papers"] = in_turn(*(answer(json.dumps(rows).encode()) for rows in papers))
    assert one(app).format == "daily-papers"
    clock.instant += SOON
    assert one(app).unchanged == 1
    (paper,) = app.store.paper_ids(["arxiv:2611.01230"]).values()
    votes = [
        (signal.at, signal.value)
        for signal in app.store.series([paper], until=clock.instant)[paper]
        if signal.kind == "upvotes"
    ]
    assert votes == [(NOON, 17), (NOON + SOON, 41)]
    assert app.store.numbers([paper], at=clock.instant)[paper] == {SignalKind.UPVOTES: 41, SignalKind.COMMENTS: 3}


def test_relative_links_start_where_the_answer_came_from(app: App, here: Host) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = redirect(here.url("/new/feed"), "301 Moved Permanently")
    here.plays["/new/feed"] = answer(feed("<item><title>One</title><link>one.html</link></item>"), 'ETag: "theirs"')
    report = one(app)
    (paper,) = app.store.search("one", limit=2)
    assert paper.links.abstract == here.url("/new/one.html")
    assert report.moved_to == health(app).moved_to == health(app).address == here.url("/new/feed")
    # The next question goes to the old address: the new one's validators are none of its business.
    run(app, "list")
    assert [(asked.path, asked.headers.get("if-none-match")) for asked in here.asked[2:]] == [
        ("/feed", None),
        ("/new/feed", '"theirs"'),
    ]


def test_validators_are_of_no_use_at_another_address(app: App, here: Host) -> None:
    add(app, here.url("/feed"))
    here.plays |= {"/feed": answer(feed(item("One")), 'ETag: "v1"'), "/other": answer(feed())}
    one(app)
    add(app, here.url("/other"))
    run(app, "list")
    assert "if-none-match" not in here.asked[1].headers


# The first poll is no flood


def test_of_what_a_new_source_holds_only_what_it_listed_just_now_is_news(app: App, here: Host) -> None:
    add(app, here.url("/feed"))
    entries = [
        item("Today"),
        item("Yesterday", NOON - DAY),
        item("Three days ago", NOON - 3 * DAY),
        item("No date", None),
    ]
    here.plays["/feed"] = answer(feed(*entries))
    report = one(app)
    assert (report.new, report.old) == (4, 2)
    assert in_window(app) == ["Today", "Yesterday"]
    assert len(app.store.search("about", limit=9)) == 4
    (stored,) = app.store.sightings(LIST, ["No date"]).values()
    assert (stored.entry.listed, stored.first_seen) == (None, NOON)


def test_what_comes_later_is_news_with_or_without_a_date(app: App, here: Host, clock: Clock) -> None:
    add(app, here.url("/feed"))
    old = item("Old", None)
    here.plays["/feed"] = in_turn(answer(feed(old)), answer(feed(item("New", None), old)))
    one(app)
    clock.instant += SOON
    assert (one(app).old, in_window(app)) == (0, ["New"])


def test_old_stock_that_somebody_else_announces_is_news(app: App, here: Host, clock: Clock) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = answer(feed(item("Old", None), item("Older", None)))
    one(app)
    clock.instant += SOON
    other = make_source("other")
    ingest(app, other, [make_entry("Old", source_id=SourceId("other"), abstract="About Old.")])
    assert in_window(app) == ["Old"]
    clock.instant -= timedelta(minutes=30)
    assert in_window(app) == []


def test_a_paper_that_was_known_before_stays_news(app: App, here: Host) -> None:
    ingest(app, make_source("other"), [make_entry("Known", source_id=SourceId("other"), abstract="About Known.")])
    add(app, here.url("/feed"))
    here.plays["/feed"] = answer(feed(item("Known", None)))
    assert (one(app).merged, in_window(app)) == (1, ["Known"])


def test_an_empty_first_answer_is_no_baseline(app: App, here: Host, clock: Clock) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = in_turn(answer(feed()), answer(feed(item("Old", None))))
    assert (one(app).read, health(app).baseline_at) == (0, None)
    clock.instant += SOON
    assert (one(app).old, in_window(app)) == (1, [])


def test_a_source_that_was_removed_and_comes_back_takes_no_news_away(app: App, here: Host, clock: Clock) -> None:
    source = add(app, here.url("/feed"))
    new, old = item("New", None), item("Old", None)
    here.plays["/feed"] = in_turn(
        answer(feed(old)), answer(feed(new, old)), answer(feed(item("Newer", None), new, old))
    )
    run(app, "list")
    run(app, "list")
    app.store.remove_source(source.id)
    add(app, here.url("/feed"))
    clock.instant += SOON
    assert (one(app).old, in_window(app)) == (1, ["New"])


# When it is polled again


def test_only_what_is_enabled_has_an_address_and_is_due_is_polled(app: App, here: Host, clock: Clock) -> None:
    here.plays["/feed"] = answer(feed())
    add(app, here.url("/feed"))
    add(app, here.url("/feed"), "off", enabled=False)
    add(app, None, "file")
    assert [report.source for report in run(app)] == ["list"]
    clock.instant += SOON - timedelta(seconds=1)
    assert run(app) == []
    clock.instant += timedelta(seconds=1)
    assert [report.source for report in run(app)] == ["list"]


def test_a_named_source_is_polled_at_once(app: App, here: Host) -> None:
    here.plays["/feed"] = answer(feed())
    add(app, here.url("/feed"))
    run(app)
    assert [report.source for report in run(app, "list", "list")] == ["list"]


def test_a_name_that_nothing_has_is_said_before_anything_is_polled(app: App, here: Host) -> None:
    add(app, here.url("/feed"))
    add(app, None, "file")
    with pytest.raises(NotFoundError):
        run(app, "list", "lost")
    with pytest.raises(SourceError, match="file has no address"):
        run(app, "list", "file")
    assert here.asked == []


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("Cache-Control: max-age=60", SOON),
        ("Cache-Control: max-age=14400", 4 * HOUR + 10 * MINUTE),
        ("Expires: Fri, 20 Nov 2026 15:00:00 GMT", 3 * HOUR + 7.5 * MINUTE),
        ("Cache-Control: max-age=999999999", 7 * DAY + 10 * MINUTE),
    ],
)
def test_a_source_is_not_asked_again_before_its_answer_is_old(
    app: App, here: Host, header: str, wait: timedelta
) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = answer(feed(), header)
    assert one(app).next_poll == NOON + wait


def test_how_often_is_a_setting(here: Host, clock: Clock) -> None:
    settings = Settings(store=StoreSettings(url="sqlite://"), fetch=FetchSettings(poll_every="6h"))
    here.plays["/feed"] = answer(feed())
    with opened(settings, now=clock) as app:
        add(app, here.url("/feed"))
        assert one(app).next_poll == NOON + 6 * SOON


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable", "406 Not Acceptable"])
@pytest.mark.parametrize("wait", ["7200", "Fri, 20 Nov 2026 14:00:00 GMT"])
def test_a_host_that_asks_for_patience_gets_it(app: App, here: Host, status: str, wait: str) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = answer(b"", f"Retry-After: {wait}", status=status)
    report = one(app)
    assert (report.code, report.next_poll) == ("fetch", NOON + 2 * HOUR + 5 * MINUTE)
    assert f"{here.url('/feed')}: it answers {status}" in str(report.error)


def test_failures_are_asked_again_after_growing_pauses_and_forgotten_after_success(
    app: App, here: Host, clock: Clock
) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = answer(status="500 Internal Server Error")
    pauses = []
    for _ in range(8):
        due = one(app).next_poll
        assert due
        pauses.append((due - clock.instant) / HOUR)
        clock.instant = due
    assert pauses == [0.5, 1, 2, 4, 8, 16, 24, 24]
    failed = health(app)
    assert (failed.failures, failed.failing_since, failed.last_ok) == (8, NOON, None)
    assert "500 Internal Server Error" in str(failed.last_error)
    here.plays["/feed"] = answer(feed())
    one(app)
    healed = health(app)
    assert (healed.failures, healed.failing_since, healed.last_error) == (0, None, None)
    assert healed.next_poll == clock.instant + SOON


def test_jitter_spreads_retries_over_the_whole_pause_but_never_to_at_once() -> None:
    spread = [retry(3, polling.spread) / HOUR for _ in range(200)]
    assert 0.25 <= min(spread) < 0.75 < 1.25 < max(spread) <= 2


def test_a_source_that_is_gone_for_good_is_polled_no_more_and_says_why(app: App, here: Host, clock: Clock) -> None:
    add(app, here.url("/feed"))
    here.plays["/feed"] = answer(status="410 Gone")
    report = one(app)
    assert (report.code, report.next_poll) == ("fetch", None)
    assert "source edit" in str(report.hint)
    assert app.store.source(LIST).enabled is False
    assert "410 Gone" in str(health(app).last_error)
    clock.instant += 30 * DAY
    assert run(app) == []


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


# The command line


def digest(home: Path, *words: str, private: bool = True) -> Result:
    config = () if words[0] == "init" else ("--config", str(home / "digest.toml"))
    env = {"DIGEST_FETCH_ALLOW_PRIVATE": str(private).lower()}
    return CliRunner().invoke(cli, [*words, *config], env=env, catch_exceptions=False)


def test_poll_and_its_neighbours_on_the_command_line(tmp_path: Path, here: Host) -> None:
    here.plays["/feed"] = answer(feed(item("One"), item("Two", None), "<item/>"), 'ETag: "v1"')
    table = '[[source]]\nid = "{0}"\nname = "{0}"\nkind = "feed"\nurl = "{1}"\n'
    text = table.format("good", here.url("/feed")) + table.format("lost", here.url("/lost"))
    assert digest(tmp_path, "init", str(tmp_path), "--yes").exit_code == 0
    (tmp_path / "sources.toml").write_text(text, "utf-8")
    assert digest(tmp_path, "source", "import", str(tmp_path / "sources.toml"), "--prune").exit_code == 0

    some = digest(tmp_path, "poll")
    assert some.exit_code == 0, some.stderr
    assert "good: 2 entries, 2 new (" in some.stdout
    assert "1 skipped; -v says why" in some.stdout
    assert f"lost: error[fetch]: cannot fetch {here.url('/lost')}: it answers 404 Not Found" in some.stderr
    assert "1 of 2 sources: 2 new, 1 failed" in some.stderr
    assert "no source is due" in digest(tmp_path, "poll").stderr
    assert digest(tmp_path, "poll", "lost", "good").exit_code == 1

    again = digest(tmp_path, "poll", "good", "--json")
    rows = [json.loads(line) for line in again.stdout.splitlines()]
    assert (rows[0]["source"], rows[0]["unchanged"]) == ("good", 2)
    assert rows[1] == {"total": {"failed": 0, "new": 0, "sources": 1}}

    listed = digest(tmp_path, "source", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["id", "good", "lost"]
    assert "failed" in listed[2]
    assert "404 Not Found" in listed[2]
    row = json.loads(digest(tmp_path, "source", "list", "--json").stdout.splitlines()[0])
    assert (row["id"], row["state"], row["etag"], row["failures"]) == ("good", "ok", '"v1"', 0)


def test_poll_says_where_a_source_has_moved_and_why_one_is_not_asked(tmp_path: Path, here: Host) -> None:
    here.plays |= {"/old": redirect("/new", "301 Moved Permanently"), "/new": answer(feed(item("One")))}
    here.plays |= {"/busy": answer(status="429 Too Many Requests")}
    assert digest(tmp_path, "init", str(tmp_path), "--yes").exit_code == 0
    for name in ("old", "busy"):
        assert digest(tmp_path, "source", "add", name, here.url(f"/{name}"), "--as-is").exit_code == 0
    moved = digest(tmp_path, "poll", "old")
    assert f"it says it has moved to {here.url('/new')}" in moved.stdout
    here.plays["/old"] = answer(status="410 Gone")
    assert f"it moved to {here.url('/new')}, and is asked there next time" in digest(tmp_path, "poll", "old").stderr
    assert digest(tmp_path, "poll", "busy").exit_code == 1
    patient = digest(tmp_path, "poll", "old")
    assert (patient.exit_code, "old: not asked: 127.0.0.1 asked for patience" in patient.stdout) == (0, True)


def test_an_address_can_be_checked_without_storing_anything(tmp_path: Path, here: Host) -> None:
    here.plays["/feed"] = answer(feed(item("One"), item("Two")))
    digest(tmp_path, "init", str(tmp_path), "--yes")
    checked = digest(tmp_path, "source", "check", here.url("/feed"), here.url("/lost"), "--json")
    assert checked.exit_code == 1
    one, two = (json.loads(line) for line in checked.stdout.splitlines())
    assert (one["format"], [entry["title"] for entry in one["entries"]], one["error"]) == ("rss", ["One", "Two"], None)
    assert "404 Not Found" in two["error"]
    inner = digest(tmp_path, "source", "check", here.url("/feed"), private=False)
    assert inner.exit_code == 1
    assert "feed: 127.0.0.1 is loopback" in inner.stderr
    assert "hint: a source on your own network needs fetch.allow_private = true" in inner.stderr


def test_when_every_source_fails_the_command_does(tmp_path: Path, here: Host) -> None:
    digest(tmp_path, "init", str(tmp_path), "--yes")
    (tmp_path / "none.toml").write_text("", "utf-8")
    digest(tmp_path, "source", "import", str(tmp_path / "none.toml"), "--prune")
    assert digest(tmp_path, "source", "add", "lost", here.url("/lost")).exit_code == 0
    assert digest(tmp_path, "poll").exit_code == 1
