"""The power is cut, or a sender killed at a chosen place: promises are kept. In short; `make gate` does all."""

from __future__ import annotations

import pytest

from digest.store import sqlite
from tests.gate.placed import placed
from tests.gate.powercut import powercut


def test_no_cut_of_the_power_loses_what_was_promised() -> None:
    found = powercut(8)
    assert found.faults == ()
    assert found.cases > 500


def test_the_replay_catches_a_store_that_does_not_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    careless = ("synchronous = normal", *sqlite._PRAGMAS[1:])
    monkeypatch.setattr(sqlite, "_PRAGMAS", careless)
    assert any("begun" in fault for fault in powercut(4).faults)


def test_kills_at_chosen_writes_syncs_and_words_lose_nobody() -> None:
    found = placed(60)
    assert found.faults == ()
    assert found.cases >= 5
