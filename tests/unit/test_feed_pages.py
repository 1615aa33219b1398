"""How a feed's history is cut into pages, the list of feeds, and the site's picture."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from digest.model import ALL, TopicId, feed_of_topic
from digest.render import archives, icons
from digest.render.archives import PAGE, end_of, pages, stem_of
from digest.render.legal import bare
from digest.render.opml import Outline, render_opml
from tests.factories import make_site

LIMITS = st.integers(PAGE, 1000)


@settings(deadline=None)
@given(entered=st.integers(0, 100_000), limit=LIMITS)
def test_the_newest_document_holds_no_more_than_the_limit_and_never_nothing(entered: int, limit: int) -> None:
    left = entered - end_of(pages(entered, limit))
    assert min(entered, 1) <= left <= limit


@settings(deadline=None)
@given(entered=st.integers(0, 100_000), limit=LIMITS)
def test_a_page_that_is_there_stays_there(entered: int, limit: int) -> None:
    assert pages(entered, limit) <= pages(entered + 1, limit)


@settings(deadline=None)
@given(entered=st.integers(0, 100_000), limit=LIMITS)
def test_there_is_never_a_first_page_alone(entered: int, limit: int) -> None:
    assert pages(entered, limit) != 1


def test_pages_follow_one_another_without_a_gap() -> None:
    assert [end_of(page) for page in range(6)] == [0, 10, 25, 50, 75, 100]


@pytest.mark.parametrize(
    ("feed", "stem"),
    [(feed_of_topic(TopicId("kv-cache")), "/topics/kv-cache/feed"), (ALL, "/feed"), ("rising", "/rising/feed")],
)
def test_a_feed_has_its_place(feed: str, stem: str) -> None:
    assert stem_of(feed) == stem
    assert archives.page_stem(stem, 3) == f"{stem}-3"


@pytest.mark.parametrize(
    ("text", "shown"), [("R&D", "R& D"), ("A & B", "A & B"), ("<b>", "‹b›"), ("&#60;", "& #60;"), ("plain", "plain")]
)
def test_a_name_in_the_list_of_feeds_is_no_markup(text: str, shown: str) -> None:
    outline = Outline(title=text, stem="/feed", home="/")
    root = etree.fromstring(render_opml(make_site(), [outline], changed=datetime(2026, 1, 1, tzinfo=UTC)))
    assert [bare(text)] == [one.get("text") for one in root.iter("outline")] == [shown]


@pytest.mark.parametrize("size", icons.SIZES)
def test_the_picture_is_a_square_png_of_its_size(size: int) -> None:
    picture = icons.picture(size)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (size, size)
    length = struct.unpack(">I", picture[33:37])[0]
    assert len(zlib.decompress(picture[41 : 41 + length])) == size * (3 * size + 1)
