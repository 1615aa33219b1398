"""The operator's lists of readers: what an import asks, keeps and refuses, and that an export comes back."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from digest.app import App
from digest.errors import ConfigError
from digest.model import SuppressionReason, TopicId
from digest.work import subscribing
from digest.work.rolls import export_rows, import_rows, read_csv, write_csv
from tests.doors import ADA, Clock, confirmed, join, letters, reader, site, states, suppress

KV, VISION = TopicId("kv-cache"), TopicId("vision")


def rows(*addresses: str, **cells: str) -> list[dict[str, str]]:
    return [{"address": address, "topics": KV, **cells} for address in addresses]


def test_an_import_asks_everybody_unless_the_operator_vouches_for_them(app: App) -> None:
    assert import_rows(app, rows(ADA)).new == 1
    assert import_rows(app, rows("bob@example.org"), confirmed=True).new == 1
    assert (states(app), len(letters(app))) == ({KV: "pending"}, 1)
    assert (states(app, "bob@example.org"), letters(app, "bob@example.org")) == ({KV: "active"}, [])
    assert app.store.subscriptions(reader(app, "bob@example.org").id)[0].evidence == "import, by the operator"
    subscribing.confirm(app, reader(app).id)
    evidence = app.store.subscriptions(reader(app).id)[0].evidence
    assert evidence == "import, by the operator, confirmed by link (asked 2026-11-21T09:00:00Z)"


def test_importing_twice_changes_nothing(app: App, clock: Clock) -> None:
    for vouched in (False, True):
        import_rows(app, rows(ADA, "bob@example.org"), confirmed=vouched)
        clock.turn(days=2)
        again = import_rows(app, rows(ADA, "bob@example.org"), confirmed=vouched)
        assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert len(app.store.deliveries()) == 2


@pytest.mark.parametrize("reason", SuppressionReason)
@pytest.mark.parametrize("confirmed", [True, False])
def test_an_import_does_not_mail_who_is_suppressed(app: App, reason: SuppressionReason, confirmed: bool) -> None:
    suppress(app, ADA, reason)
    assert import_rows(app, rows(ADA), confirmed=confirmed).suppressed == 1
    assert app.store.subscriber_by_address(ADA) is None


def test_an_import_does_not_begin_again_what_a_reader_ended(app: App) -> None:
    who = confirmed(app, KV, VISION)
    subscribing.change(app, who, topics=[VISION], cadence="weekly", hour="8", zone="UTC", paused=False)
    assert import_rows(app, rows(ADA), confirmed=True).unchanged == 1
    assert states(app) == {KV: "ended", VISION: "active"}


def test_a_bad_row_is_told_by_its_line_and_the_others_are_taken(app: App) -> None:
    given = [*rows("ada"), *rows("bob@example.org"), *rows(ADA, state="happy"), *rows("c@example.org", hour="30")]
    done = import_rows(app, given, confirmed=True)
    assert done.new == 1
    assert [line.split(":")[0] for line in done.problems] == ["line 2", "line 4", "line 5"]


def test_a_list_comes_back_as_it_went_out(app: App) -> None:
    formulas = ["=cmd@example.org", "+1@example.org", "-a@example.org", "'=b@example.org", "'plain@example.org"]
    import_rows(app, [*rows(*formulas), *rows(ADA, state="paused", cadence="weekly", zone="Asia/Tokyo", hour="0")],
                confirmed=True)  # fmt: skip
    join(app, ADA, VISION)
    exported = write_csv(export_rows(app))
    assert [line.split(",")[0] for line in exported.splitlines()[1:4]] == [
        "''=b@example.org",
        "'plain@example.org",
        "'+1@example.org",
    ]
    with site() as (other, _):
        assert import_rows(other, read_csv(exported.encode()), confirmed=True).problems == ()
        assert write_csv(export_rows(other)) == exported
        assert {one.address for one in other.store.subscribers()} == {*formulas, ADA}


@pytest.mark.parametrize("text", [b"", b"mail\na@example.org\n", b"address,pet\na@example.org,cat\n", b"\xff\xfe,"])
def test_a_list_without_its_head_is_refused(text: bytes) -> None:
    with pytest.raises(ConfigError):
        read_csv(text)


def test_a_plain_list_of_addresses_takes_the_topics_it_is_given(app: App) -> None:
    read = read_csv("\ufeffAddress\r\nada@example.org\r\n".encode())
    assert import_rows(app, read, topics=[VISION], confirmed=True).new == 1
    assert states(app) == {VISION: "active"}
    assert reader(app) == replace(reader(app), zone="Europe/Berlin", send_hour=7)
