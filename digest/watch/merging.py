"""Decide what a batch of entries changes: which papers are new, which are merged into known ones, and why.

Pure: the store's knowledge comes in as `Known`, the decisions go out as `Changes`; saving them twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import field
from msgspec.structs import asdict, replace

from digest.identity import conflict, keys
from digest.model import (
    AnnounceType,
    Entry,
    Links,
    Paper,
    PaperId,
    Rights,
    Sighting,
    Signal,
    SignalKind,
    Source,
    SourceId,
    Value,
)

# A title and a first author are reused for other works, though hardly within a year.
TITLE_HORIZON = timedelta(days=365)
MENTIONS_BY = SourceId("digest")
"""The source that mentions are counted by: how many of our own announced a paper, once it is more than one."""
# A title, even with its author, is shared by other works: it finds a paper for an entry, and joins no two papers.
_PROOFS = ("arxiv:", "doi:", "text:")
_STRENGTH = list(AnnounceType)
_SHARED = frozenset(Entry.__struct_fields__) & frozenset(Paper.__struct_fields__)
_FREEDOM = {Rights.LINK: 0, Rights.EXCERPT: 1, Rights.FULL: 2}


class Outcome(StrEnum):
    """What became of an entry."""

    NEW = "new"
    MERGED = "merged"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Known(Value):
    """What the store holds that a batch may touch: earlier sightings of these entries, owners of their keys, papers
    and which sources announced them.
    """

    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    owners: Mapping[str, PaperId] = field(default_factory=dict)
    papers: Mapping[PaperId, Paper] = field(default_factory=dict)
    announcers: Mapping[PaperId, tuple[SourceId, ...]] = field(default_factory=dict)


class Decision(Value):
    """One entry's fate, for the report: `why` names the key by which it was merged."""

    entry: Entry
    paper_id: PaperId
    outcome: Outcome
    why: str | None = None


class Changes(Value):
    """All that is to be saved, and the decisions behind it. `papers` holds only those that differ from before.

    `unions` are stored papers that turned out to be another: the id that goes, and the one that stays. `announced`
    are the entries by which this source announced a paper for the first time.
    """

    papers: tuple[Paper, ...]
    unions: Mapping[PaperId, PaperId]
    keys: Mapping[str, PaperId]
    sightings: tuple[Sighting, ...]
    signals: tuple[Signal, ...]
    decisions: tuple[Decision, ...]
    announced: tuple[Entry, ...] = ()


def decide(entries: Iterable[Entry], known: Known, *, source: Source, now: datetime) -> Changes:
    """Return what a batch changes. Entries are taken in order, so a batch may merge into itself."""
    desk = _Desk(known, source, now)
    decisions = [desk.take(entry) for entry in entries]
    before = known.papers
    return Changes(
        papers=tuple(paper for paper in desk.papers.values() if before.get(paper.id) != paper),
        unions={old: new for old, new in desk.unions.items() if old in before},
        keys=desk.new_keys,
        sightings=tuple(desk.new_sightings.values()),
        signals=(*desk.signals, *desk.mentions()),
        decisions=tuple(replace(one, paper_id=desk.unions.get(one.paper_id, one.paper_id)) for one in decisions),
        announced=tuple(desk.announced.values()),
    )


class _Desk:
    """The state while a batch is worked through."""

    def __init__(self, known: Known, source: Source, now: datetime) -> None:
        self.known, self.source, self.now = known, source, now
        self.sightings, self.owners, self.papers = dict(known.sightings), dict(known.owners), dict(known.papers)
        self.new_keys: dict[str, PaperId] = {}
        self.new_sightings: dict[str, Sighting] = {}
        self.signals: list[Signal] = []
        self.unions: dict[PaperId, PaperId] = {}
        self.announced: dict[PaperId, Entry] = {}

    def take(self, entry: Entry) -> Decision:
        seen = self.sightings.get(entry.external_id)
        if seen:
            outcome, paper_id, why = self._again(_strongest(entry, seen.entry), seen)
        else:
            outcome, paper_id, why = self._first_time(entry)
        self._observe(entry, paper_id)
        return Decision(entry=entry, paper_id=paper_id, outcome=outcome, why=why)

    def mentions(self) -> list[Signal]:
        """Return how many sources announced each paper that this one newly announces, or that two papers became."""
        touched = {one.paper_id for one in self.new_sightings.values()}
        return [
            Signal(paper_id=id_, kind=SignalKind.MENTIONS, source_id=MENTIONS_BY, at=self.now, value=count)
            for id_ in sorted(touched)
            if (count := len(self._announcers(id_))) > max(1, len(self.known.announcers.get(id_, ())))
        ]

    def _announcers(self, id_: PaperId) -> set[SourceId]:
        before = [id_, *(old for old, new in self.unions.items() if new == id_)]
        return {self.source.id}.union(*(self.known.announcers.get(one, ()) for one in before))

    def _again(self, entry: Entry, seen: Sighting) -> tuple[Outcome, PaperId, str | None]:
        if _content(entry) == _content(seen.entry):
            return Outcome.UNCHANGED, seen.paper_id, None
        paper, own = self.papers[seen.paper_id], keys(entry)
        if seen.entry.withdrawn and not entry.withdrawn:
            # Who took it back may put it there again; a stranger who does not know of it may not.
            paper = replace(paper, withdrawn=False)
        paper, why = self._joined(entry, own, paper)
        self._keep(entry, own, paper, seen.first_seen)
        return Outcome.CHANGED, paper.id, why

    def _first_time(self, entry: Entry) -> tuple[Outcome, PaperId, str | None]:
        own = keys(entry)
        found = self._owner(entry, own)
        if not found:
            paper = self._mint(entry, own)
            self._keep(entry, own, paper, self.now)
            self.announced[paper.id] = entry
            return Outcome.NEW, paper.id, None
        if self.source.id not in self.known.announcers.get(found[1], ()):
            self.announced.setdefault(found[1], entry)
        paper, also = self._joined(entry, own, self.papers[found[1]])
        self._keep(entry, own, paper, self.now)
        return Outcome.MERGED, paper.id, also or found[0]

    def _owner(self, entry: Entry, own: Iterable[str]) -> tuple[str, PaperId] | None:
        """Return the strongest key that a paper already has, and that paper, if nothing speaks against it."""
        for key in own:
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

    def _mint(self, entry: Entry, own: Sequence[str]) -> Paper:
        """Return a new paper, known by its strongest key."""
        minted, number = PaperId(own[0]), 2
        while minted in self.papers:
            minted, number = PaperId(f"{own[0]}.{number}"), number + 1
        return Paper(id=minted, title=entry.title, first_seen=self.now, rights=self.source.rights)

    def _joined(self, entry: Entry, own: Iterable[str], paper: Paper) -> tuple[Paper, str | None]:
        """Return an entry's paper, made one with any other that the entry proves to be the same, and the proof."""
        if conflict(entry, paper):
            return paper, None
        proof = None
        for key in own:
            other = self.papers.get(self.owners.get(key, paper.id))
            if other is None or other.id == paper.id or not key.startswith(_PROOFS):
                continue
            if not conflict(entry, other) and not conflict(paper, other):
                paper, proof = self._one_of(paper, other), key
        return paper, proof

    def _one_of(self, paper: Paper, other: Paper) -> Paper:
        """Make two papers one: the one that was seen first stays, and all that was the other's is its own."""
        stays, goes = sorted((paper, other), key=lambda one: (one.first_seen, one.id not in self.known.papers, one.id))
        self.papers[stays.id] = unite(stays, goes)
        del self.papers[goes.id]

        def moved(id_: PaperId) -> PaperId:
            return stays.id if id_ == goes.id else id_

        self.unions = {old: moved(new) for old, new in self.unions.items()} | {goes.id: stays.id}
        self.owners = {key: moved(id_) for key, id_ in self.owners.items()}
        self.new_keys = {key: moved(id_) for key, id_ in self.new_keys.items()}
        self.sightings = {id_: replace(one, paper_id=moved(one.paper_id)) for id_, one in self.sightings.items()}
        self.new_sightings = {id_: self.sightings[id_] for id_ in self.new_sightings}
        self.signals = [replace(one, paper_id=moved(one.paper_id)) for one in self.signals]
        return self.papers[stays.id]

    def _keep(self, entry: Entry, own: Iterable[str], paper: Paper, first_seen: datetime) -> None:
        self.papers[paper.id] = merge(paper, self._less(entry, own, paper), self.source.rights)
        sighting = Sighting(entry=replace(entry, signals=()), paper_id=paper.id, first_seen=first_seen)
        self.sightings[entry.external_id] = self.new_sightings[entry.external_id] = sighting
        for key in own:
            if key not in self.owners:
                self.owners[key] = self.new_keys[key] = paper.id

    def _less(self, entry: Entry, own: Iterable[str], paper: Paper) -> Entry:
        """Return an entry without the ids that are known to be another paper's."""
        taken = {key.partition(":")[0] for key in own if self.owners.get(key, paper.id) != paper.id}
        if "arxiv" in taken:
            entry = replace(entry, arxiv_id=None)
        return replace(entry, doi=None) if "doi" in taken else entry

    def _observe(self, entry: Entry, paper_id: PaperId) -> None:
        self.signals += [
            Signal(paper_id=paper_id, kind=one.kind, source_id=self.source.id, at=one.at or self.now, value=one.value)
            for one in entry.signals
        ]


def merge(paper: Paper, entry: Entry, rights: Rights) -> Paper:
    """Return the paper with what an entry adds: a known field stays unless the entry is a newer version of the work.

    A withdrawal leaves the text that was known. A withdrawn paper comes back with a newer version.
    """
    latest = (entry.version or 0) > (paper.version or 0)
    newer = latest and not entry.withdrawn
    freer = _FREEDOM[rights] > _FREEDOM[paper.rights] and not entry.withdrawn
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
        withdrawn=_withdrawn(paper, entry) if entry.withdrawn else paper.withdrawn and not latest,
    )


def unite(paper: Paper, other: Paper) -> Paper:
    """Return a paper with what another adds that turned out to be the same work."""
    told = {name: getattr(other, name) for name in _SHARED}
    return merge(paper, Entry(source_id=MENTIONS_BY, external_id=other.id, **told), other.rights)


def _withdrawn(paper: Paper, entry: Entry) -> bool:
    """Say whether a withdrawal holds: not that of a version which has a successor."""
    return paper.withdrawn or entry.version is None or entry.version >= (paper.version or 0)


def _strongest(entry: Entry, seen: Entry) -> Entry:
    """Return an entry as of the strongest kind it was ever announced with: new in one category, a cross in another."""
    kinds = [kind for kind in (entry.announce_type, seen.announce_type) if kind]
    return replace(entry, announce_type=min(kinds, key=_STRENGTH.index, default=None))


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
