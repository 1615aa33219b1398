"""Both stores are one: the same tables, the same order of text, the same search, the same picks."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from digest import sources
from digest.app import opened, shipped
from digest.config.settings import StoreSettings
from digest.model import Edition, Paper, PaperId
from digest.store import Store, open_store
from digest.store.migrations import shipped as migrations
from digest.store.postgres import open_postgres
from digest.store.sqlstore import SqlStore
from digest.work import demo
from digest.work.composing import compose_due
from digest.work.importing import import_file
from digest.work.starting import seed
from tests.factories import NOON, Clock, make_paper


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    with closing(open_postgres(postgres_url)) as opened:
        yield opened


@pytest.fixture
def both(store: SqlStore) -> Iterator[tuple[Store, Store]]:
    """A store of each kind."""
    with closing(open_store("sqlite://")) as other:
        yield other, store


Shape = dict[str, list[tuple[str, bool]]]


def shape_of_postgres(store: SqlStore) -> Shape:
    found = store._db.rows("""
select table_name, column_name, is_nullable = 'YES' as nullable from information_schema.columns
where table_schema = current_schema() order by table_name, ordinal_position""")
    shape: Shape = {}
    for row in found:
        shape.setdefault(row["table_name"], []).append((row["column_name"], row["nullable"]))
    return shape


def shape_of_sqlite(path: Path) -> Shape:
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")]
        return {
            table: [
                (name, not (required or key))
                for _, name, _, required, _, key in connection.execute(f"pragma table_info({table})")
            ]
            for table in tables
        }


def domain(names: Any) -> dict[str, Any]:
    """Leave out how each dialect keeps the words of papers, and what SQLite counts for itself."""
    return {name: names[name] for name in sorted(names) if not name.startswith(("paper_fts", "sqlite_"))}


def test_both_dialects_have_the_same_migrations() -> None:
    assert [one.name for one in migrations("postgres")] == [one.name for one in migrations("sqlite")]


def test_both_dialects_have_the_same_tables_and_columns(store: SqlStore, tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/digest.db").close()
    ours, theirs = domain(shape_of_postgres(store)), domain(shape_of_sqlite(tmp_path / "digest.db"))
    assert list(ours) == list(theirs)
    for table, columns in ours.items():
        assert sorted(columns) == sorted(theirs[table]), table


def test_both_dialects_have_the_same_indexes_keys_and_checks(store: SqlStore, tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/digest.db").close()
    with closing(sqlite3.connect(tmp_path / "digest.db")) as connection:
        theirs = {
            name: (definition.count("check ("), definition.count("references "))
            for name, definition in connection.execute("select name, sql from sqlite_schema where type = 'table'")
        }
        indexes = connection.execute("select name from sqlite_schema where type = 'index' and sql is not null")
        named = {name for (name,) in indexes}
    ours = {
        row["name"]: (row["checks"], row["keys"])
        for row in store._db.rows("""
select relname as name, count(*) filter (where contype = 'c') as checks, count(*) filter (where contype = 'f') as keys
from pg_class left join pg_constraint on conrelid = pg_class.oid
where relkind = 'r' and relnamespace = current_schema()::regnamespace group by relname""")
    }
    assert domain(ours) == domain(theirs)
    found = store._db.rows("select indexname as name from pg_indexes where schemaname = current_schema()")
    assert named <= {row["name"] for row in found}


def test_all_text_is_compared_byte_by_byte(store: SqlStore) -> None:
    loose = store._db.rows("""
select attrelid::regclass::text as table, attname as column from pg_attribute join pg_class on pg_class.oid = attrelid
where relkind = 'r' and relnamespace = current_schema()::regnamespace and attnum > 0 and relname <> 'migration'
and attcollation not in (0, (select oid from pg_collation where collname = 'C'))""")
    assert loose == []


IDS = "a B Z _ - ~ é e\u0301 ß ss Ω ä z Å 日本 😀 \uffff 10 9 ab a-b a/b arxiv:2611.00010 text:é".split()


def test_text_sorts_alike_in_both(both: tuple[Store, Store]) -> None:
    papers = [make_paper(id=PaperId(name)) for name in IDS]
    for store in both:
        store.save_papers(papers)
    orders = [list(store.papers([PaperId(name) for name in IDS])) for store in both]
    assert orders[0] == orders[1] == sorted(IDS, key=str.encode)
    windows = [
        [paper.id for paper in store.papers_between(NOON, NOON + timedelta(days=1), as_of=NOON)] for store in both
    ]
    assert windows == orders


def sample_papers() -> list[Paper]:
    """The shipped sample papers."""
    data = (shipped("seeds") / "papers.jsonl").read_bytes()
    entries = sources.read(data, source=demo.SAMPLES, name="papers.jsonl").entries
    return [
        make_paper(entry.title, id=PaperId(entry.external_id), abstract=entry.abstract, listed=entry.listed)
        for entry in entries
    ]


def differences(both: tuple[Store, Store], papers: list[Paper], queries: Iterable[str]) -> list[str]:
    """Save papers in both stores; return the queries that find other papers in one than in the other."""
    for store in both:
        store.save_papers(papers)
    ours, theirs = both
    return [query for query in queries if ours.search(query, limit=99) != theirs.search(query, limit=99)]


def test_a_search_finds_the_same_papers_in_both(both: tuple[Store, Store]) -> None:
    papers = sample_papers()
    words = {word for paper in papers for word in f"{paper.title} {paper.abstract}".split()}
    phrases = {f'"{" ".join(paper.title.split()[at : at + 2])}"' for paper in papers for at in (0, 1, 3)}
    # Of a word with two letters PostgreSQL takes the s away, SQLite does not.
    telling = {query for query in words | phrases if not re.search(r"\b\w{1,2}\b", query)}
    assert len(telling) > 2000
    assert differences(both, papers, telling) == []


WORDS = """abc bcd Running runs café CAFÉ cafe\u0301 naïve Naive GPT4 3d 1e5 007 12 x86 10th ÉTÉ ΣΟΦΟΣ ИГРА 你好 データ
flies conditional relational http www com html the and not near AND OR straße ŒUVRE ıstanbul İstanbul""".split()
SIGNS = [
    *"-./@_:<>&'+,()\"%#~;=!?*|\\^$[]{}–“”…·×→≤€§«\u00a0\u2009。、",
    *":// -- ... -> <b> &amp;".split(),
    *[" "] * 40,
]


def test_signs_part_words_alike_in_both(both: tuple[Store, Store]) -> None:
    die = random.Random(7)

    def text(most: int) -> str:
        return "".join(die.choice(WORDS) + die.choice(SIGNS) for _ in range(die.randint(1, most)))

    papers = [make_paper(text(3), id=PaperId(str(number)), abstract=text(8)) for number in range(100)]
    assert differences(both, papers, [text(2) for _ in range(500)]) == []


def composed(url: str) -> list[Edition]:
    """Import the sample papers into a store on the day of the newest; return what is composed on the next days."""
    clock = Clock(NOON)
    with opened(replace(demo.SETTINGS, store=StoreSettings(url=url)), now=clock) as app:
        seed(app)
        import_file(app, shipped("seeds") / "papers.jsonl")
        editions = []
        for _ in range(3):
            clock.instant += timedelta(days=1)
            editions += compose_due(app, app.store.topics())
        return editions


def test_the_same_papers_give_the_same_picks_in_both(postgres_url: str) -> None:
    ours, theirs = composed("sqlite://"), composed(postgres_url)
    assert sum(len(edition.picks) for edition in ours) > 20
    assert ours == theirs
