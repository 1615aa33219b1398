"""What only SQLite has: its safety settings, and an index of words beside the table."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlite_utils import Database

from digest.store import sql
from digest.store.sql import mail, papers, topics
from digest.store.sqlite import open_sqlite
from digest.store.sqlstore import SqlStore
from tests.factories import make_paper


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digest.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    with closing(open_sqlite(str(path))) as opened:
        yield opened


def outside(path: Path, statement: str) -> None:
    """Run a statement as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def changes(store: SqlStore) -> int:
    """Return how many rows of any table, hidden ones included, this connection ever wrote."""
    (row,) = store._db.rows("select total_changes() as n")
    return int(row["n"])


def check_index(path: Path) -> None:
    outside(path, "insert into paper_fts (paper_fts, rank) values ('integrity-check', 1)")


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("recursive_triggers", 1)]
)
def test_a_connection_is_durable_and_checks_its_rows(store: SqlStore, pragma: str, value: object) -> None:
    assert store._db.rows(f"pragma {pragma}") == [{pragma: value}]


def test_the_index_follows_a_paper_that_is_deleted(store: SqlStore, path: Path) -> None:
    store.save_papers([make_paper("Gone"), make_paper("Stays")])
    outside(path, "delete from paper where title = 'Gone'")
    assert store.search("gone", limit=9) == []
    check_index(path)


def test_the_index_outlives_vacuum(store: SqlStore, path: Path) -> None:
    store.save_papers([make_paper(name) for name in ("First", "Second", "Third")])
    outside(path, "delete from paper where title = 'First'")
    outside(path, "vacuum")
    assert store.search("third", limit=9) == [make_paper("Third")]
    check_index(path)


def test_the_index_is_right_after_every_kind_of_change(store: SqlStore, path: Path) -> None:
    paper = make_paper("First")
    for changed in (paper, replace(paper, title="Second"), replace(paper, abstract=None), replace(paper, version=2)):
        store.save_papers([changed])
        check_index(path)


def test_the_index_is_found_by_the_tools_for_sqlite(store: SqlStore, path: Path) -> None:
    store.save_papers([make_paper("First")])
    with closing(Database(path)) as database:
        assert [row["title"] for row in database.table("paper").search("first")] == ["First"]


def test_an_index_that_is_wrong_would_be_noticed(store: SqlStore, path: Path) -> None:
    store.save_papers([make_paper("First")])
    outside(path, "insert into paper_fts (paper_fts, rowid, title, abstract) values ('delete', 1, 'First', 'x')")
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        check_index(path)


def test_an_unchanged_paper_is_not_written_nor_indexed(store: SqlStore) -> None:
    store.save_papers([make_paper()])
    before = changes(store)
    store.save_papers([make_paper()])
    assert changes(store) == before


def test_a_change_beside_the_text_writes_one_row_and_no_index(store: SqlStore) -> None:
    store.save_papers([make_paper()])
    before = changes(store)
    store.save_papers([make_paper(version=2)])
    assert changes(store) == before + 1


def question(where: Mapping[str, object]) -> str:
    return topics.EDITIONS.format(where=sql.matching(where))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (papers.PAPERS_BETWEEN, "paper_fresh"),
        (papers.FIRST_SIGHT, "paper_seen"),
        (papers.SOURCE_TALLIES, "entry_seen"),
        (papers.ANNOUNCERS, "entry_paper"),
        (topics.OWN_TOPICS, "topic_owner"),
        (question({}), "edition_start"),
        (question({"topic_id": "a", "kind": "day"}), "edition_topic"),
        (topics.PERIODS, "edition_topic"),
        (topics.PICKED, "pick_topic"),
        (mail.ANSWERS, "delivery_slot"),
        (mail.BOUNCES, "bounce_subscriber"),
        (mail.CLAIM, "delivery_waiting"),
        (mail.NEXT_TRY, "delivery_waiting"),
        (mail.LAPSED, "delivery_leased"),
    ],
)
def test_the_common_questions_are_answered_from_an_index(store: SqlStore, query: str, index: str) -> None:
    params = dict.fromkeys(re.findall(r":(\w+)", query), "[]")
    plan = [str(row["detail"]) for row in store._db.rows(f"explain query plan {query}", **params)]
    assert any(index in step for step in plan)
    assert not any(step.startswith("SCAN paper") and "INDEX" not in step for step in plan)
