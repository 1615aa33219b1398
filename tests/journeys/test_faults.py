"""Relays, names and disks that fail: nothing is lost, nothing doubled, nobody waits. In short; `make gate` does all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from digest.app import opened
from digest.config.settings import Settings
from digest.work import caution
from digest.work.caution import BALLAST, drop_ballast, keep_ballast, require_room, short_of_room
from digest.work.importing import import_file
from digest.work.sending import Sent, send
from digest.work.status import status
from tests.factories import Clock
from tests.gate import disks, faults
from tests.gate.reports import Report
from tests.gate.sites import DUE, Post, prepared, site


def test_each_fault_in_each_phase_of_a_mail_loses_nothing_and_stops_no_other() -> None:
    found = faults.matrix(1)
    assert found.faults == ()
    assert found.cases == len(faults.PHASES) * len(faults.FAULTS)


def test_a_name_service_that_fails_or_lies_costs_nothing_but_time() -> None:
    assert faults.names(1).faults == ()


@pytest.mark.parametrize(("part", "size"), [(disks.failing, 25), (disks.busy, 2)])
def test_a_disk_that_fails_or_is_busy_sends_nothing_that_is_not_recorded(
    part: Callable[[int], Report], size: int
) -> None:
    assert part(size).faults == ()


def test_on_a_full_disk_the_ballast_has_room_for_the_last_answers() -> None:
    found = disks.full(20)
    if not found.cases:
        pytest.skip("no right to mount a disk")
    assert found.faults == ()


def with_store(folder: Path, relay: str = "", **changes: Any) -> Settings:
    with site(folder, relay=relay) as app:
        return msgspec.structs.replace(app.settings, store=msgspec.structs.replace(app.settings.store, **changes))


def test_below_the_floor_nothing_begins_and_above_it_all_goes_on(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "site", 2)

    async def sent(post: Post, megabytes: int) -> Sent:
        async with await post.open():
            with opened(with_store(folder, post.url, floor_megabytes=megabytes), now=Clock(DUE)) as app:
                return await send(app)

    with Post() as post:
        done = asyncio.run(sent(post, 1_000_000))
        assert (done.sent, post.came) == (0, [])
        assert "MB are free on its disk, so nothing new begins" in str(done.error)
        assert asyncio.run(sent(post, 1)).sent == 2


def test_below_the_floor_status_says_so_and_nothing_is_imported(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "site", 1)
    (paper := tmp_path / "new.jsonl").write_text('{"title": "A new paper"}\n', "utf-8")
    with opened(with_store(folder, floor_megabytes=1_000_000), now=Clock(DUE)) as app:
        assert any("MB are free" in line for line in status(app).stuck)
        assert "nothing new begins" in str(import_file(app, paper).error)
    with opened(with_store(folder, floor_megabytes=0), now=Clock(DUE)) as app:
        assert short_of_room(app) is None
        assert import_file(app, paper).new == 1


def test_a_ballast_is_kept_while_there_is_room_and_given_up_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site(prepared(tmp_path / "site", 1)) as app:
        ballast = tmp_path / "site" / "digest.db-ballast"
        keep_ballast(app)
        drop_ballast(app)
        assert ballast.stat().st_size == BALLAST
        monkeypatch.setattr(caution, "_free", lambda app: 0)
        drop_ballast(app)
        keep_ballast(app)
        assert not ballast.exists()


def test_a_store_in_memory_has_no_disk_to_be_full(tmp_path: Path) -> None:
    settings = with_store(prepared(tmp_path / "site", 1), url="sqlite://", floor_megabytes=1_000_000)
    with opened(settings, now=Clock(DUE)) as app:
        require_room(app)
        keep_ballast(app)
