"""The contract of the store: what each method promises, whatever database is behind it.

A call takes and returns model values, a batch at a time, and is one transaction, or a part of the one that is open.
Every method may raise StoreError; what else it raises stands with it. Instants are kept to the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol

from digest.model import (
    Arrival,
    Begun,
    Bounce,
    Cadence,
    Delivery,
    DeliveryId,
    DeliveryState,
    Desk,
    Digest,
    DigestId,
    Edition,
    EditionId,
    EditionState,
    Ended,
    FeedEntry,
    FeedState,
    FittedSpace,
    Health,
    MeterHealth,
    Origin,
    Paper,
    PaperId,
    Period,
    PeriodKind,
    Pick,
    Reading,
    Search,
    Segment,
    Sighting,
    Signal,
    SignalKind,
    Source,
    SourceId,
    Standing,
    Subscriber,
    SubscriberId,
    Subscription,
    Summary,
    Suppression,
    SuppressionReason,
    Told,
    Topic,
    TopicId,
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

    def save_vectors(self, model: str, places: Mapping[str, bytes]) -> None:
        """Keep where a model places texts, by their digests; those of other models are forgotten."""

    def vectors(self, model: str, texts: Iterable[str]) -> dict[str, bytes]:
        """Where a model places those of these texts that it was asked about."""

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


class Topics(Protocol):
    """Topics and their editions."""

    def put_topics(self, topics: Iterable[Topic]) -> int:
        """Add topics or change them. Returns how many were written."""

    def topics(self, *, owner: SubscriberId | None = None) -> list[Topic]:
        """The site's topics by id, or those of one subscriber."""

    def topic(self, topic_id: TopicId) -> Topic:
        """Raises NotFoundError, with the near names among the site's topics as hint."""

    def remove_topic(self, topic_id: TopicId) -> None:
        """Forget a topic; its editions stay, and subscriptions wait for its return. Raises NotFoundError."""

    def save_edition(self, edition: Edition) -> bool:
        """Save an edition and its picks; it may replace a draft. False, and nothing changes, if one is released.

        What a released one picked enters the feeds of its topic and of the site: see `enter`.
        """

    def save_editions(self, editions: Iterable[Edition]) -> list[Edition]:
        """Save editions as `save_edition` does, all or none. Returns those that were saved."""

    def edition(self, edition_id: EditionId) -> Edition:
        """The edition exactly as it was saved. Raises NotFoundError."""

    def editions(
        self,
        topic_id: TopicId | None = None,
        *,
        kind: PeriodKind | None = None,
        state: EditionState | None = None,
        limit: int | None = None,
    ) -> list[Edition]:
        """The editions that fit, newest first by the start of their period, then by topic."""

    def editions_of(self, paper_id: PaperId) -> list[EditionId]:
        """The released editions that name a paper, also beside a pick, newest first by the start of their period."""

    def sizes(self, topic_id: TopicId) -> dict[EditionId, int]:
        """How many picks each edition of a topic has, drafts too; those without any are absent."""

    def releases(self) -> dict[EditionId, datetime]:
        """When each released edition was released, by id: what pages and feeds of the site are dated by."""

    def shown_papers(self) -> dict[PaperId, datetime]:
        """When each paper that a topic of the site shows was last shown, by id; nothing of what readers have alone."""

    def past_topics(self) -> list[TopicId]:
        """The site's topics that were removed and have released editions, by id; nobody's personal ones."""

    def periods(self, topic_id: TopicId) -> set[Period]:
        """The periods for which a topic has an edition, draft or released."""

    def picked(
        self,
        topic_id: TopicId,
        kind: PeriodKind,
        *,
        before: date | None = None,
        since: date | None = None,
        apart_from: str | None = None,
    ) -> set[PaperId]:
        """The papers in a topic's editions of one kind, draft or released, those named beside a pick as well.

        `before` and `since` bound the first day of the editions' periods, `since` included; `apart_from` leaves out
        the edition of the period with that label.
        """

    def withdrawals(self, kind: PeriodKind, *, apart_from: str) -> dict[TopicId, list[tuple[Paper, Period]]]:
        """The papers withdrawn since released editions of one kind picked them, and when, by topic, last picked first.

        Not those of which an edition of the topic told already, and nothing of the period with the label `apart_from`.
        """

    def told_since(
        self, topic_id: TopicId, kind: PeriodKind, since: date
    ) -> list[tuple[EditionId, date, frozenset[PaperId]]]:
        """The papers of each released edition of a topic whose period begins on a day or later, newest first.

        Not those named beside a pick. Cheaper than to read the editions.
        """

    def had(
        self,
        topics: Iterable[TopicId],
        papers: Iterable[PaperId],
        kind: PeriodKind,
        *,
        before: date | None = None,
        since: date | None = None,
        apart_from: str | None = None,
    ) -> dict[TopicId, set[PaperId]]:
        """Which of the papers each topic had, as `picked` counts them, for many topics at once; absent if none."""

    def due_personal(self, cadence: Cadence, period: Period, *, begun: bool) -> list[Topic]:
        """The personal topics without an edition of a period that are mailed at a cadence, by id.

        Their subscription is active, and they are not switched off. `begun` leaves out those without an older edition
        of that kind.
        """

    def forget_topic(self, topic_id: TopicId) -> None:
        """Forget a topic and all that was made for it, released or not: editions, blocks, its feed. None is no error.

        For a personal topic, which goes when its reader wants it gone.
        """

    def desk(self, edition_id: EditionId) -> Desk:
        """What editors decided about an edition, there or not; version 0 if nothing."""

    def save_desk(self, desk: Desk) -> bool:
        """Keep what editors decided, as the next version. False, and nothing changes, if the version is an old one."""

    def block(self, topic_id: TopicId, paper_id: PaperId, *, now: datetime) -> bool:
        """Keep a paper out of a topic's editions from now on. False if it was blocked already."""

    def unblock(self, topic_id: TopicId, paper_id: PaperId) -> bool:
        """False if it was not blocked."""

    def blocked(self, topic_id: TopicId, *, until: datetime) -> set[PaperId]:
        """The papers kept out of a topic that were blocked at or before `until`."""

    def save_summaries(self, summaries: Iterable[Summary]) -> int:
        """Keep what a model wrote; of the same hash the last counts. Returns how many were written."""

    def summaries(self, hashes: Iterable[str]) -> dict[str, Summary]:
        """The summaries that are known of those named, by hash."""


class Feeds(Protocol):
    """What entered the site's feeds, when and in which order. A released edition enters by `save_edition`."""

    def enter(self, feed: str, picks: Sequence[Pick], *, at: datetime) -> int:
        """Let papers enter a feed, each once for ever, the first of them as the newest. Returns how many are new."""

    def entered(self, feed: str, paper_ids: Iterable[PaperId]) -> set[PaperId]:
        """Which of the papers ever entered a feed."""

    def feeds(self) -> dict[str, FeedState]:
        """Every feed that anything entered, personal topics' as well, by name."""

    def feed_entries(self, feed: str, *, after: int, until: int) -> list[FeedEntry]:
        """The entries of a feed with larger numbers than `after`, up to `until`, in their order."""

    def entered_by(self, feed: str, at: datetime) -> int:
        """How many papers had entered a feed at an instant."""

    def newest_entries(self, feeds: Iterable[str], *, limit: int) -> list[FeedEntry]:
        """The last entries of several feeds, at most `limit` of each, newest first."""

    def origins(self, paper_ids: Iterable[PaperId], *, until: datetime) -> dict[PaperId, Origin]:
        """The source with an address that told of each paper first, up to an instant; papers without are absent."""

    def feed_days(self, feed: str, *, limit: int) -> list[date]:
        """The days (UTC) on which the last `limit` entries of a feed entered, oldest first."""

    def newest_periods(self) -> set[tuple[TopicId, Period]]:
        """The period of the newest released edition of each topic and kind."""

    def editions_named(self, ids: Iterable[EditionId]) -> dict[EditionId, Edition]:
        """The editions that are known of those named."""

    def renew_feed(self, subscriber_id: SubscriberId) -> int:
        """Count one more renewal of a reader's own feed, and return how many there were. Raises NotFoundError."""

    def told(self, hub: str) -> dict[str, Told]:
        """What a hub was told, by feed."""

    def save_told(self, told: Told) -> None:
        """Keep what a hub was told, or that it could not be."""


class Readers(Protocol):
    """Subscribers and what they subscribed to."""

    def save_subscribers(self, subscribers: Iterable[Subscriber]) -> int:
        """Add subscribers or change them. Returns how many were written.

        Raises StoreError if an address, however it is spelled, belongs to another one.
        """

    def subscriber(self, subscriber_id: SubscriberId) -> Subscriber:
        """Raises NotFoundError."""

    def subscribers_named(self, ids: Iterable[SubscriberId]) -> dict[SubscriberId, Subscriber]:
        """The subscribers that are known of those named."""

    def subscriber_by_address(self, address: str) -> Subscriber | None:
        """The subscriber with that address, however it is spelled."""

    def subscribers(self) -> list[Subscriber]:
        """All subscribers by id."""

    def save_subscription(self, subscription: Subscription) -> bool:
        """Begin a subscription in any state, or move it on. Raises StoreError for an unknown subscriber.

        False, and nothing changes, if SUBSCRIPTION_MOVES forbids the move.
        """

    def subscriptions(self, subscriber_id: SubscriberId) -> list[Subscription]:
        """A subscriber's subscriptions in every state, by topic."""


class Outbox(Protocol):
    """Digests, the books of their delivery, and what came back."""

    def save_digest(self, digest: Digest) -> DigestId:
        """Keep a digest. Returns its id, or that of the one already there with the same slot, form and editions."""

    def digest(self, digest_id: DigestId) -> Digest:
        """Raises NotFoundError."""

    def plan_deliveries(self, deliveries: Iterable[Delivery]) -> int:
        """Enter deliveries in the books; a second one for a subscriber and slot is ignored. Returns the number new."""

    def delivery(self, delivery_id: DeliveryId) -> Delivery:
        """Raises NotFoundError."""

    def deliveries(
        self,
        slot: str | None = None,
        state: DeliveryState | None = None,
        *,
        subscriber_id: SubscriberId | None = None,
    ) -> list[Delivery]:
        """The deliveries that fit, by due moment, then id."""

    def move_delivery(
        self, delivery_id: DeliveryId, *, to: DeliveryState, now: datetime, reply: str | None = None
    ) -> bool:
        """Move a delivery in one statement; without a `reply` the last one stays.

        False, and nothing changes, if DELIVERY_MOVES forbids it from where the delivery stands, or there is none.
        """

    def suppress(self, suppression: Suppression) -> None:
        """Mail an address no more. `hard` and `complaint` stay what they are: only the operator lifts them."""

    def lift(self, address_hash: str, reason: SuppressionReason) -> bool:
        """Mail an address again. False, and nothing changes, if it is not suppressed for that reason."""

    def suppression(self, address_hash: str) -> Suppression | None:
        """Why an address is not mailed, if it is not."""

    def save_bounces(self, bounces: Iterable[Bounce]) -> int:
        """Keep reports about mail; the same report again is ignored. Returns how many were new."""

    def bounces(self, subscriber_id: SubscriberId) -> list[Bounce]:
        """What came back from a subscriber, oldest first."""


class Dispatch(Protocol):
    """Who is mailed next, under which claim; and what only one may do at a time.

    A claim is a fence number on the delivery: whoever comes back with an old number changes nothing.
    """

    def send_times(self) -> list[tuple[Cadence, str, int]]:
        """The cadences, zones and send hours of all who get digests."""

    def segments(self, cadence: Cadence, zone: str, send_hour: int, *, slot: str, due: datetime) -> list[Segment]:
        """Those of a send time whose slot is not in the books, grouped; not those activated after it was due."""

    def domains(self, segment: Segment, *, slot: str) -> dict[str, int]:
        """To which domains, in lower case, a segment's mail for a slot would go: readers by domain, most first."""

    def plan_segment(
        self,
        segment: Segment,
        *,
        slot: str,
        due: datetime,
        covers: datetime,
        now: datetime,
        state: DeliveryState = DeliveryState.QUEUED,
        digest_id: DigestId | None = None,
        reply: str | None = None,
        next_try: datetime | None = None,
        vanguard: Sequence[SubscriberId] = (),
    ) -> int:
        """Enter a slot in the books for a whole segment, in one statement; its readers are then covered up to `covers`.

        Those who are no `vanguard` wait until `next_try`. A reader's second delivery for a slot is ignored. Returns how
        many are new.
        """

    def claim(self, *, limit: int, now: datetime, until: datetime) -> list[Delivery]:
        """Take deliveries whose time has come, the longest waiting first; nobody else gets them until `until`."""

    def standings(self, address_hashes: Mapping[DeliveryId, str]) -> dict[DeliveryId, Standing]:
        """What speaks for and against deliveries, with the hash of each one's address; unknown ones are absent.

        To be read in the transaction of `admit` and `finish`.
        """

    def admit(self, begun: Iterable[Begun], *, until: datetime, now: datetime) -> int:
        """Move claimed deliveries to in_data. Returns how many; not those whose claim is no longer this one."""

    def finish(self, ended: Iterable[Ended], *, now: datetime) -> int:
        """Write down how claims ended. Returns how many; not if the claim is another, or DELIVERY_MOVES forbids it."""

    def release(self, delivery: Delivery, *, now: datetime, next_try: datetime | None = None) -> bool:
        """Give a claim back untried, for `next_try` if one is given. False if the claim is no longer this one."""

    def renew(self, deliveries: Iterable[Delivery], *, until: datetime) -> int:
        """Hold claims longer: their sender is there. Returns how many of them are still these ones."""

    def lapsed(self, *, now: datetime) -> list[Delivery]:
        """Deliveries whose claim nobody ended in time: their sender is gone."""

    def books(self) -> dict[str, dict[DeliveryState, int]]:
        """How many deliveries of each slot stand in each state, newest slot first."""

    def change_deliveries(self, *, to: DeliveryState, slot: str | None, now: datetime) -> int:
        """Move all that wait in a legal state for it (of one slot, or of all). Returns how many.

        What is claimed moves only to where it cannot be sent from.
        """

    def answers(self, slot: str, *, limit: int) -> tuple[int, int]:
        """How many mails of a slot were answered for good, counted up to `limit`, and how many of them were refused."""

    def next_try(self) -> datetime | None:
        """When the next delivery may be claimed."""

    def take_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> int | None:
        """Take or renew a lease. Returns its fence, which grows with each new holder; None while another holds it."""

    def drop_lease(self, name: str, *, holder: str, now: datetime) -> None:
        """Give a lease back."""

    def set_switch(self, name: str, value: str) -> None:
        """Set a switch that all processes see."""

    def switch(self, name: str) -> str | None:
        """Where a switch stands; None if it was never set."""


class Store(Papers, Signals, Readings, Topics, Feeds, Readers, Outbox, Dispatch, Protocol):
    """All that the program remembers."""

    def transaction(self) -> AbstractContextManager[None]:
        """Keep all that is written inside, or nothing; one writer at a time, from the first statement on.

        Inside another it joins that one: a failure of either, even one that is caught, rolls back the whole.
        """

    def schema_version(self) -> int:
        """The number of the last migration."""

    def tally(self) -> dict[str, int]:
        """How many rows each table of the domain has."""

    def close(self) -> None:
        """Let go of the database; nothing may be called afterwards."""
