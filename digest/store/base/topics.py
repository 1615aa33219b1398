"""What a store promises about topics, their editions and their feeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Protocol

from digest.model import (
    Cadence,
    Desk,
    Edition,
    EditionId,
    EditionState,
    FeedEntry,
    FeedState,
    Origin,
    Paper,
    PaperId,
    Period,
    PeriodKind,
    Pick,
    SubscriberId,
    Summary,
    Told,
    Topic,
    TopicId,
)


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
