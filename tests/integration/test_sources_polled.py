"""Sources that answer in pages, polled from a host that gives those pages: all of it is in the store afterwards."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.app import App, opened
from digest.config.settings import FetchSettings, Settings, StoreSettings
from digest.model import SourceId
from digest.work.polling import PollReport, fetcher_of, poll
from tests.factories import NOON, Clock, make_source
from tests.hosts import Host, answer

GOLDEN = Path(__file__).parents[1] / "golden" / "sources"
Answering = Callable[[str, dict[str, str]], str | bytes]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Iterator[App]:
    given = Settings(store=StoreSettings(url="sqlite://"), fetch=FetchSettings(allow_private=True))
    with opened(given, now=clock) as app:
        yield app


def serve(here: Host, path: str, answering: Answering) -> None:
    def play(connection: socket.socket, over: threading.Event) -> None:
        asked = urlsplit(here.asked[-1].path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        body = answering(asked.path, query)
        answer(body if isinstance(body, bytes) else body.encode())(connection, over)

    here.plays[path] = play


def polled(app: App, kind: str, url: str) -> PollReport:
    app.store.put_sources([make_source("list", kind=kind, url=url)])
    (report,) = asyncio.run(poll(app, [SourceId("list")], fetcher=fetcher_of(app.settings, app.now)))
    return report


def test_a_missed_day_of_arxiv_comes_from_its_archive_in_two_parts(app: App, clock: Clock, here: Host) -> None:
    raw = (GOLDEN / "arxiv-oai-raw.xml").read_text("utf-8")
    first = raw.replace('<resumptionToken cursor="0" completeListSize="6"/>', "<resumptionToken>two</resumptionToken>")
    last = raw.replace("2611.01230", "2611.01239")
    serve(here, "/rss/cs.CL", lambda path, query: (GOLDEN / "arxiv-rss.xml").read_bytes())
    serve(here, "/oai", lambda path, query: last if "resumptionToken" in query else first)
    assert polled(app, "arxiv-feed", here.url("/rss/cs.CL")).pages == 1
    clock.instant += timedelta(days=3)
    report = polled(app, "arxiv-feed", here.url("/rss/cs.CL"))
    assert (report.error, report.pages) == (None, 3)
    assert len(app.store.sightings(SourceId("list"), ["oai:arXiv.org:2611.01230", "oai:arXiv.org:2611.01239"])) == 2


def test_preprints_are_read_to_the_last_cursor_and_an_empty_page_fails_the_poll(app: App, here: Host) -> None:
    def page(start: int, rows: int) -> str:
        found = [{"doi": f"10.1101/{start + n}", "title": f"Paper {start + n}", "version": "1"} for n in range(rows)]
        message = {"status": "ok", "cursor": start, "total": "5"}
        return json.dumps({"messages": [message], "collection": found})

    days = f"/details/biorxiv/{NOON - timedelta(days=7):%Y-%m-%d}/{NOON:%Y-%m-%d}"
    for start, rows in ((0, 2), (2, 2), (4, 0)):
        serve(here, f"{days}/{start}", lambda path, query, start=start, rows=rows: page(start, rows))  # type: ignore[misc]
    report = polled(app, "biorxiv", here.url("/details/biorxiv"))
    assert "an empty page" in str(report.error)
    serve(here, f"{days}/4", lambda path, query: page(4, 1))
    report = polled(app, "biorxiv", here.url("/details/biorxiv"))
    assert (report.error, report.pages, report.read) == (None, 3, 5)


def test_the_daily_list_is_read_back_day_by_day(app: App, here: Host) -> None:
    def page(path: str, query: dict[str, str]) -> str:
        day, number = query.get("date", "2026-11-20")[-2:], int(query.get("p", 0))
        rows = [{"paper": {"id": f"2611.{day}{number}{n}0", "title": f"Paper {day}, {number}, {n}"}} for n in range(2)]
        return json.dumps(rows if number < 2 else [])

    serve(here, "/api/daily_papers", page)
    report = polled(app, "daily-papers", here.url("/api/daily_papers"))
    assert report.error is None
    read = ["2611.20110", "2611.19110", "2611.13000"]
    assert set(app.store.sightings(SourceId("list"), read)) == set(read)


def test_a_later_version_of_a_paper_that_was_never_seen_is_kept_and_is_no_news(
    app: App, clock: Clock, here: Host
) -> None:
    feed = (GOLDEN / "arxiv-rss.xml").read_text("utf-8")
    serve(here, "/rss/cs.CL", lambda path, query: feed)
    assert polled(app, "arxiv-feed", here.url("/rss/cs.CL")).new > 1
    clock.instant += timedelta(hours=20)
    item = """<item><title>An old one</title><link>https://arxiv.org/abs/2401.00010</link>
<guid isPermaLink="false">oai:arXiv.org:2401.00010v3</guid>
<description>arXiv:2401.00010v3 Announce Type: replace Abstract: Of long ago.</description></item>"""
    serve(here, "/rss/cs.CL", lambda path, query: feed.replace("</channel>", f"{item}</channel>"))
    report = polled(app, "arxiv-feed", here.url("/rss/cs.CL"))
    assert (report.new, report.old) == (1, 1)
    window = app.store.papers_between(NOON, clock.instant + timedelta(days=1), as_of=clock.instant)
    assert "arxiv:2401.00010" not in [paper.id for paper in window]
    assert app.store.paper_ids(["arxiv:2401.00010"])


def test_a_list_that_knows_nothing_of_pages_is_read_once(app: App, here: Host) -> None:
    rows = [{"paper": {"id": f"2611.0000{n}", "title": f"Paper {n}"}} for n in range(3)]
    serve(here, "/api/daily_papers", lambda path, query: json.dumps(rows))
    report = polled(app, "daily-papers", here.url("/api/daily_papers"))
    assert report.error is None
    assert report.pages <= 20
