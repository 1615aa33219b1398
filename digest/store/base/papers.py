"""What a store promises about sources, papers, and what is counted of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Protocol

from digest.model import (
    Arrival,
    FittedSpace,
    Health,
    MeterHealth,
    Paper,
    PaperId,
    Reading,
    Search,
    Sighting,
    Signal,
    SignalKind,
    Source,
    SourceId,
)


class Papers(Protocol):
    """Sources, what they announced, and the papers behind it."""

    def put_sources(self, sources: Iterable[Source]) -> int:
        """Add sources or change their definitions; their health is left alone. Returns how many were written."""

    def sources(self) -> list[Source]:
        """All sources by id."""

    def source(self, source_id: SourceId) -> Source:
        """Raises NotFoundError, with the near names as hint."""

    def remove_source(self, source_id: SourceId) -> None:
        """Forget a source. Raises NotFoundError.

        Its entries, papers and signals stay under its plain id: added again, it finds its entries known.
        """

    def source_tallies(self) -> dict[SourceId, tuple[int, datetime]]:
        """How many entries a source ever gave, and when the last new one was first seen; sources without are absent."""

    def due_sources(self, now: datetime) -> list[Source]:
        """The enabled sources with an address that were never polled, or whose next poll is due, by id."""

    def source_health(self, ids: Iterable[SourceId] | None = None) -> dict[SourceId, Health]:
        """How polling goes for the sources named, or for all; those never polled have a health that says nothing."""

    def save_health(self, health: Health) -> None:
        """Keep how polling goes for a source. Raises NotFoundError."""

    def cool_host(self, name: str, until: datetime) -> None:
        """Ask nothing of a host before `until`, or before the later instant that stood there already."""

    def cooling_hosts(self, now: datetime) -> dict[str, datetime]:
        """The hosts that want to be left alone at `now`, and until when."""

    def save_papers(self, papers: Iterable[Paper]) -> int:
        """Insert papers, or replace all fields where any differs. Returns how many rows were written."""

    def papers(self, ids: Iterable[PaperId]) -> dict[PaperId, Paper]:
        """The papers that are known of those named, in the order of these ids; see `unite_papers` for old ones."""

    def papers_between(
        self,
        start: datetime,
        end: datetime,
        *,
        as_of: datetime,
        new_since: datetime | None = None,
        oldest: datetime | None = None,
    ) -> list[Paper]:
        """The papers of a window as it stood at `as_of`, by id: those fresh from `start` on and before `end`.

        With `new_since` and `oldest` also latecomers: first seen at `new_since` or later and fresh from `oldest` on.
        Never a withdrawn paper, never one first seen after `as_of`, never one known only as old stock: see
        `mark_baseline`.
        """

    def papers_since(self, moment: datetime) -> list[Paper]:
        """All papers first seen after a moment, by id."""

    def unite_papers(self, unions: Mapping[PaperId, PaperId]) -> None:
        """Make each paper one with another that is there: the old id goes, the new one has all that was its.

        These are keys, entries, signals, picks and blocks. Under the old id the paper is still found. Frozen editions
        stay what they are. Raises StoreError if the new one is not there.
        """

    def save_arrivals(self, arrivals: Iterable[Arrival]) -> None:
        """Count entries that were new; more of the same source, category and moment are added."""

    def arrivals(self, since: datetime) -> list[Arrival]:
        """What was new since an instant, oldest first, then by source and category."""

    def first_sight(self) -> datetime | None:
        """When the first paper was seen; None in an empty store."""

    def search(self, query: str, *, limit: int) -> list[Paper]:
        """The newest papers, last stored first, whose title and abstract hold all words of `query` in any form.

        Any text is a query: words in quotation marks are a phrase, nothing is an operator, of a long text the first
        words count, and without a word in it nothing matches. Not ordered by relevance: that would read every match.
        """

    def find(self, search: Search, *, limit: int, skip: int = 0) -> list[Paper]:
        """The papers that a search asks for, last stored first, without the first `skip`.

        Its words are read as `search` does, and without any all papers match. It looks through the newest SEARCHED
        that hold the words, so that no question costs more than that.
        """

    def save_keys(self, keys: Mapping[str, PaperId]) -> int:
        """Give identity keys to papers; a key keeps its first owner. Returns how many were new."""

    def paper_ids(self, keys: Iterable[str]) -> dict[str, PaperId]:
        """The owners of those keys that are known."""

    def save_sightings(self, sightings: Iterable[Sighting]) -> int:
        """Insert entries, or replace those that differ; `first_seen` of a known one is kept. Returns rows written."""

    def sightings(self, source_id: SourceId, external_ids: Iterable[str]) -> dict[str, Sighting]:
        """The entries of a source that are known of those named, by external id."""

    def mark_baseline(self, source_id: SourceId, external_ids: Iterable[str]) -> int:
        """Call entries old stock: what a source held when it was new to us, with no listing date that says otherwise.

        Their papers are known, searched and merged like any others, but are no news: no window holds them until some
        other entry announces them. No date is made up for that. Returns how many entries were marked.
        """

    def announcers(
        self, paper_ids: Iterable[PaperId], *, until: datetime | None = None
    ) -> dict[PaperId, tuple[SourceId, ...]]:
        """The sources that announced each paper, as seen up to `until`, by id; papers without entries are absent."""

    def announcements(self, paper_id: PaperId) -> list[Sighting]:
        """All entries of a paper, first seen first, then by source."""


class Signals(Protocol):
    """Numbers about papers, and about the words in them."""

    def save_signals(self, signals: Iterable[Signal]) -> int:
        """Add to the series; the same paper, kind, source and moment again is ignored. Returns how many were new."""

    def numbers(self, paper_ids: Iterable[PaperId], *, at: datetime) -> dict[PaperId, dict[SignalKind, int]]:
        """Each source's latest value at or before `at`, of these the largest; what has none is absent, not 0."""

    def series(self, paper_ids: Iterable[PaperId], *, until: datetime) -> dict[PaperId, list[Signal]]:
        """All signals of each paper up to and including `until`, oldest first; papers without any are absent."""

    def day_votes(self, start: datetime, end: datetime, *, at: datetime) -> dict[tuple[SourceId, date], list[int]]:
        """How the papers of a list's day stand: the votes that each has at that source, the lowest first.

        The papers are those fresh from `start` on and before `end`, their days in UTC, and their votes the latest at
        or before `at`; a paper that nobody had counted votes for by then is absent.
        """

    def grown(self, start: datetime, end: datetime, *, since: datetime, at: datetime, least: int) -> list[PaperId]:
        """The papers fresh from `start` on and before `end` whose votes or stars at some source doubled, by id.

        They were counted after `since` and reached `least` by `at`. A wide net: which of them grew beyond expectation,
        `rank.late` says.
        """

    def count_terms(self, changes: Mapping[str, int], *, papers: int, tokens: int) -> None:
        """Add to the papers that hold each term, to all papers and to all tokens; what is negative takes away."""

    def leave_uncounted(self, paper_ids: Iterable[PaperId]) -> None:
        """Note papers whose terms are to be counted when they are next wanted."""

    def uncounted(self, *, limit: int) -> list[Paper]:
        """Papers whose terms are to be counted, by id."""

    def uncounted_of(self, paper_ids: Iterable[PaperId]) -> set[PaperId]:
        """Those of these papers whose terms are to be counted."""

    def forget_uncounted(self, paper_ids: Iterable[PaperId]) -> None:
        """Note that the terms of these papers are counted."""

    def document_frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """How many papers hold each term; terms that none holds are absent."""

    def corpus(self) -> tuple[int, int]:
        """Papers and tokens counted so far."""

    def newest_papers(self, limit: int, *, until: datetime) -> list[Paper]:
        """At most so many papers first seen until then, the freshest; never a withdrawn one. By id."""

    def save_vectors(self, model: str, places: Mapping[PaperId, tuple[str, bytes]]) -> None:
        """Keep where a model places papers, each with its text's digest: in place of what was kept of the paper before.

        What other models said is forgotten; a paper takes its place with it when it goes.
        """

    def vectors(self, model: str, texts: Mapping[PaperId, str]) -> dict[PaperId, bytes]:
        """Where a model places those of these papers that it was asked about when they had texts with these digests."""

    def save_space(self, space: FittedSpace) -> None:
        """Keep what was learnt, in place of what was learnt at the same moment; the oldest of more than 8 goes."""

    def space(self, *, at: datetime) -> FittedSpace | None:
        """What was learnt last until a moment, else the first after it; None if nothing ever was."""

    def space_fitted(self) -> tuple[datetime, int] | None:
        """When something was learnt last, and from how large a store."""


class Readings(Protocol):
    """When services are asked for numbers, and how that goes."""

    def enrol(
        self, meter: str, *, about: str, only_counted: bool, start: datetime, now: datetime, next_at: datetime
    ) -> int:
        """Watch the papers worth a number that the meter does not watch yet. Returns how many are new.

        Worth one is what a polled source announced as news since `start`, or only where it counts votes itself
        (`only_counted`); and what an edition picked whose cut came since. `about` is what the meter needs to know of a
        paper: `arxiv`, `id` (arXiv or DOI), or `code` (a repository).
        """

    def due_readings(self, meter: str, now: datetime, *, limit: int) -> list[Reading]:
        """The papers a meter is to be asked about, those last enrolled first: their numbers change most."""

    def save_readings(self, readings: Iterable[Reading]) -> int:
        """Keep what came of readings; one whose paper is gone, or was enrolled anew, is ignored. Returns the rest."""

    def forget_readings(self, meter: str, *, before: datetime) -> int:
        """Forget what is asked for no more and was enrolled before an instant. Returns how many."""

    def reading_tallies(self, now: datetime) -> dict[str, tuple[int, int]]:
        """How many papers each meter watches, and how many of them are due."""

    def meters(self) -> dict[str, MeterHealth]:
        """How asking goes for each service that was ever asked."""

    def save_meter(self, health: MeterHealth) -> None:
        """Keep how asking a service goes."""
