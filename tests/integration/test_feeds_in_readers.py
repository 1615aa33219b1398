"""Programs that people read feeds with see our titles, links and ids; a program that is not installed is not asked."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import feedparser
import pytest

from digest.model import Links
from digest.render.feed import Feed
from digest.render.legal import publishable
from digest.render.xmlfeeds import render_atom, render_rss
from tests.factories import make_paper
from tests.feeds import HOSTILE, feed_with

Seen = list[tuple[str, str, str]]  # title, link, id

FEED = feed_with(
    *[make_paper(title, id=f"text:{n}", authors=("Ana", "Wei")) for n, title in enumerate(HOSTILE)],
    make_paper("With a link", links=Links(abstract="https://arxiv.org/abs/2611.01234?a=1&b=2")),
)


def by_feedparser(document: bytes, _: Path) -> Seen:
    found = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    return [(entry.title, entry.link, entry.id) for entry in found.entries]


def by_sfeed(document: bytes, _: Path) -> Seen:
    lines = subprocess.run(["sfeed"], input=document, capture_output=True, check=True).stdout.decode().split("\n")
    rows = [line.split("\t") for line in lines if line]
    return [(row[1], row[2], row[5]) for row in rows]


def by_newsboat(document: bytes, folder: Path) -> Seen:
    (folder / "feed.xml").write_bytes(document)
    (folder / "urls").write_text(f"file://{folder}/feed.xml\n")
    (folder / "config").touch()
    files = ["-C", f"{folder}/config", "-u", f"{folder}/urls", "-c", f"{folder}/cache.db"]
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    subprocess.run(["newsboat", *files, "-x", "reload"], env=environment, capture_output=True, check=True)
    with sqlite3.connect(folder / "cache.db") as cache:
        return cache.execute("select title, url, guid from rss_item order by pubDate desc").fetchall()


READERS = [by_feedparser, *(by_sfeed,) * bool(shutil.which("sfeed")), *(by_newsboat,) * bool(shutil.which("newsboat"))]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("render", [render_rss, render_atom])
def test_a_reader_sees_titles_links_and_ids(
    render: Callable[[Feed], bytes], read: Callable[[bytes, Path], Seen], tmp_path: Path
) -> None:
    seen = read(render(FEED), tmp_path)
    assert seen == [(item.title, item.url, item.id) for item in publishable(FEED).items]
