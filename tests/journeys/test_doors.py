"""Through all doors: feeds and pages in, a reader by the form, three readers in three zones by mail, one leaves."""

from __future__ import annotations

import asyncio
import re
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from digest.app import App, opened
from digest.config.settings import FetchSettings, Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.model import OPEN_DELIVERIES, Source, SourceId
from digest.web.server import listening, serve_until
from digest.work.composing import compose_due
from digest.work.importing import import_file
from digest.work.planning import plan
from digest.work.polling import poll
from digest.work.sending import Sent, send
from digest.work.starting import seed
from digest.work.subscribing import confirm, join
from tests.browser import chromium
from tests.factories import Clock
from tests.mailserver import Mailbox

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
ZONES = {"ana": "Europe/Berlin", "bo": "Asia/Tokyo", "cy": "America/New_York"}
TOPICS = {"ana": ["alignment", "vision"], "bo": ["fine-tuning"], "cy": ["efficient-inference", "alignment"]}
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title><link>https://{name}.example/</link>
<description>Papers</description>{items}</channel></rss>"""
ITEM = """<item><title>{title}</title><link>https://{name}.example/{number}</link><guid>{name}-{number}</guid>
<description>{text}</description><pubDate>{date}</pubDate></item>"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        pass


@contextmanager
def feeds(folder: Path) -> Iterator[str]:
    """Serve two feeds over HTTP."""
    date = "Fri, 20 Nov 2026 06:00:00 GMT"
    for name, subject in (("lab", "human feedback"), ("press", "KV cache compression")):
        items = "".join(
            ITEM.format(name=name, number=n, title=f"On {subject}, part {n}", text=f"We study {subject}.", date=date)
            for n in range(3)
        )
        (folder / f"{name}.rss").write_text(FEED.format(name=name, items=items), "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def web(app: App, port: int) -> Iterator[None]:
    """Serve the site from a thread of its own."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    ours = listening("127.0.0.1", port)

    def serve() -> None:
        loop.run_until_complete(serve_until(app, ours, stop))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=20)
        ours.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def port() -> int:
    with listening("127.0.0.1", 0) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def app(store_url: str, clock: Clock, relay: Mailbox, port: int) -> Iterator[App]:
    settings = Settings(
        site=SiteSettings(url=f"http://localhost:{port}", tag="papers.example,2026", secret="s" * 32),
        store=StoreSettings(url=store_url),
        smtp=SmtpSettings(url=relay.url, timeout="5s", sender="digest@papers.example"),
        fetch=FetchSettings(allow_private=True),
    )
    with opened(settings, now=clock) as app:
        seed(app)
        for source in app.store.sources():
            app.store.remove_source(source.id)
        yield app


def deliver(app: App) -> Sent:
    plan(app)
    return asyncio.run(send(app))


def link_in(mail: bytes, path: str) -> str:
    text = BytesParser(policy=policy.default).parsebytes(mail).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    found = re.search(rf"http://localhost:\d+{path}\S+", text)
    assert found, text
    return found[0]


def subscribe_in_browser(app: App, clock: Clock, name: str) -> None:
    """Fill in the form as a person does, with scripts off."""
    with sync_playwright() as play, chromium(play) as browser:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(f"{app.settings.site.url}/subscribe")
        clock.instant += timedelta(seconds=20)
        page.fill("input[name=address]", f"{name}@example.org")
        for topic in TOPICS[name]:
            page.check(f"input[name=topic][value={topic}]")
        page.select_option("select[name=hour]", "7")
        page.fill("[name=zone]", ZONES[name]) if page.locator("input[name=zone]").count() else page.select_option(
            "select[name=zone]", ZONES[name]
        )
        page.click("main button[type=submit]")
        assert "mailbox" in page.inner_text("main").lower()


def press_button(url: str) -> str:
    """Open a page from a mail and press its one button."""
    with sync_playwright() as play, chromium(play) as browser:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(url)
        page.click("main button[type=submit]")
        return page.inner_text("main")


def one_click(mail: bytes) -> int:
    """Leave as a mail program does (RFC 8058)."""
    header = BytesParser(policy=policy.default).parsebytes(mail)["List-Unsubscribe"]
    url = header.split(">")[0].lstrip("<")
    request = urllib.request.Request(url, data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def night(app: App, clock: Clock, relay: Mailbox, hours: int) -> Counter[str]:
    """Let hours pass a quarter at a time, with the chores done in each; return who got how many mails."""
    before = len(relay.mails)
    for _ in range(hours * 4):
        clock.instant += timedelta(minutes=15)
        compose_due(app, [topic for topic in app.store.topics() if topic.enabled])
        deliver(app)
    return Counter(address.partition("@")[0] for address, _ in relay.mails[before:])


@pytest.mark.shared
@pytest.mark.browser
def test_from_feeds_and_form_to_the_last_leave(
    app: App, clock: Clock, relay: Mailbox, port: int, shared: Path, tmp_path: Path
) -> None:
    with feeds(tmp_path) as address, web(app, port):
        app.store.put_sources(
            [
                Source(id=SourceId(name), kind="feed", name=name, url=f"{address}/{name}.rss")
                for name in ("lab", "press", "gone")
            ]
        )
        reports = {report.source: report for report in asyncio.run(poll(app))}
        assert (reports[SourceId("lab")].read, reports[SourceId("press")].read) == (3, 3)
        assert reports[SourceId("gone")].error
        for page in sorted((shared / "seeds").glob("*.txt")):
            assert import_file(app, page).error is None

        subscribe_in_browser(app, clock, "ana")
        assert deliver(app) == Sent(sent=1)
        confirm_url = link_in(relay.to("ana@example.org")[0], "/confirm/")
        assert deliver(app) == Sent()
        press_button(confirm_url)
        for name in ("bo", "cy"):
            join(app, address=f"{name}@example.org", topics=TOPICS[name], cadence="daily", hour="7", zone=ZONES[name])
            found = app.store.subscriber_by_address(f"{name}@example.org")
            assert found
            confirm(app, found.id)
        deliver(app)
        relay.mails.clear()

        assert night(app, clock, relay, 38) == Counter({"ana": 1, "bo": 1, "cy": 1})
        assert deliver(app) == Sent()
        sections = {name: relay.to(f"{name}@example.org")[0] for name in ZONES}
        assert len(set(sections.values())) == 3

        assert one_click(sections["bo"]) == 200
        assert one_click(sections["bo"]) == 200
        for page in sorted((shared / "seeds").glob("*.txt")):
            import_file(app, page)
        after = night(app, clock, relay, 24)
        assert after["bo"] == 0
        assert set(after) == {"ana", "cy"}
        for states in app.store.books().values():
            assert not OPEN_DELIVERIES & set(states)
