"""The last resort: feedparser in a process with bounds, for feeds that claim items of which we find none."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest import sources
from digest.errors import SourceError
from digest.fetch import fallback, lenient
from digest.model import Batch
from digest.work import reading
from tests.factories import make_source

ITEM = (
    "<item><title>Deep &amp;amp; $k$-found</title><link>javascript:alert(1)</link><guid>https://a.example/1</guid>"
    "<author>ana@a.org (Ana Ruiz)</author><description>&lt;script&gt;x&lt;/script&gt;Words&#8238;.</description>"
    "<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>"
)
TOO_DEEP = f"<rss><channel>{'<a>' * 300}{ITEM}"
ELSEWHERE = f"<rss><shelf>{ITEM}</shelf></rss>"


def read(feed: str) -> Batch:
    return reading.read(feed.encode(), source=make_source(), name="https://a.example/feed")


@pytest.mark.parametrize("feed", [TOO_DEEP, ELSEWHERE])
def test_items_that_we_do_not_find_are_found_and_cleaned_like_all_others(feed: str) -> None:
    assert sources.read(feed.encode(), source=make_source(), name="feed").entries == ()
    (entry,) = read(feed).entries
    assert (entry.title, entry.abstract, entry.authors) == ("Deep & k-found", "Words.", ("Ana Ruiz",))
    assert (entry.external_id, entry.links.abstract) == ("https://a.example/1", None)
    assert entry.listed == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "feed",
    [
        "<rss><channel><title>Holidays</title></channel></rss>",
        "<rss><channel><!-- <item><title>Old</title></item> --></channel></rss>",
        f"<rss><channel>{ITEM}</channel></rss>",
        f"<rss><channel>{ITEM}<item>",
        "<rss><channel><item><description/></item></channel></rss>",
    ],
)
def test_nobody_else_is_asked_where_nothing_is_hidden(feed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fallback, "parsed")
    assert read(feed) == sources.read(feed.encode(), source=make_source(), name="https://a.example/feed")


def test_an_error_of_arxiv_stays_an_error() -> None:
    error = "<entry><id>http://arxiv.org/api/errors#x</id><title>Error</title><summary>bad id</summary></entry>"
    with pytest.raises(SourceError, match="arXiv answered with an error: bad id"):
        read(f'<feed xmlns="http://www.w3.org/2005/Atom">{error}</feed>')
    with pytest.raises(SourceError, match="arXiv answered with an error: bad id"):
        read(f'<feed xmlns="http://www.w3.org/2005/Atom">{"<a>" * 300}{error}')


def test_where_feedparser_finds_nothing_either_the_feed_is_as_we_read_it() -> None:
    feed = "<rss><channel><title>One</title></channel><shelf><item-of-mine/></shelf><x:item></x:item></rss>"
    batch = read(feed)
    assert (batch.title, batch.entries) == ("One", ())


def child(code: str) -> list[str]:
    """Return a program that runs `code` after the limits are set, instead of reading a feed."""
    setup = "import resource, sys; [resource.setrlimit(limit, (most, most)) for limit, most in {limits!r}]; {code}"
    limits = [(int(limit), most) for limit, most in lenient.LIMITS]
    return [sys.executable, "-I", "-c", setup.format(limits=limits, code=code)]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import time; time.sleep(60)", "it took longer than 1 s"),
        ("bytearray(1 << 40)", "it needs more memory than it may have"),
        ("raise ValueError('no')", "it broke down: ValueError: no"),
        ("import os; os.kill(os.getpid(), 9)", "it was killed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "it took more processor time than it may"),
        ("print('{')", "its answer breaks off"),
    ],
)
def test_a_process_that_is_stopped_is_a_clear_error(code: str, why: str) -> None:
    with pytest.raises(SourceError, match=f"cannot read feed: .*feedparser: {why}"):
        fallback.parsed(b"<rss/>", "feed", program=child(code), patience=timedelta(seconds=1))


def test_a_program_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(SourceError, match="it cannot be started: No such file or directory"):
        fallback.parsed(b"<rss/>", "feed", program=["/nowhere/python"])


def test_the_process_sets_its_own_limits_and_is_denied_the_network(tmp_path: Path) -> None:
    attempt = tmp_path / "attempt.py"
    attempt.write_text(
        "import runpy, sys, resource, json, io\n"
        f"program = runpy.run_path({str(Path(lenient.__file__))!r})\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b'<rss/>'))\n"
        "program['main']()\n"
        "print()\n"
        "import socket\n"
        "try:\n"
        "    socket.create_connection(('127.0.0.1', 9))\n"
        "except PermissionError as error:\n"
        "    limits = [resource.getrlimit(one)[1] for one in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]\n"
        "    print(json.dumps([str(error), *limits]))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-W", "ignore", attempt], capture_output=True, text=True, check=True)
    denied, memory, cpu = json.loads(done.stdout.splitlines()[1])
    assert denied.endswith("is not for a parser")
    assert (memory, cpu) == (lenient.MEMORY, lenient.CPU)


def test_a_name_of_a_file_in_the_feeds_place_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(f"<rss><channel>{ITEM}</channel></rss>")
    assert fallback.parsed(str(secret).encode(), "feed")["entries"] == []
    assert fallback.parsed(secret.as_uri().encode(), "feed")["entries"] == []


def test_what_a_process_says_is_not_trusted() -> None:
    found = {"version": 7, "title": [], "entries": [None, {"title": 5}, {"title": "One", "authors": [1], "tags": {}}]}
    batch = sources.adopted(found, source=make_source(), name="feed")
    assert [entry.title for entry in batch.entries] == ["One"]
    assert batch.problems == ("item 1: not an object", "item 2: no text")
    assert sources.adopted(None, source=make_source(), name="feed").entries == ()
