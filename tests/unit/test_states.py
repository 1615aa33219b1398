"""How sources stand: fresh, waiting, quiet, stalled, failed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

import digest.watch
from digest.model import Arrival, Condition, Health, Source, SourceId, SourceState
from digest.watch import Timetable, arrivals, categories_of, conditions, missed, timetables, worth_waiting
from digest.watch.merging import Known, decide
from tests.factories import make_entry, make_source

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TABLES = timetables((Path(digest.watch.__file__).parent / "calendars.toml").read_text("utf-8"))
ARXIV = make_source("arxiv", kind="arxiv-feed", name="arXiv", url="https://rss.example/rss/cs.CL+cs.AI")
HF = make_source("hf", kind="daily-papers", name="Daily papers", url="https://hf.example/api/daily_papers")
BLOG = make_source("blog", kind="feed", name="A blog", url="https://blog.example/feed")
BEGIN = datetime(2026, 9, 7, 12, tzinfo=UTC)
FRESH, WAITING, QUIET, STALLED, FAILED = SourceState


def at(day: int, hour: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def healthy(source: Source, now: datetime) -> Health:
    return Health(source_id=source.id, last_poll=now, last_ok=now, baseline_at=BEGIN)


def batches(source: Source, until: datetime, sizes: dict[str, int], table: Timetable) -> list[Arrival]:
    """What a source gives five hours after each announcement that its timetable knows."""
    return [
        Arrival(source_id=source.id, category=category, at=turn.opens + 5 * HOUR, entries=size)
        for turn in table.turns(BEGIN, until)
        for category, size in sizes.items()
        if turn.opens + 5 * HOUR <= until
    ]


def arxiv(until: datetime, *, cs_ai: int = 240) -> list[Arrival]:
    return batches(ARXIV, until, {"": 600, "cs.CL": 300, "cs.AI": cs_ai}, TABLES["arxiv-feed"])


def stand(
    source: Source, came: list[Arrival], now: datetime, *, health: Health | None = None, zone: ZoneInfo = UTC_ZONE
) -> dict[str | None, Condition]:
    ordered = sorted(came, key=lambda one: one.at)
    found = conditions([source], {source.id: health or healthy(source, now)}, ordered, TABLES, zone=zone, now=now)
    return {one.category: one for one in found}


def days_of(source: Source, days: list[date], *, hour: int, entries: int = 2) -> list[Arrival]:
    return [
        Arrival(source_id=source.id, at=datetime(one.year, one.month, one.day, hour, tzinfo=UTC), entries=entries)
        for one in days
    ]


def weekdays(until: date) -> list[date]:
    days = [BEGIN.date() + n * DAY for n in range(1, (until - BEGIN.date()).days + 1)]
    return [day for day in days if day.weekday() < 5]


# Timetables


def test_arxiv_announces_five_evenings_a_week_by_the_clock_of_new_york() -> None:
    turns = TABLES["arxiv-feed"].turns(at(14), at(21, 12))
    assert [(turn.opens, turn.day.day) for turn in turns] == [
        (at(16, 1), 16),
        (at(17, 1), 17),
        (at(18, 1), 18),
        (at(19, 1), 19),
        (at(20, 1), 20),
    ]
    summer = TABLES["arxiv-feed"].turns(at(14, month=6), at(15, 12, month=6))
    assert [turn.opens for turn in summer] == [at(15, 0, month=6)]


@pytest.mark.parametrize(
    "holiday", [(1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31)], ids=str
)
def test_on_a_holiday_no_batch_is_expected(holiday: tuple[int, int]) -> None:
    month, day = holiday
    start = datetime(2026, month, day, tzinfo=UTC) - 2 * DAY
    assert date(2026, month, day) not in {turn.day for turn in TABLES["arxiv-feed"].turns(start, start + 5 * DAY)}


def test_hugging_face_lists_on_weekdays() -> None:
    turns = TABLES["daily-papers"].turns(at(13, 12), at(22, 12))
    assert [turn.day.day for turn in turns] == [16, 17, 18, 19, 20]


# arXiv


def test_a_batch_that_came_is_fresh_until_the_day_is_over() -> None:
    found = stand(ARXIV, arxiv(at(19, 7)), at(19, 7))
    assert {one.state for one in found.values()} == {FRESH}
    assert (found["cs.AI"].count, found["cs.AI"].usual, found["cs.AI"].day) == (240, 240, date(2026, 11, 19))
    assert found[None].since == found[None].last_new == at(19, 6)


def test_before_the_feed_turns_over_a_batch_is_waited_for() -> None:
    now = at(19, 4)
    found = stand(ARXIV, arxiv(now), now)
    assert {(one.state, one.behind, one.since) for one in found.values()} == {(WAITING, True, at(19, 1))}
    assert found["cs.AI"].shows == date(2026, 11, 18)


def test_a_batch_that_does_not_come_though_polls_succeed_is_stalled() -> None:
    now = at(19, 9)
    found = stand(ARXIV, arxiv(at(18, 12)), now)
    assert {(one.state, one.behind, one.since) for one in found.values()} == {(STALLED, True, at(19, 8))}
    assert found[None].shows == date(2026, 11, 18)


def test_an_answer_from_before_it_was_late_proves_nothing() -> None:
    now, came = at(19, 9), arxiv(at(18, 12))
    early = replace(healthy(ARXIV, now), last_ok=at(19, 7))
    assert stand(ARXIV, came, now, health=early)[None].state is WAITING


def test_one_stale_category_is_seen_while_the_others_are_current() -> None:
    """Papers of cs.AI still come, those that cs.CL lists too: as on 12 August 2026, 27 of 239."""
    now = at(19, 9)
    came = [*arxiv(at(18, 12)), *(one for one in arxiv(now, cs_ai=27) if one.at > at(18, 12))]
    found = stand(ARXIV, came, now)
    assert {name: one.state for name, one in found.items()} == {None: FRESH, "cs.CL": FRESH, "cs.AI": STALLED}
    assert (found["cs.AI"].count, found["cs.AI"].usual) == (27, 240)


@pytest.mark.parametrize(("entries", "state"), [(71, STALLED), (72, FRESH)])
def test_less_than_three_tenths_of_the_usual_is_not_the_batch(entries: int, state: SourceState) -> None:
    now = at(19, 9)
    came = [*arxiv(at(18, 12)), *(one for one in arxiv(now, cs_ai=entries) if one.at > at(18, 12))]
    assert stand(ARXIV, came, now)["cs.AI"].state is state


def test_a_weekend_and_a_holiday_are_quiet() -> None:
    saturday, thanksgiving = at(21, 12), at(27, 3)
    assert {one.state for one in stand(ARXIV, arxiv(saturday), saturday).values()} == {QUIET}
    assert {one.state for one in stand(ARXIV, arxiv(thanksgiving), thanksgiving).values()} == {QUIET}


def test_what_was_missed_before_a_weekend_stays_missed_over_it() -> None:
    sunday = at(22, 12)
    found = stand(ARXIV, arxiv(at(19, 12)), sunday)[None]
    assert (found.state, found.since, found.shows) == (STALLED, at(20, 8), date(2026, 11, 19))


def test_two_batches_in_one_night_make_good_for_the_one_that_was_missing() -> None:
    now = at(19, 9)
    late = [replace(one, entries=2 * one.entries) for one in arxiv(now) if one.at > at(18, 12)]
    assert {one.state for one in stand(ARXIV, [*arxiv(at(17, 12)), *late], now).values()} == {FRESH}


def test_a_source_whose_polls_fail_is_failed_and_behind_once_it_misses_a_batch() -> None:
    came = arxiv(at(18, 12))
    failing = replace(healthy(ARXIV, at(18, 12)), failing_since=at(18, 13), failures=3)
    in_time, missed = (stand(ARXIV, came, now, health=failing)[None] for now in (at(18, 20), at(19, 3)))
    assert (in_time.state, in_time.since, in_time.behind) == (FAILED, at(18, 13), False)
    assert (missed.state, missed.behind) == (FAILED, True)


def test_a_new_source_is_judged_from_its_first_whole_batch_on() -> None:
    now = at(19, 9)
    begun = Health(source_id=ARXIV.id, last_poll=now, last_ok=now, baseline_at=at(19, 6))
    stock = [Arrival(source_id=ARXIV.id, at=at(19, 6), entries=900)]
    assert stand(ARXIV, stock, now, health=begun)[None].state is FRESH
    assert stand(ARXIV, stock, at(20, 9), health=replace(begun, last_ok=at(20, 9)))[None].state is STALLED


def test_what_was_before_a_source_was_polled_is_not_usual() -> None:
    now = at(19, 9)
    begun = replace(healthy(ARXIV, now), baseline_at=at(9))
    since = [one for one in arxiv(now) if one.at > at(9)]
    assert stand(ARXIV, since, now, health=begun)["cs.AI"].usual == 240


def test_a_source_that_was_never_polled_says_nothing() -> None:
    found = stand(ARXIV, [], at(19, 9), health=Health(source_id=ARXIV.id))[None]
    assert (found.state, found.since, found.behind, found.last_new) == (QUIET, None, False, None)


def test_files_and_what_is_switched_off_have_no_state() -> None:
    file, off = make_source("file"), replace(BLOG, enabled=False)
    assert conditions([file, off], {}, [], TABLES, zone=UTC_ZONE, now=at(19)) == []


# Sources without a timetable


def test_a_blog_of_weekdays_is_quiet_over_the_weekend_and_before_its_hour() -> None:
    came = days_of(BLOG, weekdays(date(2026, 11, 20)), hour=15)
    assert stand(BLOG, came, at(20, 18))[None].state is FRESH
    assert stand(BLOG, came, at(22, 12))[None].state is QUIET
    assert stand(BLOG, came, at(23, 14))[None].state is QUIET


def test_a_blog_is_waited_for_from_its_hour_on_and_missed_when_two_posts_are() -> None:
    came = days_of(BLOG, weekdays(date(2026, 11, 20)), hour=15)
    found = {now: stand(BLOG, came, now)[None] for now in (at(23, 16), at(24, 23), at(25, 1))}
    assert [one.state for one in found.values()] == [WAITING, WAITING, STALLED]
    assert [one.behind for one in found.values()] == [False, False, True]


def test_a_source_that_fell_silent_long_ago_stays_missed() -> None:
    came = days_of(BLOG, weekdays(date(2026, 10, 20)), hour=15)
    found = stand(BLOG, came, at(25, 1))[None]
    assert (found.state, found.since) == (STALLED, at(23, month=10))


def test_a_large_source_is_missed_after_one_thin_day() -> None:
    came = days_of(BLOG, weekdays(date(2026, 11, 19)), hour=15, entries=100)
    thin = [*came, Arrival(source_id=BLOG.id, at=at(20, 15), entries=29)]
    found = stand(BLOG, thin, at(21, 1))[None]
    assert (found.state, found.count, found.usual) == (STALLED, 29, 100)
    enough = [*came, Arrival(source_id=BLOG.id, at=at(20, 15), entries=31)]
    assert stand(BLOG, enough, at(21, 1))[None].state is FRESH


def test_the_days_that_brought_nothing_though_something_was_due_are_told_once_they_are_late() -> None:
    gone = {date(2026, 11, 11), date(2026, 11, 12), date(2026, 11, 20)}
    came = days_of(BLOG, [day for day in weekdays(date(2026, 11, 20)) if day not in gone], hour=15)

    def told(now: datetime) -> tuple[date, ...]:
        return missed(BLOG, healthy(BLOG, now), came, TABLES, zone=UTC_ZONE, now=now)

    assert told(at(20, 18)) == (date(2026, 11, 11), date(2026, 11, 12))
    assert told(at(25, 1)) == (*sorted(gone), date(2026, 11, 23))
    assert missed(BLOG, Health(source_id=BLOG.id), came, TABLES, zone=UTC_ZONE, now=at(25)) == ()


def test_its_days_are_those_of_the_sites_zone() -> None:
    """23:30 UTC on Sunday is Monday in Berlin."""
    mondays = [day - DAY for day in weekdays(date(2026, 11, 20)) if day.weekday() == 0]
    came = [replace(one, at=one.at + timedelta(minutes=30)) for one in days_of(BLOG, mondays, hour=23)]
    found = stand(BLOG, came, at(17), zone=BERLIN)[None]
    assert found.day == date(2026, 11, 16)


def test_a_blog_without_a_weekday_is_missed_after_twice_its_longest_silence() -> None:
    days, day = [], date(2026, 9, 8)
    for gap in (1, 9, 3, 10, 2, 8, 5):
        day += gap * DAY
        days.append(day)
    came = days_of(BLOG, days, hour=12)
    last = came[-1].at
    states = [stand(BLOG, came, last + n * DAY)[None].state for n in (5, 11, 21)]
    assert states == [QUIET, WAITING, STALLED]


def test_few_posts_are_no_habit() -> None:
    came = days_of(BLOG, [date(2026, 9, 8), date(2026, 9, 9)], hour=12)
    assert stand(BLOG, came, at(19))[None].state is QUIET


def test_a_failing_source_without_a_timetable_is_behind_at_once() -> None:
    now = at(19, 9)
    failing = replace(healthy(BLOG, now), failing_since=at(19, 8))
    found = stand(BLOG, [], now, health=failing)[None]
    assert (found.state, found.behind) == (FAILED, True)


def test_what_is_missing_for_a_day_is_not_waited_for() -> None:
    came = arxiv(at(18, 12))
    assert worth_waiting(stand(ARXIV, came, at(19, 9))[None], at(19, 9))
    assert not worth_waiting(stand(ARXIV, came, at(20, 12))[None], at(20, 12))
    assert not worth_waiting(stand(ARXIV, arxiv(at(19, 9)), at(19, 9))[None], at(19, 9))


def test_a_source_that_never_gave_anything_is_not_waited_for() -> None:
    found = stand(ARXIV, [], at(19, 9))[None]
    assert found.last_new is None
    assert not worth_waiting(found, at(19, 9))


# What arrived


def test_arrivals_are_counted_for_each_category_that_is_asked_for() -> None:
    source = replace(ARXIV, url="https://rss.example/rss/cs.CL+q-bio")
    entries = [
        make_entry("One", categories=("cs.CL", "cs.LG")),
        make_entry("Two", categories=("q-bio.GN", "cs.CL")),
        make_entry("Three", categories=("q-bio.GN", "q-bio.NC")),
        make_entry("Four", categories=("cs.CLX",)),
    ]
    changes = decide(entries, Known(), source=source, now=at(19))
    counted = {one.category: one.entries for one in arrivals(changes, source, at=at(19))}
    assert counted == {"": 4, "cs.CL": 2, "q-bio": 2}


def test_a_batch_that_is_shown_again_brings_nothing_whatever_its_date() -> None:
    first = decide([make_entry("One")], Known(), source=ARXIV, now=at(18))
    known = Known(
        sightings={one.entry.external_id: one for one in first.sightings},
        owners=first.keys,
        papers={one.id: one for one in first.papers},
        announcers={one.id: (ARXIV.id,) for one in first.papers},
    )
    again = decide([make_entry("One", listed=at(19))], known, source=ARXIV, now=at(19))
    renamed = decide([make_entry("One", external_id="another id")], known, source=ARXIV, now=at(19))
    assert arrivals(again, ARXIV, at=at(19)) == arrivals(renamed, ARXIV, at=at(19)) == ()


def test_a_file_has_no_arrivals() -> None:
    changes = decide([make_entry("One")], Known(), source=make_source(), now=at(18))
    assert arrivals(changes, make_source(), at=at(18)) == ()


@pytest.mark.parametrize(
    ("kind", "url", "expected"),
    [
        ("arxiv-feed", "https://rss.arxiv.org/rss/cs.CL+cs.LG", ("cs.CL", "cs.LG")),
        ("arxiv-feed", "https://rss.arxiv.org/atom/q-bio/", ("q-bio",)),
        (
            "arxiv-search",
            "https://export.arxiv.org/api/query?search_query=cat:cs.IR+OR+cat:hep-th",
            ("cs.IR", "hep-th"),
        ),
        ("feed", "https://blog.example/a+b", ()),
    ],
)
def test_an_arxiv_address_names_its_categories(kind: str, url: str, expected: tuple[str, ...]) -> None:
    assert categories_of(Source(id=SourceId("a"), kind=kind, name="a", url=url)) == expected
