"""A store with mail under way, brought up to date: every row of the books is there, and bounces name theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from digest.model import DeliveryState
from digest.store import open_store
from digest.store.driver import Driver
from digest.store.migrations import migrate, shipped
from digest.store.postgres import Postgres
from digest.store.sqlite import Sqlite
from tests.factories import NOON

BEFORE = 12
DIGEST = "insert into digest (id, slot, language, layout, edition_ids) values ('d', 's', 'en', 'cards', '[]')"
DELIVERY = """
insert into delivery (id, subscriber_id, slot, digest_id, state, due, attempts, fence, reply, relay)
values (:id, :id, 's', :digest_id, :state, :due, 2, 3, '250 ok', 'relay:25')"""
BOUNCE = "insert into bounce (delivery_id, subscriber_id, kind, at) values (:id, :id, 'soft', :at)"


@pytest.fixture
def old(store_url: str) -> Iterator[Driver]:
    """A store of the schema before."""
    kind, _, path = store_url.partition(":///")
    db = Sqlite(path, timedelta(seconds=9)) if kind == "sqlite" else Postgres(store_url)
    with closing(db):
        migrate(db, [one for one in shipped(db.dialect) if one.number < BEFORE])
        db.run(DIGEST)
        for state in DeliveryState:
            db.run(DELIVERY, id=str(state), digest_id=None if state == "queued" else "d", state=state, due=NOON)
        db.run(BOUNCE, id="sent", at=NOON)
        yield db


def test_the_books_are_the_same_afterwards(old: Driver, store_url: str) -> None:
    before = old.rows("select * from delivery order by id")
    old_bounces = old.rows("select * from bounce")
    with closing(open_store(store_url)) as store:
        assert old.rows("select * from delivery order by id") == before
        assert old.rows("select * from bounce") == old_bounces
        later = NOON + timedelta(hours=1)
        assert [one.id for one in store.claim(limit=9, now=NOON, until=later)] == ["queued", "deferred"]


def test_a_bounce_still_names_a_delivery_that_is_there(old: Driver, store_url: str) -> None:
    open_store(store_url).close()
    with pytest.raises(Exception, match="FOREIGN KEY constraint failed"):
        old.run(BOUNCE, id="nobody", at=NOON)


def test_a_state_that_is_none_is_still_refused(old: Driver, store_url: str) -> None:
    open_store(store_url).close()
    with pytest.raises(Exception, match=r"CHECK|check"):
        old.run("update delivery set state = 'lost' where id = 'sent'")
