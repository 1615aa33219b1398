"""Polling against real hosts: what is taken in, what is written down, and when they are asked again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from digest.app import App, opened
from digest.config.settings import FetchSettings, Settings, StoreSettings
from digest.errors import NotFoundError, SourceError
from digest.model import Health, Period, PeriodKind, SignalKind, SourceId
from digest.work import polling
from digest.work.importing import ingest
from digest.work.manners import retry
from digest.work.ranking import candidates_of
from tests.factories import NOON, Clock, make_entry, make_source
from tests.hosts import Host, answer, in_turn, redirect
from tests.polling import LIST, SOON, add, feed, health, item, one, run, site

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
    with site() as found:
        yield found


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
