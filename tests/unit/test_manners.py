"""When a source may be asked again, where it has moved to, and how far back a poll looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from digest.fetch import Response
from digest.model import Health, Pause, Rhythm, SourceId
from digest.sources import Ask
from digest.work import manners
from digest.work.manners import (
    GRACE,
    Heard,
    after_failure,
    after_news,
    after_silence,
    is_first,
    new_address,
    not_before,
    question,
    reach_of,
    share_of,
    throttles,
)
from tests.factories import make_source

# A Friday.
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OLD, NEW = "https://old.example/feed", "https://new.example/feed"


def health(**changes: Any) -> Health:
    return Health(source_id=SourceId("list"), **changes)


def heard(**changes: Any) -> Heard:
    return Heard(answer=Response(**{"url": OLD, "status": 200, **changes}))


def news(before: Health, told: Heard, at: datetime = NOON) -> Health:
    return after_news(before, told, at, every=HOUR)


# Not before


def at(due: timedelta, wait: timedelta | None = None, **pause: Any) -> datetime:
    return not_before(NOON + due, NOON, wait=wait, pause=Pause(**pause))


def test_the_longest_of_all_waits_counts_and_a_little_more() -> None:
    assert at(HOUR) == NOON + HOUR
    assert at(HOUR, 30 * MINUTE, ttl=20 * MINUTE) == NOON + HOUR
    assert at(HOUR, 2 * HOUR, ttl=HOUR) == NOON + 2 * HOUR + 5 * MINUTE
    assert at(HOUR, HOUR, ttl=4 * HOUR) == NOON + 4 * HOUR + GRACE


def test_no_wait_is_longer_than_seven_days() -> None:
    assert at(HOUR, 400 * DAY) == at(HOUR, ttl=30 * DAY) == NOON + 7 * DAY + GRACE


@pytest.mark.parametrize(
    ("pause", "when"),
    [
        ({"skip_hours": frozenset({13, 14})}, NOON + 3 * HOUR),
        ({"skip_hours": frozenset({14})}, NOON + HOUR + 30 * MINUTE),
        ({"skip_hours": frozenset({12})}, NOON + HOUR + 30 * MINUTE),
        ({"skip_days": frozenset({4, 5, 6})}, NOON + 2.5 * DAY),
        ({"skip_days": frozenset({4, 5, 6}), "skip_hours": frozenset({0})}, NOON + 2.5 * DAY + HOUR),
        ({"skip_hours": frozenset(range(24))}, NOON + HOUR + 30 * MINUTE),
        ({"skip_days": frozenset(range(7))}, NOON + HOUR + 30 * MINUTE),
    ],
)
def test_hours_and_days_that_a_source_skips_are_skipped(pause: dict[str, Any], when: datetime) -> None:
    assert at(HOUR + 30 * MINUTE, **pause) == when


def test_a_source_due_at_the_end_of_an_hour_is_not_asked_when_it_skips_the_next() -> None:
    skipping = frozenset({13})
    assert at(57 * MINUTE, skip_hours=skipping) == NOON + 57 * MINUTE
    assert at(59 * MINUTE, skip_hours=skipping) == NOON + 2 * HOUR


def test_a_feeds_own_pause_outlives_not_modified_and_failures() -> None:
    told = Heard(answer=Response(url=OLD, status=200), pause=Pause(ttl=6 * HOUR))
    first = news(health(), told)
    assert first.next_poll == NOON + 6 * HOUR + GRACE
    second = after_silence(first, heard(status=304), NOON + DAY, every=HOUR)
    assert second.next_poll == NOON + DAY + 6 * HOUR + GRACE
    third = after_failure(first, "no", NOON + DAY, jitter=lambda span: span)
    assert third.next_poll == NOON + DAY + 6 * HOUR + GRACE


def test_the_pause_of_the_last_answer_replaces_the_one_before() -> None:
    first = news(health(), Heard(answer=Response(url=OLD, status=200), pause=Pause(ttl=6 * HOUR)))
    assert news(first, heard()).pause == Pause()


def test_sources_that_were_asked_together_spread_and_keep_their_share() -> None:
    shares = [share_of(SourceId(f"source-{number}")) for number in range(500)]
    assert shares == [share_of(SourceId(f"source-{number}")) for number in range(500)]
    assert all(sum(low <= share < low + 0.1 for share in shares) > 25 for low in (0.0, 0.3, 0.6, 0.9))
    first = after_news(Health(source_id=SourceId("source-7")), heard(), NOON, every=HOUR)
    assert first.next_poll == (NOON + HOUR * (1 + shares[7] / 4))


def test_an_answer_without_validators_costs_all_of_it_and_is_asked_for_less_often() -> None:
    busy = Rhythm(times=100, hours=200, days=(100 / 7,) * 7, quarters=(100 / 96,) * 96)
    known = health(complete_at=NOON - HOUR, rhythm=busy)
    with_etag = news(known, heard(etag='"1"'))
    without = news(known, heard())
    assert with_etag.next_poll
    assert without.next_poll
    assert with_etag.next_poll - NOON < 45 * MINUTE
    assert without.next_poll - NOON >= HOUR


# Validators


def test_validators_go_to_the_address_that_gave_them_also_behind_a_redirect() -> None:
    known = health(address=NEW, etag='W/"1"', last_modified="yesterday")
    asked = question(Ask(url=OLD, accept="application/json"), known)
    assert (asked.url, asked.address, asked.etag, asked.last_modified) == (OLD, NEW, 'W/"1"', "yesterday")
    assert asked.accept == "application/json"


def test_new_validators_replace_the_old_ones_also_by_none_and_not_modified_only_by_some() -> None:
    known = health(address=OLD, etag='"1"', last_modified="then")
    assert (news(known, heard()).etag, news(known, heard()).last_modified) == (None, None)
    silent = after_silence(known, heard(status=304, last_modified="now"), NOON, every=HOUR)
    assert (silent.etag, silent.last_modified) == ('"1"', "now")


# Moves


def move(before: Health, **answer: Any) -> str | None:
    return new_address(make_source(url=OLD), before, heard(**{"url": NEW, "moved_to": NEW, **answer}).answer, NOON)


def test_a_move_is_believed_when_it_was_said_for_seven_days() -> None:
    assert move(health()) is None
    assert move(health(moved_to=NEW, moved_since=NOON - 7 * DAY + MINUTE)) is None
    assert move(health(moved_to=NEW, moved_since=NOON - 7 * DAY)) == NEW
    assert move(health(moved_to="https://elsewhere.example/", moved_since=NOON - 30 * DAY)) is None
    assert move(health(moved_to=NEW, moved_since=NOON - 30 * DAY), moved_to=None) is None


def test_the_days_are_counted_from_the_first_of_an_unbroken_row() -> None:
    first = news(health(), heard(url=NEW, moved_to=NEW), NOON - 3 * DAY)
    second = news(first, heard(url=NEW, moved_to=NEW), NOON - 2 * DAY)
    assert second.moved_since == NOON - 3 * DAY
    back = news(second, heard(), NOON - DAY)
    assert (back.moved_to, back.moved_since) == (None, None)
    assert news(back, heard(url=NEW, moved_to=NEW), NOON).moved_since == NOON


@pytest.mark.parametrize(
    ("old", "new", "at_once"),
    [
        ("http://a.example/feed?x=1", "https://a.example/feed?x=1", True),
        ("http://a.example", "https://a.example/", True),
        ("http://a.example/feed", "https://a.example/", False),
        ("http://a.example/feed", "https://www.a.example/feed", False),
        ("https://a.example/feed", "http://a.example/feed", False),
    ],
)
def test_https_instead_of_http_is_followed_at_once(old: str, new: str, at_once: bool) -> None:
    answer = Response(url=new, status=200, moved_to=new)
    assert new_address(make_source(url=old), health(), answer, NOON) == (new if at_once else None)


@pytest.mark.parametrize("status", [404, 410])
def test_an_address_that_is_gone_is_left_for_where_it_led_before(status: int) -> None:
    before = health(moved_to=NEW, moved_since=NOON - HOUR)
    assert move(before, url=OLD, status=status, moved_to=None) == NEW
    assert move(health(), url=OLD, status=status, moved_to=None) is None
    # The new address is gone, and the old one still leads there.
    assert move(before, url=NEW, status=status) is None


@pytest.mark.parametrize("status", [429, 503, 406])
def test_who_speaks_for_the_whole_host(status: int) -> None:
    assert throttles(status, gap=True)
    assert throttles(status, gap=False) == (status != 406)
    assert not throttles(500, gap=True)


# How far back


def test_a_poll_looks_back_seven_days_or_to_the_last_complete_one() -> None:
    assert reach_of(health(), NOON).since == NOON - 7 * DAY
    assert reach_of(health(complete_at=NOON - HOUR), NOON).since == NOON - 7 * DAY
    assert reach_of(health(complete_at=NOON - 9 * DAY), NOON).since == NOON - 10 * DAY


@pytest.mark.parametrize(
    ("complete", "fresh", "gap"),
    [
        (HOUR, None, False),
        (DAY, None, False),
        (DAY + MINUTE, None, True),
        # Complete yesterday at noon, and good until midnight: today's is the next one.
        (DAY + MINUTE, DAY / 2, False),
        (2 * DAY, 1.5 * DAY, True),
        (9 * DAY, None, True),
    ],
)
def test_a_gap_is_feared_a_day_after_the_last_answer_was_good(
    complete: timedelta, fresh: timedelta | None, gap: bool
) -> None:
    known = health(complete_at=NOON - complete, fresh_until=NOON - fresh if fresh else None)
    assert reach_of(known, NOON).gap is gap


def test_a_new_source_has_no_gap_and_is_first_until_it_was_read_once() -> None:
    assert reach_of(health(), NOON).gap is False
    assert is_first(health(), NOON)
    assert is_first(health(baseline_at=NOON - DAY), NOON)
    assert not is_first(health(baseline_at=NOON - 3 * DAY), NOON)
    assert not is_first(health(baseline_at=NOON - DAY, complete_at=NOON - DAY), NOON)


def test_a_slip_of_a_servers_keyboard_silences_nobody() -> None:
    told = news(health(), heard(fresh_for=manners.LONGEST_WAIT * 100))
    assert told.fresh_until == NOON + manners.LONGEST_WAIT
