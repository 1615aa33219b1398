"""The sender as a whole: a second relay, questions to the first, commits that are shared, and a process that stays."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from digest.app import App
from digest.errors import StoreError
from digest.model import DeliveryState
from digest.publish.flow import Flows, Limits
from digest.publish.pace import Pace
from digest.publish.receivers import Receivers
from digest.publish.sharing import LOOK, Share
from digest.work.pace_of_mail import keep_limits, pace_for
from digest.work.planning import plan
from digest.work.sending import Sent, keep_sending, send
from tests.factories import Clock
from tests.mailserver import Mailbox, free_port
from tests.sending import join, morning, states, with_smtp


def queued(app: App, clock: Clock, readers: int) -> None:
    for number in range(readers):
        join(app, f"r{number}", "cache")
    morning(app, clock)
    plan(app)


def test_mail_goes_by_the_second_relay_while_the_first_is_down(app: App, clock: Clock, relay: Mailbox) -> None:
    queued(app, clock, 3)
    found = asyncio.run(send(with_smtp(app, url=f"smtp://127.0.0.1:{free_port()}", fallback=relay.url)))
    assert (found, len(relay.mails)) == (Sent(sent=3), 3)
    (row, *_) = app.store.deliveries(state=DeliveryState.SENT)
    assert row.relay == relay.url.removeprefix("smtp://")


def asking(folder: Path, trace: str) -> str:
    """Return a command that answers every question so, and notes the questions."""
    script = folder / "ask.py"
    note = f"open({str(folder / 'asked')!r}, 'a').write(line)"
    script.write_text(f"import sys\nfor line in sys.stdin:\n    {note}\n    print({trace!r})\n", "utf-8")
    return f"{sys.executable} {script}"


@pytest.mark.parametrize(
    ("trace", "copies", "ended"), [("arrived", 1, "sent"), ("absent", 2, "sent"), ("unknown", 2, "sent")]
)
def test_a_mail_whose_answer_was_lost_is_asked_for_before_it_is_sent_again(
    app: App, clock: Clock, relay: Mailbox, tmp_path: Path, trace: str, copies: int, ended: str
) -> None:
    app = with_smtp(app, ask=asking(tmp_path, trace))
    queued(app, clock, 1)
    relay.vanish = lambda address: True
    assert asyncio.run(send(app)) == Sent(deferred=1)
    assert states(app) == {"in_data": 1}
    relay.vanish = lambda address: False
    clock.instant += timedelta(minutes=16)
    asyncio.run(send(app))
    asyncio.run(send(app))
    assert states(app) == {ended: 1}
    assert len(relay.mails) == copies
    asked = json.loads((tmp_path / "asked").read_text("utf-8"))
    assert (asked["recipient"], asked["relay"]) == ("r0@example.org", relay.url.removeprefix("smtp://"))
    assert asked["message_id"].encode() in relay.mails[0][1]


def test_a_zone_that_this_machine_does_not_know_keeps_nobody_from_their_mail(
    app: App, clock: Clock, relay: Mailbox
) -> None:
    for number in range(4):
        join(app, f"r{number}", "cache")
    (odd, *_) = app.store.subscribers()
    app.store.save_subscribers([msgspec.structs.replace(odd, zone="Mars/Olympus")])
    morning(app, clock)
    plan(app)
    assert asyncio.run(send(app)).sent == 4


def test_a_store_that_fails_for_a_moment_gets_back_what_was_claimed(
    app: App, clock: Clock, relay: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(app, clock, 9)
    reads, real = iter(range(99)), app.store.leases

    def failing(prefix: str, *, now: datetime) -> list[str]:
        if next(reads) == 3:
            raise StoreError("for a moment")
        return real(prefix, now=now)

    monkeypatch.setattr(app.store, "leases", failing)
    app = with_smtp(app, rate="6/s")
    assert asyncio.run(send(app)).error == "for a moment"
    assert states(app).keys() <= {"queued", "sent"}
    asyncio.run(send(app))
    assert states(app) == {"sent": 9}
    assert len(relay.mails) == 9


def test_connections_share_their_commits(
    app: App, clock: Clock, relay: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(app, clock, 60)
    groups: list[int] = []
    real = app.store.admit

    def noted(begun: Any, **given: Any) -> int:
        groups.append(len(begun))
        return real(begun, **given)

    monkeypatch.setattr(app.store, "admit", noted)
    assert asyncio.run(send(with_smtp(app, connections=10))) == Sent(sent=60)
    assert sum(groups) == 60
    assert max(groups) > 1


def test_who_stays_sends_what_becomes_due_and_ends_when_told(app: App, clock: Clock, relay: Mailbox) -> None:
    async def stayed() -> None:
        stop = asyncio.Event()
        staying = asyncio.create_task(keep_sending(app, stop))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(queued, app, clock, 2)
        for _ in range(100):
            if len(relay.mails) == 2:
                break
            await asyncio.sleep(0.1)
        stop.set()
        await asyncio.wait_for(staying, 5)

    asyncio.run(stayed())
    assert states(app) == {"sent": 2}


def test_a_round_goes_on_while_what_it_put_off_comes_back(app: App, clock: Clock, relay: Mailbox) -> None:
    queued(app, clock, 12)
    began, real = clock.instant, time.monotonic()
    flowing = replace(app, now=lambda: began + timedelta(seconds=time.monotonic() - real))

    async def nobody(domain: str) -> list[str]:
        return []

    pace = Pace(Flows(Limits(receiver=10)), Receivers(nobody))
    assert asyncio.run(send(with_smtp(flowing, connections=2), pace=pace)) == Sent(sent=12)


def test_limits_are_those_of_the_day_also_in_a_round_that_lasts(app: App, clock: Clock) -> None:
    day = clock.instant.date()
    app = with_smtp(app, warm_up=day.isoformat(), warm_up_rate="3600/h")
    keep_limits(app)
    assert app.flows.most(timedelta(seconds=10)) == pytest.approx(10)
    clock.instant += timedelta(days=1)
    asyncio.run(send(app, pace=Pace(app.flows, app.receivers)))
    assert app.flows.most(timedelta(seconds=10)) == pytest.approx(15)


def test_who_finds_a_limit_that_cannot_be_shared_leaves_the_mail_to_others(
    app: App, clock: Clock, relay: Mailbox
) -> None:
    app = with_smtp(app, rate="1/s")
    queued(app, clock, 1)
    app.store.take_lease("sender/1", holder="another", now=clock.instant, until=clock.instant + timedelta(seconds=16))
    assert asyncio.run(send(app)) == Sent()
    (untouched,) = app.store.deliveries()
    assert (untouched.state, untouched.fence, app.share.stands_by) == (DeliveryState.QUEUED, 0, True)
    clock.instant += timedelta(seconds=16)
    assert asyncio.run(send(app)) == Sent(sent=1)
    assert app.store.leases("sender/", now=clock.instant + timedelta(seconds=2)) == []


def test_who_comes_is_seen_by_the_next_mail_of_a_round_that_goes_on(app: App) -> None:
    app, stop = with_smtp(app, rate="14/s"), asyncio.Event()
    keep_limits(app)
    pace = pace_for(app, stop)
    Share(app.store, app.now).look(Limits(together=14))

    async def mails() -> list[float]:
        found = []
        for wait in (0, LOOK):
            await asyncio.sleep(wait)
            await pace.turn("relay.example", "a.example")
            found.append(app.flows.most(timedelta(seconds=1)))
        return found

    assert asyncio.run(mails()) == [14, 7]


def test_two_senders_at_once_mail_each_reader_once(app: App, clock: Clock, relay: Mailbox) -> None:
    queued(app, clock, 40)

    async def both() -> tuple[Sent, Sent]:
        return await asyncio.gather(send(app), send(app))

    one, other = asyncio.run(both())
    assert one.sent + other.sent == 40
    assert len(set(relay.recipients())) == len(relay.mails) == 40
