"""A preview of a feed is what was published, or will be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from digest.model import Edition, EditionState, feed_of_topic
from digest.store import Store, open_store
from digest.work import feeds
from tests.factories import make_edition, make_pick, make_topic
from tests.feeds import app_with, release, with_source, written

DAY = date(2026, 11, 1)


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store("sqlite://")) as opened:
        opened.put_topics([make_topic()])
        yield with_source(opened)


def published(store: Store) -> dict[str, bytes]:
    app = app_with(store)
    channel = next(one for one in feeds.channels(app) if one.name == feed_of_topic(make_topic().id))
    *_, newest = feeds.documents(app, channel)
    return newest.bodies


def draft_of(*titles: str, day: date) -> Edition:
    picks = [make_pick(written(title), rank=rank) for rank, title in enumerate(titles, 1)]
    return make_edition(*picks, label=day.isoformat(), state=EditionState.DRAFT, released=None)


def test_the_preview_of_a_released_edition_is_the_feed_as_it_was_published_then(store: Store) -> None:
    then = []
    for place in range(7):
        edition = release(store, *[f"Paper {place}-{n}" for n in range(9)], day=DAY + timedelta(days=place))
        then.append((edition, published(store)))
    for edition, bodies in then:
        assert feeds.preview(app_with(store), make_topic(), edition).bodies == bodies


def test_the_preview_of_a_draft_is_the_feed_as_it_will_be_published(store: Store) -> None:
    release(store, "A", "B", day=DAY)
    release(store, "C", day=DAY, topic=make_topic("other"))
    draft = draft_of("C", "B", day=DAY + timedelta(days=1))
    previewed = feeds.preview(app_with(store), make_topic(), draft)
    assert [item.title for item in previewed.feed.items] == ["C", "A", "B"]
    assert store.feeds()[feed_of_topic(draft.topic.id)].entered == 2
    store.save_edition(replace(draft, state=EditionState.RELEASED, released=draft.cut))
    assert previewed.bodies == published(store)


def test_the_preview_of_a_week_leaves_a_feed_of_days_as_it_is(store: Store) -> None:
    release(store, "A", day=DAY)
    week = make_edition(make_pick(written("B")), label="2026-W44", state=EditionState.DRAFT, released=None)
    assert feeds.preview(app_with(store), make_topic(), week).bodies == published(store)
