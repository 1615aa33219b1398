"""What only PostgreSQL has: its words for what is wrong, its statements, and an index of words that is kept apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from digest.errors import StoreError
from digest.store import sql
from digest.store.postgres import Postgres, translated
from digest.store.sql import mail, papers, topics
from digest.store.sqlstore import SqlStore
from tests.factories import make_paper, make_source
from tests.stores import refused, with_one_source


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    with with_one_source(postgres_url) as found:
        yield found


# What the server says


def answer_with(store: SqlStore, code: str) -> None:
    """Let the server refuse every new source with an error code."""
    store._db.script(f"""
create function refuse() returns trigger language plpgsql as $$
begin raise exception 'refused' using errcode = '{code}'; end $$;
create trigger refuse before insert on source for each row execute function refuse()""")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("53100", "disk is full"),
        ("58030", "cannot be read or written"),
        ("53300", "no more connections"),
        ("57P01", "connection broke"),
        ("XX001", "damaged"),
    ],
)
def test_what_the_server_answers_is_said_with_the_way_out(store: SqlStore, code: str, said: str) -> None:
    answer_with(store, code)
    assert said in refused(lambda: store.put_sources([make_source("new")])).message
    assert store.sources() == [make_source()]


def test_an_error_quotes_no_readers_address(store: SqlStore) -> None:
    store._db.script("alter table subscriber add check (address <> 'ada@example.org')")
    with pytest.raises(StoreError, match="subscriber") as caught:
        store._db.run("insert into subscriber select 's', 'ada@example.org'")
    assert "ada" not in caught.value.message


def test_a_misuse_of_the_driver_is_a_bug_and_stays_one(store: SqlStore) -> None:
    with pytest.raises(psycopg.ProgrammingError):
        store._db.rows("select :missing")


def test_text_with_nul_is_refused_whole(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="NUL"):
        store.save_papers([make_paper("Good"), make_paper("Bad", abstract="a\0b")])
    assert store.tally()["paper"] == 0


def test_a_connection_is_durable_whatever_the_server_is_set_to(store: SqlStore, postgres_url: str) -> None:
    careless = f"{postgres_url}%20-csynchronous_commit%3Doff%20-cdefault_transaction_isolation%3Dserializable"
    with closing(Postgres(careless)) as db:
        assert db.rows("show synchronous_commit") == [{"synchronous_commit": "on"}]
        assert db.rows("show default_transaction_isolation") == [{"default_transaction_isolation": "read committed"}]


# Statements


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("select :id, :paper_id2", "select %(id)s, %(paper_id2)s"),
        ("id = :id and other = :id", "id = %(id)s and other = %(id)s"),
        ("x::text, :y::text", "x::text, %(y)s::text"),
        ("'at :noon', \"a :b\", 'it''s :it' -- not :this\n, :that", None),
        ("a % 2 = :rest and b like '%x'", "a %% 2 = %(rest)s and b like '%%x'"),
    ],
)
def test_parameters_are_translated_outside_of_quotes_and_casts(ours: str, theirs: str | None) -> None:
    expected = theirs or ours.replace(":that", "%(that)s")
    assert translated(ours).decode() == expected


def test_percent_signs_colons_and_quotes_survive(store: SqlStore) -> None:
    (row,) = store._db.rows("select '100 % of :x, it''s' as text, 7 % 4 as rest, :a::text as given", a="50 %(a)s :a")
    assert row == {"text": "100 % of :x, it's", "rest": 3, "given": "50 %(a)s :a"}


# Rows and their index


def versions(store: SqlStore) -> list[Any]:
    """Return what changes with every write of a paper and of its words."""
    return [
        tuple(row.values())
        for row in store._db.rows("select p.ctid, w.ctid from paper p join paper_fts w using (number)")
    ]


def test_an_unchanged_paper_is_not_written_nor_indexed(store: SqlStore) -> None:
    store.save_papers([make_paper()])
    before = versions(store)
    store.save_papers([make_paper()])
    assert versions(store) == before


def test_the_index_of_words_is_only_written_for_new_text(store: SqlStore) -> None:
    def words() -> list[Any]:
        return store._db.rows("select ctid from paper_fts")

    store.save_papers([make_paper()])
    before = words()
    store.save_papers([make_paper(version=2)])
    assert words() == before
    store.save_papers([make_paper(version=2, abstract="New.")])
    assert words() != before


def test_a_deleted_paper_leaves_no_words(store: SqlStore) -> None:
    store.save_papers([make_paper("Gone"), make_paper("Stays")])
    store._db.run("delete from paper where title = 'Gone'")
    assert store.search("gone", limit=9) == []
    assert len(versions(store)) == 1


def test_an_endless_abstract_is_stored_and_found_by_its_beginning(store: SqlStore) -> None:
    endless = make_paper(abstract=" ".join(f"word{number}" for number in range(300_000)))
    assert store.save_papers([endless]) == 1
    assert store.search("word77", limit=9) == [endless]


def question(where: dict[str, object]) -> str:
    return topics.EDITIONS.format(where=sql.matching(where))


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (papers.PAPERS, "paper_id_key"),
        (papers.PAPERS_BETWEEN, "paper_fresh"),
        (papers.FIRST_SIGHT, "paper_seen"),
        (papers.ANNOUNCERS, "entry_paper"),
        (topics.OWN_TOPICS, "topic_owner"),
        (question({}), "edition_start"),
        (question({"topic_id": "a", "kind": "day"}), "edition_topic"),
        (topics.PICKED, "pick_topic"),
        (mail.ANSWERS, "delivery_slot"),
        (mail.CLAIM, "delivery_waiting"),
        (mail.BOUNCES, "bounce_subscriber"),
        (papers.DUE_READINGS, "reading_due"),
        ("select number from paper_fts where words @@ paper_query(:parts)", "paper_fts_words"),
    ],
)
def test_the_common_questions_are_answered_from_an_index(store: SqlStore, query: str, index: str) -> None:
    numbers = {"limit": 1}
    params = {name: numbers.get(name, '["a"]') for name in re.findall(r"(?<!:):(\w+)", query)}
    with store.transaction():
        store._db.script("set local enable_seqscan = off")
        plan = " ".join(str(row["QUERY PLAN"]) for row in store._db.rows(f"explain {query}", **params))
    assert index in plan
