"""Decide what a batch of entries changes: which papers are new, which are merged into known ones, and why.

Pure: the store's knowledge comes in as `Known`, the decisions go out as `Changes`; saving them twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import field
from msgspec.structs import asdict, replace

from digest.identity import conflict, keys, mint
from digest.model import Entry, Links, Paper, PaperId, Rights, Sighting, Signal, Source, Value

# A title and a first author are reused for other works, though hardly within a year.
TITLE_HORIZON = timedelta(days=365)
_FREEDOM = {Rights.LINK: 0, Rights.EXCERPT: 1, Rights.FULL: 2}


class Outcome(StrEnum):
    """What became of an entry."""

    NEW = "new"
    MERGED = "merged"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Known(Value):
    """What the store holds that a batch may touch: earlier sightings of these entries, owners of their keys, papers."""

    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    owners: Mapping[str, PaperId] = field(default_factory=dict)
    papers: Mapping[PaperId, Paper] = field(default_factory=dict)


class Decision(Value):
    """One entry's fate, for the report: `why` names the key by which it was merged."""

    entry: Entry
    paper_id: PaperId
    outcome: Outcome
    why: str | None = None


class Changes(Value):
    """All that is to be saved, and the decisions behind it. `papers` holds only those that differ from before."""

    papers: tuple[Paper, ...]
    keys: Mapping[str, PaperId]
    sightings: tuple[Sighting, ...]
    signals: tuple[Signal, ...]
    decisions: tuple[Decision, ...]


def decide(entries: Iterable[Entry], known: Known, *, source: Source, now: datetime) -> Changes:
    """Return what a batch changes. Entries are taken in order, so a batch may merge into itself."""
    desk = _Desk(known, source, now)
    decisions = tuple(desk.take(entry) for entry in entries)
    before = known.papers
    return Changes(
        papers=tuple(paper for paper in desk.papers.values() if before.get(paper.id) != paper),
        keys=desk.new_keys,
        sightings=tuple(desk.new_sightings.values()),
        signals=tuple(desk.signals),
        decisions=decisions,
    )


class _Desk:
    """The state while a batch is worked through."""

    def __init__(self, known: Known, source: Source, now: datetime) -> None:
        self.source, self.now = source, now
        self.sightings, self.owners, self.papers = dict(known.sightings), dict(known.owners), dict(known.papers)
        self.new_keys: dict[str, PaperId] = {}
        self.new_sightings: dict[str, Sighting] = {}
        self.signals: list[Signal] = []

    def take(self, entry: Entry) -> Decision:
        seen = self.sightings.get(entry.external_id)
        if seen:
            outcome, paper_id, why = self._again(entry, seen)
        else:
            outcome, paper_id, why = self._first_time(entry)
        self._observe(entry, paper_id)
        return Decision(entry=entry, paper_id=paper_id, outcome=outcome, why=why)

    def _again(self, entry: Entry, seen: Sighting) -> tuple[Outcome, PaperId, str | None]:
        if _content(entry) == _content(seen.entry):
            return Outcome.UNCHANGED, seen.paper_id, None
        self._keep(entry, self.papers[seen.paper_id], seen.first_seen)
        return Outcome.CHANGED, seen.paper_id, None

    def _first_time(self, entry: Entry) -> tuple[Outcome, PaperId, str | None]:
        found = self._owner(entry)
        paper = self.papers[found[1]] if found else self._mint(entry)
        self._keep(entry, paper, self.now)
        return (Outcome.MERGED, paper.id, found[0]) if found else (Outcome.NEW, paper.id, None)

    def _owner(self, entry: Entry) -> tuple[str, PaperId] | None:
        """Return the strongest key that a paper already has, and that paper, if nothing speaks against it."""
        for key in keys(entry):
            paper = self.papers.get(self.owners.get(key, PaperId("")))
            if paper and not conflict(entry, paper) and self._near(key, entry, paper):
                return key, paper.id
        return None

    def _near(self, key: str, entry: Entry, paper: Paper) -> bool:
        if not key.startswith("title:"):
            return True
        mine = entry.submitted or entry.announced or entry.listed or self.now
        theirs = paper.submitted or paper.announced or paper.fresh_from
        return abs(mine - theirs) <= TITLE_HORIZON

    def _mint(self, entry: Entry) -> Paper:
        minted = mint(entry)
        number = 2
        while minted in self.papers:
            minted = PaperId(f"{mint(entry)}.{number}")
            number += 1
        return Paper(id=minted, title=entry.title, first_seen=self.now, rights=self.source.rights)

    def _keep(self, entry: Entry, paper: Paper, first_seen: datetime) -> None:
        self.papers[paper.id] = merge(paper, entry, self.source.rights)
        sighting = Sighting(entry=replace(entry, signals=()), paper_id=paper.id, first_seen=first_seen)
        self.sightings[entry.external_id] = self.new_sightings[entry.external_id] = sighting
        for key in keys(entry):
            if key not in self.owners:
                self.owners[key] = self.new_keys[key] = paper.id

    def _observe(self, entry: Entry, paper_id: PaperId) -> None:
        self.signals += [
            Signal(paper_id=paper_id, kind=one.kind, source_id=self.source.id, at=one.at or self.now, value=one.value)
            for one in entry.signals
        ]


def merge(paper: Paper, entry: Entry, rights: Rights) -> Paper:
    """Return the paper with what an entry adds: a known field stays unless the entry is a newer version of the work."""
    newer = (entry.version or 0) > (paper.version or 0)
    freer = _FREEDOM[rights] > _FREEDOM[paper.rights]
    text = bool(entry.abstract) and (not paper.abstract or newer or freer)
    return replace(
        paper,
        title=entry.title if newer or text else paper.title,
        abstract=entry.abstract if text else paper.abstract,
        rights=rights if text else paper.rights,
        authors=entry.authors if entry.authors and (newer or not paper.authors) else paper.authors,
        categories=_union(paper.categories, entry.categories),
        links=_links(paper.links, entry.links),
        arxiv_id=paper.arxiv_id or entry.arxiv_id,
        doi=paper.doi or entry.doi,
        version=max(filter(None, (paper.version, entry.version)), default=None),
        submitted=_earliest(paper.submitted, entry.submitted),
        announced=_earliest(paper.announced, entry.announced),
        listed=_earliest(paper.listed, entry.listed),
    )


def _content(entry: Entry) -> Entry:
    """An entry without its place and its numbers, which may move while the announcement stays the same."""
    return replace(entry, place=None, signals=(), raw_title=None, raw_abstract=None)


def _links(known: Links, given: Links) -> Links:
    found = {name: value or asdict(given)[name] for name, value in asdict(known).items()}
    return Links(**found)


def _union(known: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *given)))


def _earliest(*dates: datetime | None) -> datetime | None:
    return min(filter(None, dates), default=None)
