"""Where papers and lists stand: an address holds whatever id there is, and gives it back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import PaperId, Search, SourceId
from digest.render import paths
from tests.factories import NOON, make_edition


@pytest.mark.parametrize(
    ("paper", "path"),
    [
        ("arxiv:2611.00010", "/papers/arxiv/2611.00010/"),
        ("arxiv:cs/0112017", "/papers/arxiv/cs~2f0112017/"),
        ("doi:10.1000/a..b(c)", "/papers/doi/10.1000~2fa..b~28c~29/"),
        ("doi:../../etc", "/papers/doi/~2e.~2f..~2fetc/"),
        ("text:0a1b", "/papers/text/0a1b/"),
    ],
)
def test_a_paper_has_an_address_that_people_can_read(paper: str, path: str) -> None:
    assert paths.paper_path(PaperId(paper)) == path
    assert paths.paper_at(path) == paper


@given(st.text(min_size=1, max_size=60))
def test_any_id_has_an_address_of_its_own_and_is_read_back(text: str) -> None:
    paper = PaperId(f"doi:{text}")
    path = paths.paper_path(paper)
    if path is not None:
        assert re.fullmatch(r"/papers/doi/[a-z0-9._~-]+/", path)
        assert not {".", ".."}.intersection(path.split("/"))
        assert paths.paper_at(path) == paper.encode("utf-8", "replace").decode()


@given(st.text())
def test_no_other_path_is_a_papers(path: str) -> None:
    found = paths.paper_at(path) or paths.paper_at(f"/papers/doi/{path}/")
    assert found is None or paths.paper_path(found) in (path, f"/papers/doi/{path}/")


def test_an_id_that_no_file_name_holds_has_no_address() -> None:
    assert paths.paper_path(PaperId("doi:10.1000/" + "x" * 300)) is None
    assert paths.paper_path(PaperId("text:")) is None


def test_a_search_is_an_address_without_what_was_not_asked() -> None:
    full = Search(words="a & b", category="cs.LG", source=SourceId("x"), since=NOON.date(), code=True)
    assert paths.search_path(Search()) == "/search"
    assert paths.search_path(full, 2) == "/search?q=a+%26+b&category=cs.LG&source=x&since=2026-11-20&code=yes&page=2"
    assert paths.search_feed_path(Search(words="ü"), "atom") == "/search/feed.atom?q=%C3%BC"
    assert paths.search_path(Search(words="\ud800")) == "/search?q=%3F"


def test_a_pick_stands_on_the_page_that_has_room_for_it() -> None:
    edition, paper = make_edition(), PaperId("arxiv:1")
    first, later = (paths.pick_path(edition, place, paper) for place in (11, 12))
    assert first == "/topics/kv-cache/2026-11-20/#arxiv-1"
    assert later == "/topics/kv-cache/2026-11-20/page/2/#arxiv-1"
