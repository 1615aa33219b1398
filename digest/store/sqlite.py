"""SQLite: one file, one connection, one writer at a time. The only module that knows sqlite3 and sqlite-utils."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import RLock
from time import sleep

from sqlite_utils import Database

from digest.errors import StoreError
from digest.store import migrations, rows
from digest.store.driver import Row
from digest.store.sqlstore import SqlStore

PATIENCE = timedelta(seconds=10)

# FULL: with every unsynced write dropped, NORMAL lost commits that had been acknowledged, FULL none (measured).
_PRAGMAS = ("synchronous = full", "foreign_keys = on", "cache_size = -32768", "analysis_limit = 400")

_WAL_TRIES = 200
_SEARCH_WORDS = 32

_REASONS = {
    sqlite3.SQLITE_BUSY: ("another program is writing to it", "try again when that has finished"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "does its folder exist, and may you write there?"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "restore it from a backup"),
    sqlite3.SQLITE_FULL: ("the disk is full", "make room; what was stored before is intact"),
    sqlite3.SQLITE_IOERR: ("the disk cannot be read or written", "check the disk, and that there is room on it"),
    sqlite3.SQLITE_NOTADB: ("the file is not a database", "does store.url name the right file?"),
    sqlite3.SQLITE_READONLY: ("it may only be read", "check who owns the file and its folder"),
}


def open_sqlite(path: str, *, patience: timedelta = PATIENCE) -> SqlStore:
    """Return the store in a file, made or brought up to date; `patience` is how long to wait for another writer.

    Raises StoreError, SchemaError.
    """
    db = Sqlite(path, patience)
    try:
        migrations.migrate(db, migrations.shipped(db.dialect))
    except BaseException:
        db.close()
        raise
    return SqlStore(db)


class Sqlite:
    """The driver. Threads share the connection, and each waits until another's transaction is over."""

    dialect = "sqlite"
    matching = "select rowid from paper_fts where paper_fts match :wanted order by rowid desc limit :reach"

    def __init__(self, path: str, patience: timedelta = PATIENCE) -> None:
        self._path = path
        self._lock = RLock()
        self._inside = self._doomed = False
        with self._guarded():
            # No isolation level: transactions begin where this module says so, and nowhere else.
            connection = sqlite3.connect(
                path, timeout=patience.total_seconds(), isolation_level=None, check_same_thread=False
            )
            self._db = Database(connection)
            self._prepare(patience)

    def _prepare(self, patience: timedelta) -> None:
        try:
            _enable_wal(self._db, patience)
            for pragma in _PRAGMAS:
                self._db.execute(f"pragma {pragma}")
        except sqlite3.Error:
            self._db.close()
            raise

    def rows(self, query: str, /, **params: object) -> list[Row]:
        with self._guarded():
            cursor = self._db.conn.execute(query, rows.cells(params))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def run(self, query: str, /, **params: object) -> int:
        with self._guarded():
            return self._db.conn.execute(query, rows.cells(params)).rowcount

    def many(self, query: str, found: Iterable[Mapping[str, object]], /) -> int:
        with self.transaction(), self._guarded():
            return self._db.conn.executemany(query, map(rows.cells, found)).rowcount

    def script(self, text: str) -> None:
        # sqlite3's own executescript would commit first.
        with self._guarded():
            for statement in _statements(text):
                self._db.execute(statement)

    def wanted(self, query: str) -> str:
        return self._db.quote_fts(_plain(query))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock, self._joined() if self._inside else self._begun():
            yield

    @contextmanager
    def _begun(self) -> Iterator[None]:
        # IMMEDIATE: a deferred transaction that reads, then writes, fails at once if another wrote in between.
        self.run("begin immediate")
        self._inside, self._doomed = True, False
        try:
            yield
            self.run("commit")
        except BaseException:
            self._db.rollback()
            raise
        finally:
            self._inside = False

    @contextmanager
    def _joined(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._doomed = True
            raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Hold the connection, and say an error of SQLite in our words; a misuse of it is a bug and stays as it is."""
        with self._lock:
            # SQLite may have rolled back by itself: what came next would be kept, one statement at a time.
            if self._inside and self._doomed:
                raise StoreError(f"store {self._path}: a step of the transaction failed, so none of it is kept")
            try:
                yield
            except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
                raise
            except sqlite3.Error as error:
                self._doomed = True
                why, hint = _told(error)
                raise StoreError(f"store {self._path}: {why}", hint=hint) from error

    def close(self) -> None:
        with self._lock:
            # Only advice for the next query plans: no reason to fail, nor to wait for another writer.
            with suppress(sqlite3.Error):
                self._db.execute("pragma busy_timeout = 0")
                self._db.execute("pragma optimize")
            self._db.close()


def _enable_wal(db: Database, patience: timedelta) -> None:
    """Switch to a write-ahead log; of those who open a new file at once, SQLite refuses all but one without waiting."""
    for _ in range(_WAL_TRIES):
        try:
            return db.enable_wal()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        sleep((patience / _WAL_TRIES).total_seconds())
    return db.enable_wal()


def _told(error: sqlite3.Error) -> tuple[str, str | None]:
    # The low byte is the kind of error, the rest a detail.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return _REASONS.get(code, (str(error), None))


def _statements(text: str) -> Iterator[str]:
    """Split a migration into its statements, each of which ends with its line."""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        lines.append(line)
        if sqlite3.complete_statement("".join(lines)):
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def _plain(query: str) -> str:
    """Return a query's first words without what SQLite cannot take: lone surrogates, NUL."""
    words = query.encode(errors="ignore").decode().replace("\0", " ").split()
    return " ".join(words[:_SEARCH_WORDS])
