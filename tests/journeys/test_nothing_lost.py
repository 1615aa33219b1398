"""No paper is lost: not while we were down, not when a run came too early, not when it broke off between two pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from digest.app import App, opened
from digest.config.settings import Settings, StoreSettings
from digest.fetch import Fetcher
from digest.model import Health, Source, SourceId
from digest.sources import ADAPTERS, Ask, Reach
from digest.work import visits
from digest.work.polling import PollReport, poll
from digest.work.turns import LEASE
from tests.factories import NOON, Clock, make_source
from tests.hosts import Host, Play, answer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIST = SourceId("list")
PAGE = 10


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    with opened(Settings(store=StoreSettings(url=f"sqlite:///{tmp_path / 'digest.db'}")), now=clock) as app:
        yield app


class Server:
    """A list of papers, newest first and ten a page, and a window that shows the last batch only, as arXiv's feed does.

    What it says about dates is no help: it has none, or wrong ones. `broken` pages answer 500.
    """

    def __init__(self, here: Host) -> None:
        self.here, self.batches = here, list[list[str]]()
        self.broken: set[int] = set()
        self.claims: datetime | None = None
        here.plays |= {"/list": self._play(self._page), "/window": self._play(self._window)}

    def publish(self, name: str, count: int) -> None:
        self.batches.append([f"{name} {number}" for number in range(count)])

    @property
    def all(self) -> set[str]:
        return {title for batch in self.batches for title in batch}

    def _play(self, body: Callable[[int], bytes | None]) -> Play:
        def play(connection: object, over: object) -> None:
            number = int(self.here.asked[-1].path.partition("?")[2] or "1")
            found = body(number)
            made = answer(status="500 Internal Server Error") if found is None else answer(found, 'ETag: "new"')
            made(connection, over)  # type: ignore[arg-type]

        return play

    def _page(self, number: int) -> bytes | None:
        titles = [title for batch in reversed(self.batches) for title in batch]
        shown, left = titles[(number - 1) * PAGE : number * PAGE], titles[number * PAGE :]
        return (
            None if number in self.broken else self._feed(shown, self.here.url(f"/list?{number + 1}") if left else None)
        )

    def _window(self, number: int) -> bytes:
        return self._feed(self.batches[-1], None)

    def _feed(self, titles: list[str], next_url: str | None) -> bytes:
        claim = {"date_published": self.claims.isoformat()} if self.claims else {}
        items = [{"id": title, "title": title, "content_text": f"About {title}.", **claim} for title in titles]
        more = {"next_url": next_url} if next_url else {}
        return json.dumps(
            {"version": "https://jsonfeed.org/version/1.1", "title": "L", "items": items, **more}
        ).encode()


@pytest.fixture
def server(here: Host) -> Server:
    return Server(here)


def add(app: App, server: Server, path: str = "/list", **changes: str) -> None:
    app.store.put_sources([make_source("list", **{"kind": "feed", "url": server.here.url(path), **changes})])


def polled(app: App) -> PollReport:
    client = Fetcher(agent="digest/test", now=app.now, allow_private=True)
    (report,) = asyncio.run(poll(app, [LIST], fetcher=client, jitter=lambda span: span))
    return report


def stored(app: App) -> set[str]:
    return {paper.title for paper in app.store.search("about", limit=10_000)}


def health(app: App) -> Health:
    return app.store.source_health([LIST])[LIST]


def begun(app: App, server: Server, clock: Clock, path: str = "/list", **changes: str) -> None:
    """A source that is known well: its baseline is read."""
    server.publish("old", 5)
    add(app, server, path, **changes)
    assert polled(app).error is None
    clock.instant += HOUR


def test_nine_days_down_and_every_paper_of_them_is_there(app: App, server: Server, clock: Clock) -> None:
    begun(app, server, clock)
    for day in range(9):
        server.publish(f"day {day}", 30)
    clock.instant += 9 * DAY
    report = polled(app)
    assert (report.error, report.new, report.pages) == (None, 270, 28)
    assert stored(app) == server.all
    assert health(app).complete_at == clock.instant


def test_pages_are_read_until_one_holds_nothing_new(app: App, server: Server, clock: Clock) -> None:
    begun(app, server, clock)
    server.publish("more", 60)
    polled(app)
    clock.instant += HOUR
    server.publish("today", 12)
    report = polled(app)
    assert (report.new, report.pages, report.unchanged) == (12, 3, 18)


@pytest.mark.parametrize("claimed", [NOON - 300 * DAY, NOON + 300 * DAY])
def test_dates_that_a_source_claims_lose_nothing(app: App, server: Server, clock: Clock, claimed: datetime) -> None:
    begun(app, server, clock)
    server.claims = claimed
    server.publish("late", 25)
    assert polled(app).new == 25
    assert stored(app) == server.all


def test_a_run_before_the_batch_leaves_the_batch_to_the_next(app: App, server: Server, clock: Clock) -> None:
    begun(app, server, clock, "/window")
    for day in range(3):
        clock.instant += DAY
        assert polled(app).new == 0
        server.publish(f"day {day}", 7)
        clock.instant += HOUR
        assert polled(app).new == 7
    assert stored(app) == server.all


class Window:
    """A kind of source that shows one day, and the days before it in a list when one may have been missed."""

    kind = "window"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        assert source.url
        catch_up = (Ask(url=source.url.replace("/window", "/list"), whole=True),) if reach.gap else ()
        return (Ask(url=source.url), *catch_up)


def test_two_batches_in_one_night_are_both_read(
    app: App, server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ADAPTERS, "window", Window())
    begun(app, server, clock, "/window", kind="window")
    server.publish("monday", 14)
    server.publish("tuesday", 3)
    clock.instant += 1.5 * DAY
    report = polled(app)
    assert (report.error, report.new) == (None, 17)
    assert stored(app) == server.all
    server.publish("wednesday", 3)
    clock.instant += DAY / 2
    asked = len(server.here.asked)
    assert polled(app).new == 3
    assert len(server.here.asked) == asked + 1


class Whole:
    """A kind of source whose order says nothing about what is new."""

    kind = "whole"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        assert source.url
        return (Ask(url=source.url, whole=True),)


def test_what_is_asked_as_a_whole_is_read_to_its_end_also_past_pages_without_news(
    app: App, server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ADAPTERS, "whole", Whole())
    server.publish("old", 30)
    add(app, server, kind="whole")
    assert polled(app).pages == 3
    clock.instant += HOUR
    server.batches.insert(0, ["at the end 0", "at the end 1"])
    report = polled(app)
    assert (report.pages, report.new) == (4, 2)
    assert stored(app) == server.all


# A poll that breaks off


def test_when_the_second_page_fails_the_first_is_kept_and_the_next_poll_reads_them_all(
    app: App, server: Server, clock: Clock
) -> None:
    begun(app, server, clock)
    before = health(app)
    server.publish("new", 35)
    server.broken = {2}
    report = polled(app)
    assert "500" in str(report.error)
    assert len(stored(app)) == 15
    after = health(app)
    assert (after.complete_at, after.etag, after.failures) == (before.complete_at, before.etag, 1)
    server.broken = set()
    clock.instant += HOUR
    # The first page holds nothing new any more: that is no reason to stop there.
    report = polled(app)
    assert (report.error, report.new, report.unchanged) == (None, 25, 15)
    assert stored(app) == server.all


@pytest.mark.parametrize("failing", range(1, 5))
def test_wherever_polls_break_off_again_and_again_nothing_is_lost(
    app: App, server: Server, clock: Clock, failing: int
) -> None:
    begun(app, server, clock)
    for day in range(4):
        server.publish(f"day {day}", 12)
        server.broken = {failing}
        polled(app)
        clock.instant += DAY
    server.broken = set()
    assert polled(app).error is None
    assert stored(app) == server.all


def test_a_process_that_is_killed_between_two_pages_loses_nothing(
    app: App, server: Server, clock: Clock, tmp_path: Path
) -> None:
    begun(app, server, clock)
    server.publish("new", 35)

    async def killed() -> None:
        client = Fetcher(agent="digest/test", now=app.now, allow_private=True)
        polling = asyncio.create_task(poll(app, [LIST], fetcher=client))
        while "/list?2" not in [asked.path for asked in server.here.asked]:
            await asyncio.sleep(0.001)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)

    asyncio.run(killed())
    assert len(stored(app)) < len(server.all)
    # It was killed, and could not even give back its turn.
    app.store.take_lease("polling", holder="the dead", now=clock.instant, until=clock.instant + LEASE)
    clock.instant += LEASE
    with opened(app.settings, now=clock) as again:
        assert polled(again).error is None
        assert stored(again) == server.all


def test_the_same_pages_again_change_nothing(app: App, server: Server, clock: Clock) -> None:
    begun(app, server, clock)
    server.publish("new", 25)
    polled(app)
    tally = app.store.tally()
    clock.instant += HOUR
    again = polled(app)
    assert (again.new, again.merged, again.changed) == (0, 0, 0)
    assert app.store.tally() == tally


# Bounds


def test_the_first_poll_of_a_source_does_not_walk_through_its_history(app: App, server: Server) -> None:
    server.publish("old", 500)
    add(app, server)
    report = polled(app)
    assert (report.pages, report.new, report.old) == (1, 10, 10)


def test_the_first_poll_reads_what_is_said_to_be_from_the_last_seven_days(app: App, server: Server) -> None:
    server.publish("recent", 25)
    server.claims = NOON - 6 * DAY
    add(app, server)
    assert (polled(app).pages, len(stored(app))) == (3, 25)


def test_a_list_without_end_is_left_and_said_so(
    app: App, server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(app, server, clock)
    monkeypatch.setattr(visits, "PAGES", 5)
    server.publish("new", 100)
    report = polled(app)
    assert "no end after 5 pages" in str(report.error)
    assert report.hint
    assert len(stored(app)) == 55
