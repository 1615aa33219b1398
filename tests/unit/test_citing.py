"""What is given to those who cite a paper, read back as they read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Links, Paper, Rights
from digest.render.citing import bibtex, citation_tags
from digest.sources import read
from tests.factories import NOON, make_paper, make_source

FULL = make_paper(
    "Caching 50% of {all} keys & values",
    authors=("Ana Ruiz", "Li, Bo", "Smith and Sons"),
    links=Links(abstract="https://arxiv.org/abs/2611.00010", pdf="https://arxiv.org/pdf/2611.00010"),
    arxiv_id="2611.00010",
    categories=("cs.LG",),
    submitted=NOON,
)


def written(paper: Paper) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, content in citation_tags(paper):
        found.setdefault(name, []).append(content)
    return found


def test_the_tags_say_what_reference_managers_ask_for() -> None:
    assert written(FULL) == {
        "citation_title": ["Caching 50% of {all} keys & values"],
        "citation_author": ["Ana Ruiz", "Li, Bo", "Smith and Sons"],
        "citation_publication_date": ["2026/11/20"],
        "citation_arxiv_id": ["2611.00010"],
        "citation_pdf_url": ["https://arxiv.org/pdf/2611.00010"],
        "citation_abstract_html_url": ["https://arxiv.org/abs/2611.00010"],
        "citation_abstract": [FULL.abstract],
    }


def test_what_is_not_known_has_no_tag_and_no_field() -> None:
    bare = make_paper("Bare", abstract=None)
    assert written(bare) == {"citation_title": ["Bare"]}
    assert bibtex(bare) == "@misc{bare,\n  title = {{Bare}},\n}\n"


def test_what_a_source_reserves_and_what_was_withdrawn_is_in_no_tag() -> None:
    reserved = make_paper("Reserved", rights=Rights.LINK)
    assert "citation_abstract" not in written(reserved)
    assert written(make_paper("Gone", withdrawn=True)) == {}


def test_a_bibtex_entry_has_a_key_that_people_recognise() -> None:
    assert bibtex(FULL).startswith("@misc{ruiz2026caching,\n")


def test_a_name_that_looks_like_two_stays_one() -> None:
    assert "author = {Ana Ruiz and Li, Bo and {Smith and Sons}}" in bibtex(FULL)


def test_of_three_thousand_authors_the_rest_are_others() -> None:
    crowd = bibtex(make_paper("Observation", authors=tuple(f"Author {n}" for n in range(3303))))
    assert crowd.count(" and ") == 100
    assert " and others}" in crowd


def test_a_bibtex_entry_is_read_back_by_our_own_reader() -> None:
    (entry,) = read(bibtex(FULL).encode(), source=make_source(kind="bibtex"), name="cite.bib").entries
    assert entry.title == "Caching 50% of all keys & values" or entry.title == FULL.title
    assert (entry.arxiv_id, entry.links.abstract) == ("2611.00010", "https://arxiv.org/abs/2611.00010")
    assert entry.authors[:2] == ("Ana Ruiz", "Bo Li") or entry.authors[:2] == ("Ana Ruiz", "Li, Bo")


def is_one_entry(text: str) -> bool:
    """Say whether braces are balanced as BibTeX counts them, and the outermost close at the end."""
    depth, closed = 0, []
    for place, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return False
        if sign == "}" and depth == 0:
            closed.append(place)
    return closed == [len(text.rstrip()) - 1]


@given(st.text())
def test_no_text_ends_an_entry_or_begins_another(text: str) -> None:
    paper = make_paper("x", authors=(text,), doi=text or None, arxiv_id=text or None, links=Links(abstract=text))
    assert is_one_entry(bibtex(paper))
    assert is_one_entry(bibtex(make_paper(text or "x", categories=(text,), arxiv_id="2611.00010")))


@pytest.mark.shared
def test_hostile_texts_are_one_entry_each_and_of_one_line_a_field(shared: Path) -> None:
    lines = (shared / "corpora" / "blns" / "strings.jsonl").read_text("utf-8").splitlines()
    for text in map(json.loads, lines):
        entry = bibtex(make_paper(text, authors=(text,), submitted=NOON))
        assert is_one_entry(entry)
        assert len(entry.splitlines()) <= 5
