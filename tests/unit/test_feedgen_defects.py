"""What is wrong in feedgen 1.0.0, and that it is right in our feeds.

Each test first shows the defect in plain feedgen: when one fails there, feedgen was mended and our repair can go.
"""

from __future__ import annotations

import json
import locale
from datetime import UTC, datetime
from typing import Any

import pytest
from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree
from msgspec.structs import replace

from digest.model import Links, Origin
from digest.render.feed import Feed
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss
from tests.factories import make_paper
from tests.feeds import feed_with

A = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
MEDIA = "{http://search.yahoo.com/mrss/}"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PDF, CODE, HUB = "https://arxiv.org/pdf/2611.01234", "https://github.com/a/b", "https://hub.example/"

FEED = feed_with(
    make_paper("A", authors=("Ana", "Wei"), links=Links(pdf=PDF, code=CODE), categories=("cs.CL",)),
    make_paper("B"),
    hubs=[HUB],
)


def plain(*entries: Any) -> FeedGenerator:
    feed = FeedGenerator()
    feed.id("urn:feed")
    feed.title("Feed")
    feed.description("All of it")
    feed.link(href="https://example.org/", rel="alternate")
    for entry in entries:
        feed.add_entry(entry)
    return feed


def plain_entry(title: str = "A") -> FeedEntry:
    entry = FeedEntry()
    entry.id(f"urn:{title}")
    entry.title(title)
    entry.link(href="https://example.org/a", rel="alternate")
    return entry


def rss(feed: FeedGenerator | Feed) -> Any:
    return etree.fromstring(render_rss(feed) if isinstance(feed, Feed) else feed.rss_str())


def atom(feed: FeedGenerator | Feed) -> Any:
    return etree.fromstring(render_atom(feed) if isinstance(feed, Feed) else feed.atom_str())


def entry_links(feed: FeedGenerator | Feed) -> list[dict[str, str]]:
    return [dict(link.attrib) for link in atom(feed).find(f"{A}entry").findall(f"{A}link")]


def test_1_entry_links_lose_their_rel_and_type() -> None:
    entry = plain_entry()
    entry.link(href=PDF, rel="related", type="application/pdf")
    assert entry_links(plain(entry)) == [{"href": "https://example.org/a"}, {"href": PDF}]

    assert [(link["rel"], link["type"]) for link in entry_links(FEED)] == [
        ("alternate", "text/html"),
        ("related", "application/pdf"),
        ("related", "text/html"),
    ]


def test_2_a_hub_takes_the_place_of_the_channels_link() -> None:
    feed = plain()
    feed.link(href=HUB, rel="hub")
    assert rss(feed).findtext("channel/link") == HUB
    assert rss(feed).find(f"channel/{A}link[@rel='hub']") is None

    assert rss(FEED).findtext("channel/link") == FEED.home
    assert rss(FEED).find(f"channel/{A}link[@rel='hub']").get("href") == HUB


def test_3_several_authors_become_several_rss_author_elements() -> None:
    entry = plain_entry()
    entry.author([{"name": "Ana", "email": "a@example.org"}, {"name": "Wei", "email": "w@example.org"}])
    assert len(rss(plain(entry)).findall("channel/item/author")) == 2

    assert rss(FEED).findall("channel/item/author") == []


def test_4_authors_without_an_address_vanish_from_rss() -> None:
    entry = plain_entry()
    entry.author([{"name": "Ana"}, {"name": "Wei"}])
    assert b"Ana" not in plain(entry).rss_str()

    assert [creator.text for creator in rss(FEED).findall(f"channel/item/{DC}creator")] == ["Ana", "Wei"]


def test_5_the_syndication_extension_writes_element_names_that_do_not_exist() -> None:
    feed = plain()
    feed.load_extension("syndication")
    feed.syndication.update_period("daily")
    assert b"<sy:UpdatePeriod>" in feed.rss_str()

    assert b"<sy:" not in render_rss(FEED)


@pytest.mark.parametrize("character", ["\x01", "\ud800", "\ufffe"])
def test_6_one_illegal_character_costs_the_whole_feed(character: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - lxml's UnicodeEncodeError is one, with another message
        plain(plain_entry(f"A{character}")).rss_str()

    feed = feed_with(make_paper(f"A{character}B", authors=(character,), categories=(character,), abstract=character))
    assert rss(feed).findtext("channel/item/title") == atom(feed).findtext(f"{A}entry/{A}title") == "AB"


def test_7_dates_that_are_not_given_are_now() -> None:
    assert plain().updated() is not None
    assert plain_entry().updated() is not None
    assert rss(plain()).findtext("channel/lastBuildDate")

    dates = [element.text for element in atom(FEED).iter(f"{A}updated", f"{A}published")]
    assert dates[0] == FEED.updated.isoformat()
    assert dates[1:] == [item.updated.isoformat() for item in FEED.items for _ in range(2)]


def test_8_one_enclosure_of_several_survives_in_rss() -> None:
    entry = plain_entry()
    entry.enclosure(PDF, 1, "application/pdf")
    entry.enclosure(f"{PDF}v2", 1, "application/pdf")
    assert [each.get("url") for each in rss(plain(entry)).findall("channel/item/enclosure")] == [f"{PDF}v2"]

    assert rss(FEED).findall("channel/item/enclosure") == []
    assert [link.get("href") for link in rss(FEED).findall(f"channel/item/{A}link")] == [PDF, CODE]


def test_9_the_type_cdata_ends_up_in_atom() -> None:
    entry = plain_entry()
    entry.content("text", type="CDATA")
    assert atom(plain(entry)).find(f"{A}entry/{A}content").get("type") == "CDATA"

    assert {content.get("type") for content in atom(FEED).iter(f"{A}content")} == {"html"}


def test_10_a_thumbnail_is_wrapped_in_a_group_of_its_own() -> None:
    feed, entry = plain(), plain_entry()
    entry.load_extension("media")
    entry.media.thumbnail(url="https://example.org/a.png")
    feed.add_entry(entry)
    assert rss(feed).find(f"channel/item/{MEDIA}group/{MEDIA}thumbnail") is not None

    assert b"mrss" not in render_rss(FEED)


def test_11_an_atom_source_has_no_id_and_no_date() -> None:
    entry = plain_entry()
    entry.source(url="https://example.org/feed", title="Upstream")
    source = atom(plain(entry)).find(f"{A}entry/{A}source")
    assert {child.tag for child in source} == {f"{A}title", f"{A}link"}

    origin = Origin(name="Upstream", url="https://example.org/feed", seen=NOON)
    ours = atom(replace(FEED, items=(replace(FEED.items[0], origin=origin),))).find(f"{A}entry/{A}source")
    assert {child.tag for child in ours} == {f"{A}id", f"{A}title", f"{A}updated"}


def test_12_rss_dates_switch_the_locale_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    switched: list[str] = []
    monkeypatch.setattr(locale, "setlocale", lambda _, name=None: switched.append(name))
    plain().rss_str()
    assert "C" in switched

    switched.clear()
    render_rss(FEED)
    assert switched == []


def test_13_a_date_of_dublin_core_stands_beside_pubdate() -> None:
    entry = plain_entry()
    entry.published(NOON)
    entry.load_extension("dc")
    entry.dc.dc_date(NOON.isoformat())
    assert {"pubDate", f"{DC}date"} <= {child.tag for child in rss(plain(entry)).find("channel/item")}

    assert list(rss(FEED).iter(f"{DC}date")) == []
    assert len(list(rss(FEED).iter("pubDate"))) == len(FEED.items)


def test_14_there_is_no_json_feed_an_empty_title_raises_and_a_label_hides_the_term() -> None:
    assert not hasattr(plain(), "json_str")
    with pytest.raises(ValueError, match="Required fields not set"):
        plain(plain_entry("")).atom_str()
    entry = plain_entry()
    entry.category(term="cs.CL", label="Computation and Language")
    assert rss(plain(entry)).findtext("channel/item/category") == "Computation and Language"

    assert len(json.loads(render_json(FEED))["items"]) == len(FEED.items)
    assert atom(feed_with(make_paper(" "))).findtext(f"{A}entry/{A}title") == "Untitled"
    assert rss(FEED).findtext("channel/item/category") == "cs.CL"
    assert atom(FEED).find(f"{A}entry/{A}category").get("label") == "cs.CL"


def test_15_entries_come_in_reverse() -> None:
    assert rss(plain(plain_entry("A"), plain_entry("B"))).findtext("channel/item/title") == "B"

    assert [title.text for title in rss(FEED).findall("channel/item/title")] == ["A", "B"]


def test_16_days_to_skip_come_in_the_order_of_a_hash() -> None:
    feed = plain()
    assert feed.skipDays(["Sunday", "Saturday", "Monday"]) == {"Saturday", "Sunday", "Monday"}

    skipped = rss(replace(FEED, quiet=(0, 5, 6))).find("channel/skipDays")
    assert [day.text for day in skipped] == ["Monday", "Saturday", "Sunday"]


def test_17_an_image_for_rss_becomes_the_logo_of_atom() -> None:
    feed = plain()
    feed.image("https://example.org/small.png")
    assert atom(feed).findtext(f"{A}logo") == "https://example.org/small.png"

    assert atom(FEED).find(f"{A}logo") is None
    assert atom(FEED).findtext(f"{A}icon") == FEED.images[512]
