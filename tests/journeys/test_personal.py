"""A reader's own topic from the preferences to the mail and the secret feed, and into nothing that others can see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

from digest.app import App, opened
from digest.config.settings import ScheduleSettings, Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.model import Entry, SourceId, SubscriberId
from digest.tokens import Purpose
from digest.work import feeds, personal, subscribing
from digest.work.composing import compose_due
from digest.work.importing import ingest
from digest.work.personal import own_id
from digest.work.phrases import phrases
from digest.work.planning import plan
from digest.work.publishing import publish
from digest.work.rolls import export_rows, write_csv
from digest.work.sending import Sent, send
from digest.work.subscribing import confirm
from tests import doors
from tests.factories import Clock, make_source, make_topic
from tests.mailserver import Mailbox

# It stands in a reader's topic, and nowhere else.
WORD, SECRET_NAME = "xyzzyplugh", "Grace Xyzzyplugh"
EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(EVENING)


@pytest.fixture
def app(store_url: str, clock: Clock, relay: Mailbox) -> Iterator[App]:
    settings = Settings(
        site=SiteSettings(url=doors.URL, secret=doors.SECRET),
        store=StoreSettings(url=store_url),
        smtp=SmtpSettings(url=relay.url, timeout="5s"),
        schedule=ScheduleSettings(compose_at="05:00", compose_by="06:00"),
    )
    with opened(settings, now=clock) as app:
        app.store.put_topics([make_topic("cache", name="Caches", should=("cache",))])
        texts = {"A cache": "How a cache evicts.", "Honey": "How bees make honey.", "Wasps": "How wasps hunt bees."}
        entries = [
            Entry(source_id=SourceId("list"), external_id=title, title=title, abstract=text)
            for title, text in texts.items()
        ]
        ingest(app, make_source(), entries)
        yield app


def joined(app: App, address: str) -> SubscriberId:
    subscribing.join(app, address=address, topics=["cache"], cadence="daily", hour="7", zone="UTC")
    who = doors.reader(app, address).id
    confirm(app, who)
    return who


def morning(app: App, clock: Clock) -> Sent:
    clock.instant = datetime(2026, 11, 21, 5, tzinfo=UTC)
    compose_due(app)
    clock.instant = datetime(2026, 11, 21, 7, tzinfo=UTC)
    plan(app)
    return asyncio.run(send(app))


def text_of(mail: bytes) -> str:
    found = BytesParser(policy=policy.default).parsebytes(mail).get_body(("plain",))
    return str(found.get_content()) if found else ""


def test_it_comes_in_its_readers_mail_and_secret_feed_and_nowhere_else(
    app: App, clock: Clock, relay: Mailbox, tmp_path: Path
) -> None:
    ada, bob = joined(app, "ada@example.org"), joined(app, "bob@example.org")
    page = doors.link(app, Purpose.PREFERENCES, ada, hours=1)
    with doors.client(app) as web:
        lines = {"words": f"bees {WORD} -wasps", "authors": SECRET_NAME}
        assert "Honey: comes in at 1 (holds “bees”)" in web.post(page, data={"own": "say", **lines}).text
    assert morning(app, clock) == Sent(sent=2, withheld=2)

    hers, his = (text_of(relay.to(f"{name}@example.org")[-1]) for name in ("ada", "bob"))
    assert ("MY OWN TOPIC" in hers, "Honey" in hers, "Wasps" in hers, "A cache" in hers) == (True, True, False, True)
    assert ("MY OWN TOPIC" in his, "Honey" in his, "A cache" in his) == (False, False, True)
    assert own_id(ada) not in hers

    titles = {
        name: {item.title for item in feeds.reader_document(app, token(app, who)).feed.items}
        for name, who in (("ada", ada), ("bob", bob))
    }
    assert titles == {"ada": {"A cache", "Honey"}, "bob": {"A cache"}}
    assert_nowhere(app, tmp_path / "site", ada)


def token(app: App, who: SubscriberId) -> str:
    return feeds.reader_stem(app, who).split("/")[2]


def assert_nowhere(app: App, folder: Path, who: SubscriberId) -> None:
    """No public byte holds the topic's words, its name or its id: neither on the static site nor by asking."""
    secrets = re.compile(f"{WORD}|My own topic|{re.escape(own_id(who))}", re.IGNORECASE)
    publish(app, folder)
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert [path for path in written if secrets.search(f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}")] == []
    assert not secrets.search(write_csv(export_rows(app)))
    with doors.client(app) as web:
        asked = ["/", "/subscribe", "/search?q=bees", "/search/feed.atom?q=bees", "/feeds.opml", "/sitemap.xml"]
        assert not any(secrets.search(web.get(path).text) for path in asked)
        hidden = [f"/topics/{own_id(who)}/", f"/topics/{own_id(who)}/feed.atom", f"/topics/{own_id(who)}/2026-11-20/"]
        assert {web.get(path).status_code for path in hidden} == {404}


def test_an_own_topic_that_found_nothing_sends_nothing(app: App, clock: Clock, relay: Mailbox) -> None:
    ada = joined(app, "ada@example.org")
    personal.say(app, ada, phrases(WORD), by_link=True)
    usual = {"cadence": "daily", "hour": "7", "zone": "UTC", "paused": False}
    subscribing.change(app, ada, topics=[own_id(ada)], **usual)  # type: ignore[arg-type]
    morning(app, clock)
    (digest,) = [one for one in app.store.deliveries(subscriber_id=ada) if one.slot.startswith("daily")]
    assert (str(digest.state), digest.reply) == ("skipped", "empty")
    assert relay.mails == []


def test_who_is_removed_is_sent_nothing_more_of_it(app: App, clock: Clock, relay: Mailbox) -> None:
    ada = joined(app, "ada@example.org")
    personal.say(app, ada, phrases("bees"), by_link=True)
    clock.instant = datetime(2026, 11, 21, 5, tzinfo=UTC)
    compose_due(app)
    clock.instant = datetime(2026, 11, 21, 7, tzinfo=UTC)
    plan(app)
    subscribing.leave(app, ada)
    personal.forget(app, ada)
    assert asyncio.run(send(app)).sent == 0
    assert relay.mails == []
    assert [str(one.state) for one in app.store.deliveries(subscriber_id=ada) if one.digest_id] == ["cancelled"]
