"""Senders that stop, start together, or wake up late: each reader is mailed once. In short; `make gate` does all."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.gate import __main__ as gate
from tests.gate import stops, stores
from tests.servers import BACKENDS


@pytest.fixture(params=BACKENDS)
def on(request: pytest.FixtureRequest) -> stores.Laid:
    """Both stores; on PostgreSQL the server of the session, which starts sooner than one of its own."""
    if request.param == "sqlite":
        return stores.sqlite
    server = request.getfixturevalue("postgres")
    return lambda: nullcontext(stores.Databases(server))


def test_a_sender_that_is_told_to_stop_finishes_its_mails_and_gives_back_the_rest(on: stores.Laid) -> None:
    assert stops.sigterm(4, on).faults == ()


def test_a_sender_that_is_told_to_stop_does_not_wait_for_a_silent_relay_for_ever() -> None:
    assert stops.silence(4).faults == ()


def test_three_senders_that_start_at_once_mail_each_reader_once(on: stores.Laid) -> None:
    assert stops.triple(3, on).faults == ()


def test_a_sender_that_wakes_after_its_lease_begins_no_mail(on: stores.Laid) -> None:
    assert stops.frozen(1, on).faults == ()


def test_where_there_is_no_postgresql_its_parts_are_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path / "nowhere"))
    parts = [part for name, (part, _, _) in gate.PARTS.items() if "PostgreSQL" in name]
    assert parts
    for part in parts:
        assert "PostgreSQL is not there" in str(gate._ran(part, 1).faults)
