"""A site that was down, or is run twice, mails each reader once for a local date."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from digest.app import App
from digest.work.composing import compose_due
from tests.factories import Clock
from tests.mailserver import Mailbox
from tests.sending import HOUR, SLOT, announce, deliver, join, morning, states

DAY = timedelta(days=1)


@pytest.mark.parametrize(("down", "mails", "state"), [(11, 1, "sent"), (13, 0, "skipped")])
def test_a_start_that_is_late_catches_up_once_or_says_that_it_was_too_late(
    app: App, clock: Clock, relay: Mailbox, down: int, mails: int, state: str
) -> None:
    join(app, "ana", "cache")
    morning(app, clock)
    clock.instant += down * HOUR
    for _ in range(2):
        deliver(app)
    assert (len(relay.mails), states(app)) == (mails, {state: 1})


@pytest.mark.parametrize("missed", [1, 3, 30])
def test_after_days_without_us_a_reader_gets_one_mail(app: App, clock: Clock, relay: Mailbox, missed: int) -> None:
    join(app, "ana", "cache")
    morning(app, clock)
    clock.instant += missed * DAY
    announce(app, {"Another cache": "How a cache fills."})
    compose_due(app, app.store.topics())
    deliver(app)
    assert len(relay.mails) <= 1
    assert len(app.store.books()) == 1


def test_two_planners_and_two_senders_at_once_are_harmless(app: App, clock: Clock, relay: Mailbox) -> None:
    for number in range(20):
        join(app, f"r{number}", "cache")
    morning(app, clock)
    together = threading.Barrier(2)

    def both() -> None:
        together.wait()
        deliver(app)

    others = [threading.Thread(target=both) for _ in range(2)]
    for one in others:
        one.start()
    for one in others:
        one.join()
    assert relay.recipients() == sorted(f"r{number}@example.org" for number in range(20))
    assert states(app) == {"sent": 20}


def test_a_clock_that_was_set_back_mails_nobody_again(app: App, clock: Clock, relay: Mailbox) -> None:
    join(app, "ana", "cache")
    morning(app, clock)
    for step in (timedelta(), -2 * HOUR, 2 * HOUR):
        clock.instant += step
        deliver(app)
    assert (len(relay.mails), states(app, SLOT)) == (1, {"sent": 1})
