"""Services that fail, lie, lag or have had enough: nothing is lost, nobody else waits, and no key is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from digest.app import App, opened
from digest.config.settings import Settings, SignalSettings, StoreSettings
from digest.fetch import Request, Response
from digest.model import Links, PaperId
from digest.scheduler import chores
from digest.sources.signals.github import GitHub
from digest.sources.signals.hackernews import HackerNews
from digest.sources.signals.semanticscholar import SemanticScholar
from digest.work import signals
from tests.factories import NOON, Clock, make_source
from tests.hosts import Host, answer, in_turn, silent, slow
from tests.metering import STARS, Service, announce, one, run, series, site, stars

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def no_services() -> None:
    """Leave the services as they are: here they stand on this machine, or in memory."""


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
    with site() as found:
        yield found


def test_an_unknown_paper_is_no_error_and_is_asked_for_less_often(app: App, here: Host, clock: Clock) -> None:
    announce(app)
    report = one(app, GitHub(here.url("")))
    assert (report.questions, report.numbers, report.unknown, report.error) == (1, 0, 1, None)
    clock.instant += 6 * HOUR - MINUTE
    assert one(app, GitHub(here.url(""))).questions == 0
    clock.instant += MINUTE
    assert one(app, GitHub(here.url(""))).questions == 1


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        ("429 Too Many Requests", "Retry-After: 7200", 2 * HOUR),
        (
            "403 Forbidden",
            f"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {int(NOON.timestamp()) + 3000}",
            50 * MINUTE,
        ),
        ("429 Too Many Requests", 'RateLimit: "api";r=0;t=600', 10 * MINUTE),
        ("200 OK", f"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {int(NOON.timestamp()) + 3000}", 50 * MINUTE),
        ("503 Service Unavailable", "Server: x", 5 * MINUTE),
        ("401 Unauthorized", "Server: x", 5 * MINUTE),
    ],
)
def test_a_service_that_has_had_enough_rests_also_after_a_restart(
    clock: Clock, tmp_path: Path, here: Host, status: str, header: str, wait: timedelta
) -> None:
    settings = Settings(store=StoreSettings(url=f"sqlite:///{tmp_path}/digest.db"))
    here.plays["/repos/acme/one"] = answer(b"{}", header, status=status)
    with opened(settings, now=clock) as app:
        for name in ("one", "two"):
            announce(app, name, arxiv_id=None, links=Links(code="https://github.com/acme/one"))
        assert one(app, GitHub(here.url(""))).rests_until == NOON + wait
    with opened(settings, now=clock) as app:
        announce(app, "three", arxiv_id=None, links=Links(code="https://github.com/acme/three"))
        clock.instant += wait - timedelta(seconds=1)
        assert one(app, GitHub(here.url(""))).questions == 0
        clock.instant += signals.ENROL_EVERY
        assert one(app, GitHub(here.url(""))).questions >= 1


def test_a_service_that_is_absent_stops_no_other(app: App, here: Host) -> None:
    announce(app)
    here.plays |= {"/repos/acme/tiny": silent, "/api/v1/search_by_date": answer(b'{"hits": []}')}
    reports = run(app, GitHub(here.url("")), HackerNews(here.url("")), GitHub("http://127.0.0.1:1"), seconds=0.3)
    assert [bool(report.error) for report in reports] == [True, False, True]
    assert "longer than 0.3 s" in str(reports[0].error)


def test_a_host_that_wants_to_be_left_alone_is_left_alone_by_all(app: App, here: Host, clock: Clock) -> None:
    announce(app)
    app.store.cool_host("127.0.0.1", NOON + HOUR)
    assert one(app, GitHub(here.url(""))).questions == 0
    clock.instant += HOUR
    here.plays["/repos/acme/tiny"] = answer(b"", "Retry-After: 7200", status="429 Too Many Requests")
    assert one(app, GitHub(here.url(""))).error
    assert app.store.cooling_hosts(clock.instant) == {"127.0.0.1": clock.instant + 2 * HOUR}


def test_a_slow_service_does_not_keep_the_others_waiting(app: App, here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "ROUND", timedelta(seconds=0.1))
    for number in range(9):
        code = Links(code=f"https://github.com/acme/{number}")
        announce(app, f"Paper {number}", arxiv_id=None, links=code)
        here.plays[f"/repos/acme/{number}"] = slow(stars(1), 0.06)
    assert 1 <= one(app, GitHub(here.url(""))).questions <= 3
    assert len(app.store.due_readings("github", NOON, limit=9)) >= 6


def test_the_chores_ask_too_and_no_service_can_break_them(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    announce(app, links=Links())
    monkeypatch.setattr(signals, "METERS", (GitHub("http://127.0.0.1:1"), HackerNews("http://127.0.0.1:1")))
    app.store.put_sources([make_source("list", url="https://lists.example/feed", enabled=False)])
    assert asyncio.run(chores(app, "one")).held
    assert app.store.meters()["hackernews"].failures == 1


def test_a_key_is_in_no_message(app: App, here: Host) -> None:
    from digest.sources.signals.openalex import OpenAlex

    keyed = Settings(store=StoreSettings(url="sqlite://"), signals=SignalSettings(openalex_key="geheim"))
    with opened(keyed, now=app.now) as app:
        announce(app)
        meter = OpenAlex("http://127.0.0.1:1")
        meter.looks = (timedelta(0), HOUR)
        report = one(app, meter)
    assert "api_key=(key)" in str(report.error)
    assert "geheim" not in str(report)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"stargazers_count": -3}', b'{"stargazers_count": 1e999}'])
def test_an_answer_that_lies_stores_nothing_and_does_not_block_the_queue(app: App, here: Host, body: bytes) -> None:
    paper = announce(app)
    here.plays["/repos/acme/tiny"] = answer(body)
    one(app, GitHub(here.url("")))
    assert series(app, paper, STARS) == []
    assert app.store.due_readings("github", NOON, limit=9) == []


def test_one_bad_id_in_a_batch_is_found_by_halves(app: App, clock: Clock) -> None:
    for n in range(60):
        announce(app, f"Paper {n}", arxiv_id=f"2611.{n:05}")
    meter = SemanticScholar()
    run(app, meter, client=Service(clock))
    clock.instant += 4 * DAY
    service = Service(clock, poison="ARXIV:2611.00042")
    while clock.instant < NOON + 7 * DAY:
        run(app, meter, client=service)
        clock.instant += 15 * MINUTE
    known = app.store.numbers([PaperId(f"arxiv:2611.{n:05}") for n in range(60)], at=clock.instant)
    assert len(known) == 59
    assert sum(service.asked.values()) < 40


def test_a_bug_of_ours_is_one_services_trouble(app: App, here: Host) -> None:
    announce(app)

    class Broken(GitHub):
        def questions(self, *_: Any, **__: Any) -> Any:
            raise KeyError("a defect of ours")

    here.plays["/api/v1/search_by_date"] = answer(b'{"hits": []}')
    broken, well = run(app, Broken(), HackerNews(here.url("")))
    assert (broken.error, well.error) == ("KeyError: 'a defect of ours'", None)


def test_what_was_answered_before_a_failure_is_kept(app: App, here: Host) -> None:
    play = in_turn(stars(1), answer(status="500 Internal Server Error"))
    for name in ("one", "two", "three"):
        announce(app, name, arxiv_id=None, links=Links(code=f"https://github.com/acme/{name}"))
        here.plays[f"/repos/acme/{name}"] = play
    report = one(app, GitHub(here.url("")))
    assert (report.questions, report.papers, report.numbers) == (2, 1, 1)
    assert "500 Internal Server Error" in str(report.error)


def test_only_one_process_asks_at_a_time(app: App, here: Host, clock: Clock) -> None:
    announce(app)
    app.store.take_lease("signals", holder="another", now=NOON, until=NOON + signals.LEASE)
    assert run(app, GitHub(here.url(""))) == []
    clock.instant += signals.LEASE
    here.plays["/repos/acme/tiny"] = stars(1)
    assert one(app, GitHub(here.url(""))).numbers == 1
    assert app.store.take_lease("signals", holder="another", now=app.now(), until=app.now()) is not None


def test_what_was_reserved_by_a_process_that_died_is_spent(app: App, here: Host, clock: Clock) -> None:
    announce(app)

    class Dies:
        async def get(self, request: Request) -> Response:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one(app, GitHub(), client=Dies())
    assert app.store.meters()["github"].free_at == NOON + timedelta(seconds=2)
    clock.instant += signals.LEASE
    here.plays["/repos/acme/tiny"] = stars(1)
    assert one(app, GitHub(here.url(""))).numbers == 1
