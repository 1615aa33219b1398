"""The whole store in SQL, over a driver for one database."""

from __future__ import annotations

from contextlib import AbstractContextManager

from digest.store import migrations, sql
from digest.store.base import Store
from digest.store.dispatch import SqlDispatch
from digest.store.feeds import SqlFeeds
from digest.store.outbox import SqlOutbox
from digest.store.papers import SqlPapers
from digest.store.readers import SqlReaders
from digest.store.readings import SqlReadings
from digest.store.signals import SqlSignals
from digest.store.topics import SqlTopics


class SqlStore(SqlPapers, SqlSignals, SqlReadings, SqlTopics, SqlFeeds, SqlReaders, SqlOutbox, SqlDispatch, Store):
    def transaction(self) -> AbstractContextManager[None]:
        return self._db.transaction()

    def schema_version(self) -> int:
        return migrations.version(self._db)

    def tally(self) -> dict[str, int]:
        return {row["name"]: row["held"] for row in self._db.rows(sql.TALLY)}

    def close(self) -> None:
        self._db.close()
