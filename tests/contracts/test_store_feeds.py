"""Store: what entered the feeds, once and for ever, and what hubs know of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from digest.errors import NotFoundError
from digest.model import (
    ALL,
    RISING,
    Edition,
    EditionId,
    EditionState,
    FeedState,
    Period,
    PeriodKind,
    Sighting,
    SignalKind,
    SourceId,
    Subscriber,
    SubscriberId,
    Told,
    TopicId,
    feed_of_topic,
)
from digest.store import Store, migrations
from tests.factories import NOON, make_edition, make_entry, make_paper, make_pick, make_source, make_topic

KV = feed_of_topic(TopicId("kv-cache"))
FIVE = datetime(2026, 11, 21, 5, tzinfo=NOON.tzinfo)


def edition_of(*titles: str, label: str = "2026-11-20", **changes: Any) -> Edition:
    picks = [make_pick(make_paper(title), rank=rank) for rank, title in enumerate(titles, 1)]
    return make_edition(*picks, label=label, **changes)


def entered(store: Store, feed: str = KV) -> list[str]:
    """Return the papers of a feed as they entered, oldest first."""
    return [one.paper_id.removeprefix("text:") for one in store.feed_entries(feed, after=0, until=1000)]


def test_a_released_edition_enters_the_feed_of_its_topic_and_the_sites_the_best_last(store: Store) -> None:
    store.save_edition(edition_of("A", "B", "C"))
    assert entered(store) == entered(store, ALL) == ["c", "b", "a"]
    found = store.feed_entries(KV, after=0, until=10)
    assert [one.number for one in found] == [1, 2, 3]
    assert [one.at for one in found] == [FIVE - timedelta(seconds=place) for place in (2, 1, 0)]
    assert {one.edition_id for one in found} == {EditionId("kv-cache/2026-11-20")}
    assert store.feeds()[KV] == FeedState(name=KV, entered=3, changed=FIVE, batch=3)


def test_late_bloomers_of_an_edition_enter_behind_its_picks(store: Store) -> None:
    store.save_edition(edition_of("A", "B", late=(make_pick(make_paper("Late")),)))
    assert entered(store) == ["late", "b", "a"]


def test_a_draft_enters_when_it_is_released(store: Store) -> None:
    draft = edition_of("A", state=EditionState.DRAFT, released=None)
    store.save_edition(draft)
    assert store.feeds() == {}
    store.save_edition(replace(draft, state=EditionState.RELEASED, released=draft.cut))
    assert entered(store) == ["a"]


def test_a_paper_enters_a_feed_once_for_ever(store: Store) -> None:
    store.save_edition(edition_of("A", "B", label="2026-11-19"))
    store.save_edition(edition_of("B", "C", label="2026-11-20"))
    assert entered(store) == ["b", "a", "c"]


def test_a_paper_that_two_topics_pick_is_in_the_sites_feed_once(store: Store) -> None:
    store.save_edition(edition_of("A", "B"))
    store.save_edition(edition_of("B", "C", topic=make_topic("other")))
    assert entered(store, ALL) == ["b", "a", "c"]
    moments = [one.at for one in store.feed_entries(ALL, after=0, until=9)]
    assert len(set(moments)) == 3


def test_only_the_shortest_kind_of_edition_enters(store: Store) -> None:
    store.save_edition(edition_of("A", label="2026-W47"))
    assert store.feeds() == {}
    weekly = make_topic("weekly", periods=(PeriodKind.WEEK,))
    store.save_edition(edition_of("A", label="2026-W47", topic=weekly))
    assert entered(store, feed_of_topic(weekly.id)) == ["a"]


def test_a_personal_topic_never_enters_the_sites_feed(store: Store) -> None:
    own = make_topic("own", owner=SubscriberId("r" * 16))
    store.save_edition(edition_of("A", topic=own))
    assert list(store.feeds()) == [feed_of_topic(own.id)]


def test_a_paper_that_became_another_one_does_not_enter_again(store: Store) -> None:
    old, new = make_paper("Old"), make_paper("New")
    store.save_papers([old, new])
    store.enter(RISING, [make_pick(old)], at=NOON)
    store.unite_papers({old.id: new.id})
    assert store.entered(RISING, [new.id]) == {new.id}
    assert store.enter(RISING, [make_pick(new)], at=NOON + timedelta(hours=1)) == 0
    assert entered(store, RISING) == ["old"]


def test_what_enters_by_itself_keeps_what_was_known_then(store: Store) -> None:
    pick = make_pick(make_paper("A"), numbers={SignalKind.UPVOTES: 12}, reasons=("12 upvotes",))
    assert store.enter(RISING, [pick, make_pick(make_paper("B"))], at=NOON) == 2
    assert store.enter(RISING, [make_pick(make_paper("C"))], at=NOON) == 1
    found = store.feed_entries(RISING, after=0, until=9)
    assert [one.number for one in found] == [1, 2, 3]
    assert found[1].pick == pick
    assert [one.at for one in found] == [NOON - timedelta(seconds=place) for place in (1, 0, 2)]


def test_an_entry_knows_the_feed_that_first_brought_it_as_of_then(store: Store) -> None:
    paper = make_paper("A")
    store.put_sources(
        [make_source("late", url="https://late.example/feed"), make_source("first", url="https://first.example/feed")]
    )
    store.put_sources([make_source("list")])
    store.save_papers([paper])
    for source, hours in (("list", 9), ("first", 5), ("late", 2)):
        entry = make_entry("A", source_id=SourceId(source))
        seen = NOON - timedelta(hours=hours)
        store.save_sightings([Sighting(entry=entry, paper_id=paper.id, first_seen=seen)])
    store.save_edition(edition_of("A"))
    (found,) = store.feed_entries(KV, after=0, until=1)
    assert found.origin is not None
    assert (found.origin.url, found.origin.seen) == ("https://first.example/feed", NOON - timedelta(hours=5))


def test_a_part_of_a_feed_is_read_by_its_numbers(store: Store) -> None:
    store.save_edition(edition_of("A", "B", "C", "D"))
    assert [one.number for one in store.feed_entries(KV, after=1, until=3)] == [2, 3]


def test_the_newest_of_several_feeds_come_together(store: Store) -> None:
    store.save_edition(edition_of("A", "B", "C", label="2026-11-19"))
    store.save_edition(edition_of("D", "E", topic=make_topic("other")))
    found = store.newest_entries([KV, feed_of_topic(TopicId("other")), "topic/none"], limit=2)
    assert [one.paper_id for one in found] == ["text:d", "text:e", "text:a", "text:b"]


def test_the_days_of_a_feed_are_those_on_which_something_entered(store: Store) -> None:
    store.save_edition(edition_of("A", label="2026-11-18"))
    store.save_edition(edition_of("B", "C", label="2026-11-20"))
    assert store.feed_days(KV, limit=100) == [date(2026, 11, 19), date(2026, 11, 21)]
    assert store.feed_days(KV, limit=2) == [date(2026, 11, 21)]


def test_the_newest_periods_are_those_of_released_editions(store: Store) -> None:
    store.save_edition(edition_of("A", label="2026-11-19"))
    store.save_edition(edition_of(label="2026-11-20"))
    store.save_edition(edition_of("B", label="2026-11-21", state=EditionState.DRAFT, released=None))
    assert store.newest_periods() == {(TopicId("kv-cache"), Period.parse("2026-11-20"))}


def test_editions_are_read_by_name(store: Store) -> None:
    edition = edition_of("A")
    store.save_edition(edition)
    assert store.editions_named([edition.id, EditionId("none/2026-11-20")]) == {edition.id: edition}


def test_a_reader_renews_the_own_feed_and_nothing_takes_that_back(store: Store) -> None:
    reader = Subscriber(id=SubscriberId("r" * 16), address="ana@example.org", created=NOON)
    store.save_subscribers([reader])
    assert [store.renew_feed(reader.id), store.renew_feed(reader.id)] == [1, 2]
    store.save_subscribers([replace(reader, language="de")])
    assert store.subscriber(reader.id).renewals == 2
    with pytest.raises(NotFoundError):
        store.renew_feed(SubscriberId("x" * 16))


def test_what_a_hub_knows_is_kept(store: Store) -> None:
    told = Told(hub="https://hub.example/", feed=ALL, number=7)
    store.save_told(told)
    later = replace(told, number=7, tries=2, next_try=NOON)
    store.save_told(later)
    assert store.told(told.hub) == {ALL: later}
    assert store.told("https://other.example/") == {}


def test_what_was_released_before_there_were_feeds_is_in_them(store: Store, store_url: str) -> None:
    """As if the editions had been entered one by one."""
    store.save_edition(edition_of("A", "B", label="2026-11-19"))
    store.save_edition(edition_of("B", "C", label="2026-11-20"))
    store.save_edition(edition_of("A", "D", label="2026-11-20", topic=make_topic("other")))
    store.save_edition(edition_of("E", label="2026-W47"))
    store.save_edition(edition_of("F", topic=make_topic("own", owner=SubscriberId("r" * 16))))
    store.save_edition(edition_of("G", label="2026-11-21", state=EditionState.DRAFT, released=None))
    feeds = (KV, ALL, feed_of_topic(TopicId("other")), feed_of_topic(TopicId("own")))
    before = {feed: store.feed_entries(feed, after=0, until=99) for feed in feeds}, store.feeds()
    db = store._db  # type: ignore[attr-defined]
    script = next(one.script for one in migrations.shipped(db.dialect) if one.number == 9)
    with db.transaction():
        db.script("delete from feed_entry;\ndelete from feed;")
        db.script(script[script.index("-- What was released before") :])
    after = {feed: store.feed_entries(feed, after=0, until=99) for feed in feeds}, store.feeds()
    assert after == before
