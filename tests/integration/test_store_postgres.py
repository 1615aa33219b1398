"""What only PostgreSQL has: a server that comes and goes, a door, and other machines at work."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from digest.errors import ConfigError, SchemaError
from digest.model import Delivery, DeliveryId, DeliveryState, SourceId, SubscriberId
from digest.store import Store, open_store
from digest.store import postgres as postgres_store
from digest.store.migrations import Migration, migrate
from digest.store.migrations import shipped as migrations
from digest.store.postgres import Postgres, open_postgres
from digest.store.sqlstore import SqlStore
from tests.factories import NOON, make_source, make_topic
from tests.servers import PostgresServer
from tests.stores import refused, with_one_source

SOON = timedelta(milliseconds=50)


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    with with_one_source(postgres_url) as found:
        yield found


# The server


def test_a_server_that_was_started_again_is_found_again(store: SqlStore, postgres: PostgresServer) -> None:
    postgres.stop()
    postgres.start()
    assert store.put_sources([make_source("new")]) == 1
    assert [source.id for source in store.sources()] == ["list", "new"]


def test_while_the_server_is_down_a_call_says_so(store: SqlStore, postgres: PostgresServer) -> None:
    postgres.stop()
    try:
        error = refused(store.sources)
        assert "cannot be opened" in error.message
        assert "is the server running" in str(error.hint)
    finally:
        postgres.start()
    assert store.sources() == [make_source()]


def test_a_transaction_that_loses_its_server_keeps_nothing(store: SqlStore, postgres: PostgresServer) -> None:
    def write() -> None:
        with store.transaction():
            store.put_sources([make_source("half")])
            postgres.stop()
            postgres.start()
            store.put_sources([make_source("other half")])

    error = refused(write)
    assert "connection broke" in error.message
    assert store.sources() == [make_source()]


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = refused(lambda: open_store("postgresql://ada:hidden@127.0.0.1:1/papers"))
    assert "postgresql://127.0.0.1/papers" in error.message
    assert "refused" in error.message
    assert "hidden" not in error.message


# At the door


def test_a_wrong_password_is_said_and_not_shown(postgres: PostgresServer) -> None:
    postgres.run("create role locked login password 'right'")
    url = postgres.url(user="locked:hidden")
    error = refused(lambda: open_store(url))
    assert "password authentication failed" in error.message
    assert "password in store.url" in str(error.hint)
    assert "hidden" not in f"{error.message} {error.hint}"


@pytest.mark.parametrize("password", ["hid@den", "hid/den", "hid:den", "hid#den", "hid?den", "hid%den", "[hidden"])
def test_a_sign_in_a_password_must_be_spelled_out_and_the_password_is_not_shown(password: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(f"postgresql://ada:{password}@localhost/papers")
    assert "hid" not in f"{caught.value.message} {caught.value.__cause__} {caught.value.__context__}"
    assert "%40" in str(caught.value.hint)


def test_a_missing_database_and_a_missing_user_are_said(postgres: PostgresServer) -> None:
    assert "make the database" in str(refused(lambda: open_store(postgres.url("nowhere"))).hint)
    assert "check the user" in str(refused(lambda: open_store(postgres.url(user="nobody"))).hint)


def test_a_user_who_may_not_make_tables_is_told(postgres: PostgresServer) -> None:
    postgres.run("create role guest login")
    error = refused(lambda: open_store(postgres.url(user="guest")))
    assert "permission denied" in error.message
    assert "grant" in str(error.hint)


def test_a_database_that_cannot_hold_all_letters_is_refused(postgres: PostgresServer) -> None:
    postgres.run("create database latin encoding 'LATIN1' locale 'C' template template0")
    assert "LATIN1" in refused(lambda: open_store(postgres.url("latin"))).message
    postgres.run("drop database latin")


def test_without_the_driver_the_extra_is_named() -> None:
    code = """
import sys
sys.modules["psycopg"] = None
from digest.store import open_store
open_store("postgresql://localhost/papers")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "digest.errors.ConfigError" in ran.stderr
    assert "driver is not installed" in ran.stderr


# Its age


def test_a_database_newer_than_the_program_is_refused(store: SqlStore, postgres_url: str) -> None:
    store._db.run("insert into migration (number, name) values (99, '0099_future.sql')")
    error = refused(lambda: open_store(postgres_url))
    assert isinstance(error, SchemaError)
    assert error.hint == "upgrade the program"


def test_a_migration_that_fails_leaves_nothing_of_itself(store: SqlStore, postgres_url: str) -> None:
    history = migrations("postgres")
    broken = Migration(99, "0099_broken.sql", "create table extra (a bigint); create table paper (a bigint);")
    with closing(Postgres(postgres_url)) as db:
        with pytest.raises(SchemaError, match=r'0099_broken\.sql.*"paper" already exists'):
            migrate(db, [*history, broken])
        assert db.rows("select to_regclass('extra') as extra") == [{"extra": None}]
    assert store.schema_version() == history[-1].number


def test_a_database_can_be_opened_by_who_may_only_read(store: SqlStore, postgres_url: str) -> None:
    with closing(open_store(f"{postgres_url}%20-cdefault_transaction_read_only%3Don")) as reader:
        assert reader.sources() == [make_source()]
        assert "only be read" in refused(lambda: reader.put_sources([make_source("new")])).message


# Others at work


def test_a_writer_waits_for_another_and_says_when_patience_ends(store: SqlStore, postgres_url: str) -> None:
    with closing(open_postgres(postgres_url, patience=SOON)) as hasty, store.transaction():
        error = refused(lambda: hasty.put_sources([make_source("late")]))
        assert "another program" in error.message
        assert refused(lambda: hasty.remove_source(SourceId("list"))).message == error.message


def nothing_yet(store: Store) -> None:
    pass


def one_statement(store: Store) -> None:
    store.set_switch("publish", "on")


def a_batch(store: Store) -> None:
    store.put_sources([make_source("lost"), make_source("too")])


@pytest.mark.parametrize("did", [nothing_yet, one_statement, a_batch])
def test_who_is_frozen_in_the_middle_of_a_transaction_does_not_hold_up_the_others(
    store: SqlStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch, did: Callable[[Store], None]
) -> None:
    monkeypatch.setattr(postgres_store, "SILENCE", SOON)
    with closing(open_postgres(postgres_url)) as sleeper:

        def dozed() -> None:
            with sleeper.transaction():
                did(sleeper)
                assert store.put_sources([make_source("day")]) == 1
                sleeper.set_switch("outbox", "paused")

        assert "left alone in the middle of a transaction" in refused(dozed).message
        assert sleeper.put_sources([make_source("later")]) == 1
    assert [source.id for source in store.sources()] == ["day", "later", "list"]


def test_who_only_reads_or_opens_does_not_wait_for_a_writer(store: SqlStore, postgres_url: str) -> None:
    with store.transaction():
        store.put_sources([make_source("new")])
        with closing(open_postgres(postgres_url, patience=SOON)) as reader:
            assert reader.sources() == [make_source()]


def test_threads_of_one_store_work_side_by_side(store: SqlStore) -> None:
    with ThreadPoolExecutor(1) as other, store.transaction():
        store.put_sources([make_source("new")])
        assert other.submit(store.sources).result(timeout=9) == [make_source()]


def test_a_statement_by_itself_waits_until_a_transaction_is_over(store: SqlStore) -> None:
    with ThreadPoolExecutor(1) as other:
        with store.transaction():
            waiting = other.submit(store.remove_source, SourceId("list"))
            with pytest.raises(StillWaiting):
                waiting.result(timeout=0.1)
            store.put_sources([make_source(name="Read, then written")])
        waiting.result(timeout=9)
    assert store.sources() == []


def run_four(script: str, url: str) -> list[list[str]]:
    """Run a script four times at once; return the lines that each prints."""
    command = [sys.executable, "-c", script, url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = [one.communicate(timeout=60)[0].splitlines() for one in running]
    assert [one.returncode for one in running] == [0] * 4
    return printed


COUNTER = """
import sys
from msgspec.structs import replace
from digest.store import open_store

store = open_store(sys.argv[1])
for _ in range(50):
    with store.transaction():
        topic = store.topic("kv-cache")
        store.put_topics([replace(topic, limit=topic.limit + 1)])
store.close()
"""

CLAIMER = """
import sys
from datetime import timedelta
from digest.store import open_store
from tests.factories import NOON

store = open_store(sys.argv[1])
while claimed := store.claim(limit=7, now=NOON, until=NOON + timedelta(hours=1)):
    print(*(one.id for one in claimed), sep="\\n")
store.close()
"""


def test_four_processes_that_read_then_write_lose_no_update(store: SqlStore, postgres_url: str) -> None:
    store.put_topics([make_topic(limit=0)])
    run_four(COUNTER, postgres_url)
    assert [topic.limit for topic in store.topics()] == [200]


def test_four_processes_never_claim_the_same_delivery(store: SqlStore, postgres_url: str) -> None:
    names = [f"d{number:03}" for number in range(300)]
    store.plan_deliveries(
        Delivery(
            id=DeliveryId(name), subscriber_id=SubscriberId(name), slot="daily", state=DeliveryState.QUEUED, due=NOON
        )
        for name in names
    )
    claims = run_four(CLAIMER, postgres_url)
    assert sorted(name for claimed in claims for name in claimed) == names


def test_four_processes_that_open_a_new_database_make_it_once(postgres_url: str) -> None:
    opening = "import sys; from digest.store import open_store; print(open_store(sys.argv[1]).schema_version())"
    assert run_four(f"{opening}", postgres_url) == [[str(migrations("postgres")[-1].number)]] * 4


WRITER = """
import sys
from digest.store import open_store
from tests.factories import make_source

store = open_store(sys.argv[1])
with store.transaction():
    store.put_sources([make_source("half"), make_source("list", name="Changed")])
    print("written", flush=True)
    sys.stdin.read()
"""


def test_a_kill_in_the_middle_of_a_transaction_leaves_the_old_state_and_no_lock(
    store: SqlStore, postgres_url: str
) -> None:
    command = [sys.executable, "-c", WRITER, postgres_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "written\n"
        writer.kill()
        assert writer.wait() == -signal.SIGKILL
    assert store.put_sources([make_source("next")]) == 1
    assert store.sources() == [make_source(), make_source("next")]
