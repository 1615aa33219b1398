"""BibTeX and RIS: what people's own libraries hold, and what breaks in them."""

from __future__ import annotations

import pytest

from digest import sources
from digest.errors import SourceError
from digest.model import Batch
from digest.sources import names
from tests.factories import make_source


def read(text: str, name: str = "my.bib") -> Batch:
    return sources.read(text.encode(), source=make_source(), name=name)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Ruiz, Ana", "Ana Ruiz"),
        ("Ana Ruiz", "Ana Ruiz"),
        ("van der Berg, Jan", "Jan van der Berg"),
        ("Ruiz, Jr., Ana", "Ana Ruiz Jr."),
        ("Ana Ruiz, Jr.", "Ana Ruiz, Jr."),
        ("Ruiz,", "Ruiz,"),
        ("a, b, c, d", "a, b, c, d"),
    ],
)
def test_names_are_turned_upright(written: str, expected: str) -> None:
    assert names.upright(written) == expected


@pytest.mark.parametrize(
    "field",
    [
        "eprint={2611.01230}",
        "eprint={2611.01230v3}, archiveprefix={arXiv}",
        "journal={arXiv preprint arXiv:2611.01230}",
        "journal={CoRR}, volume={abs/2611.01230}",
        "doi={10.48550/arXiv.2611.01230}",
        "url={https://arxiv.org/abs/2611.01230}",
        "note={arXiv:2611.01230 [cs]}",
    ],
)
def test_an_arxiv_id_is_found_where_exports_put_it(field: str) -> None:
    (entry,) = read(f"@misc{{key, title={{One}}, {field}}}").entries
    assert entry.arxiv_id == "2611.01230"


@pytest.mark.parametrize("field", ["note={Extends arXiv:2611.01230}", "number={2611.01230}", "eprint={hal-2611}"])
def test_a_paper_that_is_only_mentioned_is_not_the_paper(field: str) -> None:
    (entry,) = read(f"@misc{{key, title={{One}}, {field}}}").entries
    assert entry.arxiv_id is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("year=2026, month=nov", "2026-11-01"),
        ("year={2026}, month={11}", "2026-11-01"),
        ("year={2026}, month={November}", "2026-11-01"),
        ("year={2026}, month={sometime}", "2026-01-01"),
        ("date={2026-11-04/2026-11-06}", "2026-11-04"),
    ],
)
def test_a_day_of_publication_is_read_as_far_as_it_is_known(fields: str, expected: str) -> None:
    (entry,) = read(f"@misc{{key, title={{One}}, {fields}}}").entries
    assert str(entry.announced)[:10] == expected


@pytest.mark.parametrize("fields", ["year={in press}", "month=nov", "date={forthcoming}"])
def test_a_day_that_is_not_known_stays_unknown(fields: str) -> None:
    (entry,) = read(f"@misc{{key, title={{One}}, {fields}}}").entries
    assert (entry.announced, entry.listed) == (None, None)


def test_a_broken_entry_is_named_and_the_others_are_read(capfd: pytest.CaptureFixture[str]) -> None:
    found = read("@misc{a, title={One}}\n@misc{b, title={Two\n@misc{c, title={Three}}\n")
    assert [entry.title for entry in found.entries] == ["One", "Three"]
    assert found.problems == ("line 2: an entry is not closed",)
    assert capfd.readouterr() == ("", "")


def test_an_old_encoding_is_read_as_the_characters_it_meant() -> None:
    data = "@misc{a, title={Ä}}".encode("windows-1252")
    assert sources.read(data, source=make_source(), name="a.bib").entries[0].title == "Ä"


@pytest.mark.parametrize("page", ["<html><pre>\n@article{a, title={One}}\n</pre></html>", '{"a":\n"\n@article{a,"}'])
def test_a_reference_on_a_page_does_not_make_the_page_a_bibliography(page: str) -> None:
    with pytest.raises(SourceError, match=r"web page|JSON"):
        read(page, "page.html")


@pytest.mark.parametrize("text", ["@string{a = {b}}\n", "@article{a, title={}}", "TY  - JOUR\nER  - \n"])
def test_a_file_without_a_paper_is_an_error(text: str) -> None:
    with pytest.raises(SourceError, match="is a paper"):
        read(text)


def test_a_record_ends_at_the_next_one_if_it_forgot_to() -> None:
    found = read("TY  - JOUR\nTI  - One\n  goes on\nTY  - JOUR\nTI  - Two\n", "my.ris")
    assert [entry.title for entry in found.entries] == ["One goes on", "Two"]


def test_a_record_is_read_behind_a_byte_order_mark_and_with_other_line_ends() -> None:
    assert read("\ufeffTY  - JOUR\r\nTI  - One\r\nPY  - 2026///\r\nER  - \r\n", "my.ris").entries[0].title == "One"
