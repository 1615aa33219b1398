"""Which feeds the site has, what is in each of their documents, and that none of it changes by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace

from digest.errors import NotFoundError, TokenError
from digest.model import (
    ALL,
    LATE,
    RISING,
    PeriodKind,
    Search,
    SignalKind,
    Subscriber,
    SubscriberId,
    Subscription,
    SubscriptionState,
    Topic,
    TopicId,
    feed_of_topic,
)
from digest.store import Store, open_store
from digest.work import feeds
from digest.work.feeds import Channel, Document
from tests.factories import NOON, Clock, make_paper, make_pick, make_topic
from tests.feeds import HUB, app_with, release, with_source

DAY = date(2026, 6, 1)
READER = Subscriber(id=SubscriberId("reader0123456789"), address="ana@example.org", created=NOON)
OWN = make_topic("own-walrus", name="Walrus", owner=READER.id)
A = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store("sqlite://")) as opened:
        opened.put_topics([make_topic()])
        yield with_source(opened)


def fill(store: Store, days: int, *, each: int = 10, since: date = DAY, topic: Topic | None = None) -> None:
    for day in (since + timedelta(days=n) for n in range(days)):
        release(store, *[f"Paper {n} of {day}" for n in range(each)], day=day, topic=topic)


def channel_of(store: Store, name: str = feed_of_topic(TopicId("kv-cache"))) -> Channel:
    return next(one for one in feeds.channels(app_with(store)) if one.name == name)


def documents_of(store: Store, name: str = feed_of_topic(TopicId("kv-cache"))) -> list[Document]:
    return list(feeds.documents(app_with(store), channel_of(store, name)))


def every_byte(store: Store) -> dict[str, bytes]:
    app = app_with(store)
    made = {
        path: body
        for channel in feeds.channels(app)
        for document in feeds.documents(app, channel)
        for path, body in feeds.files(document)
    }
    return {**made, "/feeds.opml": feeds.opml(app)}


# Which there are


def test_each_topic_has_a_feed_and_so_has_the_site_what_rises_and_what_blooms_late(store: Store) -> None:
    assert [one.stem for one in feeds.channels(app_with(store))] == [
        "/feed",
        "/late-bloomers/feed",
        "/rising/feed",
        "/topics/kv-cache/feed",
    ]


def test_a_feed_that_nothing_entered_is_valid_and_complete(store: Store) -> None:
    (only,) = documents_of(store)
    assert (only.feed.items, only.feed.complete, only.changed) == ((), True, None)


def test_a_channel_has_another_stamp_when_its_feed_has_changed_and_only_then(store: Store) -> None:
    before = channel_of(store)
    assert channel_of(store) == before
    release(store, day=DAY)
    empty = channel_of(store)
    assert (empty.stamp != before.stamp, empty.entered) == (True, 0)
    release(store, "A", day=DAY + timedelta(days=1))
    assert len({before.stamp, empty.stamp, channel_of(store).stamp}) == 3


def test_the_sites_feed_has_each_paper_once_and_says_which_topic_picked_it(store: Store) -> None:
    store.put_topics([make_topic("other", name="Other things")])
    release(store, "A", "B", day=DAY)
    release(store, "B", "C", day=DAY, topic=make_topic("other", name="Other things"))
    (document,) = documents_of(store, ALL)
    assert [(item.title, item.categories[-1].term) for item in document.feed.items] == [
        ("C", "Other things"),
        ("A", "The KV cache"),
        ("B", "The KV cache"),
    ]


def test_an_item_that_rises_has_the_numbers_it_crossed_with_and_no_score(store: Store) -> None:
    pick = make_pick(make_paper("A"), parts=(), reasons=("12 upvotes",), numbers={SignalKind.UPVOTES: 12})
    store.enter(RISING, [pick], at=NOON)
    (document,) = documents_of(store, RISING)
    (item,) = document.feed.items
    assert (item.published, item.reasons, item.score) == (NOON, ("12 upvotes",), None)
    assert "Score" not in item.html
    assert "12 upvotes" in document.bodies["rss"].decode()


def test_a_personal_topic_is_in_no_public_feed_nor_in_the_list_of_feeds(store: Store) -> None:
    store.save_subscribers([READER])
    store.put_topics([OWN])
    release(store, "A walrus", day=DAY, topic=OWN)
    release(store, "Another", day=DAY)
    made = every_byte(store)
    assert len(made) == 13
    assert not [path for path, body in made.items() if b"alrus" in body or "alrus" in path]


def test_the_list_of_feeds_names_each_by_its_atom_address_and_its_page(store: Store) -> None:
    fill(store, 1)
    root = etree.fromstring(feeds.opml(app_with(store)))
    found = {(one.get("text"), one.get("xmlUrl"), one.get("htmlUrl")) for one in root.iter("outline")}
    site = "https://digest.example"
    assert ("The KV cache – Digest", f"{site}/topics/kv-cache/feed.atom", f"{site}/topics/kv-cache/") in found
    assert len(found) == 4
    assert root.findtext("head/dateModified") == "Tue, 02 Jun 2026 05:00:00 GMT"


# History


def test_the_newest_document_holds_the_last_papers_and_the_archive_all_others(store: Store) -> None:
    fill(store, 12)
    documents = documents_of(store)
    assert [(one.stem.rpartition("/")[2], len(one.feed.items), one.final) for one in documents] == [
        ("feed-1", 10, True),
        ("feed-2", 15, True),
        ("feed-3", 25, True),
        ("feed-4", 25, True),
        ("feed", 45, False),
    ]


def test_fifty_papers_need_no_archive_and_the_next_makes_two_pages_at_once(store: Store) -> None:
    fill(store, 5)
    assert [one.feed.complete for one in documents_of(store)] == [True]
    fill(store, 1, each=1, since=DAY + timedelta(days=5))
    assert [(len(one.feed.items), one.feed.complete) for one in documents_of(store)] == [
        (10, False),
        (15, False),
        (26, False),
    ]


@pytest.mark.parametrize("extension", ["rss", "atom", "json"])
def test_walking_back_finds_every_paper_once(store: Store, extension: str) -> None:
    fill(store, 40, each=7)
    files = dict(path_body for one in documents_of(store) for path_body in feeds.files(one))
    found, address = [], f"/topics/kv-cache/feed.{extension}"
    while address:
        ids, older = read_page(files[address], extension)
        found += ids
        address = older.removeprefix("https://digest.example")
    assert len(found) == len(set(found)) == 280


def read_page(body: bytes, extension: str) -> tuple[list[str], str]:
    """Return the ids of a document, and the address of the archive page before it or ""."""
    if extension == "json":
        document = json.loads(body)
        return [item["id"] for item in document["items"]], document.get("next_url", "")
    root: Any = etree.fromstring(body)
    ids = root.findall("channel/item/guid") if extension == "rss" else root.findall(f"{A}entry/{A}id")
    older = root.find(f".//{A}link[@rel='prev-archive']")
    return [one.text for one in ids], "" if older is None else older.get("href")


def test_an_archive_page_never_changes_whatever_comes(store: Store) -> None:
    seen: dict[str, bytes] = {}
    for week in range(6):
        fill(store, 7, each=4, since=DAY + timedelta(weeks=week))
        for one in documents_of(store):
            for path, body in feeds.files(one) if one.final else ():
                assert seen.setdefault(path, body) == body
    assert len(seen) == 3 * 6


def test_pages_that_are_held_are_not_made_again(store: Store) -> None:
    fill(store, 12)
    pages = {one.stem for one in documents_of(store) if one.final}
    made = feeds.documents(app_with(store), channel_of(store), held=pages - {"/topics/kv-cache/feed-2"})
    assert [one.stem for one in made] == ["/topics/kv-cache/feed-2", "/topics/kv-cache/feed"]


def test_of_a_very_large_edition_the_best_are_in_the_newest_document_and_the_rest_in_the_archive(store: Store) -> None:
    release(store, *[f"Paper {n}" for n in range(300)], day=DAY)
    documents = documents_of(store)
    assert [item.title for item in documents[-1].feed.items] == [f"Paper {n}" for n in range(50)]
    assert sum(len(one.feed.items) for one in documents) == 300


def test_no_document_is_larger_than_what_json_feed_calls_acceptable(store: Store) -> None:
    release(store, *[f"Paper {n}" for n in range(60)], day=DAY, abstract="A long & winding text, $a<b$. " * 95)
    documents = documents_of(store)
    assert max(len(body) for one in documents for body in one.bodies.values()) <= 250_000
    assert sum(len(one.feed.items) for one in documents) == 60
    assert all(item.abstract for one in documents for item in one.feed.items)


def test_papers_too_large_for_any_page_are_shown_by_their_summaries(store: Store) -> None:
    abstract = "“Quoted” & <kept>. " + "&" * 3000
    release(store, *[f"Paper {n}" for n in range(25)], day=DAY, abstract=abstract)
    (document,) = documents_of(store)
    assert len(document.feed.items) == 25
    assert max(map(len, document.bodies.values())) <= 250_000


# The same store, the same bytes


def test_two_builds_are_the_same_bytes_whatever_the_clock_says(store: Store) -> None:
    fill(store, 12)
    clock = Clock()
    app = app_with(store, now=clock)
    before = every_byte(store)
    pages = {path.removesuffix(".rss") for path in before if "feed-" in path}
    for _ in range(30):
        clock.instant += timedelta(days=1)
        assert feeds.opml(app) == before["/feeds.opml"]
        for channel in feeds.channels(app):
            (newest,) = feeds.documents(app, channel, held=pages)
            assert dict(feeds.files(newest)).items() <= before.items()


def test_two_stores_with_the_same_in_them_give_the_same_bytes(store: Store) -> None:
    with closing(open_store("sqlite://")) as other:
        other.put_topics([make_topic()])
        for one in (store, with_source(other)):
            fill(one, 8)
        assert every_byte(store) == every_byte(other)


def test_the_clock_of_a_feed_is_that_of_its_editions(store: Store) -> None:
    release(store, "A", day=date(2026, 11, 20))
    (document,) = documents_of(store)
    assert document.changed == document.feed.updated == datetime(2026, 11, 21, 5, tzinfo=NOON.tzinfo)


# What readers' programs are told


def test_weekdays_on_which_nothing_came_for_eight_weeks_are_skipped(store: Store) -> None:
    weekdays = [day for n in range(90) if (day := DAY + timedelta(days=n)).weekday() not in (4, 5)]
    for place, day in enumerate(weekdays):
        release(store, f"Paper {place}", day=day)
    newest = documents_of(store)[-1]
    assert newest.feed.quiet == (5, 6)
    assert b"<day>Saturday</day>" in newest.bodies["rss"]


def test_a_feed_that_is_not_there_long_skips_no_day(store: Store) -> None:
    fill(store, 5)
    assert documents_of(store)[-1].feed.quiet == ()


@pytest.mark.parametrize(
    ("kind", "minutes"), [(PeriodKind.DAY, "60"), (PeriodKind.WEEK, "360"), (PeriodKind.MONTH, "1440")]
)
def test_a_reader_may_be_a_small_part_of_a_period_late(store: Store, kind: PeriodKind, minutes: str) -> None:
    store.put_topics([make_topic(periods=(kind,))])
    (document,) = documents_of(store)
    assert f"<ttl>{minutes}</ttl>" in document.bodies["rss"].decode()


def test_the_newest_document_names_its_hubs_and_an_archive_page_none(store: Store) -> None:
    fill(store, 12)
    *pages, newest = documents_of(store)
    assert newest.feed.hubs == (HUB,)
    assert {page.feed.hubs for page in pages} == {()}


# Searches


def test_a_search_has_a_feed_of_what_it_finds_as_it_was_first_seen(store: Store) -> None:
    papers = [make_paper(f"Cache {n}", first_seen=NOON + timedelta(hours=n // 2)) for n in range(4)]
    store.save_papers([*papers, make_paper("Something else")])
    document = feeds.search_document(app_with(store), Search(words="cache"))
    assert [item.title for item in document.feed.items] == ["Cache 3", "Cache 2", "Cache 1", "Cache 0"]
    moments = [item.published for item in document.feed.items]
    assert moments == sorted(set(moments), reverse=True)
    assert document.feed.items[0].reasons == ("holds “cache”",)
    assert document.feed.addresses["atom"] == "https://digest.example/search/feed.atom?q=cache"
    assert document.feed.home == "https://digest.example/search?q=cache"


def test_a_search_for_nothing_finds_nothing_and_hostile_words_are_words(store: Store) -> None:
    store.save_papers([make_paper("A")])
    assert feeds.search_document(app_with(store), Search()).feed.items == ()
    hostile = feeds.search_document(app_with(store), Search(words='"]]><script>\ud800\x00'))
    assert etree.fromstring(hostile.bodies["atom"]) is not None
    assert b"<script" not in hostile.bodies["rss"]


# Readers' own feeds


@pytest.fixture
def reader(store: Store) -> Subscriber:
    store.save_subscribers([READER])
    store.put_topics([OWN, make_topic("other")])
    for topic, state in (
        ("kv-cache", SubscriptionState.ACTIVE),
        ("own-walrus", SubscriptionState.ACTIVE),
        ("other", SubscriptionState.ENDED),
    ):
        store.save_subscription(Subscription(subscriber_id=READER.id, topic_id=TopicId(topic), state=state, since=NOON))
    return READER


def own_document(store: Store) -> Document:
    app = app_with(store)
    return feeds.reader_document(app, token_of(feeds.reader_stem(app, READER.id)))


def token_of(stem: str) -> str:
    return stem.split("/")[2]


def test_a_readers_feed_unites_all_active_topics_each_paper_once(store: Store, reader: Subscriber) -> None:
    release(store, "A", "B", day=DAY)
    release(store, "B", "Walrus", day=DAY + timedelta(days=1), topic=OWN)
    release(store, "Not asked for", day=DAY, topic=make_topic("other"))
    document = own_document(store)
    assert [item.title for item in document.feed.items] == ["Walrus", "A", "B"]
    assert len({item.updated for item in document.feed.items}) == 3


def test_a_readers_feed_says_that_it_is_private_and_names_no_hub(store: Store, reader: Subscriber) -> None:
    release(store, "A", day=DAY)
    document = own_document(store)
    assert (document.feed.private, document.feed.hubs) == (True, ())
    assert b'indexing:index="no"' in document.bodies["rss"]
    assert "yours alone" in document.feed.description
    assert reader.id.encode() not in document.bodies["json"].replace(document.stem.encode(), b"")


def test_a_renewed_address_is_the_only_one_that_counts(store: Store, reader: Subscriber) -> None:
    app = app_with(store)
    old = feeds.reader_stem(app, reader.id)
    new = feeds.renew(app, reader.id)
    assert feeds.reader_stem(app, reader.id) == new != old
    assert feeds.reader_document(app, token_of(new)).feed.items == ()
    with pytest.raises(TokenError, match="given up"):
        feeds.reader_document(app, token_of(old))


def test_a_forged_address_opens_nothing(store: Store, reader: Subscriber) -> None:
    token = token_of(feeds.reader_stem(app_with(store), reader.id))
    for forged in ("", "x", token[:-1] + "!", token.swapcase(), token[:21] + "Z" + token[22:]):
        with pytest.raises(TokenError):
            feeds.reader_document(app_with(store), forged)


def test_the_feed_of_a_reader_who_is_gone_is_gone(store: Store) -> None:
    app = app_with(store)
    with pytest.raises(NotFoundError):
        feeds.reader_stem(app, READER.id)


def test_a_readers_items_do_not_lead_to_pages_of_personal_topics(store: Store, reader: Subscriber) -> None:
    release(store, "A", day=DAY, topic=replace(OWN, name="Mine"))
    assert "own-walrus" not in own_document(store).bodies["rss"].decode()


def test_late_bloomers_have_a_feed(store: Store) -> None:
    store.enter(LATE, [make_pick(make_paper("A"), parts=(), reasons=("3 upvotes on its first day, 40 now",))], at=NOON)
    (document,) = documents_of(store, LATE)
    assert document.feed.items[0].reasons == ("3 upvotes on its first day, 40 now",)


def test_files_are_named_by_stem_and_format(store: Store) -> None:
    (document,) = documents_of(store)
    made: dict[str, Any] = dict(feeds.files(document))
    assert list(made) == [f"/topics/kv-cache/feed.{extension}" for extension in ("rss", "atom", "json")]
