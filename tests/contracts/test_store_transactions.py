"""Store.transaction: all or nothing, one writer at a time, whoever else holds the database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest
from msgspec.structs import replace

from digest.errors import StoreError
from digest.model import TopicId
from digest.store import Store, open_store
from tests.factories import NOON, make_paper, make_source, make_topic


class Interrupted(Exception):  # noqa: N818 - not an error of ours
    pass


@pytest.fixture
def second(store: Store, store_url: str) -> Iterator[Store]:
    """Another connection to the same database."""
    with closing(open_store(store_url)) as opened:
        yield opened


def test_a_transaction_that_ends_well_is_seen_by_others(store: Store, second: Store) -> None:
    with store.transaction():
        store.put_sources([make_source()])
    assert second.sources() == [make_source()]


def test_others_see_nothing_before_the_end(store: Store, second: Store) -> None:
    with store.transaction():
        store.put_sources([make_source()])
        assert second.sources() == []


def test_a_rolled_back_transaction_leaves_nothing(store: Store) -> None:
    with suppress(Interrupted), store.transaction():
        store.put_sources([make_source()])
        store.save_papers([make_paper()])
        raise Interrupted
    assert not any(store.tally().values())


def test_a_failure_inside_rolls_back_what_was_written_outside(store: Store) -> None:
    with suppress(Interrupted), store.transaction():
        store.put_sources([make_source()])
        with store.transaction():
            raise Interrupted
    assert store.sources() == []


def test_a_failure_outside_rolls_back_what_was_written_inside(store: Store) -> None:
    with suppress(Interrupted), store.transaction():
        with store.transaction():
            store.put_sources([make_source()])
        raise Interrupted
    assert store.sources() == []


def test_a_failure_inside_that_is_caught_still_rolls_back_the_whole(store: Store) -> None:
    def swallow() -> None:
        with store.transaction():
            store.put_sources([make_source()])
            with suppress(Interrupted), store.transaction():
                raise Interrupted

    with pytest.raises(StoreError, match="failed"):
        swallow()
    assert store.sources() == []


def test_nothing_is_kept_that_is_written_after_a_failure(store: Store) -> None:
    def swallow() -> None:
        with store.transaction():
            with suppress(StoreError):
                store.save_keys({"arxiv:1": make_paper().id})  # no such paper
            store.put_sources([make_source()])

    with pytest.raises(StoreError, match="failed"):
        swallow()
    assert store.sources() == []


def test_a_batch_that_breaks_in_the_middle_leaves_nothing(store: Store) -> None:
    without_zone = make_paper("Second", first_seen=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="no time zone"):
        store.save_papers([make_paper("First"), without_zone])
    assert store.tally()["paper"] == 0


def test_the_store_works_on_after_a_failure(store: Store) -> None:
    with suppress(Interrupted), store.transaction(), store.transaction():
        raise Interrupted
    store.put_sources([make_source()])
    assert store.sources() == [make_source()]


def test_writers_that_read_first_never_lose_an_update_nor_find_the_database_locked(store: Store, second: Store) -> None:
    store.put_topics([make_topic(limit=0)])

    def count(writer: Store) -> None:
        for _ in range(50):
            with writer.transaction():
                topic = writer.topic(TopicId("kv-cache"))
                writer.put_topics([replace(topic, limit=topic.limit + 1)])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, [store, second] * 4))
    assert store.topic(TopicId("kv-cache")).limit == 400


def test_a_store_that_is_opened_again_holds_what_was_saved(store: Store, second: Store) -> None:
    store.save_papers([make_paper()])
    store.close()
    assert second.papers([make_paper().id]) == {make_paper().id: make_paper()}


def test_a_new_database_opened_by_many_at_once_is_made_once(store_url: str) -> None:
    def version(_: int) -> int:
        with closing(open_store(store_url)) as opened:
            return opened.schema_version()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(version, range(8)))) == 1
