"""The contract of the store: what each method promises, whatever database is behind it.

A call takes and returns model values, a batch at a time, and is one transaction, or a part of the one that is open.
Every method may raise StoreError; what else it raises stands with it. Instants are kept to the second.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from digest.store.base.mail import Dispatch, Outbox, Readers
from digest.store.base.papers import Papers, Readings, Signals
from digest.store.base.topics import Feeds, Topics

__all__ = ["Dispatch", "Feeds", "Outbox", "Papers", "Readers", "Readings", "Signals", "Store", "Topics"]


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
