"""Answers of services that went mad, or mean harm: a batch with problems, or a SourceError, in linear time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest import sources
from digest.errors import SourceError
from digest.model import Batch
from tests.factories import make_source

ENVELOPES: dict[str, Any] = {
    "daily-papers": lambda rows: [{"paper": {"title": "A"}}, *({"paper": row, **_members(row)} for row in rows)],
    "biorxiv": lambda rows: {"messages": [{"status": "ok", "total": 10**6, "cursor": 0}], "collection": rows},
    "semantic-scholar": lambda rows: {"total": 9, "token": "t", "data": rows, "paperId": ""},
    "openalex": lambda rows: {"meta": {"count": 9, "next_cursor": "c"}, "results": rows},
    "json-feed": lambda rows: {"version": "https://jsonfeed.org/version/1.1", "items": rows, "next_url": rows[0]},
}
MEMBERS = (
    "paper id title summary abstract publishedAt submittedOnDailyAt upvotes githubRepo githubStars projectPage authors "
    "hidden name withdrawnAt numComments doi date version type category published server externalIds ArXiv DOI url "
    "openAccessPdf publicationDate citationCount s2FieldsOfStudy display_name publication_date primary_location "
    "landing_page_url locations authorships author topics cited_by_count abstract_inverted_index is_retracted "
    "external_url content_html tags attachments mime_type _paper arxiv_id"
).split()
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["2611.01230", "10.1000/x", "https://[", "2026-11-20", "\ud83d", "9" * 30, "<b>&lt;", "$\\x{"])
)
SHAPES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=6),
    max_leaves=12,
)
ADDRESS = "https://api.example/daily_papers?cursor=*"


def _members(row: Any) -> dict[str, Any]:
    return row if isinstance(row, dict) else {}


def read(data: bytes, name: str = ADDRESS) -> Batch | None:
    """Return the batch, None where it was refused as a whole; whatever else is raised fails the test."""
    try:
        return sources.read(data, source=make_source(url="https://api.example/"), name=name)
    except SourceError:
        return None


@pytest.mark.parametrize("kind", sorted(ENVELOPES))
@given(rows=st.lists(SHAPES, min_size=1, max_size=4))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_whatever_stands_in_the_rows_is_an_entry_or_a_problem(kind: str, rows: list[Any]) -> None:
    found = read(json.dumps(ENVELOPES[kind](rows)).encode())
    if found:
        assert found.format == kind
        assert all(entry.title for entry in found.entries)
        assert len({entry.external_id for entry in found.entries}) == len(found.entries)


@given(value=SHAPES)
@settings(derandomize=True, max_examples=100, deadline=None)
def test_whatever_json_it_is_it_is_read_or_refused(value: Any) -> None:
    read(json.dumps(value).encode())


@pytest.mark.parametrize("kind", sorted(ENVELOPES))
@pytest.mark.parametrize(
    "row",
    [
        '{"title": "A", "id": 1e400, "version": 1e400, "cited_by_count": 1e400, "upvotes": 1e400}',
        '{"title": "A", "citationCount": ' + "9" * 400 + "}",
        '{"title": "A", "upvotes": ' + "9" * 5000 + "}",
        '{"title": "A", "authors": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"title": "A", "abstract_inverted_index": {"x": [1e30, -1, true, 99999999999999999999]}}',
        '{"title": "A", "title": "B"}',
        '{"title": "A", "upvotes": NaN}',
        '{"title": "\\u0000\\ud800\\u202e"}',
        '{"title": "' + "a" * 1_000_000 + '"}',
    ],
)
def test_numbers_and_depths_beyond_reason_harm_nobody(kind: str, row: str) -> None:
    data = json.dumps(ENVELOPES[kind](["ROW"])).replace('"ROW"', row).encode()
    found = read(data)
    for entry in found.entries if found else ():
        assert entry.signals == ()
        assert len(entry.external_id) <= 520


MOULDS = {
    "bibtex": ("@misc{a, title={%s}}", "@misc{%s}", "@misc{a, title=%s}", "@misc{a, author={%s}, title={A}}", "%s"),
    "ris": ("TY  - JOUR\nTI  - %s\n", "TY  - JOUR\n%s", "TY  - %s"),
    "oai": ("<OAI-PMH>%s", "<OAI-PMH><ListRecords><record>%s</record></ListRecords></OAI-PMH>", "<OAI-PMH %s/>"),
}
PIECES = ["{", "}", "{\\", '"', '" # "', "@misc{a,", "\n@misc{a,", " and ", ", ", "\\'", "\nTY  - X\n", "\nTI  - ", "$"]
PIECES += ["<record>", "<a b='", "&amp;", "]]>", "\x00", "arXiv:", "\n\n", "%"]


@pytest.mark.parametrize("mould", [each for moulds in MOULDS.values() for each in moulds])
@pytest.mark.parametrize("piece", PIECES)
def test_a_piece_that_comes_again_and_again_is_no_trap(mould: str, piece: str) -> None:
    read((mould.replace("%s", piece * 1500)).encode(), name="file.bib")


@given(data=st.binary(max_size=60))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_bytes_of_no_meaning_behind_a_known_beginning_are_read_or_refused(data: bytes) -> None:
    for start in (b"@misc{", b"TY  - JOUR\n", b"<OAI-PMH>", b'{"messages":[', b'{"meta":{},"results":['):
        read(start + data, name="file.bib")
