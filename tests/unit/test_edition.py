"""When editions are due, what they hold, and how they share papers in a digest."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from digest.edition import Calendar, compose, due, instant, release, share, window
from digest.model import Edition, EditionState, PaperId, Period, PeriodKind, Pick, TopicId
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic

DAY, WEEK, MONTH = PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH
FRIDAY = Period.parse("2026-11-20")


def calendar(zone: str = "UTC", compose_at: time = time(5), release_by: time = time(9)) -> Calendar:
    return Calendar(zone=ZoneInfo(zone), compose_at=compose_at, compose_by=time(7), release_by=release_by)


def labels(periods: list[Period]) -> list[str]:
    return [period.label for period in periods]


def test_a_day_is_cut_the_next_morning_by_the_sites_clock() -> None:
    assert calendar("Asia/Tokyo").cut(FRIDAY) == datetime(2026, 11, 20, 20, tzinfo=UTC)


def test_a_week_is_cut_on_the_monday_after_it() -> None:
    assert calendar().cut(Period.parse("2026-W47")) == datetime(2026, 11, 23, 5, tzinfo=UTC)


def test_a_draft_goes_out_at_release_by_after_the_cut_even_past_midnight() -> None:
    assert calendar().release(FRIDAY) == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert calendar(compose_at=time(22), release_by=time(6)).release(FRIDAY) == datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        (date(2026, 3, 29), time(2, 30), "Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (date(2026, 10, 25), time(2, 30), "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2011, 12, 30), time(12), "Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
        (date(2026, 11, 20), time(5), "America/New_York", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_a_skipped_time_is_the_end_of_its_gap_and_a_repeated_one_its_first_coming(
    day: date, at: time, zone: str, expected: datetime
) -> None:
    assert instant(day, at, ZoneInfo(zone)) == expected


def test_in_every_zone_every_day_has_a_cut_after_the_one_before() -> None:
    for name in sorted(available_timezones())[::7]:
        clock = calendar(name, compose_at=time(0, 30))
        cuts = [clock.cut(Period(kind=DAY, start=date(2026, 1, 1) + timedelta(days=n))) for n in range(365)]
        gaps = [later - sooner for sooner, later in pairwise(cuts)]
        assert min(gaps) > timedelta(hours=22)
        assert max(gaps) < timedelta(hours=26)


def test_a_topic_without_editions_starts_with_the_period_that_ended_last() -> None:
    found = due([DAY, WEEK], {}, since=date(2026, 1, 1), today=date(2026, 11, 21))
    assert labels(found) == ["2026-11-20", "2026-W46"]


def test_nothing_is_due_before_the_sites_first_day() -> None:
    assert due([DAY], {}, since=date(2026, 11, 21), today=date(2026, 11, 21)) == []


def test_missed_days_are_made_up_for_and_gaps_are_filled() -> None:
    known = {DAY: {Period.parse("2026-11-16"), Period.parse("2026-11-18")}}
    found = due([DAY], known, since=date(2026, 1, 1), today=date(2026, 11, 21))
    assert labels(found) == ["2026-11-17", "2026-11-19", "2026-11-20"]


def test_a_long_stop_is_made_up_for_only_so_far() -> None:
    known = {DAY: {Period.parse("2026-01-05")}, MONTH: {Period.parse("2025-12")}}
    found = due([DAY, MONTH], known, since=date(2025, 1, 1), today=date(2026, 11, 21))
    assert len([one for one in found if one.kind is DAY]) == 31
    assert labels(found)[-3:] == ["2026-08", "2026-09", "2026-10"]


def test_a_days_window_reaches_back_so_that_nothing_is_lost_between_two_days() -> None:
    found = window(FRIDAY, calendar())
    assert (found.start, found.end) == (datetime(2026, 11, 14, 5, tzinfo=UTC), datetime(2026, 11, 21, 5, tzinfo=UTC))


def test_a_weeks_window_is_the_week_and_what_was_announced_late() -> None:
    found = window(Period.parse("2026-W47"), calendar())
    assert found.start == found.new_since == datetime(2026, 11, 16, 5, tzinfo=UTC)
    assert found.oldest == datetime(2026, 11, 9, 5, tzinfo=UTC)


def some_picks(count: int) -> list[Pick]:
    return [make_pick(make_paper(f"Paper {number}"), rank=number) for number in range(1, count + 1)]


def test_an_edition_leaves_out_what_the_topic_had_before_and_counts_what_would_have_fitted() -> None:
    picks = some_picks(5)
    edition = compose(
        make_topic(limit=3), FRIDAY, picks, picked={picks[1].paper.id}, considered=40, cut=NOON, as_of=NOON
    )
    assert [(pick.rank, pick.paper.title) for pick in edition.picks] == [(1, "Paper 1"), (2, "Paper 3"), (3, "Paper 4")]
    assert (edition.considered, edition.matched, edition.state) == (40, 4, EditionState.DRAFT)


def test_a_thin_day_gives_a_short_edition_and_an_empty_day_an_empty_one() -> None:
    for count in (1, 0):
        edition = compose(make_topic(), FRIDAY, some_picks(count), picked=set(), considered=40, cut=NOON, as_of=NOON)
        assert len(edition.picks) == count


def test_a_released_edition_shows_its_release_and_a_draft_its_cut() -> None:
    draft = compose(make_topic(), FRIDAY, [], picked=set(), considered=0, cut=NOON, as_of=NOON)
    assert draft.dated == NOON
    released = release(draft, NOON + timedelta(hours=1))
    assert (released.state, released.dated) == (EditionState.RELEASED, NOON + timedelta(hours=1))


def section(topic: str, *scored: tuple[str, float]) -> Edition:
    picks = [make_pick(make_paper(title), score=score, rank=n) for n, (title, score) in enumerate(scored, 1)]
    return make_edition(*picks, topic=make_topic(topic))


def shown(editions: list[Edition]) -> dict[str, list[str]]:
    return {one.topic.id: [f"{pick.rank} {pick.paper.title}" for pick in one.picks] for one in editions}


def test_in_a_digest_a_paper_stands_once_under_its_best_topic() -> None:
    shared = share([section("a", ("One", 0.5), ("Two", 0.4)), section("b", ("One", 0.9))], {})
    assert shown(shared) == {"a": ["1 Two"], "b": ["1 One"]}


def test_a_tie_goes_to_the_first_topic_by_id() -> None:
    shared = share([section("b", ("One", 0.5)), section("a", ("One", 0.5))], {})
    assert shown(shared) == {"b": [], "a": ["1 One"]}


def test_a_paper_told_lately_under_another_topic_is_not_told_again() -> None:
    one = make_paper("One").id
    editions = [section("a", ("One", 0.5))]
    assert shown(share(editions, {one: [TopicId("b")]})) == {"a": []}
    assert shown(share(editions, {one: [TopicId("a")]})) == {"a": ["1 One"]}
    assert shown(share(editions, {PaperId("other"): [TopicId("b")]})) == {"a": ["1 One"]}
