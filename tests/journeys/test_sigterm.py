"""Senders that stop, start together, or wake up late: each reader is mailed once. In short; `make gate` does all."""

from __future__ import annotations

from tests.gate import stops


def test_a_sender_that_is_told_to_stop_finishes_its_mails_and_gives_back_the_rest() -> None:
    assert stops.sigterm(4).faults == ()


def test_a_sender_that_is_told_to_stop_does_not_wait_for_a_silent_relay_for_ever() -> None:
    assert stops.silence(4).faults == ()


def test_three_senders_that_start_at_once_mail_each_reader_once() -> None:
    assert stops.triple(3).faults == ()


def test_a_sender_that_wakes_after_its_lease_begins_no_mail() -> None:
    assert stops.frozen(1).faults == ()
