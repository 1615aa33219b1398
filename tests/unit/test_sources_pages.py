"""Saved daily-papers pages: known by their furniture, read in pairs, refused as a whole where they do not alternate."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest import sources
from digest.errors import SourceError
from digest.identity import keys
from digest.model import Batch
from tests.factories import make_source

ABSTRACT = "An abstract that is longer than every title on this page."
HEADER = "new\n\nGet trending papers in your email inbox!\n\nSubscribe\n\nbyAK and the research community\n\nMar 14\n\n"


def page(*lines: str, header: str = HEADER) -> bytes:
    return (header + "\n\n".join(lines)).encode()


def read(data: bytes, name: str = "page.txt") -> Batch:
    return sources.read(data, source=make_source(), name=name)


def refusal(data: bytes) -> str:
    with pytest.raises(SourceError) as caught:
        read(data)
    assert caught.value.hint
    return caught.value.message


def test_the_stamp_without_a_year_is_kept_as_a_place_and_not_as_a_date() -> None:
    (entry,) = read(page("Tiny Routers", ABSTRACT), name="saved/000_x.txt").entries
    assert entry.place == "000_x.txt, 1 of 1 (Mar 14)"
    assert entry.listed is None


def test_subscribe_glued_to_the_first_title_is_not_part_of_it() -> None:
    header = "Get trending papers in your email inbox once a day!\nGet trending papers in your email inbox!\nSubscribe"
    (entry,) = read(f"{header}Quest: Sparse\n{ABSTRACT}".encode()).entries
    assert entry.title == "Quest: Sparse"


def test_a_title_that_begins_with_subscribe_is_left_alone() -> None:
    assert read(page("Subscribers, Counted", ABSTRACT)).entries[0].title == "Subscribers, Counted"


def test_windows_line_ends_and_a_byte_order_mark_make_no_difference() -> None:
    data = page("Tiny Routers", ABSTRACT)
    assert read(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")) == read(data)


def test_a_page_read_again_gives_the_same_ids() -> None:
    one = read(page("Tiny Routers", ABSTRACT), name="monday.txt").entries[0]
    again = read(page("Other", "Another abstract.", "Tiny Routers", ABSTRACT), name="tuesday.txt").entries[1]
    assert one.external_id == again.external_id


def test_a_pair_that_stands_twice_is_one_entry_and_a_problem() -> None:
    batch = read(page("Tiny Routers", ABSTRACT, "Tiny Routers", ABSTRACT))
    assert len(batch.entries) == 1
    assert batch.problems == ("paper 2: repeats an earlier one",)


def test_a_missing_abstract_is_named_by_its_line_and_nothing_is_read() -> None:
    message = refusal(
        page("Tiny Routers", ABSTRACT, "No Abstract Follows", "Another Title", ABSTRACT, "Last", ABSTRACT)
    )
    assert "a page of another shape" in message
    assert "line 15 " in message


def test_an_odd_number_of_lines_is_a_page_of_another_shape() -> None:
    assert "line 15 should be a title, but has no abstract" in refusal(page("Tiny Routers", ABSTRACT, "Cut off"))


def test_a_header_without_papers_is_a_page_of_another_shape() -> None:
    assert "no paper follows" in refusal(page())


@pytest.mark.parametrize("header", ["", "new\n\nSubscribe\n\n", "Get trending papers in your email inbox!\n\n"])
def test_without_its_furniture_a_text_is_no_page(header: str) -> None:
    assert "its format is not known" in refusal(page("Tiny Routers", ABSTRACT, header=header))


@pytest.mark.shared
def test_the_five_pages_hold_455_papers_in_551_entries(shared: Path) -> None:
    batches = {path.name: read(path.read_bytes(), path.name) for path in sorted((shared / "seeds").glob("*.txt"))}
    entries = [entry for batch in batches.values() for entry in batch.entries]
    assert [len(batch.entries) for batch in batches.values()] == [78, 74, 61, 231, 107]
    assert not any(batch.problems for batch in batches.values())
    assert len(entries) == 551
    assert len({keys(entry)[0] for entry in entries}) == 455
    assert sum(len(pages) > 1 for pages in _pages_by_title(batches).values()) == 64


@pytest.mark.shared
def test_the_five_pages_lose_no_words(shared: Path) -> None:
    for path in sorted((shared / "seeds").glob("*.txt")):
        for entry in read(path.read_bytes(), path.name).entries:
            assert len(entry.abstract or "") >= 0.97 * len(entry.raw_abstract or entry.abstract or ""), entry.title
            assert entry.raw_title is None


def _pages_by_title(batches: dict[str, Batch]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, batch in batches.items():
        for entry in batch.entries:
            found.setdefault(entry.title, set()).add(name)
    return found
