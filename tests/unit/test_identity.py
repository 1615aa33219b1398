"""Ids from any spelling, and the keys by which announcements of one paper find each other."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.identity import arxiv_id, conflict, doi, keys, mint
from tests.factories import make_entry, make_paper


@pytest.mark.parametrize(
    "spelling",
    [
        "2603.01230v2",
        "arXiv:2603.01230v2",
        "http://arxiv.org/abs/2603.01230v2",
        "https://www.arxiv.org/pdf/2603.01230v2.pdf",
        "https://export.arxiv.org/html/2603.01230v2",
        "arxiv.org/abs/2603.01230v2?context=cs",
        "oai:arXiv.org:2603.01230v2",
        "10.48550/arXiv.2603.01230v2",
        "https://doi.org/10.48550/arXiv.2603.01230v2",
        "https://huggingface.co/papers/2603.01230v2",
        " 2603.01230V2\n",
    ],
)
def test_an_arxiv_id_is_read_from_all_its_spellings(spelling: str) -> None:
    assert arxiv_id(spelling) == ("2603.01230", 2)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("hep-th/9901001", ("hep-th/9901001", None)),
        ("http://arxiv.org/abs/hep-th/9901001v1", ("hep-th/9901001", 1)),
        ("math.GT/0309136", ("math/0309136", None)),
        ("oai:arXiv.org:cs/0501001", ("cs/0501001", None)),
        ("0704.0001", ("0704.0001", None)),
        ("1412.7755", ("1412.7755", None)),
        ("1501.00001", ("1501.00001", None)),
    ],
)
def test_old_ids_and_leading_zeros_are_kept_as_text(spelling: str, expected: tuple[str, int | None]) -> None:
    assert arxiv_id(spelling) == expected


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "2603.0123",  # a lost zero: five digits since 2015
        "1412.00001",
        "0703.0001",  # before the new style
        "2613.01230",  # no such month
        "2603.012301",
        "2603.01230v0",
        "see 2603.01230",
        "https://example.org/arxiv.org/abs/2603.01230",
        "cooking/9901001",
        "٢٦٠٣.٠١٢٣٠",
        "2603.01230" * 1000,
    ],
)
def test_what_is_no_arxiv_id_gives_none(spelling: str) -> None:
    assert arxiv_id(spelling) is None


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("10.1000/ABC", "10.1000/abc"),
        ("doi:10.1000/ABC.", "10.1000/abc"),
        ("https://doi.org/10.1000/ABC%2Fd", "10.1000/abc/d"),
        ("http://dx.doi.org/10.1002/(SICI)1097<1::AID>3.0.CO;2-X", "10.1002/(sici)1097<1::aid>3.0.co;2-x"),
    ],
)
def test_a_doi_is_read_in_lower_case(spelling: str, expected: str) -> None:
    assert doi(spelling) == expected


@pytest.mark.parametrize(
    "spelling", ["", "10.1/x", "10.1000/a b", "https://doi.org/10.1000/a%20b", "https://example.org/"]
)
def test_what_is_no_doi_gives_none(spelling: str) -> None:
    assert doi(spelling) is None


def test_keys_come_strongest_first() -> None:
    entry = make_entry(abstract="Text.", authors=("Ana Ruiz",), arxiv_id="2603.01230", doi="10.1000/ABC")
    assert [key.partition(":")[0] for key in keys(entry)] == ["arxiv", "doi", "text", "title"]
    assert mint(entry) == "arxiv:2603.01230"


def test_the_doi_that_arxiv_gives_is_the_arxiv_id_again() -> None:
    assert keys(make_entry(doi="10.48550/arXiv.2603.01230")) == ("arxiv:2603.01230",)


def test_saved_pages_merge_by_title_and_abstract_whatever_their_accents_and_case() -> None:
    one = make_entry("Poincaré Maps: A Survey", abstract="We survey.")
    other = make_entry("POINCARE MAPS — a survey", abstract="We  survey")
    assert keys(one) == keys(other)


def test_a_title_alone_never_merges_papers_whose_abstracts_differ() -> None:
    one = make_entry("A Survey of Large Language Models", abstract="We survey models.")
    other = make_entry("A Survey of Large Language Models", abstract="We survey surveys.")
    assert not set(keys(one)) & set(keys(other))


def test_a_title_without_anything_else_equals_no_key_of_another_kind() -> None:
    bare, with_abstract = make_entry("A Survey"), make_entry("A Survey", abstract="Text.")
    assert mint(bare).startswith("bare:")
    assert not set(keys(bare)) & set(keys(with_abstract))


@pytest.mark.parametrize("author", ["Ana Ruiz", "Ruiz, Ana", "A. Ruiz", "ANA RUÍZ", "Ana Ruiz Jr.", "Ana Ruiz, Jr."])
def test_the_first_author_is_known_by_the_family_name(author: str) -> None:
    assert keys(make_entry("Maps", authors=(author, "Bo Li"))) == keys(make_entry("Maps", authors=("Ana Ruiz",)))


def test_titles_of_signs_alone_are_still_told_apart() -> None:
    assert mint(make_entry("?!")) != mint(make_entry("!?"))


def test_different_arxiv_ids_conflict_and_equal_ones_settle_it() -> None:
    entry = make_entry(arxiv_id="2603.01230", doi="10.1000/journal")
    assert conflict(entry, make_paper(arxiv_id="2603.09999"))
    assert not conflict(entry, make_paper(arxiv_id="2603.01230", doi="10.1000/other"))


def test_different_dois_conflict_unless_one_is_arxivs_own() -> None:
    entry = make_entry(doi="10.1000/journal")
    assert conflict(entry, make_paper(doi="10.1000/other"))
    assert not conflict(entry, make_paper(doi="10.48550/arXiv.2603.01230"))
    assert not conflict(entry, make_paper())


@given(st.text())
@settings(derandomize=True, max_examples=100, deadline=None)
def test_no_text_makes_the_readers_of_ids_raise(text: str) -> None:
    assert arxiv_id(text) is None
    assert doi(text) is None


@given(st.dates(date(2015, 1, 1), date(2089, 12, 31)), st.integers(0, 99999), st.integers(1, 99))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_ids_since_2015_are_read_back_digit_by_digit(month: date, number: int, version: int) -> None:
    spelled = f"{month:%y%m}.{number:05}"
    assert arxiv_id(f"https://arxiv.org/abs/{spelled}v{version}") == (spelled, version)
