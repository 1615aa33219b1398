"""JSON Lines: one bad line costs one line, and what is not understood is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from digest import sources
from digest.errors import SourceError
from digest.model import Batch, Observation, SignalKind
from tests.factories import make_source


def read(*papers: Any, name: str = "papers.jsonl") -> Batch:
    data = "\n".join(paper if isinstance(paper, str) else json.dumps(paper) for paper in papers)
    return sources.read(data.encode(), source=make_source(), name=name)


def test_a_title_alone_is_a_paper_of_which_nothing_else_is_known() -> None:
    (entry,) = read({"title": "Tiny Routers"}).entries
    assert (entry.abstract, entry.authors, entry.listed, entry.arxiv_id, entry.doi) == (None, (), None, None, None)
    assert entry.place == "papers.jsonl, line 1"


@pytest.mark.parametrize("member", ["arxiv_id", "id", "doi"])
def test_an_id_that_is_a_number_is_refused_for_it_may_have_lost_a_zero(member: str) -> None:
    batch = read({"title": "Kept"}, f'{{"title": "Tiny Routers", "{member}": 2603.01230}}')
    assert [entry.title for entry in batch.entries] == ["Kept"]
    assert batch.problems == ("line 2: an id must be text: 2603.0123 may have lost a zero",)


def test_a_bad_line_is_named_and_the_others_are_read() -> None:
    batch = read({"title": "One"}, "{broken", "", '{"title": NaN}', "7", {"title": " "}, {"title": "Two"})
    assert [entry.title for entry in batch.entries] == ["One", "Two"]
    assert [problem.split(":")[0] for problem in batch.problems] == ["line 2", "line 4", "line 5", "line 6"]


def test_a_file_without_one_readable_line_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"no line is a paper: line 1: no title") as caught:
        read({"name": "not a paper"}, {"name": "nor this"})
    assert "title" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
    ],
)
def test_dates_without_a_zone_are_utc_and_days_begin_at_midnight(written: str, instant: datetime) -> None:
    assert read({"title": "One", "submitted": written}).entries[0].submitted == instant


@pytest.mark.parametrize("written", ["2026-13-01", "0001-01-01T00:00:00Z", "soon", 1772323200, ["2026-03-01"], ""])
def test_a_bad_date_is_unknown_and_said(written: object) -> None:
    batch = read({"title": "One", "listed": written})
    assert batch.entries[0].listed is None
    assert batch.problems[0].startswith("line 1: listed is not a date: ")


def test_numbers_become_signals_without_a_moment_unless_they_have_one() -> None:
    signals = [{"kind": "stars", "at": "2026-03-01", "value": 41}]
    (entry,) = read({"title": "One", "votes": 3, "comments": 0, "citations": None, "signals": signals}).entries
    assert set(entry.signals) == {
        Observation(kind=SignalKind.STARS, value=41, at=datetime(2026, 3, 1, tzinfo=UTC)),
        Observation(kind=SignalKind.UPVOTES, value=3),
        Observation(kind=SignalKind.COMMENTS, value=0),
    }


@pytest.mark.parametrize(
    "paper",
    [
        {"upvotes": 1.5},
        {"upvotes": True},
        {"stars": -1},
        {"stars": 10**30},
        {"signals": [{"kind": "fame", "value": 1}]},
        {"signals": [{"kind": "stars", "value": 1, "at": "soon"}]},
        {"signals": [7]},
    ],
)
def test_a_number_that_counts_nothing_is_left_out_and_said(paper: dict[str, Any]) -> None:
    batch = read({"title": "One", **paper})
    assert batch.entries[0].signals == ()
    assert len(batch.problems) == 1


def test_an_arxiv_id_is_found_in_the_link_and_gives_the_pdf() -> None:
    (entry,) = read({"title": "One", "url": "https://huggingface.co/papers/2603.01230"}).entries
    assert entry.arxiv_id == "2603.01230"
    assert entry.links.pdf == "https://arxiv.org/pdf/2603.01230"


def test_links_that_are_not_http_are_not_kept() -> None:
    (entry,) = read({"title": "One", "url": "javascript:alert(1)", "code_url": "https://ana:pw@github.com/a/b"}).entries
    assert entry.links.abstract is None
    assert entry.links.code is None


def test_text_is_plain_text_whatever_it_resembles() -> None:
    (entry,) = read({"title": "<script>alert(1)</script>", "abstract": "a &amp; b"}).entries
    assert (entry.title, entry.abstract) == ("<script>alert(1)</script>", "a &amp; b")
    assert entry.raw_title is None


def test_what_cleaning_changed_is_kept_beside_it_without_what_cannot_be_stored() -> None:
    (entry,) = read('{"title": "5\\\\% off \\ud83d", "abstract": "As it is."}').entries
    assert (entry.title, entry.raw_title) == ("5% off", "5\\% off ")
    assert entry.raw_abstract is None


def test_lines_that_share_an_id_but_not_their_content_are_both_kept() -> None:
    batch = read({"title": "One", "id": "x"}, {"title": "Two", "id": "x"}, *[{"title": "One", "id": "x"}] * 2)
    assert [entry.title for entry in batch.entries] == ["One", "Two"]
    assert len({entry.external_id for entry in batch.entries}) == 2
    assert batch.problems == ("line 3: repeats an earlier one", "line 4: repeats an earlier one")
