"""Programs that people read feeds with see our titles, links, ids, dates and authors.

A program that is not installed is not asked. The packages rss-parser and feedsmith of npm are asked if the folder that
DIGEST_NODE_MODULES names, or `tests/node_modules`, holds them.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from calendar import timegm
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

import feedparser
import pytest
from lxml import etree

from digest.model import Links, PaperId
from digest.render.feed import Feed
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss
from tests.factories import make_paper
from tests.feeds import HOSTILE, feed_with

RENDERERS: dict[str, Callable[[Feed], bytes]] = {"rss": render_rss, "atom": render_atom, "json": render_json}
NODE_MODULES = Path(os.environ.get("DIGEST_NODE_MODULES") or Path(__file__).parents[1] / "node_modules")
ATOM, CREATOR = "{http://www.w3.org/2005/Atom}", "{http://purl.org/dc/elements/1.1/}creator"

FEED = feed_with(
    *[make_paper(title, id=PaperId(f"text:{n}"), authors=("Ana García", "Wei")) for n, title in enumerate(HOSTILE)],
    make_paper("With a link", authors=("Åsa",), links=Links(abstract="https://arxiv.org/abs/2611.01234?a=1&b=2")),
)


class Seen(NamedTuple):
    """An item as a program sees it; what it does not show is None."""

    title: str
    link: str
    id: str | None
    date: datetime | None
    authors: tuple[str, ...] | None


def by_feedparser(document: bytes, _: Path) -> list[Seen]:
    found = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    return [
        Seen(
            one.title,
            one.link,
            one.id,
            datetime.fromtimestamp(timegm(one.published_parsed), UTC),
            tuple(author.name for author in one.authors),
        )
        for one in found.entries
    ]


def by_lxml(document: bytes, _: Path) -> list[Seen]:
    root = etree.fromstring(document)
    return list(map(_rss_item, root.iter("item"))) + list(map(_atom_entry, root.iter(f"{ATOM}entry")))


def _rss_item(item: Any) -> Seen:
    title, link, guid, date = (item.findtext(name) for name in ("title", "link", "guid", "pubDate"))
    return Seen(title, link, guid, parsedate_to_datetime(date), tuple(one.text for one in item.findall(CREATOR)))


def _atom_entry(entry: Any) -> Seen:
    title, name, date = (entry.findtext(f"{ATOM}{name}") for name in ("title", "id", "published"))
    link = entry.find(f"{ATOM}link[@rel='alternate']").get("href")
    authors = tuple(one.text for one in entry.findall(f"{ATOM}author/{ATOM}name"))
    return Seen(title, link, name, datetime.fromisoformat(date), authors)


def by_sfeed(document: bytes, _: Path) -> list[Seen]:
    """Sfeed shows the first author only."""
    lines = subprocess.run(["sfeed"], input=document, capture_output=True, check=True).stdout.decode().split("\n")
    rows = [line.split("\t") for line in lines if line]
    return [Seen(row[1], row[2], row[5], datetime.fromtimestamp(int(row[0]), UTC), (row[6],)) for row in rows]


def by_newsboat(document: bytes, folder: Path) -> list[Seen]:
    (folder / "feed.xml").write_bytes(document)
    (folder / "urls").write_text(f"file://{folder}/feed.xml\n")
    (folder / "config").touch()
    files = ["-C", f"{folder}/config", "-u", f"{folder}/urls", "-c", f"{folder}/cache.db"]
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    subprocess.run(["newsboat", *files, "-x", "reload"], env=environment, capture_output=True, check=True)
    with sqlite3.connect(folder / "cache.db") as cache:
        query = "select title, url, guid, pubDate, author from rss_item order by pubDate desc"
        return [
            Seen(title, link, guid, datetime.fromtimestamp(date, UTC), tuple(authors.split(", ")))
            for title, link, guid, date, authors in cache.execute(query)
        ]


_RSS_PARSER = """
import Parser from "rss-parser";
const parser = new Parser({customFields: {item: [["dc:creator", "creators", {keepArray: true}]]}});
const read = async (text) => (await parser.parseString(text)).items.map((one) =>
  [one.title, one.link, one.guid ?? one.id, one.pubDate, one.creators ?? [one.author]]);
"""
_FEEDSMITH = """
import {parseFeed} from "feedsmith";
const date = (one) => one.pubDate ?? one.published ?? one.date_published;
const link = (one) => one.link ?? one.url ?? one.links?.find((each) => each.rel === "alternate").href;
const authors = (one) => one.dc?.creators ?? one.authors.map((each) => each.name);
const read = async (text) => {
  const {feed} = parseFeed(text);
  return (feed.items ?? feed.entries).map((one) =>
    [one.title?.value ?? one.title, link(one), one.guid?.value ?? one.id, date(one), authors(one)]);
};
"""
_PRINT = """
let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(await read(text)));
"""


def by_node(document: bytes, script: str) -> list[Seen]:
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script + _PRINT],
        input=document,
        capture_output=True,
        check=True,
        cwd=NODE_MODULES.parent,
    )
    return [Seen(title, link, id_, _date(date), tuple(who)) for title, link, id_, date, who in json.loads(done.stdout)]


def _date(text: str) -> datetime:
    return parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)


def by_rss_parser(document: bytes, _: Path) -> list[Seen]:
    return by_node(document, _RSS_PARSER)


def by_feedsmith(document: bytes, _: Path) -> list[Seen]:
    return by_node(document, _FEEDSMITH)


READERS: dict[Callable[[bytes, Path], list[Seen]], object] = {
    by_feedparser: True,
    by_lxml: True,
    by_sfeed: shutil.which("sfeed"),
    by_newsboat: shutil.which("newsboat"),
    by_rss_parser: shutil.which("node") and (NODE_MODULES / "rss-parser").is_dir(),
    by_feedsmith: shutil.which("node") and (NODE_MODULES / "feedsmith").is_dir(),
}
CASES = [
    (read, extension)
    for read, there in READERS.items()
    for extension in ("rss", "atom", *(["json"] if read is by_feedsmith else []))
    if there
]


@pytest.mark.parametrize(("read", "extension"), CASES)
def test_a_reader_sees_titles_links_ids_dates_and_authors(
    read: Callable[[bytes, Path], list[Seen]], extension: str, tmp_path: Path
) -> None:
    seen = read(RENDERERS[extension](FEED), tmp_path)
    wanted = [Seen(item.title, item.url, item.id, item.published, item.authors) for item in FEED.items]
    first_only = read is by_sfeed or (read is by_rss_parser and extension == "atom")
    assert seen == [one._replace(authors=one.authors[:1]) for one in wanted if one.authors] if first_only else wanted
