"""The manners of polling, over sources, hosts and processes: moves, patience, hosts that are dead, and taking turns."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpcore2
import pytest
from structlog.testing import capture_logs

from digest.app import App, opened
from digest.config.settings import Settings, StoreSettings
from digest.errors import StoreError
from digest.fetch import Fetcher, Limits, Request
from digest.model import Health, SourceId
from digest.work import polling, turns
from digest.work.polling import PollReport, poll
from digest.work.turns import LEASE, only_one, queue_of
from tests import simulated
from tests.factories import NOON, Clock, make_source
from tests.hosts import Host, answer, in_turn, names, redirect, silent, slow

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PERMANENT = "301 Moved Permanently"
FEED = b"<rss version='2.0'><channel><title>Papers</title><item><title>One</title></item></channel></rss>"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=StoreSettings(url=f"sqlite:///{tmp_path / 'digest.db'}"))


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[App]:
    with opened(settings, now=clock) as app:
        yield app


def add(app: App, *urls: str) -> None:
    app.store.put_sources(make_source(f"list-{n}", kind="feed", url=url) for n, url in enumerate(urls, 1))


def client(app: App, **options: object) -> Fetcher:
    return Fetcher(**{"agent": "digest/test", "now": app.now, "allow_private": True, **options})  # type: ignore[arg-type]


def run(app: App, *named: int, **options: object) -> list[PollReport]:
    ids = [SourceId(f"list-{number}") for number in named] or None
    return asyncio.run(poll(app, ids, fetcher=client(app, **options), jitter=lambda span: span))


def health(app: App, number: int = 1) -> Health:
    id_ = SourceId(f"list-{number}")
    return app.store.source_health([id_])[id_]


def url(app: App, number: int = 1) -> str | None:
    return app.store.source(SourceId(f"list-{number}")).url


# Moves


def test_a_move_is_followed_after_seven_days_said_and_logged(app: App, here: Host, clock: Clock) -> None:
    here.plays |= {"/old": redirect("/new", PERMANENT), "/new": answer(FEED, 'ETag: "new"')}
    add(app, here.url("/old"))
    for _ in range(7):
        (report,) = run(app, 1)
        assert (report.moved_to, report.adopted, url(app)) == (here.url("/new"), False, here.url("/old"))
        clock.instant += DAY
    with capture_logs() as logs:
        (report,) = run(app, 1)
    assert (report.adopted, url(app)) == (True, here.url("/new"))
    assert [entry["event"] for entry in logs] == ["source_moved"]
    run(app, 1)
    assert here.asked[-1].path == "/new"
    assert here.asked[-1].headers["if-none-match"] == '"new"'
    assert (health(app).moved_to, health(app).moved_since) == (None, None)


def test_a_move_that_is_taken_back_is_not_followed(app: App, here: Host, clock: Clock) -> None:
    moved = redirect("/new", PERMANENT)
    here.plays |= {"/old": in_turn(moved, answer(FEED), moved), "/new": answer(FEED)}
    add(app, here.url("/old"))
    for _ in range(4):
        assert run(app, 1)[0].adopted is False
        clock.instant += 3 * DAY
    assert url(app) == here.url("/old")


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_a_source_whose_old_address_dies_goes_on_at_the_new_one(
    app: App, here: Host, clock: Clock, status: str
) -> None:
    here.plays |= {"/old": in_turn(redirect("/new", PERMANENT), answer(status=status)), "/new": answer(FEED)}
    add(app, here.url("/old"))
    run(app, 1)
    clock.instant += DAY
    (report,) = run(app, 1)
    assert (report.code, report.adopted, url(app)) == ("fetch", True, here.url("/new"))
    clock.instant += DAY
    assert [(each.source, each.error) for each in run(app)] == [("list-1", None)]


def test_a_move_to_a_page_that_is_no_feed_is_not_followed(app: App, here: Host, clock: Clock) -> None:
    page = answer(b"<!doctype html><title>Welcome</title>")
    here.plays |= {"/old": redirect("/", PERMANENT), "/": page}
    add(app, here.url("/old"))
    for _ in range(3):
        assert run(app, 1)[0].code == "source"
        clock.instant += 10 * DAY
    assert url(app) == here.url("/old")


# A host that asks for patience


def test_patience_asked_of_one_source_is_had_with_all_of_its_host(app: App, here: Host, clock: Clock) -> None:
    here.plays |= {"/a": answer(b"", "Retry-After: 7200", status="429 Too Many Requests"), "/b": answer(FEED)}
    add(app, here.url("/a"), here.url("/b"), here.url("/b", "other.example"))
    first, second, third = run(app, resolve=names(**{"127_0_0_1": "127.0.0.1", "other_example": "127.0.0.1"}))
    assert (first.code, first.next_poll) == ("fetch", NOON + 2 * HOUR + 5 * MINUTE)
    assert (second.error, third.error, third.new) == (None, None, 1)
    assert "127.0.0.1 asked for patience until 2026-11-20 14:00 UTC" in str(second.waits)
    assert second.next_poll
    assert NOON + 2 * HOUR <= second.next_poll <= NOON + 2.25 * HOUR
    assert (health(app, 2).failures, health(app, 2).failing_since) == (0, None)
    assert [asked.path for asked in here.asked if asked.headers["host"].startswith("127")] == ["/a"]


def test_patience_outlives_the_process_and_binds_who_polls_by_hand(
    app: App, settings: Settings, here: Host, clock: Clock
) -> None:
    here.plays |= {"/a": answer(b"", "Retry-After: 7200", status="503 Service Unavailable"), "/b": answer(FEED)}
    add(app, here.url("/a"), here.url("/b"))
    run(app, 1)
    clock.instant += 2 * HOUR - MINUTE
    with opened(settings, now=clock) as again:
        assert run(again, 2)[0].waits
        clock.instant += MINUTE
        assert run(again, 2)[0].new == 1


def test_406_is_impatience_at_arxiv_and_elsewhere_a_failure_of_one_source(app: App, here: Host) -> None:
    here.plays |= {"/a": answer(b"", status="406 Not Acceptable"), "/b": answer(FEED)}
    known = {"export_arxiv_org": "127.0.0.1", "rss_arxiv_org": "127.0.0.1", "a_example": "127.0.0.1"}
    add(
        app,
        here.url("/a", "export.arxiv.org"),
        here.url("/b", "rss.arxiv.org"),
        here.url("/a", "a.example"),
        here.url("/b", "a.example"),
    )
    reports = run(app, resolve=names(**known), gaps={"arxiv.org": timedelta(milliseconds=10)})
    assert [report.code for report in reports] == ["fetch", None, "fetch", None]
    assert [bool(report.waits) for report in reports] == [False, True, False, False]


# Hosts that do not answer


class Nobody(httpcore2.AnyIOBackend):
    """Refuses every connection, and counts them."""

    def __init__(self) -> None:
        self.asked = 0

    async def connect_tcp(self, *_: object, **__: object) -> httpcore2.AsyncNetworkStream:
        self.asked += 1
        raise httpcore2.ConnectError("refused")


def test_a_dead_host_is_tried_twice_in_a_round_however_many_sources_it_has(app: App) -> None:
    add(app, *(f"http://dead.example/{number}" for number in range(20)))
    nobody = Nobody()
    reports = run(app, dial=nobody, resolve=names(dead_example="127.0.0.1"))
    assert nobody.asked == 2
    assert {report.code for report in reports} == {"fetch"}
    assert "dead.example did not answer others either" in str(reports[-1].error)
    assert {health(app, number).failures for number in range(1, 21)} == {1}


def test_slow_sources_do_not_keep_the_others_waiting(app: App, here: Host) -> None:
    here.plays |= {"/slow": silent, "/good": answer(FEED)}
    known = {f"slow{number}_example": "127.0.0.1" for number in range(5)} | {"good_example": "127.0.0.1"}
    add(
        app,
        *(here.url("/slow", name.replace("_", ".")) for name in known if name != "good_example"),
        here.url("/good", "good.example"),
    )
    quick = Limits(total=timedelta(seconds=0.5))
    told: list[str] = []
    client_ = client(app, resolve=names(**known), limits=quick)
    asyncio.run(poll(app, tell=lambda report: told.append(report.source), fetcher=client_))
    assert told[0] == "list-6"
    assert len(told) == 6


def test_a_round_begins_no_source_after_five_minutes_and_leaves_it_due(
    app: App, here: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "ROUND", timedelta(seconds=0.1))
    here.plays |= {"/a": slow(answer(FEED), 0.2), "/b": answer(FEED)}
    add(app, here.url("/a"), here.url("/b"))
    first, second = run(app)
    assert (first.error, first.waits, second.error) == (None, None, None)
    assert "next round" in str(second.waits)
    assert [source.id for source in app.store.due_sources(NOON)] == ["list-2"]


def test_hundreds_of_sources_are_saved_together_and_one_that_fails_takes_no_other_with_it(
    app: App, here: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.plays["/feed"] = answer(FEED)
    add(app, *(here.url("/feed") for _ in range(40)))
    save = type(app.store).save_health

    def refusing(store: object, found: Health) -> None:
        if found.source_id == "list-7" and not found.failures:
            raise ZeroDivisionError
        save(app.store, found)

    monkeypatch.setattr(type(app.store), "save_health", refusing)
    reports = run(app)
    assert [report.source for report in reports if report.error] == ["list-7"]
    assert health(app, 7).last_error == "ZeroDivisionError: "
    assert all(health(app, number).complete_at == NOON for number in range(1, 41) if number != 7)


# Other processes


def test_while_another_process_polls_nothing_is_due_and_by_hand_one_waits(
    app: App, settings: Settings, here: Host, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "_PATIENCE", timedelta())
    here.plays["/feed"] = answer(FEED)
    add(app, here.url("/feed"))

    async def both() -> None:
        with opened(settings, now=clock) as other:
            async with only_one(other, "polling") as held:
                assert held
                assert await poll(app, fetcher=client(app)) == []
                with pytest.raises(StoreError, match="another process polls"):
                    await poll(app, [SourceId("list-1")], fetcher=client(app))
            assert len(await poll(app, fetcher=client(app))) == 1

    asyncio.run(both())
    assert len(here.asked) == 1


def test_who_polls_by_hand_waits_until_the_other_has_finished(
    app: App, settings: Settings, here: Host, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_LOOK", timedelta(milliseconds=10))
    here.plays |= {"/a": slow(answer(FEED), 0.2), "/b": answer(FEED)}
    add(app, here.url("/a"), here.url("/b"))

    async def both() -> None:
        with opened(settings, now=clock) as other:
            first = asyncio.create_task(poll(other, [SourceId("list-1")], fetcher=client(other)))
            while not here.asked:
                await asyncio.sleep(0.01)
            await poll(app, [SourceId("list-2")], fetcher=client(app))
            await first

    asyncio.run(both())
    assert [asked.path for asked in here.asked] == ["/a", "/b"]
    assert here.most == 1


def test_a_turn_is_kept_as_long_as_it_is_held(app: App, settings: Settings) -> None:
    async def held() -> None:
        with opened(settings, now=simulated.now) as one, opened(settings, now=simulated.now) as two:
            async with only_one(one, "polling"):
                await asyncio.sleep(10 * LEASE.total_seconds())
                async with only_one(two, "polling") as also:
                    assert not also
            async with only_one(two, "polling") as then:
                assert then

    simulated.run(held())


def test_arxiv_rests_three_seconds_between_the_questions_of_two_processes(settings: Settings) -> None:
    feeds = [simulated.Feed(host=f"{name}.arxiv.org", path="/") for name in ("rss", "export")]
    web = simulated.Web(feeds)

    async def asking(app: App, url: str) -> None:
        async with client(app, resolve=web.resolve, dial=web, allow_private=False, queue=queue_of(app)) as asked:
            for _ in range(5):
                await asked.get(Request(url=url))

    async def both() -> None:
        with opened(settings, now=simulated.now) as one, opened(settings, now=simulated.now) as two:
            await asyncio.gather(asking(one, feeds[0].url), asking(two, feeds[1].url))

    simulated.run(both())
    assert [len(feed.asked) for feed in feeds] == [5, 5]
    assert 3 <= web.gap < 8


def test_two_processes_that_ask_arxiv_never_do_so_at_once(settings: Settings) -> None:
    feed = simulated.Feed(host="rss.arxiv.org", path="/")
    web = simulated.Web([feed])

    async def once(app: App) -> None:
        async with client(app, resolve=web.resolve, dial=web, allow_private=False, queue=queue_of(app)) as asked:
            await asked.get(Request(url=feed.url))

    async def all_of_them() -> None:
        with opened(settings, now=simulated.now) as app:
            await asyncio.gather(*(once(app) for _ in range(4)))

    simulated.run(all_of_them())
    assert (len(feed.asked), web.most["rss.arxiv.org"]) == (4, 1)


def test_the_port_of_a_dead_host_is_not_that_of_a_living_one(app: App, here: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        dead = gone.getsockname()[1]
    here.plays["/feed"] = answer(FEED)
    add(app, *(f"http://127.0.0.1:{dead}/{number}" for number in range(3)), here.url("/feed"))
    assert [bool(report.error) for report in run(app)] == [True, True, True, False]
