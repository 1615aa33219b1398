"""Clocks change at night: each local date has one edition and one mail all the same. In short; `make gate` does all."""

from __future__ import annotations

from tests.gate.clocks import ZONES, clocks


def test_around_a_change_of_clocks_each_local_date_has_one_edition_and_one_mail() -> None:
    found = clocks(80)
    assert found.faults == ()
    assert found.cases == len(ZONES) * 2 * 3
