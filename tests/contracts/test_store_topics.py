"""Store: topics, editions and what they picked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from digest.errors import NotFoundError
from digest.model import (
    Desk,
    Edition,
    EditionId,
    EditionState,
    Links,
    Mode,
    PaperId,
    Period,
    PeriodKind,
    Pin,
    SignalKind,
    Sister,
    Subscriber,
    SubscriberId,
    Summary,
    Topic,
    TopicId,
    Weights,
)
from digest.store import Store
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic

KV = TopicId("kv-cache")


def make_draft(*papers: str, label: str = "2026-11-20", topic: Topic | None = None) -> Edition:
    picks = [make_pick(make_paper(title), rank=rank) for rank, title in enumerate(papers, 1)]
    return make_edition(*picks, label=label, topic=topic or make_topic(), state=EditionState.DRAFT, released=None)


def released(draft: Edition) -> Edition:
    return replace(draft, state=EditionState.RELEASED, released=draft.cut)


# Topics


def test_a_topic_comes_back_as_it_was_put(store: Store) -> None:
    topic = make_topic(
        description="Memory of attention — kept small",
        mode=Mode.TRENDING,
        must=("cache",),
        not_=("web cache",),
        categories=("cs.LG",),
        authors=("Zoë Ångström",),
        examples=(PaperId("arxiv:2611.00010"),),
        periods=(PeriodKind.WEEK, PeriodKind.MONTH),
        min_score=0.1 + 0.2,
        half_life=timedelta(hours=36),
        weights=Weights(relevance=1 / 3),
        enabled=False,
    )
    store.put_topics([topic])
    assert store.topic(KV) == topic


def test_topics_come_by_id_and_change_when_put_again(store: Store) -> None:
    store.put_topics([make_topic("b"), make_topic("a")])
    assert store.put_topics([make_topic("b"), make_topic("a", name="New")]) == 1
    assert store.topics() == [make_topic("a", name="New"), make_topic("b")]


def test_a_personal_topic_is_its_owners_alone(store: Store) -> None:
    reader = Subscriber(id=SubscriberId("s1"), address="ada@example.org", created=NOON)
    store.save_subscribers([reader])
    mine = make_topic("mine", owner=reader.id)
    store.put_topics([make_topic(), mine])
    assert store.topics() == [make_topic()]
    assert store.topics(owner=reader.id) == [mine]


def test_an_unknown_topic_is_named_with_the_near_ones(store: Store) -> None:
    store.put_topics([make_topic(), make_topic("robots")])
    with pytest.raises(NotFoundError, match="'kv-cahce'") as caught:
        store.topic(TopicId("kv-cahce"))
    assert caught.value.hint == "did you mean kv-cache?"


def test_a_personal_topic_is_no_hint(store: Store) -> None:
    store.save_subscribers([Subscriber(id=SubscriberId("s1"), address="ada@example.org", created=NOON)])
    store.put_topics([make_topic("my-secret", owner=SubscriberId("s1"))])
    with pytest.raises(NotFoundError) as caught:
        store.topic(TopicId("my-secrets"))
    assert caught.value.hint is None


def test_a_removed_topic_leaves_its_archive(store: Store) -> None:
    store.put_topics([make_topic()])
    store.save_edition(make_edition())
    store.remove_topic(KV)
    assert store.topics() == []
    assert store.editions(KV) == [make_edition()]


def test_past_topics_are_the_sites_that_were_removed_and_had_editions(store: Store) -> None:
    ada = SubscriberId("A" * 16)
    topics = [make_topic(TopicId(name)) for name in ("b-gone", "a-gone", "here", "no-edition", "only-a-draft")]
    topics.append(make_topic(TopicId("personal"), owner=ada))
    store.save_subscribers([Subscriber(id=ada, address="ada@example.org", created=NOON)])
    store.put_topics(topics)
    for topic in topics:
        draft = make_draft("Paper", topic=topic)
        if topic.id != "no-edition":
            store.save_edition(draft if topic.id == "only-a-draft" else released(draft))
    assert store.past_topics() == []
    for topic in topics:
        if topic.id != "here":
            store.remove_topic(topic.id)
    assert store.past_topics() == ["a-gone", "b-gone"]


def test_removing_an_unknown_topic_is_an_error(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.remove_topic(KV)


# Editions


def test_an_edition_is_replayed_equal_to_what_was_saved(store: Store) -> None:
    paper = make_paper(links=Links(pdf="https://example.org/a.pdf"), listed=NOON, authors=("Zoë Ångström",))
    pick = make_pick(paper, score=0.1 + 0.2, numbers={SignalKind.UPVOTES: 0, SignalKind.STARS: 7})
    edition = make_edition(pick, note="Thin day", health="arXiv was late", considered=90, matched=4)
    exact = replace(edition, as_of=edition.as_of + timedelta(microseconds=1))
    assert store.save_edition(exact)
    assert store.edition(exact.id) == exact


def test_an_edition_stays_as_it_was_when_its_papers_change(store: Store) -> None:
    edition = make_edition(make_pick())
    store.save_papers([make_paper()])
    store.save_edition(edition)
    store.save_papers([make_paper(abstract="Corrected.", withdrawn=True)])
    assert store.edition(edition.id) == edition


def test_a_draft_replaces_a_draft_with_its_picks(store: Store) -> None:
    store.save_edition(make_draft("First", "Second"))
    assert store.save_edition(make_draft("Second", "Third"))
    assert store.edition(EditionId("kv-cache/2026-11-20")) == make_draft("Second", "Third")
    assert store.picked(KV, PeriodKind.DAY) == {"text:second", "text:third"}


def test_a_released_edition_replaces_its_draft(store: Store) -> None:
    store.save_edition(make_draft("First"))
    assert store.save_edition(released(make_draft("First")))
    assert store.editions(KV) == [released(make_draft("First"))]


@pytest.mark.parametrize("other", [make_draft("Other"), released(make_draft("Other"))], ids=lambda one: one.state)
def test_a_released_edition_is_immutable(store: Store, other: Edition) -> None:
    store.save_edition(released(make_draft("First")))
    assert not store.save_edition(other)
    assert store.editions(KV) == [released(make_draft("First"))]
    assert store.picked(KV, PeriodKind.DAY) == {"text:first"}


def test_an_unknown_edition_is_an_error(store: Store) -> None:
    with pytest.raises(NotFoundError, match="kv-cache/2026-11-20"):
        store.edition(EditionId("kv-cache/2026-11-20"))


def test_editions_come_newest_first_then_by_topic(store: Store) -> None:
    for label, topic in [("2026-11-19", "a"), ("2026-11-20", "b"), ("2026-W47", "b"), ("2026-11-20", "a")]:
        store.save_edition(make_draft(label=label, topic=make_topic(topic)))
    assert [one.id for one in store.editions()] == ["a/2026-11-20", "b/2026-11-20", "a/2026-11-19", "b/2026-W47"]
    assert [one.id for one in store.editions(limit=2)] == ["a/2026-11-20", "b/2026-11-20"]
    assert [one.id for one in store.editions(limit=0)] == []


def test_editions_can_be_asked_for_by_topic_kind_and_state(store: Store) -> None:
    store.save_edition(make_draft(topic=make_topic("other")))
    store.save_edition(make_draft())
    store.save_edition(released(make_draft(label="2026-W47")))
    assert [one.id for one in store.editions(KV)] == ["kv-cache/2026-11-20", "kv-cache/2026-W47"]
    assert [one.id for one in store.editions(kind=PeriodKind.DAY)] == ["kv-cache/2026-11-20", "other/2026-11-20"]
    assert [one.id for one in store.editions(KV, state=EditionState.RELEASED)] == ["kv-cache/2026-W47"]


def test_periods_are_those_with_an_edition(store: Store) -> None:
    store.save_edition(make_draft())
    store.save_edition(released(make_draft(label="2026-W47")))
    store.save_edition(make_draft(label="2026-11", topic=make_topic("other")))
    assert store.periods(KV) == {Period.parse("2026-11-20"), Period.parse("2026-W47")}


# Picks


def test_picked_are_the_papers_of_one_topic_and_kind(store: Store) -> None:
    store.save_edition(make_draft("Mine"))
    store.save_edition(make_draft("Weekly", label="2026-W47"))
    store.save_edition(make_draft("Theirs", topic=make_topic("other")))
    assert store.picked(KV, PeriodKind.DAY) == {"text:mine"}


def test_picked_can_be_bounded_by_the_first_day(store: Store) -> None:
    for day in (18, 19, 20):
        store.save_edition(make_draft(f"Paper {day}", label=f"2026-11-{day}"))
    assert store.picked(KV, PeriodKind.DAY, before=date(2026, 11, 20)) == {"text:paper-18", "text:paper-19"}
    assert store.picked(KV, PeriodKind.DAY, since=date(2026, 11, 19)) == {"text:paper-19", "text:paper-20"}


def test_picked_can_leave_out_the_edition_that_is_composed_again(store: Store) -> None:
    for day in (19, 20, 21):
        store.save_edition(make_draft(f"Paper {day}", label=f"2026-11-{day}"))
    assert store.picked(KV, PeriodKind.DAY, apart_from="2026-11-20") == {"text:paper-19", "text:paper-21"}


def test_what_is_named_beside_a_pick_counts_as_picked(store: Store) -> None:
    sister = Sister(id=PaperId("sister"), title="Its next version")
    store.save_edition(make_edition(make_pick(make_paper("One"), also=(sister,))))
    assert store.picked(KV, PeriodKind.DAY) == {make_paper("One").id, sister.id}


# The editor's desk


def test_an_edition_nobody_decided_about_has_an_empty_desk(store: Store) -> None:
    assert store.desk(EditionId("kv-cache/2026-11-20")) == Desk(edition_id=EditionId("kv-cache/2026-11-20"))


def test_a_desk_comes_back_as_its_next_version(store: Store) -> None:
    desk = Desk(edition_id=EditionId("a/1"), note="Zoë’s", pins=(Pin(paper_id=PaperId("x"), place=3),), held=True)
    assert store.save_desk(desk)
    assert store.desk(desk.edition_id) == replace(desk, version=1)


def test_of_two_who_change_the_same_version_the_second_changes_nothing(store: Store) -> None:
    blank = Desk(edition_id=EditionId("a/1"))
    assert store.save_desk(replace(blank, note="First"))
    assert not store.save_desk(replace(blank, note="Second"))
    assert store.save_desk(replace(store.desk(blank.edition_id), note="Third"))
    assert (store.desk(blank.edition_id).note, store.desk(blank.edition_id).version) == ("Third", 2)


def test_a_block_holds_for_one_topic_from_its_moment_until_it_is_lifted(store: Store) -> None:
    paper, later = PaperId("x"), NOON + timedelta(hours=1)
    assert store.block(KV, paper, now=NOON)
    assert not store.block(KV, paper, now=later)
    assert (store.blocked(KV, until=NOON), store.blocked(TopicId("b"), until=later)) == ({paper}, set())
    assert store.blocked(KV, until=NOON - timedelta(seconds=1)) == set()
    assert store.unblock(KV, paper)
    assert not store.unblock(KV, paper)
    assert store.blocked(KV, until=later) == set()


def test_summaries_come_by_hash_and_the_last_of_a_hash_counts(store: Store) -> None:
    one, two = (Summary(hash=hash_, model="m", text=f"About {hash_}.", at=NOON) for hash_ in "ab")
    assert store.save_summaries([one, two]) == 2
    assert store.save_summaries([replace(two, text="Better.")]) == 1
    assert store.summaries(["b", "a", "c"]) == {"a": one, "b": replace(two, text="Better.")}
    assert store.summaries([]) == {}
