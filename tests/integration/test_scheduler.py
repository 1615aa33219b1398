"""The clock of `digest run`: one process does the chores, a fault ends a round and not the service, a stop drains."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from digest import scheduler
from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.errors import StoreError
from digest.scheduler import Clock as Ticks
from digest.scheduler import Round, chores, tick
from tests.factories import Clock, make_topic
from tests.mailserver import free_port


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    settings = Settings(
        site=SiteSettings(secret="s" * 32, folder="public"),
        store=StoreSettings(url=f"sqlite:///{tmp_path / 'digest.db'}"),
        smtp=SmtpSettings(url=f"smtp://127.0.0.1:{free_port()}"),
        folder=tmp_path,
    )
    with opened(settings, now=clock) as app:
        app.store.put_topics([make_topic()])
        yield app


def test_only_the_holder_of_the_lease_does_the_chores(app: App, clock: Clock) -> None:
    assert asyncio.run(chores(app, "one")).held
    assert asyncio.run(chores(app, "two")) == Round(held=False)
    clock.instant += scheduler.LEASE
    assert asyncio.run(chores(app, "two")).held
    assert asyncio.run(chores(app, "one")) == Round(held=False)


def test_a_tick_gives_the_lease_back(app: App) -> None:
    assert asyncio.run(tick(app))[0].held
    assert asyncio.run(tick(app))[0].held


def test_a_database_locked_for_a_moment_is_waited_for(app: App, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "digest.db", isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")

    def let_go() -> None:
        other.execute("rollback")
        other.close()

    timer = threading.Timer(0.5, let_go)
    timer.start()
    assert asyncio.run(chores(app, "one")).held
    timer.join()


def test_a_broken_round_does_not_end_the_service(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = 0

    async def broken(app: App, holder: str) -> Round:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise StoreError("the disk is full")
        if rounds == 2:
            raise ZeroDivisionError
        return Round(planned=0)

    monkeypatch.setattr(scheduler, "chores", broken)
    monkeypatch.setattr(scheduler, "EVERY", scheduler.EVERY / 300)

    async def run() -> None:
        stop = asyncio.Event()
        ticks = asyncio.create_task(Ticks(app, stop).run())
        while rounds < 4:
            await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(ticks, 10)

    with capture_logs() as logged:
        asyncio.run(run())
    events = [line["event"] for line in logged]
    assert (events.count("round_failed"), events.count("round_broken")) == (1, 1)


def test_a_stop_ends_at_once_when_nothing_is_under_way(app: App) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        ticks = asyncio.create_task(Ticks(app, stop).run())
        await asyncio.sleep(0.1)
        stop.set()
        await asyncio.wait_for(ticks, 5)

    asyncio.run(run())
    assert app.store.take_lease("chores", holder="next", now=app.now(), until=app.now()) is not None
