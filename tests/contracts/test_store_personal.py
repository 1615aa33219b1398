"""Store: readers' own topics, and what is asked and saved for many topics at once."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from digest.model import (
    Cadence,
    Edition,
    EditionState,
    PaperId,
    Period,
    PeriodKind,
    Sister,
    Subscriber,
    SubscriberId,
    Subscription,
    SubscriptionState,
    Topic,
    TopicId,
)
from digest.store import Store
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic

KV = TopicId("kv-cache")
ADA = SubscriberId("ada")
DAY = Period.parse("2026-11-20")


def make_draft(*papers: str, label: str = "2026-11-20", topic: Topic | None = None) -> Edition:
    picks = [make_pick(make_paper(title), rank=rank) for rank, title in enumerate(papers, 1)]
    return make_edition(*picks, label=label, topic=topic or make_topic(), state=EditionState.DRAFT, released=None)


def released(draft: Edition) -> Edition:
    return replace(draft, state=EditionState.RELEASED, released=draft.cut)


def own(store: Store, name: str = "ada", state: SubscriptionState = SubscriptionState.ACTIVE) -> Topic:
    """A reader with a topic of one's own."""
    who = SubscriberId(name)
    store.save_subscribers([Subscriber(id=who, address=f"{name}@example.org", created=NOON)])
    topic = make_topic(f"my.{name}", owner=who)
    store.put_topics([topic])
    store.save_subscription(Subscription(subscriber_id=who, topic_id=topic.id, state=state, since=NOON))
    return topic


def due(store: Store, period: Period = DAY, cadence: Cadence = Cadence.DAILY, *, begun: bool = False) -> list[TopicId]:
    return [topic.id for topic in store.due_personal(cadence, period, begun=begun)]


def test_personal_topics_are_due_for_whom_they_are_mailed_and_once(store: Store) -> None:
    mine = own(store)
    own(store, "bob", SubscriptionState.PENDING)
    own(store, "cy", SubscriptionState.ENDED)
    store.put_topics([make_topic(), replace(own(store, "dan"), enabled=False)])
    assert due(store) == [mine.id]
    assert due(store, Period.parse("2026-W47"), Cadence.WEEKLY) == []
    store.save_edition(make_draft("One", topic=mine))
    assert due(store) == []


def test_a_personal_topic_has_begun_with_its_first_edition_of_a_kind(store: Store) -> None:
    mine = own(store)
    assert due(store, begun=True) == []
    store.save_edition(make_draft("One", label="2026-11-18", topic=mine))
    assert due(store, begun=True) == [mine.id]
    assert due(store, Period.parse("2026-11-17"), begun=True) == []


def test_what_topics_had_is_told_for_many_at_once(store: Store) -> None:
    other = make_topic("other")
    for draft in (make_draft("One", "Two"), make_draft("Two", label="2026-11-19"), make_draft("Two", topic=other)):
        store.save_edition(draft)
    one, two = make_paper("One").id, make_paper("Two").id
    topics = [KV, other.id, TopicId("third")]
    assert store.had(topics, [one, two], PeriodKind.DAY) == {KV: {one, two}, other.id: {two}}
    assert store.had(topics, [one], PeriodKind.DAY) == {KV: {one}}
    assert store.had([KV], [one, two], PeriodKind.WEEK) == {}
    assert store.had([KV], [one, two], PeriodKind.DAY, apart_from="2026-11-20") == {KV: {two}}
    assert store.had([KV], [one, two], PeriodKind.DAY, before=date(2026, 11, 20)) == {KV: {two}}
    assert store.had([KV], [one, two], PeriodKind.DAY, since=date(2026, 11, 21)) == {}


def test_what_released_editions_told_is_known_without_reading_them(store: Store) -> None:
    sister = Sister(id=PaperId("text:sister"), title="Sister")
    pick = make_pick(make_paper("One"), also=(sister,))
    store.save_edition(make_edition(pick, label="2026-11-20"))
    store.save_edition(make_edition(make_pick(make_paper("Two")), label="2026-11-19"))
    store.save_edition(make_draft("Three", label="2026-11-21"))
    found = store.told_since(KV, PeriodKind.DAY, date(2026, 11, 19))
    assert [(str(id_), start, set(papers)) for id_, start, papers in found] == [
        ("kv-cache/2026-11-20", date(2026, 11, 20), {make_paper("One").id}),
        ("kv-cache/2026-11-19", date(2026, 11, 19), {make_paper("Two").id}),
    ]
    assert len(store.told_since(KV, PeriodKind.DAY, date(2026, 11, 20))) == 1


def test_editions_are_saved_many_at_once_but_for_those_that_are_released(store: Store) -> None:
    frozen, draft, new = (
        released(make_draft("One")),
        make_draft("Two", label="2026-11-19"),
        make_draft("Three", label="2026-11-18"),
    )
    store.save_editions([frozen, draft])
    again = [replace(one, note="again") for one in (frozen, draft)]
    assert store.save_editions([*again, new]) == [again[1], new]
    assert [one.note for one in store.editions(KV)] == [None, "again", None]
    assert store.picked(KV, PeriodKind.DAY) == {make_paper(title).id for title in ("One", "Two", "Three")}


def test_a_forgotten_topic_leaves_nothing_and_takes_nothing_of_others(store: Store) -> None:
    mine = own(store)
    store.save_papers([make_paper("One")])
    store.save_editions([released(make_draft("One", topic=mine)), released(make_draft("One"))])
    store.block(mine.id, make_paper("One").id, now=NOON)
    store.forget_topic(mine.id)
    store.forget_topic(mine.id)
    assert (store.topics(owner=ADA), store.editions(mine.id), store.blocked(mine.id, until=NOON)) == ([], [], set())
    assert store.picked(mine.id, PeriodKind.DAY) == set()
    assert f"topic/{mine.id}" not in store.feeds()
    assert store.editions_of(make_paper("One").id) == ["kv-cache/2026-11-20"]
    assert store.feeds()["topic/kv-cache"].entered == 1
