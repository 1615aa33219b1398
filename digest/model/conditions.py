"""How sources stand: what came when, and whether it is what was expected."""

from __future__ import annotations

from datetime import date, datetime

from digest.model.papers import SourceState
from digest.model.values import SourceId, Value


class Arrival(Value):
    """How many entries of a source were new to us at a moment, in all (`category` is "") or in one category."""

    source_id: SourceId
    at: datetime
    entries: int
    category: str = ""


class Condition(Value):
    """How a source, or one `category` of it, stands against what it announces as a rule.

    `behind` says that something expected is missing; `certain`, that a timetable says so and not only its habit.
    `day` is that of its latest announcement due, with `count` entries, where such a weekday has `usual` ones;
    `shows` is the day whose batch came last.
    """

    source_id: SourceId
    name: str
    state: SourceState
    category: str | None = None
    since: datetime | None = None
    behind: bool = False
    certain: bool = False
    last_new: datetime | None = None
    shows: date | None = None
    day: date | None = None
    count: int = 0
    usual: int | None = None
