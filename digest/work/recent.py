"""Released editions as a round of planning or sending needs them again and again: so many in memory, and no more."""

from __future__ import annotations

from functools import lru_cache

from digest.model import Edition, EditionState, PeriodKind, TopicId
from digest.store import Store

EDITIONS, TOPICS, LATEST = 256, 1024, 64
# Enough to hold every edition of the periods that a digest looks back to.
LATELY = {PeriodKind.DAY: 8, PeriodKind.WEEK: 5, PeriodKind.MONTH: 5}


class Recent:
    """Reads editions from the store, each once while it is in use. For one round: later releases are not seen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.edition = lru_cache(maxsize=EDITIONS)(store.edition)
        self.released = lru_cache(maxsize=LATEST)(self._released)
        self.told = lru_cache(maxsize=TOPICS)(store.told_since)

    def _released(self, topic: TopicId, kind: PeriodKind) -> list[Edition]:
        """Return a topic's latest released editions of a kind, newest first."""
        return self._store.editions(topic, kind=kind, state=EditionState.RELEASED, limit=LATELY[kind])
