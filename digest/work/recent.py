"""Released editions as a round of sending needs them again and again: kept in memory, so many and no more."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from digest.model import Edition, EditionId, EditionState, PaperId, PeriodKind, TopicId
from digest.store import Store

EDITIONS, TOPICS = 256, 1024
# Enough to hold every edition that two periods, or the rule of repeats, may look at.
LATELY = {PeriodKind.DAY: 40, PeriodKind.WEEK: 8, PeriodKind.MONTH: 6}


class Recent:
    """Reads editions from the store, each once while it is in use. For one round: later releases are not seen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.edition = lru_cache(maxsize=EDITIONS)(store.edition)
        self.told = lru_cache(maxsize=TOPICS)(self._told)

    def released(self, topic: TopicId, kind: PeriodKind) -> list[Edition]:
        """Return a topic's latest released editions of a kind, newest first."""
        return self._store.editions(topic, kind=kind, state=EditionState.RELEASED, limit=LATELY[kind])

    def _told(self, topic: TopicId, kind: PeriodKind) -> list[tuple[EditionId, date, frozenset[PaperId]]]:
        """Return of a topic's latest released editions the id, the first day and the papers."""
        return [
            (edition.id, edition.period.start, frozenset(pick.paper.id for pick in edition.picks))
            for edition in self.released(topic, kind)
        ]
