"""`digest outbox` and how `digest send` says how far it is."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from digest.app import opened, read_settings
from digest.cli import cli, progress
from digest.model import Delivery, DeliveryId, DeliveryState, SubscriberId
from digest.work import brake
from tests.factories import NOON

SLOT = "daily:2026-11-20"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "digest.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/digest.db"\n')
    with opened(read_settings(path)) as app:
        app.store.plan_deliveries(
            Delivery(id=DeliveryId(f"d{n}"), subscriber_id=SubscriberId(f"s{n}"), slot=SLOT, state=state, due=NOON)
            for n, state in enumerate((DeliveryState.QUEUED, DeliveryState.PARKED, DeliveryState.SENT))
        )
    return path


def outbox(config: Path, *words: str) -> tuple[str, str]:
    done = CliRunner().invoke(cli, ["outbox", *words, "--config", str(config)])
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


def test_a_pause_says_why_and_a_resume_ends_it(config: Path) -> None:
    assert outbox(config, "pause")[0].startswith("paused")
    assert "the outbox is paused, by hand: `digest outbox resume`" in outbox(config)[1]
    with opened(read_settings(config)) as app:
        brake.pause(app, "12 of the first 30 mails were refused")
    assert "paused, 12 of the first 30 mails were refused" in outbox(config)[1]
    outbox(config, "resume")
    assert outbox(config)[1] == ""


def test_a_slot_can_be_cancelled_and_what_is_parked_tried_again(config: Path) -> None:
    assert outbox(config, "retry")[0] == "1 deliveries queued again\n"
    assert outbox(config, "cancel", SLOT)[0] == "2 deliveries cancelled\n"
    with opened(read_settings(config)) as app:
        assert brake.cancelled(app, SLOT)
        assert app.store.books() == {SLOT: {DeliveryState.CANCELLED: 2, DeliveryState.SENT: 1}}
    outbox(config, "retry", SLOT)
    with opened(read_settings(config)) as app:
        assert not brake.cancelled(app, SLOT)


def test_progress_is_told_in_lines_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE", timedelta(milliseconds=1))
    said = ""
    with progress.progress({"sent": 3, "deferred": 1, "cancelled": 1}, total=9):
        while "\n" not in said:
            said += capsys.readouterr().err
    assert said.splitlines()[0] == "4 of 9: 3 sent, 1 deferred"


def test_progress_in_a_terminal_is_a_bar() -> None:
    over, screen, counts = threading.Event(), StringIO(), {"sent": 3}
    console = Console(file=screen, force_terminal=True, width=100)
    bar = threading.Thread(target=progress._bar, args=(counts, 9, over, console))
    bar.start()
    while "3 sent" not in screen.getvalue():
        assert bar.is_alive()
    over.set()
    bar.join()
    assert "3/9" in screen.getvalue()
