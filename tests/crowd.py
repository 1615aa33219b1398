"""Readers by the hundred thousand, made by the store itself, in the SQL that both dialects share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import json

from digest.app import App
from digest.model import Cadence, Layout, TopicId
from digest.store.sqlstore import SqlStore

# The ids of one kind are spread among those of all others.
JOINED = """
with recursive numbers (i) as (select :first union all select i + :step from numbers where i + :step < :readers)
insert into subscriber (id, address, address_key, cadence, zone, send_hour, language, layout, paused, created, topics,
  covered)
select substr(cast(10000000000000000 + i as text), 2), 'r' || i || '@example.org', 'r' || i || '@example.org',
  :cadence, :zone, :send_hour, :language, :layout, 0, :since, :topics, :since from numbers"""
SUBSCRIBED = """
insert into subscription (subscriber_id, topic_id, state, since)
select subscriber.id, value, 'active', created from subscriber, json_each(subscriber.topics)"""


class Kind(NamedTuple):
    """What readers chose who are alike; the topics are sorted."""

    topics: tuple[TopicId, ...]
    zone: str = "UTC"
    send_hour: int = 7
    cadence: Cadence = Cadence.DAILY
    language: str = "en"
    layout: Layout = Layout.CARDS


def join(app: App, kinds: Sequence[Kind], readers: int, *, since: datetime) -> None:
    """Have so many readers join an empty site, who are of these kinds in turn. Their ids are numbers of 16 digits."""
    assert isinstance(app.store, SqlStore)
    run = app.store._db.run
    with app.store.transaction():
        for first, kind in enumerate(kinds[:readers]):
            given = {**kind._asdict(), "topics": json.encode(kind.topics).decode()}
            run(JOINED, **given, first=first, step=len(kinds), readers=readers, since=since)
        run(SUBSCRIBED)
