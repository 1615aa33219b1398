"""Past days ranked anew: to prove that an edition follows from the store, and to try other weights on history.

What readers got is never touched: an edition renders from what it froze.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from digest.app import App
from digest.errors import NotFoundError
from digest.model import (
    Edition,
    EditionId,
    Paper,
    PaperId,
    Period,
    PeriodKind,
    Pick,
    Summary,
    Topic,
    TopicId,
    Value,
)
from digest.rank import document_of
from digest.render.why import sentence
from digest.work.ranking import draft

if TYPE_CHECKING:
    from digest.store import Store


class Replay(Value):
    """An edition ranked anew, and how it differs from what was frozen, a line each; nothing if in nothing at all."""

    edition: Edition
    differences: tuple[str, ...]


class Change(Value):
    """A paper that other weights would have put elsewhere; no rank is not picked."""

    paper_id: PaperId
    title: str
    before: int | None = None
    after: int | None = None


class Day(Value):
    """What other weights would have changed in one period."""

    period: Period
    picks: int
    changes: tuple[Change, ...]

    @property
    def entered(self) -> list[Change]:
        return [one for one in self.changes if one.before is None]

    @property
    def left(self) -> list[Change]:
        return [one for one in self.changes if one.after is None]

    @property
    def moved(self) -> list[Change]:
        return [one for one in self.changes if one.before and one.after]


class PastStore:
    """The store as it stood at a moment, for reading: later papers, votes, editions and decisions are not there.

    What a paper's own fields said before they changed is not kept; nor are the votes that a file brought in late under
    an earlier date. `told` are papers picked in a past that never was.
    """

    def __init__(
        self, store: Store, as_of: datetime, *, first: date | None = None, told: Iterable[PaperId] = ()
    ) -> None:
        self._store, self._as_of, self._first, self._told = store, as_of, first, set(told)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    @cached_property
    def _later(self) -> tuple[int, int, Counter[str]]:
        """How many papers came later, with how many tokens, and how many of them hold each stem."""
        documents = [document_of(paper) for paper in self._store.papers_since(self._as_of)]
        holding = Counter(word for document in documents for word in document.counts)
        return len(documents), sum(document.length for document in documents), holding

    def corpus(self) -> tuple[int, int]:
        papers, tokens = self._store.corpus()
        return papers - self._later[0], tokens - self._later[1]

    def document_frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        held = self._store.document_frequencies(terms)
        past = {term: papers - self._later[2][term] for term, papers in held.items()}
        return {term: papers for term, papers in past.items() if papers > 0}

    def papers(self, ids: Iterable[PaperId]) -> dict[PaperId, Paper]:
        return {id_: paper for id_, paper in self._store.papers(ids).items() if paper.first_seen <= self._as_of}

    def had(
        self,
        topics: Iterable[TopicId],
        papers: Iterable[PaperId],
        kind: PeriodKind,
        *,
        apart_from: str,
        since: date | None = None,
    ) -> dict[TopicId, set[PaperId]]:
        before, asked = self._first or Period.parse(apart_from).start, list(topics)
        found = self._store.had(asked, papers, kind, since=since, before=before)
        return {topic: self._told | found.get(topic, set()) for topic in asked}

    def summaries(self, hashes: Iterable[str]) -> Mapping[str, Summary]:
        return {hash_: one for hash_, one in self._store.summaries(hashes).items() if one.at <= self._as_of}


def past(
    app: App, as_of: datetime, *, now: datetime | None = None, first: date | None = None, told: Iterable[PaperId] = ()
) -> App:
    """Return the program as it stood at a moment; what editors did until `now` counts."""
    store = cast("Store", PastStore(app.store, as_of, first=first, told=told))
    return dataclasses.replace(app, store=store, now=lambda: now or as_of)


def replay(app: App, one: Edition) -> Replay:
    """Rank an edition's period anew, with its topic and the store as they stood, and compare. Touches nothing.

    Nothing differs unless the settings or the program changed, or papers did.
    """
    then = past(app, one.as_of, now=one.released or app.now())
    found = draft(then, one.topic, one.period, as_of=one.as_of)
    again = replace(
        found, state=one.state, released=one.released, health=one.health, withdrawn=one.withdrawn, note=one.note
    )
    return Replay(edition=again, differences=tuple(_differences(one, again)))


def _differences(one: Edition, again: Edition) -> Iterator[str]:
    for change in changes(one.picks, again.picks):
        yield f"“{change.title}”: was {_place(change.before)}, would be {_place(change.after)}"
    theirs = {pick.paper.id: pick for pick in again.picks}
    for pick in one.picks:
        other = theirs.get(pick.paper.id)
        if other and other.score != pick.score:
            yield f"“{pick.paper.title}”: scored {pick.score!r}, would score {other.score!r}"
        elif other and not _is_alike(pick, other):
            yield f"“{pick.paper.title}”: its text, numbers or reasons changed"
    if (one.considered, one.matched) != (again.considered, again.matched):
        seen, fitted = f"{one.considered} papers were seen", f"{one.matched} fitted"
        yield f"{seen} and {fitted}, would be {again.considered} and {again.matched}"


def _is_alike(pick: Pick, other: Pick) -> bool:
    """Say whether two picks of a paper are the same but for their rank; reasons by what they say, however kept."""
    return sentence(pick) == sentence(other) and replace(other, rank=pick.rank, reasons=pick.reasons) == pick


def changes(before: Sequence[Pick], after: Sequence[Pick]) -> list[Change]:
    """Return the papers that two lists do not rank alike, in the order of the second, then of the first."""
    old, new = ({pick.paper.id: pick for pick in picks} for picks in (before, after))
    return [
        Change(
            paper_id=id_,
            title=pick.paper.title,
            before=old[id_].rank if id_ in old else None,
            after=new[id_].rank if id_ in new else None,
        )
        for id_, pick in {**new, **{key: pick for key, pick in old.items() if key not in new}}.items()
        if id_ not in old or id_ not in new or old[id_].rank != new[id_].rank
    ]


def compare(app: App, topic: Topic, other: Topic, *, days: int) -> list[Day]:
    """Return what a topic would have picked on its last `days` ended periods, were it as the `other` is.

    Both live through those days anew, each with its own memory of what it picked. Touches nothing.
    """
    periods = _ended(app, topic, days)
    ours, theirs = _lived(app, topic, periods), _lived(app, other, periods)
    return [
        Day(period=period, picks=len(one.picks), changes=tuple(changes(one.picks, variant.picks)))
        for period, one, variant in zip(periods, ours, theirs, strict=True)
    ]


def _ended(app: App, topic: Topic, number: int) -> list[Period]:
    """Return the last periods whose cut has passed, oldest first."""
    period, found = Period.containing(topic.periods[0], app.calendar.today(app.now())), list[Period]()
    while len(found) < number:
        period = period.previous
        if app.calendar.cut(period) <= app.now():
            found.append(period)
    return found[::-1]


def _lived(app: App, topic: Topic, periods: Sequence[Period]) -> list[Edition]:
    found: list[Edition] = []
    for period in periods:
        told = {id_ for one in found for pick in (*one.picks, *one.late) for id_ in _named(pick)}
        as_of = _composed(app, topic, period)
        found.append(draft(past(app, as_of, first=periods[0].start, told=told), topic, period, as_of=as_of))
    return found


def _named(pick: Pick) -> tuple[PaperId, ...]:
    return (pick.paper.id, *(sister.id for sister in pick.also))


def _composed(app: App, topic: Topic, period: Period) -> datetime:
    """Return when a period's edition was composed, or should have been."""
    try:
        return app.store.edition(EditionId(f"{topic.id}/{period.label}")).as_of
    except NotFoundError:
        return app.calendar.cut(period)


def _place(rank: int | None) -> str:
    return f"number {rank}" if rank else "not in"
