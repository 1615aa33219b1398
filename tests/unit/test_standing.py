"""What readers are told of sources that are behind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from digest.model import Condition, SourceId, SourceState
from digest.render import words
from digest.render.standing import health_line, line_of, told

SATURDAY = datetime(2026, 11, 21, 7, tzinfo=UTC)
TUESDAY = date(2026, 11, 17)


def behind(name: str = "arXiv", **changes: Any) -> Condition:
    given = {"source_id": SourceId(name.lower()), "name": name, "state": SourceState.STALLED, "certain": True}
    return Condition(**{**given, "behind": True, "shows": TUESDAY, **changes})


def category(name: str, source: str = "arxiv", **changes: Any) -> Condition:
    return behind(f"arXiv {name}", source_id=SourceId(source), category=name, **changes)


def line(*conditions: Condition, zone: str = "UTC", now: datetime = SATURDAY) -> str | None:
    health = health_line(conditions, zone=ZoneInfo(zone), now=now)
    return line_of(health) if health else None


def test_nothing_behind_nothing_said() -> None:
    assert line() is None


def test_an_old_batch_is_named_by_its_day() -> None:
    assert line(category("cs.AI")) == "arXiv cs.AI still shows Tuesday's batch"
    old = SATURDAY + timedelta(days=4)
    assert line(category("cs.AI"), now=old) == "arXiv cs.AI still shows the batch of 17 November"


def test_a_source_that_cannot_be_reached_is_told_by_the_sites_clock() -> None:
    failed = behind("Daily papers", state=SourceState.FAILED, since=datetime(2026, 11, 20, 13, tzinfo=UTC))
    assert line(failed, zone="Europe/Berlin") == "Daily papers could not be reached since Friday 14:00"


def test_a_source_stands_for_its_categories() -> None:
    assert line(behind(), category("cs.AI"), category("cs.CL")) == "arXiv still shows Tuesday's batch"
    assert line(behind(), category("cs.AI", "other")) == "arXiv and arXiv cs.AI still show Tuesday's batch"


def test_those_with_the_same_to_say_are_told_together_and_many_are_cut() -> None:
    names = ("cs.AI", "cs.CL", "cs.LG", "cs.IR", "cs.SE")
    assert line(*map(category, names[:2])) == "arXiv cs.AI and arXiv cs.CL still show Tuesday's batch"
    cut = "arXiv cs.AI, arXiv cs.CL, arXiv cs.IR and 2 more sources still show Tuesday's batch"
    assert line(*map(category, names)) == cut


def test_a_category_of_two_sources_is_told_once() -> None:
    assert line(category("cs.AI"), category("cs.AI", "other")) == "arXiv cs.AI still shows Tuesday's batch"


def test_a_thin_batch_is_told_with_its_numbers() -> None:
    thin = category("cs.AI", count=27, usual=1239, day=date(2026, 11, 18))
    assert line(thin) == "arXiv cs.AI brought only 27 of the 1,239 papers of a Wednesday"


def test_a_source_of_habits_is_silent_and_one_without_a_past_brought_nothing() -> None:
    assert line(behind("A blog", certain=False)) == "A blog has been silent since Tuesday"
    assert line(behind("A blog", shows=None)) == "A blog has brought nothing yet"


def test_different_troubles_stand_beside_each_other() -> None:
    both = line(behind("A blog", certain=False), behind("arXiv"))
    assert both == "A blog has been silent since Tuesday; arXiv still shows Tuesday's batch"


def test_one_trouble_alone() -> None:
    assert told(category("cs.AI"), zone=ZoneInfo("UTC"), now=SATURDAY) == "arXiv cs.AI still shows Tuesday's batch"


def test_a_name_that_starts_small_stays_small_in_a_sentence() -> None:
    assert words.sentence("arXiv still shows it") == "arXiv still shows it."
    assert words.sentence("matches it") == "Matches it."
