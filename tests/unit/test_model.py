"""The words: periods and their labels, the date a paper counts from, the tables of legal moves."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from digest.model import (
    DELIVERY_MOVES,
    EDITION_MOVES,
    FINAL_DELIVERIES,
    OPEN_DELIVERIES,
    SUBSCRIPTION_MOVES,
    DeliveryState,
    EditionState,
    Period,
    PeriodKind,
    SubscriptionState,
)
from tests.factories import NOON, make_edition, make_paper

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

days = st.dates(date(1990, 1, 1), date(2199, 12, 31))
kinds = st.sampled_from(PeriodKind)


# Periods


@pytest.mark.parametrize(
    ("kind", "day", "label"),
    [
        (PeriodKind.DAY, "2026-11-20", "2026-11-20"),
        (PeriodKind.DAY, "2028-02-29", "2028-02-29"),
        (PeriodKind.WEEK, "2026-11-20", "2026-W47"),
        (PeriodKind.WEEK, "2026-11-16", "2026-W47"),
        (PeriodKind.WEEK, "2026-11-22", "2026-W47"),
        # The days around New Year belong to the ISO week's year, not to their own.
        (PeriodKind.WEEK, "2024-12-30", "2025-W01"),
        (PeriodKind.WEEK, "2027-01-01", "2026-W53"),
        (PeriodKind.WEEK, "2023-01-01", "2022-W52"),
        (PeriodKind.MONTH, "2026-11-20", "2026-11"),
        (PeriodKind.MONTH, "2026-12-31", "2026-12"),
    ],
)
def test_a_day_lies_in_the_period_of_that_label(kind: PeriodKind, day: str, label: str) -> None:
    assert Period.containing(kind, date.fromisoformat(day)).label == label


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("2026-12-31", "2026-12-31", "2027-01-01"),
        ("2026-W01", "2025-12-29", "2026-01-05"),
        ("2026-W53", "2026-12-28", "2027-01-04"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2028-02", "2028-02-01", "2028-03-01"),
        ("2026-01", "2026-01-01", "2026-02-01"),
    ],
)
def test_a_label_names_a_start_and_an_end(label: str, start: str, end: str) -> None:
    period = Period.parse(label)
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)


@given(kind=kinds, day=days)
def test_a_label_reads_back_as_its_period(kind: PeriodKind, day: date) -> None:
    period = Period.containing(kind, day)
    assert Period.parse(period.label) == period


@given(kind=kinds, day=days)
def test_periods_of_a_kind_follow_one_another_without_a_gap(kind: PeriodKind, day: date) -> None:
    period = Period.containing(kind, day)
    assert period.start <= day < period.end
    assert Period.containing(kind, period.end).previous == period
    assert period.previous.end == period.start


@given(kind=kinds, one=days, other=days)
def test_two_periods_of_a_kind_have_one_label_only_if_they_are_one(kind: PeriodKind, one: date, other: date) -> None:
    mine, theirs = Period.containing(kind, one), Period.containing(kind, other)
    assert (mine.label == theirs.label) is (mine == theirs)


@pytest.mark.parametrize("label", ["", "today", "2026-W54", "2026-W00", "2027-W53", "2026-13", "2026-02-30", "W47"])
def test_what_is_no_label_is_a_value_error(label: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's
        Period.parse(label)


def test_an_editions_id_is_topic_and_period() -> None:
    assert make_edition(label="2026-W47").id == "kv-cache/2026-W47"


def test_a_draft_shows_its_cut_until_it_is_released() -> None:
    edition = make_edition()
    later = edition.cut + HOUR
    assert replace(edition, released=None).dated == edition.cut
    assert replace(edition, released=later).dated == later


# Papers


@pytest.mark.parametrize(
    ("listed", "fresh_from"),
    [(None, NOON), (NOON - DAY, NOON - DAY), (NOON, NOON), (NOON + DAY, NOON)],
    ids=["unknown", "before first sight", "at first sight", "after first sight"],
)
def test_age_counts_from_the_listing_but_never_after_first_sight(listed: datetime | None, fresh_from: datetime) -> None:
    assert make_paper(listed=listed).fresh_from == fresh_from


def test_age_counts_from_neither_submission_nor_announcement() -> None:
    assert make_paper(submitted=NOON - DAY, announced=NOON - HOUR).fresh_from == NOON


def test_a_listing_at_the_epoch_is_a_date_like_any_other() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert make_paper(listed=epoch).fresh_from == epoch


# Moves

TABLES: list[tuple[Any, Mapping[Any, frozenset[Any]], set[Any]]] = [
    (EditionState, EDITION_MOVES, {EditionState.DRAFT}),
    (SubscriptionState, SUBSCRIPTION_MOVES, {SubscriptionState.PENDING}),
    (DeliveryState, DELIVERY_MOVES, {DeliveryState.QUEUED}),
]


@pytest.mark.parametrize(("states", "moves", "initial"), TABLES)
def test_a_table_of_moves_covers_every_state(
    states: Any, moves: Mapping[Any, frozenset[Any]], initial: set[Any]
) -> None:
    assert set(moves) == set(states)


@pytest.mark.parametrize(("states", "moves", "initial"), TABLES)
def test_every_state_can_be_reached(states: Any, moves: Mapping[Any, frozenset[Any]], initial: set[Any]) -> None:
    assert reached(initial, moves) == set(states)


@pytest.mark.parametrize(("states", "moves", "initial"), TABLES)
def test_no_move_stays_where_it_is(states: Any, moves: Mapping[Any, frozenset[Any]], initial: set[Any]) -> None:
    assert not [state for state in states if state in moves[state]]


def reached(initial: set[Hashable], moves: Mapping[Any, frozenset[Any]]) -> set[Hashable]:
    found, todo = set(initial), list(initial)
    while todo:
        new = moves[todo.pop()] - found
        found |= new
        todo += new
    return found


def test_a_delivery_is_either_open_or_final() -> None:
    assert set(DeliveryState) == OPEN_DELIVERIES | FINAL_DELIVERIES
    assert not OPEN_DELIVERIES & FINAL_DELIVERIES
    assert {state.value for state in OPEN_DELIVERIES} == {"queued", "claimed", "in_data", "deferred"}


def test_from_every_open_state_a_final_one_can_be_reached() -> None:
    assert all(reached({state}, DELIVERY_MOVES) & FINAL_DELIVERIES for state in OPEN_DELIVERIES)


def test_a_final_state_is_left_only_by_a_person_and_only_when_parked() -> None:
    left = {state: DELIVERY_MOVES[state] for state in FINAL_DELIVERIES if DELIVERY_MOVES[state]}
    assert left == {DeliveryState.PARKED: {DeliveryState.QUEUED, DeliveryState.CANCELLED}}


def test_only_a_mail_whose_text_was_begun_can_be_sent() -> None:
    assert [state for state, targets in DELIVERY_MOVES.items() if DeliveryState.SENT in targets] == ["in_data"]


def test_once_the_text_was_begun_nothing_leads_straight_back_to_the_queue() -> None:
    answered = {DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.DEFERRED, DeliveryState.PARKED}
    assert DELIVERY_MOVES[DeliveryState.IN_DATA] == answered


def test_a_released_edition_never_moves() -> None:
    assert EDITION_MOVES[EditionState.RELEASED] == frozenset()


def test_a_subscription_becomes_active_only_by_way_of_pending() -> None:
    before = [state for state, targets in SUBSCRIPTION_MOVES.items() if SubscriptionState.ACTIVE in targets]
    assert before == [SubscriptionState.PENDING]
