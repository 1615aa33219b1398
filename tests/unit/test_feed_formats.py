"""The three formats of a feed, judged by what their specifications say."""

from __future__ import annotations

import json
import locale
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from math import isclose
from typing import Any

import pytest
from lxml import etree
from lxml.html import fromstring
from msgspec.structs import replace

from digest import __version__
from digest.model import Origin
from digest.render.feed import Feed
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss
from tests.factories import NOON, make_paper
from tests.feeds import EMPTY, FULL, HOSTILE, PAPER, feed_with

Render = Callable[[Feed], bytes]
RENDERS = pytest.mark.parametrize("render", [render_rss, render_atom, render_json])
XML_RENDERS = pytest.mark.parametrize("render", [render_rss, render_atom])

A = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
FH = "{http://purl.org/syndication/history/1.0}"
INDEXING = "{urn:atom-extension:indexing}"
CC = "{http://backend.userland.com/creativeCommonsRssModule}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

BULK = feed_with(*[make_paper(f"Paper {number}", authors=("A", "B")) for number in range(50)])


def channel_of(feed: Feed) -> Any:
    return etree.fromstring(render_rss(feed))[0]


def items_of(feed: Feed) -> list[Any]:
    return list(channel_of(feed).findall("item"))


def atom_of(feed: Feed) -> Any:
    return etree.fromstring(render_atom(feed))


def entries_of(feed: Feed) -> list[Any]:
    return list(atom_of(feed).findall(f"{A}entry"))


def links_of(element: Any) -> list[dict[str, str]]:
    return [dict(link.attrib) for link in element.findall(f"{A}link")]


# All formats


@RENDERS
@pytest.mark.parametrize("feed", [EMPTY, FULL, BULK])
def test_the_same_feed_gives_the_same_bytes(render: Render, feed: Feed) -> None:
    assert render(feed) == render(feed)


@RENDERS
def test_the_bytes_are_utf_8_and_not_escaped_to_ascii(render: Render) -> None:
    assert "Ana García" in render(FULL).decode("utf-8")


@XML_RENDERS
def test_an_xml_feed_declares_its_encoding_and_each_namespace_once(render: Render) -> None:
    document = render(BULK)
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    assert document.count(b"xmlns") == document.partition(b"<title>")[0].count(b"xmlns")
    assert b"ns0" not in document


def test_prefixes_are_the_usual_ones() -> None:
    content = "http://purl.org/rss/1.0/modules/content/"
    assert atom_of(FULL).nsmap == {None: A[1:-1]}
    assert channel_of(FULL).nsmap == {"atom": A[1:-1], "dc": DC[1:-1], "content": content}
    marked = replace(FULL, current=FULL.addresses, private=True, licence="https://example.org/by")
    prefixes = {"fh": FH[1:-1], "indexing": INDEXING[1:-1]}
    assert prefixes.items() <= atom_of(marked).nsmap.items()
    assert {**prefixes, "creativeCommons": CC[1:-1]}.items() <= channel_of(marked).nsmap.items()


@RENDERS
def test_items_keep_the_order_of_the_feed(render: Render) -> None:
    document = render(BULK).decode()
    places = [document.index(item.id) for item in BULK.items]
    assert places == sorted(places)


def why_in_html(text: str) -> dict[str, Any]:
    html: Any = fromstring(f"<div>{text}</div>")
    return {
        "score": float(html.find_class("why-score")[0].get("title")),
        "why": [reason.text for reason in html.find_class("why-reason")],
        "parts": [
            {
                "name": part.text.strip(),
                "value": float(part.find_class("why-value")[0].get("title")),
                "weight": float(part.find_class("why-weight")[0].get("title")),
            }
            for part in html.find_class("why-part")
        ],
    }


def test_each_format_says_the_same_why() -> None:
    paper = json.loads(render_json(FULL))["items"][0]["_paper"]
    in_json = {name: paper[name] for name in ("score", "why", "parts")}
    assert in_json == why_in_html(items_of(FULL)[0].findtext("description"))
    assert in_json == why_in_html(entries_of(FULL)[0].findtext(f"{A}content"))
    assert in_json["why"] == ["matches “KV cache”"]


def test_parts_times_weights_add_up_to_the_score_as_read_back() -> None:
    html = [why_in_html(element.findtext("description")) for element in items_of(FULL)]
    for paper in (*html, *(item["_paper"] for item in json.loads(render_json(FULL))["items"])):
        total = sum(part["value"] * part["weight"] for part in paper["parts"])
        assert isclose(total, paper["score"], abs_tol=1e-9)


@XML_RENDERS
def test_rendering_leaves_the_locale_of_the_process_alone(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    before, switched = locale.setlocale(locale.LC_ALL), []

    def switch(_: int, name: str | None = None) -> str:
        switched.append(name)
        return before

    monkeypatch.setattr(locale, "setlocale", switch)
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(render, [FULL] * 32))) == 1
    monkeypatch.undo()
    assert switched == []
    assert locale.setlocale(locale.LC_ALL) == before


# RSS 2.0


def test_an_rss_channel_has_its_own_address_and_links_to_itself_and_its_hub() -> None:
    channel = channel_of(FULL)
    assert channel.findtext("link") == FULL.home
    assert links_of(channel) == [
        {"rel": "self", "href": FULL.addresses["rss"], "type": "application/rss+xml"},
        {"rel": "hub", "href": "https://hub.example/"},
    ]


def test_an_rss_channel_says_what_it_is() -> None:
    channel = channel_of(FULL)
    said = {name: channel.findtext(name) for name in ("title", "description", "language", "generator")}
    assert said == {
        "title": FULL.title,
        "description": FULL.description,
        "language": "en",
        "generator": f"Digest {__version__}",
    }
    assert parsedate_to_datetime(channel.findtext("lastBuildDate")) == FULL.updated


def test_an_rss_item_has_each_element_once_but_authors_categories_and_links() -> None:
    counts = Counter(child.tag for child in items_of(FULL)[0])
    for tag in ("title", "link", "description", "guid", "pubDate", "comments"):
        assert counts.pop(tag) == 1
    assert set(counts) == {"category", f"{DC}creator", f"{A}link"}


def test_an_rss_item_is_the_paper() -> None:
    element, item = items_of(FULL)[0], FULL.items[0]
    assert element.findtext("title") == item.title
    assert element.findtext("link") == item.url
    assert element.findtext("description") == item.html
    assert element.findtext("guid") == item.id
    assert element.find("guid").get("isPermaLink") == "false"
    assert element.findtext("comments") == "https://news.example/item/7"
    assert [name.text for name in element.findall(f"{DC}creator")] == ["Ana García", "Wei Zhang"]
    assert [(each.text, each.get("domain")) for each in element.findall("category")] == [
        ("cs.CL", "http://arxiv.org/schemas/atom"),
        ("agents", None),
    ]
    assert {"rel": "related", "href": PAPER.links.pdf, "type": "application/pdf", "title": "PDF"} in links_of(element)


def test_an_rss_date_is_rfc_822_with_the_right_weekday() -> None:
    assert items_of(FULL)[0].findtext("pubDate") == "Sat, 21 Nov 2026 05:00:00 GMT"
    assert items_of(FULL)[1].findtext("pubDate") == "Sat, 21 Nov 2026 04:59:59 GMT"


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("a<b>c", b"<title>a&#x3C;b&gt;c</title>"),
        ("R&D", b"<title>R&#x26;D</title>"),
        ("x < y and y > z", b"<title>x &#x3C; y and y &gt; z</title>"),
        ("AT&amp;T", b"<title>AT&#x26;amp;T</title>"),
    ],
)
def test_an_rss_title_is_plain_text_in_hexadecimal_references(title: str, written: bytes) -> None:
    feed = feed_with(make_paper(title))
    assert written in render_rss(feed)
    assert items_of(feed)[0].findtext("title") == title


def test_tex_in_an_rss_description_is_escaped_as_html_and_then_as_xml() -> None:
    feed = feed_with(make_paper(abstract="If $a<b$"))
    assert b"If $a&#x26;lt;b$" in render_rss(feed)
    assert "If $a&lt;b$" in items_of(feed)[0].findtext("description")


def test_an_rss_channel_says_how_long_it_may_be_kept_whose_it_is_and_on_which_days_nothing_comes() -> None:
    feed = replace(FULL, patience=timedelta(hours=1), quiet=(5, 6), licence="https://example.org/by")
    channel = channel_of(feed)
    assert channel.findtext("ttl") == "60"
    assert [day.text for day in channel.find("skipDays")] == ["Saturday", "Sunday"]
    assert channel.findtext("copyright") == FULL.rights == "Titles and abstracts belong to their authors."
    assert channel.findtext(f"{CC}license") == "https://example.org/by"
    assert (channel_of(FULL).find("ttl"), channel_of(FULL).find("skipDays")) == (None, None)


def test_an_rss_image_is_small_enough_and_named_like_its_channel() -> None:
    image = channel_of(FULL).find("image")
    said = [image.findtext(name) for name in ("url", "title", "link", "width", "height")]
    assert said == ["https://digest.example/icon-144.png", FULL.title, FULL.home, "144", "144"]


def test_each_format_names_the_feed_that_a_paper_came_from() -> None:
    origin = Origin(name="arXiv cs.CL", url="https://rss.arxiv.org/rss/cs.CL", seen=NOON)
    feed = replace(FULL, items=(replace(FULL.items[0], origin=origin),))
    in_rss, in_atom = items_of(feed)[0].find("source"), entries_of(feed)[0].find(f"{A}source")
    assert (in_rss.text, in_rss.get("url")) == (origin.name, origin.url)
    assert [in_atom.findtext(f"{A}{name}") for name in ("id", "title", "updated")] == [
        origin.url,
        origin.name,
        "2026-11-20T12:00:00+00:00",
    ]
    assert {"rel": "via", "href": origin.url} in links_of(entries_of(feed)[0])
    paper = json.loads(render_json(feed))["items"][0]["_paper"]
    assert paper["source"] == {"title": origin.name, "url": origin.url}


# History: RFC 5005


def by_rel(links: list[dict[str, str]]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in links}


def test_a_document_names_the_archive_page_before_it() -> None:
    older = {name: f"https://digest.example/feed-3.{name}" for name in FULL.addresses}
    feed = replace(FULL, older=older)
    assert by_rel(links_of(channel_of(feed)))["prev-archive"] == older["rss"]
    assert by_rel(links_of(atom_of(feed)))["prev-archive"] == older["atom"]
    assert json.loads(render_json(feed))["next_url"] == older["json"]
    assert channel_of(feed).find(f"{FH}archive") is None


def test_an_archive_page_says_so_and_names_the_newest_document() -> None:
    page = replace(FULL, current={name: f"https://digest.example/feed.{name}" for name in FULL.addresses})
    for element, name in ((channel_of(page), "rss"), (atom_of(page), "atom")):
        assert element.find(f"{FH}archive") is not None
        assert by_rel(links_of(element))["current"] == f"https://digest.example/feed.{name}"


def test_a_complete_feed_says_so() -> None:
    feed = replace(FULL, complete=True)
    assert channel_of(feed).find(f"{FH}complete") is not None
    assert atom_of(feed).find(f"{FH}complete") is not None


def test_a_private_feed_asks_not_to_be_indexed() -> None:
    feed = replace(FULL, private=True)
    for element in (channel_of(feed), atom_of(feed)):
        assert element.get(f"{INDEXING}index") == "no"


# Atom 1.0: RFC 4287


@pytest.mark.parametrize("feed", [EMPTY, FULL, BULK, feed_with(*map(make_paper, HOSTILE))])
def test_an_atom_feed_and_its_entries_have_what_rfc_4287_demands(feed: Feed) -> None:
    root = atom_of(feed)
    for element in (root, *root.findall(f"{A}entry")):
        counts = Counter(child.tag for child in element)
        assert [counts[f"{A}{name}"] for name in ("id", "title", "updated")] == [1, 1, 1]
        assert all(counts[f"{A}{name}"] <= 1 for name in ("content", "summary", "published", "subtitle", "generator"))
        assert element.findtext(f"{A}title").strip()
        assert all(author.findtext(f"{A}name").strip() for author in element.findall(f"{A}author"))
    assert root.findall(f"{A}author")  # 4.1.1: so that entries need none


@pytest.mark.parametrize("feed", [EMPTY, FULL, BULK])
def test_atom_links_differ_in_rel_type_and_hreflang_where_they_are_alternates(feed: Feed) -> None:
    root = atom_of(feed)
    for element in (root, *root.findall(f"{A}entry")):
        links = links_of(element)
        assert all(link["href"].startswith("https://") and link["rel"] for link in links)
        alternates = [(link.get("type"), link.get("hreflang")) for link in links if link["rel"] == "alternate"]
        assert len(alternates) == len(set(alternates)) == 1
    assert [link["href"] for link in links_of(root) if link["rel"] == "self"] == [feed.addresses["atom"]]


def test_atom_ids_are_unique_and_no_entry_was_updated_before_it_was_published() -> None:
    entries = entries_of(BULK)
    updated = [datetime.fromisoformat(entry.findtext(f"{A}updated")) for entry in entries]
    assert len({entry.findtext(f"{A}id") for entry in entries}) == len(set(updated)) == 50
    assert all(
        datetime.fromisoformat(entry.findtext(f"{A}published")) <= last
        for entry, last in zip(entries, updated, strict=True)
    )
    assert datetime.fromisoformat(atom_of(BULK).findtext(f"{A}updated")) == max(updated)


def test_an_atom_entry_is_the_paper() -> None:
    entry, item = entries_of(FULL)[0], FULL.items[0]
    content, summary, title = (entry.find(f"{A}{name}") for name in ("content", "summary", "title"))
    assert (title.text, title.get("type", "text")) == (item.title, "text")
    assert (content.text, content.get("type")) == (item.html, "html")
    assert (summary.text, summary.get("type", "text")) == (item.summary, "text")
    assert [author.findtext(f"{A}name") for author in entry.findall(f"{A}author")] == ["Ana García", "Wei Zhang"]
    assert [dict(category.attrib) for category in entry.findall(f"{A}category")] == [
        {"term": "cs.CL", "scheme": "http://arxiv.org/schemas/atom", "label": "cs.CL"},
        {"term": "agents", "label": "agents"},
    ]


def test_an_atom_feed_names_its_language_its_generator_and_its_hub() -> None:
    root = atom_of(FULL)
    assert root.get(LANG) == "en"
    assert root.find(f"{A}generator").get("version") == __version__
    assert root.findtext(f"{A}icon") == "https://digest.example/icon-512.png"
    assert root.findtext(f"{A}rights") == FULL.rights
    assert {"rel": "hub", "href": "https://hub.example/"} in links_of(root)


def test_a_summary_that_may_not_be_shown_leaves_no_element() -> None:
    assert entries_of(feed_with(make_paper(abstract=None)))[0].find(f"{A}summary") is None
