"""PostgreSQL 14 or later: any number of programs, one write transaction at a time. Only this module knows psycopg."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from queue import Empty, Full, LifoQueue
from selectors import EVENT_READ, DefaultSelector
from threading import local
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from psycopg.types.numeric import Int8Dumper

from digest.errors import ConfigError, StoreError
from digest.store import migrations, rows
from digest.store.driver import Row
from digest.store.sqlstore import SqlStore

Connection = psycopg.Connection[Row]

# Longer than any transaction of ours: the writers of all machines stand in one line, first come, first served.
PATIENCE = timedelta(seconds=60)
# And longer than any of ours is silent in its middle. Whoever is has been frozen, with its machine or alone, and would
# hold up all others until it wakes; so it is shown out before they lose patience.
SILENCE = timedelta(seconds=40)

# A transaction reads only after it has the lock. So at `read committed` it sees all that was written before, nothing
# changes under it, and nothing fails to serialize. The price: the transactions of all machines form one line, which
# moves once a sync of the disk (1,000 a second on the SSD it was measured on). Reads do not stand in it. Statements by
# themselves wait for transactions, but not for one another, so that their commits share a sync.
_LOCK = int.from_bytes(b"digest")
_ALONE = f"begin; select pg_advisory_xact_lock({_LOCK})".encode()
_AMONG_OTHERS = f"select pg_advisory_xact_lock_shared({_LOCK})".encode()

# Commits wait for the disk; and a machine that vanished does not hold the lock for the two hours TCP would allow it.
_SESSION = b"""
select set_config(name, value, false) from (values
  ('lock_timeout', %(patience)s),
  ('idle_in_transaction_session_timeout', %(silence)s),
  ('default_transaction_isolation', 'read committed'),
  ('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on')),
  ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3')
) as wanted (name, value)"""

_KEPT = 8
_SEARCH_WORDS = 32

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|::|%|:(?P<name>[a-z_][a-z0-9_]*)""")
_CREDENTIALS = re.compile(r"[^:@/?#\[\]]*(?::[^:@/?#\[\]]*)?")

_LOST = ("the connection broke", "try again when the server runs; of a write, look first whether it was kept")

# By SQLSTATE, or the letters that it begins with.
_REASONS = {
    "08": _LOST,
    "23503": ("FOREIGN KEY constraint failed: {constraint}", None),
    "25P03": ("it was left alone in the middle of a transaction, and kept nothing of it", "was this machine asleep?"),
    "25006": ("it may only be read", "is it a standby? store.url must name the server that takes writes"),
    "42501": ("{text}", "grant its user that right, or name the owner of the tables in store.url"),
    "53100": ("the disk is full", "make room; what was stored before is intact"),
    "53300": ("it takes no more connections", "raise max_connections on the server, or run fewer workers"),
    "55P03": ("another program is writing to it", "try again when that has finished"),
    "57P": _LOST,
    "58": ("the disk cannot be read or written", "check the server's disk, and that there is room on it"),
    "XX001": ("the database is damaged", "restore it from a backup"),
    "XX002": ("the database is damaged", "restore it from a backup"),
}

# What goes wrong at the door comes without SQLSTATE.
_AT_THE_DOOR = {
    "password": "check the user and the password in store.url",
    'role "': "check the user in store.url",
    'database "': "make the database, or check its name in store.url",
    "pg_hba.conf": "let this machine in: pg_hba.conf on the server",
    "too many": "raise max_connections on the server, or run fewer workers",
}


def open_postgres(url: str, *, patience: timedelta = PATIENCE) -> SqlStore:
    """Return the store in a database, brought up to date; `patience` is how long to wait for other writers.

    Raises ConfigError, StoreError, SchemaError.
    """
    db = Postgres(url, patience)
    try:
        migrations.migrate(db, migrations.shipped(db.dialect))
    except BaseException:
        db.close()
        raise
    return SqlStore(db)


class Connections:
    """One for each thread at work, the last ones kept for the next.

    psycopg's own pool connects in the background: there a wrong password becomes "timed out".
    """

    def __init__(self, url: str, patience: timedelta) -> None:
        self._address, self._patience = _address(url), patience
        self.name = _name(self._address)
        self._kept: LifoQueue[Connection] = LifoQueue(_KEPT)
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        connection = self._take() or self._connect()
        try:
            yield connection
        finally:
            self._put_back(connection)

    def _take(self) -> Connection | None:
        with suppress(Empty):
            while True:
                connection = self._kept.get_nowait()
                if not _hung_up(connection):
                    return connection
                connection.close()
        return None

    def _connect(self) -> Connection:
        try:
            connection: Connection = psycopg.connect(**self._address, autocommit=True, row_factory=dict_row)
        except psycopg.OperationalError as error:
            why, hint = _told_at_the_door(error)
            raise StoreError(f"store {self.name}: it cannot be opened: {why}", hint=hint) from error
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: Connection) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(f"store {self.name}: its text is {encoding}, not UTF8", hint="make a database in UTF8")
        # One type for all whole numbers, or each mixture of sizes would be prepared as another statement.
        connection.adapters.register_dumper(int, Int8Dumper)
        given = {"patience": self._patience, "silence": SILENCE}
        connection.execute(_SESSION, {name: f"{wait.total_seconds():.3f}s" for name, wait in given.items()})

    def _put_back(self, connection: Connection) -> None:
        with suppress(psycopg.Error):
            connection.rollback()
        if not self._closed and connection.info.transaction_status == TransactionStatus.IDLE:
            with suppress(Full):
                self._kept.put_nowait(connection)
                return
        connection.close()

    def close(self) -> None:
        self._closed = True
        with suppress(Empty):
            while True:
                self._kept.get_nowait().close()


class _Here(local):
    """What a thread is in the middle of."""

    connection: Connection | None = None
    doomed = False


class Postgres:
    """The driver. Threads work side by side, and a transaction belongs to the thread that began it."""

    dialect = "postgres"
    matching = "select number from paper_fts where words @@ paper_query(:wanted) order by number desc limit :reach"

    def __init__(self, url: str, patience: timedelta = PATIENCE) -> None:
        self._connections = Connections(url, patience)
        self._name = self._connections.name
        self._here = _Here()

    def rows(self, query: str, /, **params: object) -> list[Row]:
        with self._guarded() as connection:
            return connection.execute(translated(query), rows.cells(params)).fetchall()

    def run(self, query: str, /, **params: object) -> int:
        with self._guarded() as connection:
            if self._here.connection:
                return connection.execute(translated(query), rows.cells(params)).rowcount
            # What is sent together is a transaction of its own.
            with connection.pipeline():
                connection.execute(_AMONG_OTHERS)
                cursor = connection.execute(translated(query), rows.cells(params))
            return cursor.rowcount

    def many(self, query: str, found: Iterable[Mapping[str, object]], /) -> int:
        # COPY into a table beside it would save a tenth (measured): the index of words takes most of the time.
        inside = self._here.connection is not None
        with self.transaction(), self._guarded() as connection, connection.cursor() as cursor:
            cursor.executemany(translated(query), [rows.cells(row) for row in found])
            if inside:
                # Sent as a batch, what came last does not start the clock of SILENCE.
                connection.execute(b"select", prepare=False)
            return max(cursor.rowcount, 0)

    def script(self, text: str) -> None:
        with self._guarded() as connection:
            connection.execute(text.encode())

    def wanted(self, query: str) -> list[str]:
        return _parts(query)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._joined() if self._here.connection else self._begun():
            yield

    @contextmanager
    def _begun(self) -> Iterator[None]:
        with self._guarded() as connection:
            # As one text: after a pipeline, which psycopg ends with a flush, the server would not count our silence.
            connection.execute(_ALONE, prepare=False)
            self._here.connection, self._here.doomed = connection, False
            try:
                yield
                self._refuse_if_doomed()
                connection.execute(b"commit")
            finally:
                self._here.connection = None

    @contextmanager
    def _joined(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._here.doomed = True
            raise

    def _refuse_if_doomed(self) -> None:
        if self._here.connection and self._here.doomed:
            raise StoreError(f"store {self._name}: a step of the transaction failed, so none of it is kept")

    @contextmanager
    def _guarded(self) -> Iterator[Connection]:
        """Lend a connection, and say its errors in our words; a misuse of psycopg is a bug and stays as it is."""
        self._refuse_if_doomed()
        try:
            if self._here.connection:
                yield self._here.connection
            else:
                with self._connections.lend() as connection:
                    yield connection
        except psycopg.Error as error:
            if isinstance(error, psycopg.ProgrammingError | psycopg.InterfaceError) and not error.sqlstate:
                raise
            self._here.doomed = True
            why, hint = _told(error)
            raise StoreError(f"store {self._name}: {why}", hint=hint) from error

    def close(self) -> None:
        self._connections.close()


@cache
def translated(query: str) -> bytes:
    """Return a statement with parameters as psycopg writes them: `%(name)s` for `:name`, and `%%` for `%`."""

    def spelled(token: re.Match[str]) -> str:
        return f"%({token['name']})s" if token["name"] else token[0].replace("%", "%%")

    return _TOKEN.sub(spelled, query).encode()


def _parts(query: str) -> list[str]:
    """Return the words and the phrases (in quotation marks) among a query's first words."""
    words = query.encode(errors="ignore").decode().replace("\0", " ").split()
    pieces = " ".join(words[:_SEARCH_WORDS]).split('"')
    return [part for place, piece in enumerate(pieces) for part in ([piece] if place % 2 else piece.split())]


def _hung_up(connection: Connection) -> bool:
    """Say whether the server ended a kept connection: unasked, it has nothing to say but goodbye."""
    with DefaultSelector() as selector:
        selector.register(connection.fileno(), EVENT_READ)
        return bool(selector.select(0))


def _address(url: str) -> dict[str, Any]:
    """Return the parts of an address. Raises ConfigError, which shows none of them: one may be a password."""
    parts = _read(url)
    if parts is None:
        raise ConfigError(
            "store.url is not the address of a PostgreSQL database",
            hint="use postgresql://USER:PASSWORD@HOST/DATABASE, with signs in the password as %40 for @, %2F for /",
        )
    return {"connect_timeout": 10, "application_name": "digest", **parts, "client_encoding": "utf8"}


def _read(url: str) -> dict[str, Any] | None:
    # Of a bare sign in a password libpq would make a piece of the host, and print it.
    if not _CREDENTIALS.fullmatch(url.partition("://")[2].rpartition("@")[0]):
        return None
    with suppress(psycopg.ProgrammingError, UnicodeDecodeError):
        return conninfo_to_dict(url)
    return None


def _name(address: Mapping[str, Any]) -> str:
    host = address.get("host", "")
    return f"postgresql://{'' if host.startswith('/') else host}/{address.get('dbname', '')}"


def _told(error: psycopg.Error) -> tuple[str, str | None]:
    code, text = error.sqlstate or "", _one_line(error)
    if not code:
        return _LOST if isinstance(error, psycopg.OperationalError) else (text, None)
    known = (_REASONS[code[:length]] for length in (5, 3, 2) if code[:length] in _REASONS)
    why, hint = next(known, ("{text}", None))
    return why.format(text=text, constraint=error.diag.constraint_name), hint


def _told_at_the_door(error: psycopg.Error) -> tuple[str, str]:
    why = _one_line(error).rpartition(" failed: ")[2]
    hints = (hint for sign, hint in _AT_THE_DOOR.items() if sign in why)
    return why, next(hints, "is the server running, and is store.url right in host, database, user and password?")


def _one_line(error: psycopg.Error) -> str:
    # Without the server's details, which may quote a reader's address.
    return " ".join((error.diag.message_primary or str(error)).split())
