"""A reader's own topic is nobody else's business: a word that only it knows is in no public byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from digest.app import App
from digest.model import Edition, Subscription, SubscriptionState, Topic, TopicId
from digest.work import feeds
from digest.work.publishing import publish
from tests.doors import URL, client, confirmed, reader, site
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic
from tests.pages import links, parsed

WORD = "xyzzyplugh"
OWN = TopicId(f"own-{WORD}")


@pytest.fixture
def app() -> Iterator[App]:
    with site(trusted_proxies=1, hubs="https://hub.example/") as (app, _):
        confirmed(app)
        plant(app)
        yield app


def plant(app: App) -> None:
    """A personal topic that says the word wherever a topic can, with an edition that says it as well."""
    who = reader(app).id
    told = f"about {WORD}"
    topic = make_topic(OWN, name=told, description=told, should=(WORD,), must=(), categories=(WORD,), owner=who)
    app.store.put_topics([topic])
    app.store.save_subscription(
        Subscription(subscriber_id=who, topic_id=OWN, state=SubscriptionState.ACTIVE, since=app.now())
    )
    app.store.save_edition(of(topic, told))


def of(topic: Topic, told: str) -> Edition:
    """An edition with a paper that all know, for a reason that nobody else may."""
    known, new = (make_pick(make_paper(title), reasons=(told,)) for title in ("Paper 1", "Paper 99"))
    picks = (known, replace(new, rank=2))
    return make_edition(*picks, topic=topic, label="2026-11-21", note=told, released=NOON + timedelta(days=2))


def crawled(web: TestClient) -> dict[str, bytes]:
    """Return every answer that links, feeds, lists and guesses lead to, with its headers."""
    shelf = web.app.shelf  # type: ignore[attr-defined]
    todo = [*shelf._sheets, "/subscribe", "/search?q=paper", f"/search?q={WORD[:4]}", *guesses()]
    found: dict[str, bytes] = {}
    while todo:
        path = todo.pop()
        if path in found or not path.startswith("/"):
            continue
        answer = web.get(path, headers={"x-forwarded-for": f"10.0.{len(found) // 250}.{len(found) % 250}"})
        found[path] = answer.content + repr(answer.headers.multi_items()).encode()
        if answer.headers.get("content-type", "").startswith("text/html"):
            todo += [urljoin(path, one).removeprefix(URL) for one in links(parsed(answer.content))]
    return found


def guesses() -> list[str]:
    below = ("", "feed.rss", "feed.atom", "feed.json", "feed-1.atom", "2026-11-21/", "archive/", "index.html")
    return [f"/topics/{OWN}/{rest}" for rest in below] + [f"/topics/{OWN}", f"/my/{OWN}/feed.atom"]


def test_no_public_answer_knows_the_word(app: App) -> None:
    with client(app) as web:
        found = crawled(web)
        said = {path for path, answer in found.items() if WORD.encode() in answer.lower()}
    assert len(found) > 50
    assert {"/", "/feeds.opml", "/sitemap.xml", "/feed.atom", "/papers/text/paper-1/", "/sources/"} <= set(found)
    assert said == set()


def test_its_owner_reads_it(app: App) -> None:
    """So that the word is there to be found."""
    with client(app) as web:
        found = web.get(f"{feeds.reader_stem(app, reader(app).id)}.json")
    assert WORD in found.text
    assert "Paper 99" in found.text


@pytest.mark.parametrize("how", ["there", "removed", "disabled"])
def test_its_addresses_tell_nobody_that_it_was_ever_there(app: App, how: str) -> None:
    if how == "removed":
        app.store.remove_topic(OWN)
    if how == "disabled":
        app.store.put_topics([replace(app.store.topic(OWN), enabled=False)])
    with client(app) as web:
        assert {web.get(path).status_code for path in guesses()} == {403, 404}
        nowhere = [web.get(path.replace(OWN, "own-nothing-at-all")) for path in guesses()]
        assert [web.get(path).status_code for path in guesses()] == [one.status_code for one in nowhere]


def test_the_static_site_does_not_know_the_word(app: App, tmp_path: Path) -> None:
    publish(app, tmp_path)
    app.store.remove_topic(OWN)
    publish(app, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 30
    assert [path for path in files if WORD.encode() in path.read_bytes().lower() or WORD in path.as_posix()] == []
    assert not (tmp_path / "my").exists()
