"""Topics and picks."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from msgspec import field

from digest.model.papers import Paper, SignalKind
from digest.model.phrases import Phrase
from digest.model.values import PaperId, SourceId, SubscriberId, TopicId, Value


class Mode(StrEnum):
    """What a topic's readers want first."""

    FRESH = "fresh"
    TRENDING = "trending"
    BEST = "best"


class PeriodKind(StrEnum):
    """How long an edition's period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Weights(Value):
    """How much each part of a score counts; they need not add up to one."""

    relevance: float = 0.6
    freshness: float = 0.25
    trend: float = 0.15
    rising: float = 0.0
    mentions: float = 0.0


class Topic(Value, rename={"not_": "not"}):
    """What somebody wants to read about. An entry of `should`, `must`, `not_` with a space in it is a phrase.

    More like the `examples`, less like the `unlike`: a topic may consist of examples alone.

    `crowd` is a dial in place of `weights`: at 0 votes have no say at all, at 1 as much as they are good for. `subject`
    is a pattern for the subject of mails about this topic alone.
    """

    id: TopicId
    name: str
    description: str = ""
    mode: Mode = Mode.FRESH
    should: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    examples: tuple[PaperId, ...] = ()
    unlike: tuple[PaperId, ...] = ()
    sources: tuple[SourceId, ...] = ()
    periods: tuple[PeriodKind, ...] = (PeriodKind.DAY, PeriodKind.WEEK)
    limit: int = 10
    min_score: float = 0.3
    half_life: timedelta | None = None
    weights: Weights | None = None
    crowd: float | None = None
    subject: str = ""
    owner: SubscriberId | None = None
    enabled: bool = True

    @property
    def shortest(self) -> PeriodKind:
        """The shortest kind of edition it has: its feed is made of these, so that each paper comes once."""
        return min(self.periods, key=list(PeriodKind).index)


class Part(Value):
    """One addend of a score: `value` (0 to 1) times `weight`. `detail` says in words where the value comes from."""

    name: str
    value: float
    weight: float
    detail: str = ""


class Sister(Value):
    """A paper much like a pick, such as its next version, which is named beside it instead of taking a place."""

    id: PaperId
    title: str
    url: str | None = None


class Pick(Value):
    """A paper chosen for a topic, with all that a renderer shows of it; `numbers` are the signals as of then.

    `also` are its sisters, `chosen` says that an editor put it where it stands. `summary` is what readers see of its
    text; `summarised_by` is the model that wrote it, None if the words are the abstract's own. A reason that is a
    text is from before there were phrases.
    """

    paper: Paper
    rank: int
    score: float
    parts: tuple[Part, ...]
    reasons: tuple[Phrase | str, ...]
    numbers: dict[SignalKind, int] = field(default_factory=dict)
    also: tuple[Sister, ...] = ()
    chosen: bool = False
    summary: str = ""
    summarised_by: str | None = None
