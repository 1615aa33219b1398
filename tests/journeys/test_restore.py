"""An old copy of the store is put back: it is held until a person has looked. In short; `make gate` does all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as replace_app
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from digest.cli import cli
from digest.config.settings import StoreSettings
from digest.model import Delivery, DeliveryId, DeliveryState, SubscriberId
from digest.store.sqlstore import SqlStore
from digest.work import brake
from digest.work.caution import beware, held_back
from digest.work.watermark import Mark, Step, Watermark, behind, mark_path
from tests.gate.restores import restored
from tests.gate.sites import DUE, LATER, SLOT, Post, attended, books, copied, finished, prepared, sender, site


@pytest.fixture
def post() -> Iterator[Post]:
    with Post() as found:
        yield found


BEGUN = Delivery(
    id=DeliveryId("d1"),
    subscriber_id=SubscriberId("ana"),
    slot=SLOT,
    state=DeliveryState.IN_DATA,
    due=DUE,
    attempts=2,
    fence=3,
)
STEP = Step(id=BEGUN.id, fence=3, attempts=2, at=DUE)


def test_an_old_copy_mails_nothing_until_somebody_says_yes() -> None:
    found = restored(12)
    assert found.faults == ()
    assert found.cases == 10


@pytest.mark.parametrize(
    "later",
    [
        {},
        {"state": DeliveryState.SENT},
        {"state": DeliveryState.DEFERRED, "uncertain": 1},
        # Parked and queued anew by a person, claimed again, given back.
        {"state": DeliveryState.QUEUED},
        {"state": DeliveryState.CLAIMED, "fence": 4, "attempts": 3},
        {"state": DeliveryState.QUEUED, "fence": 4},
    ],
)
def test_a_store_that_went_on_is_not_behind(later: dict[str, object]) -> None:
    assert behind(Mark(begun=STEP), replace(BEGUN, **later), None) is None


@pytest.mark.parametrize(
    "earlier",
    [
        None,
        {"state": DeliveryState.QUEUED, "fence": 2, "attempts": 1},
        {"state": DeliveryState.QUEUED, "attempts": 1},
        {"state": DeliveryState.CLAIMED},
    ],
)
def test_a_store_in_which_a_mail_has_not_begun_is_behind(earlier: dict[str, object] | None) -> None:
    assert behind(Mark(begun=STEP), replace(BEGUN, **earlier) if earlier else None, None) == DUE


def test_a_store_in_which_a_mail_has_not_ended_is_behind() -> None:
    mark = Mark(begun=STEP, ended=STEP)
    assert behind(mark, BEGUN, BEGUN) == DUE
    assert behind(mark, BEGUN, replace(BEGUN, state=DeliveryState.SENT)) is None


def test_a_mark_is_read_as_it_was_written_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    mark = Watermark(path)
    mark.note(begun=STEP, ended=None)
    mark.note(begun=None, ended=STEP)
    mark.close()
    found = Watermark(path).read()
    assert found
    assert (found.begun, found.ended) == (STEP, STEP)
    path.write_bytes(b'{"begun"')
    assert Watermark(path).read() is None


def test_a_mark_that_cannot_be_written_stops_no_mail(tmp_path: Path, post: Post) -> None:
    folder = prepared(tmp_path / "site", 1)
    (folder / "digest.db-mark").mkdir()
    attended(post, sender(folder, post))
    assert len(post.came) == 1


def test_a_held_store_says_why_what_it_would_send_and_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared(tmp_path / "site", 3)
    mark = Watermark(folder / "digest.db-mark")
    mark.note(begun=replace(STEP, at=DUE + timedelta(minutes=3)), ended=None)
    mark.close()
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, ["send", "--dry-run"])
    assert "3 mails wait in the books" in done.stderr
    assert "mail went out at 2026-11-21 07:03 UTC of which this store knows nothing" in done.stderr
    with site(folder) as app:
        assert brake.paused(app) is None
        beware(app)
        assert "old copy" in str(brake.paused(app))
    assert CliRunner().invoke(cli, ["outbox", "resume"]).exit_code == 0
    with site(folder) as app:
        assert held_back(app) is None


def test_a_late_start_is_no_old_copy(tmp_path: Path, post: Post) -> None:
    folder = prepared(tmp_path / "site", 2)
    attended(post, sender(folder, post, DUE + timedelta(hours=9)))
    assert len(post.came) == 2


def test_a_site_that_moved_in_time_without_its_mark_goes_on(tmp_path: Path, post: Post) -> None:
    folder = prepared(tmp_path / "site", 2)
    attended(post, sender(folder, post))
    Path(folder, "digest.db-mark").unlink()
    assert finished(folder, post, DUE + LATER) == {"sent": 2}
    with site(folder) as app:
        assert books(app) == {"sent": 2}
        assert held_back(app) is None


@pytest.mark.parametrize(("after", "asks"), [(LATER, False), (4 * LATER, True)])
def test_a_copy_of_store_and_mark_together_is_held_if_its_mail_is_late(
    tmp_path: Path, post: Post, after: timedelta, asks: bool
) -> None:
    folder = prepared(tmp_path / "site", 2)
    attended(post, sender(folder, post, connections=1))
    with site(folder) as app:
        store = app.store
        assert isinstance(store, SqlStore)
        store._db.run("update delivery set state = 'queued' where message_id = (select max(message_id) from delivery)")
    backup = copied(folder, tmp_path / "backup")
    attended(post, sender(backup, post, DUE + after))
    assert len(post.came) == (2 if asks else 3)
    with site(backup, DUE + after) as app:
        assert bool(held_back(app)) is asks


def test_a_mark_can_stand_elsewhere(tmp_path: Path) -> None:
    with site(prepared(tmp_path / "site", 1)) as app:
        assert mark_path(app) == tmp_path / "site" / "digest.db-mark"
        given = replace(app.settings, store=StoreSettings(url="postgresql://host/db"), folder=tmp_path)
        assert mark_path(replace_app(app, settings=given)) is None
        given = replace(given, store=StoreSettings(url="postgresql://host/db", mark="last"))
        assert mark_path(replace_app(app, settings=given)) == tmp_path / "last"
