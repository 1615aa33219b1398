"""JSON Feed, judged by what its specification (version 1.1) says."""

from __future__ import annotations

import json

from digest.model import SignalKind
from digest.render.jsonfeed import render_json
from digest.render.why import WHY
from tests.factories import make_edition, make_pick, make_site, make_topic
from tests.feeds import EMPTY, ENV, FULL, PAPER, feed_of


def test_a_json_feed_has_its_fields_in_a_fixed_order() -> None:
    document = json.loads(render_json(FULL))
    assert list(document)[:4] == ["version", "title", "home_page_url", "feed_url"]
    assert list(document)[-2:] == ["hubs", "items"]
    assert list(document["items"][0])[:3] == ["id", "url", "external_url"]


def test_a_json_feed_has_icons_and_its_items_their_text_and_paper() -> None:
    document = json.loads(render_json(FULL))
    assert document["icon"] == "https://digest.example/icon-512.png"
    assert document["favicon"] == "https://digest.example/icon-64.png"
    assert document["user_comment"] == FULL.rights
    item = document["items"][0]
    assert item["content_text"] == FULL.items[0].abstract
    assert item["attachments"] == [{"url": PAPER.links.pdf, "mime_type": "application/pdf", "title": "PDF"}]


def test_a_json_feed_is_readable_and_ends_its_last_line() -> None:
    assert render_json(FULL).startswith(b'{\n  "version": "https://jsonfeed.org/version/1.1",\n')
    assert render_json(FULL).endswith(b"}\n")


def test_a_json_feed_leaves_out_what_is_not_known() -> None:
    assert "hubs" not in json.loads(render_json(EMPTY))
    item = json.loads(render_json(FULL))["items"][1]
    assert not {"authors", "tags", "external_url"} & set(item)
    assert not {"arxiv_id", "doi", "version"} & set(item["_paper"])


def test_a_json_item_describes_its_paper() -> None:
    pick = make_pick(PAPER, numbers={SignalKind.UPVOTES: 12, SignalKind.COMMENTS: 3})
    feed = feed_of(make_site(), make_topic(), [make_edition(pick)], ENV)
    paper = json.loads(render_json(feed))["items"][0]["_paper"]
    assert (paper["about"], paper["arxiv_id"], paper["version"]) == (WHY, "2611.01234", 2)
    assert list(paper["numbers"].items()) == [("comments", 3), ("upvotes", 12)]
