"""The schema's history: numbered files, `migrations/<dialect>/0001_start.sql`, each applied once and in order.

A database is brought up to the program when it is opened. Every dialect has the same numbers.
"""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

from digest.errors import SchemaError, StoreError
from digest.store.driver import Driver

_LEDGER = "create table if not exists migration (number integer primary key, name text not null)"
_VERSION = "select coalesce(max(number), 0) as number from migration"
_RECORD = "insert into migration (number, name) values (:number, :name)"


class Migration(NamedTuple):
    number: int
    name: str
    script: str


def shipped(dialect: str) -> list[Migration]:
    """Return the migrations for a dialect, oldest first."""
    folder = files("digest.store") / "migrations" / dialect
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [Migration(int(name[:4]), name, (folder / name).read_text("utf-8")) for name in found]


def version(db: Driver) -> int:
    """Return the number of the last migration that was applied, 0 for none."""
    (row,) = db.rows(_VERSION)
    return int(row["number"])


def migrate(db: Driver, history: list[Migration]) -> None:
    """Apply what is missing. Raises SchemaError if the database is newer than the program, or a migration fails."""
    current, latest = _current(db), history[-1].number
    if current > latest:
        raise SchemaError(
            f"the database has schema {current}, this program knows only {latest}", hint="upgrade the program"
        )
    for migration in history:
        if migration.number > current:
            _apply(db, migration)


def _current(db: Driver) -> int:
    try:
        return version(db)
    except StoreError:
        # Nothing was ever applied. Only asked for then: who may just read, or has to wait, can still open the rest.
        with db.transaction():
            db.run(_LEDGER)
        return version(db)


def _apply(db: Driver, migration: Migration) -> None:
    # Read again inside: another process may have opened the same new database.
    with db.transaction():
        if version(db) >= migration.number:
            return
        try:
            db.script(migration.script)
        except StoreError as error:
            raise SchemaError(f"migration {migration.name} failed: {error.message}", hint=error.hint) from error
        db.run(_RECORD, number=migration.number, name=migration.name)
