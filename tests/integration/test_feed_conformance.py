"""Hundreds of feeds before judges that are not ours: each well-formed, each as its format demands.

The W3C's validator judges too where the environment variable DIGEST_FEEDVALIDATOR names a checkout of it: over HTTP, at
its strictest level, it has nothing to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import cycle, islice
from pathlib import Path

import pytest
from lxml import etree

from digest.model import (
    LATE,
    RISING,
    PeriodKind,
    Search,
    SignalKind,
    Subscriber,
    SubscriberId,
    Subscription,
    SubscriptionState,
    TopicId,
)
from digest.render.feed import Feed
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss
from digest.store import Store, open_store
from digest.work import feeds
from tests.factories import NOON, make_edition, make_pick, make_site, make_topic
from tests.feeds import ENV, HOSTILE, app_with, feed_of, release, with_source, written
from tests.judges import VALIDATOR, Served, atom_faults, json_faults, messages, served

RENDERERS: dict[str, Callable[[Feed], bytes]] = {"rss": render_rss, "atom": render_atom, "json": render_json}
# How many feeds have how many papers: 500 in all.
SIZES = {0: 60, 1: 350, 3: 79, 50: 10, 1000: 1}
TEX = (
    r"$\alpha<\beta$ and $x</y$: a \emph{bound}",
    r"A & B: $\mathcal{O}(n^2)$ for $a<b>c$",
    "H<sub>2</sub>O &amp; CO<sub>2</sub>",
    "An $x < y$ & a $y > z$",
)
DAY = date(2026, 3, 2)
READER = Subscriber(id=SubscriberId("reader0123456789"), address="ana@example.org", created=NOON)


def feeds_of(titles: list[str], url: str = "https://digest.example") -> Iterator[Feed]:
    """Yield 500 feeds over these titles, each under an address of its own."""
    site, taken = make_site(url=url), cycle(titles)
    for size, times in SIZES.items():
        for number in range(times):
            topic = make_topic(f"t-{size}-{number}", name=next(taken), description=next(taken))
            papers = [
                written(f"{place} {title}", id=f"text:{place}") for place, title in enumerate(islice(taken, size))
            ]
            picks = [make_pick(paper, rank=rank, reasons=(next(taken), "new")) for rank, paper in enumerate(papers, 1)]
            edition = make_edition(*picks, topic=topic, health=next(taken), label="2026-05-20")
            yield feed_of(site, topic, [edition] if size else [], ENV, limit=1000, hubs=("https://hub.example/",))


def assert_sound(feed: Feed) -> None:
    rss, atom, document = (render(feed) for render in RENDERERS.values())
    assert len(etree.fromstring(rss).findall("channel/item")) == len(feed.items)
    assert atom_faults(atom) == []
    assert json_faults(json.loads(document)) == []


def test_five_hundred_feeds_of_hostile_texts_are_sound() -> None:
    found = list(feeds_of([*HOSTILE, *TEX]))
    assert len(found) == 500
    for feed in found:
        assert_sound(feed)


@pytest.mark.shared
def test_feeds_of_naughty_strings_and_of_attacks_are_sound(shared: Path) -> None:
    for titles in hostile_corpora(shared):
        picks = [make_pick(written(title), rank=rank) for rank, title in enumerate(dict.fromkeys(titles), 1)]
        assert_sound(feed_of(make_site(), make_topic(), [make_edition(*picks)], ENV, limit=len(picks)))


def hostile_corpora(shared: Path) -> list[list[str]]:
    found = []
    for name in ("blns/strings.jsonl", "xss/payloads.jsonl"):
        lines = (shared / "corpora" / name).read_text(encoding="utf-8").splitlines()
        read = map(json.loads, lines)
        found.append([one if isinstance(one, str) else str(one["payload"]) for one in read][::5])
    return found


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"<id>tag:digest.example,2026:topic:kv-cache</id>", b""),
        (b"<updated>", b"<updated>Sat, "),
        (b'type="html"', b'type="CDATA"'),
        (b"<name>", b"<nom>x</nom><name>"),
        (b"</entry>", b"</entry><title>Late</title>"),
    ],
)
def test_the_grammar_of_atom_sees_a_planted_fault(good: bytes, bad: bytes) -> None:
    document = render_atom(feed_of(make_site(), make_topic(), [make_edition(make_pick(written("A")))], ENV))
    assert good in document
    assert atom_faults(document.replace(good, bad, 1))


# A whole site


def fill(store: Store) -> None:
    """Give a store topics of every kind, three months of editions, and papers that rise and bloom."""
    titles = cycle([*HOSTILE, *TEX])
    weekly = make_topic("weekly", name="By the week", periods=(PeriodKind.WEEK,))
    topics = [make_topic(), make_topic("other", name="R&D <b>"), weekly, make_topic("empty")]
    own = make_topic("own", name="Mine", owner=READER.id)
    store.save_subscribers([READER])
    store.put_topics([*topics, own])
    for topic_id in (TopicId("kv-cache"), TopicId("other"), own.id):
        active = SubscriptionState.ACTIVE
        store.save_subscription(Subscription(subscriber_id=READER.id, topic_id=topic_id, state=active, since=NOON))
    number = 0
    for day in (DAY + timedelta(days=n) for n in range(60)):
        for topic in (topics[0], topics[1], own) if day.weekday() < 5 else ():
            named = [
                f"{next(titles)} {(number := number + 1)}".replace("\ud800", "").replace("\udfff", "") for _ in "ab"
            ]
            release(store, *named, day=day, topic=topic)
    for place, at in enumerate(NOON - timedelta(days=200 - n) for n in range(60)):
        pick = make_pick(written(f"Live {place}"), parts=(), reasons=("12 upvotes",), numbers={SignalKind.UPVOTES: 12})
        store.enter(RISING, [pick], at=at)
        store.enter(LATE, [pick] * (place < 3), at=at)


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store("sqlite://")) as opened:
        fill(with_source(opened))
        yield opened


def site_files(store: Store, url: str) -> dict[str, bytes]:
    """Return all documents of a site's feeds by path and query, its reader's and a search's among them."""
    app = app_with(store, url=url)
    documents = [one for channel in feeds.channels(app) for one in feeds.documents(app, channel)]
    own = feeds.reader_document(app, feeds.reader_stem(app, READER.id).split("/")[2])
    found = {path: body for one in (*documents, own) for path, body in feeds.files(one)}
    search = feeds.search_document(app, Search(words="live upvotes or what"))
    for extension, body in search.bodies.items():
        found[search.feed.addresses[extension].removeprefix(url)] = body
    return {**found, "/feeds.opml": feeds.opml(app)}


def test_every_document_of_a_site_is_sound(store: Store) -> None:
    files = site_files(store, "https://digest.example")
    for path, body in files.items():
        extension = path.partition("?")[0].rpartition(".")[2]
        faults = json_faults(json.loads(body)) if extension == "json" else []
        faults += atom_faults(body) if extension == "atom" else []
        assert faults == [], path
        assert extension == "json" or etree.fromstring(body) is not None
    assert len(files) > 60


def is_sound_to_the_w3c(server: Served) -> dict[str, list[str]]:
    return {path: said for path, said in messages(server).items() if said}


if VALIDATOR:

    def test_the_w3cs_validator_has_nothing_to_say_of_a_sites_documents(store: Store) -> None:
        with served() as server:
            server.files.update(site_files(store, server.url))
            assert is_sound_to_the_w3c(server) == {}

    def test_the_w3cs_validator_has_nothing_to_say_of_hostile_feeds() -> None:
        with served() as server:
            for feed in islice(feeds_of([*HOSTILE, *TEX], server.url), 0, 490, 10):
                for extension in ("rss", "atom"):
                    path = feed.addresses[extension].removeprefix(server.url)
                    server.files[path] = RENDERERS[extension](feed)
            assert is_sound_to_the_w3c(server) == {}

    def test_the_w3cs_validator_sees_planted_faults() -> None:
        with served() as server:
            feed = feed_of(make_site(url=server.url), make_topic(), [make_edition(make_pick(written("A")))], ENV)
            bad = render_atom(feed).replace(b"<name>", b"<why:name xmlns:why='urn:why'/><name>", 1)
            server.files["/topics/kv-cache/feed.atom"] = bad
            server.files["/elsewhere.rss"] = render_rss(feed)
            assert len(is_sound_to_the_w3c(server)) == 2
