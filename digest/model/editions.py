"""Periods and editions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from digest.model.phrases import Phrase
from digest.model.topics import PeriodKind, Pick, Topic
from digest.model.values import EditionId, PaperId, Value


class Period(Value):
    """A day, an ISO week or a month, by its first day."""

    kind: PeriodKind
    start: date

    @classmethod
    def containing(cls, kind: PeriodKind, day: date) -> Period:
        """Return the period of that kind which holds `day`."""
        if kind is PeriodKind.WEEK:
            return cls(kind=kind, start=day - timedelta(days=day.weekday()))
        return cls(kind=kind, start=day.replace(day=1) if kind is PeriodKind.MONTH else day)

    @classmethod
    def parse(cls, label: str) -> Period:
        """Read a label back: 2026-11-20, 2026-W47 or 2026-11. Raises ValueError."""
        if "W" in label:
            year, week = label.split("-W")
            return cls(kind=PeriodKind.WEEK, start=date.fromisocalendar(int(year), int(week), 1))
        if label.count("-") == 1:
            return cls(kind=PeriodKind.MONTH, start=date.fromisoformat(f"{label}-01"))
        return cls(kind=PeriodKind.DAY, start=date.fromisoformat(label))

    @property
    def end(self) -> date:
        """The first day after the period."""
        if self.kind is PeriodKind.MONTH:
            return (self.start + timedelta(days=31)).replace(day=1)
        return self.start + timedelta(days=7 if self.kind is PeriodKind.WEEK else 1)

    @property
    def label(self) -> str:
        """The period's name in ids, addresses and commands."""
        if self.kind is PeriodKind.WEEK:
            year, week, _ = self.start.isocalendar()
            return f"{year}-W{week:02}"
        return self.start.isoformat()[: 7 if self.kind is PeriodKind.MONTH else 10]

    @property
    def previous(self) -> Period:
        """The period of the same kind just before."""
        return Period.containing(self.kind, self.start - timedelta(days=1))


class EditionState(StrEnum):
    """A draft can still be edited; a released edition is immutable."""

    DRAFT = "draft"
    RELEASED = "released"


class Withdrawal(Value):
    """A paper that an earlier edition of the topic picked, of the period `label`, and that was withdrawn since."""

    paper_id: PaperId
    title: str
    label: str
    url: str | None = None


class Edition(Value):
    """A topic's picks for one period, holding all it renders, so that a replay gives the same bytes.

    `cut` is when it was due, `as_of` when it was composed (nothing seen later is in it), `released` the date that
    feeds and pages show. `considered` papers were in the window, `matched` of them fit the topic. `late` are papers
    of earlier days that grew far beyond what was to be expected. `health` says which sources were behind; a text
    is from before there were phrases.
    """

    topic: Topic
    period: Period
    cut: datetime
    as_of: datetime
    state: EditionState = EditionState.DRAFT
    released: datetime | None = None
    picks: tuple[Pick, ...] = ()
    considered: int = 0
    matched: int = 0
    note: str | None = None
    health: tuple[Phrase, ...] | str | None = None
    withdrawn: tuple[Withdrawal, ...] = ()
    late: tuple[Pick, ...] = ()

    @property
    def id(self) -> EditionId:
        """Topic and period: a topic has one edition a period."""
        return EditionId(f"{self.topic.id}/{self.period.label}")

    @property
    def shown(self) -> tuple[Pick, ...]:
        """The picks in their order, and behind them the late bloomers."""
        return (*sorted(self.picks, key=lambda pick: pick.rank), *self.late)

    @property
    def dated(self) -> datetime:
        """The date that renderers show: released, for a draft its cut."""
        return self.released or self.cut


class Pin(Value):
    """A paper that an editor puts at a `place`, from 1, whatever it scores."""

    paper_id: PaperId
    place: int


class Desk(Value):
    """What editors decided about an edition, whether it is composed yet or not: applied whenever it is.

    A `held` edition goes out only when an editor says so. `version` counts the changes, so that of two editors who
    change the same at once the second is told.
    """

    edition_id: EditionId
    version: int = 0
    note: str | None = None
    pins: tuple[Pin, ...] = ()
    held: bool = False


class Summary(Value):
    """What a model wrote about a paper, by the hash of what it was asked."""

    hash: str
    model: str
    text: str
    at: datetime
