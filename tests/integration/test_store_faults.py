"""The store when things go wrong: one line that says what and the way out, and what was stored before is intact."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from digest.errors import SchemaError
from digest.store import open_store
from digest.store.migrations import Migration, migrate, shipped
from digest.store.sqlite import Sqlite, open_sqlite
from digest.store.sqlstore import SqlStore
from tests.factories import make_paper, make_source
from tests.stores import refused

SOON = timedelta(milliseconds=50)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one source in it."""
    return made(tmp_path / "digest.db")


def made(path: Path) -> Path:
    with closing(open_sqlite(str(path))) as store:
        store.put_sources([make_source()])
    return path


@contextmanager
def opened(path: Path) -> Iterator[SqlStore]:
    with closing(open_sqlite(str(path), patience=SOON)) as store:
        yield store


def fill(store: SqlStore) -> None:
    for batch in range(1000):
        store.save_papers([make_paper(f"Paper {batch}-{number}", abstract="word " * 200) for number in range(50)])


# The file


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    path.write_text("a letter to nobody, " * 100)
    error = refused(lambda: open_sqlite(str(path)))
    assert "not a database" in error.message
    assert str(path) in error.message


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    error = refused(lambda: open_store(f"sqlite:///{tmp_path}/none/digest.db"))
    assert "cannot be opened" in error.message
    assert "folder" in str(error.hint)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened" in refused(lambda: open_sqlite(str(tmp_path))).message


def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 60)
    error = refused(lambda: open_sqlite(str(path)).sources())
    assert "damaged" in error.message


# Its age


def test_a_database_newer_than_the_program_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("insert into migration (number, name) values (99, '0099_future.sql')")
    error = refused(lambda: open_sqlite(str(path)))
    assert isinstance(error, SchemaError)
    assert "99" in error.message
    assert str(shipped("sqlite")[-1].number) in error.message
    assert error.hint == "upgrade the program"


def test_a_migration_that_fails_leaves_nothing_of_itself(path: Path) -> None:
    broken = Migration(99, "0099_broken.sql", "create table extra (a integer);\ncreate table paper (a integer);\n")
    with closing(Sqlite(str(path))) as db:
        with pytest.raises(SchemaError, match=r"0099_broken\.sql.*paper already exists"):
            migrate(db, [*shipped("sqlite"), broken])
        assert db.rows("select name from sqlite_schema where name = 'extra'") == []
        assert SqlStore(db).schema_version() == shipped("sqlite")[-1].number


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table signal (noise text)")
    with pytest.raises(SchemaError, match="signal already exists"):
        open_sqlite(str(path))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select name from sqlite_schema where name like '%paper%'").fetchall() == []


# Others at work


def test_a_locked_database_is_said_to_be_locked_once_patience_ends(path: Path) -> None:
    with opened(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        error = refused(lambda: store.put_sources([make_source("late")]))
        assert "another program" in error.message
        other.execute("rollback")
        assert store.put_sources([make_source("late")]) == 1


def test_a_locked_database_can_still_be_opened_and_read(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with opened(path) as store:
            assert store.sources() == [make_source()]


def test_a_database_that_may_only_be_read_says_so(path: Path) -> None:
    with opened(path) as store:
        store._db.run("pragma query_only = on")
        assert "only be read" in refused(lambda: store.put_sources([make_source("new")])).message
        assert store.sources() == [make_source()]


# The disk


def test_a_full_file_refuses_and_keeps_what_it_has(path: Path) -> None:
    with opened(path) as store:
        store._db.run("pragma max_page_count = 150")
        assert "disk is full" in refused(lambda: fill(store)).message
        assert store.sources() == [make_source()]
        assert store.tally()["paper"] % 50 == 0
        store._db.run("pragma max_page_count = 100000")
        assert store.save_papers([make_paper("One more")]) == 1


def test_a_full_disk_inside_a_transaction_keeps_nothing_of_it(path: Path) -> None:
    def overfill(store: SqlStore) -> None:
        with store.transaction():
            store.put_sources([make_source("new")])
            fill(store)

    with opened(path) as store:
        store._db.run("pragma max_page_count = 150")
        refused(lambda: overfill(store))
        assert store.sources() == [make_source()]
        assert store.tally()["paper"] == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_refuses_and_keeps_what_it_has(disk: Path) -> None:
    with opened(made(disk / "digest.db")) as store:
        assert "disk is full" in refused(lambda: fill(store)).message
        assert store.sources() == [make_source()]
        kept = store.tally()["paper"]
    with opened(disk / "digest.db") as store:
        assert store.tally()["paper"] == kept
        assert store._db.rows("pragma integrity_check") == [{"integrity_check": "ok"}]


def test_a_disk_without_room_for_a_database_refuses(disk: Path) -> None:
    (disk / "ballast").write_bytes(b"\0" * (2 * 1024 * 1024 - 4096))
    refused(lambda: open_sqlite(str(disk / "digest.db")))


def test_a_disk_that_may_only_be_read_refuses_a_new_database(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert "cannot be opened" in refused(lambda: open_sqlite(str(disk / "digest.db"))).message


# Kill -9

WRITER = """
import sys
from digest.store import open_store
from tests.factories import make_paper, make_source

store = open_store(sys.argv[1])
with store.transaction():
    store.put_sources([make_source("half"), make_source("list", name="Changed")])
    store.save_papers([make_paper(f"Paper {number}", abstract="word " * 500) for number in range(2000)])
    print("written", flush=True)
    sys.stdin.read()
"""


def test_a_kill_in_the_middle_of_a_transaction_leaves_the_old_state(path: Path) -> None:
    command = [sys.executable, "-c", WRITER, f"sqlite:///{path}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "written\n"
        writer.kill()
        assert writer.wait() == -signal.SIGKILL
    with opened(path) as store:
        assert store.sources() == [make_source()]
        assert store.tally()["paper"] == 0
        assert store._db.rows("pragma integrity_check") == [{"integrity_check": "ok"}]
