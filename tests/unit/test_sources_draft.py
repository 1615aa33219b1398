"""The rules that all formats share: whose paper an item is, and which addresses its abstract names."""

from __future__ import annotations

import pytest

from digest import text
from digest.identity import arxiv_id
from digest.model import Entry
from digest.sources.draft import Draft, batch, wording
from tests.factories import make_source


def entry(**found: str) -> Entry:
    draft = Draft(where="item 1", title=wording("One", text.clean), **found)  # type: ignore[arg-type]
    return batch([draft], source=make_source(), kind="test").entries[0]


def test_an_item_whose_id_and_link_are_two_papers_is_neither() -> None:
    found = entry(id="oai:arXiv.org:2611.01230v1", link="https://arxiv.org/abs/2611.01231")
    assert (found.arxiv_id, found.version) == (None, None)


def test_an_item_that_states_its_id_may_link_elsewhere() -> None:
    assert entry(arxiv_id="2611.01230", link="https://arxiv.org/abs/2611.01231").arxiv_id == "2611.01230"


def test_the_version_is_that_of_the_id_rather_than_of_the_link() -> None:
    assert entry(id="oai:arXiv.org:2611.01230v2", link="https://arxiv.org/abs/2611.01230v1").version == 2


def test_a_journal_s_doi_does_not_contradict_an_arxiv_id() -> None:
    found = entry(link="https://arxiv.org/abs/2611.01230", doi="10.1000/JOURNAL.7")
    assert (found.arxiv_id, found.doi) == ("2611.01230", "10.1000/journal.7")


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("Project page: https://routers.example/tiny.", "https://routers.example/tiny"),
        ("Our project website is available at https://routers.example/.", "https://routers.example/"),
        ("See acme.github.io/tiny for videos.", "https://acme.github.io/tiny"),
        ("Videos: https://acme.github.io.", "https://acme.github.io"),
        ("Homepages of users are at https://x.example.", "https://x.example"),
        ("Project page: https://github.com/acme/tiny", None),
        ("We crawl web pages. Data: https://data.example", None),
        ("Mail me@acme.github.io or see x/acme.github.io-like names.", None),
        ("No address at all.", None),
    ],
)
def test_a_project_s_page_is_found_in_its_abstract(abstract: str, expected: str | None) -> None:
    assert entry(abstract=wording(abstract, text.clean)).links.project == expected  # type: ignore[arg-type]


def test_a_hostile_abstract_is_searched_in_linear_time() -> None:
    for piece in ("project page ", "https://", "a.github.io", "x-", "project page: ", "a.", "a-.github.i"):
        assert text.project_link(piece * 30_000 + " .io ://") is None


@pytest.mark.parametrize(
    "spelling",
    [
        "arXiv:2603.01230v2 [cs.CL]",
        "https://ar5iv.labs.arxiv.org/html/2603.01230v2",
        "https://ar5iv.org/abs/2603.01230v2",
        "https://hf.co/papers/2603.01230v2",
        "https://huggingface.co/api/papers/2603.01230v2",
        "https://arxiv.org/abs/arXiv:2603.01230v2",
        "https://www.semanticscholar.org/arxiv/2603.01230v2",
        "ARXIV:2603.01230v2",
    ],
)
def test_an_arxiv_id_is_read_from_the_spellings_of_other_sites(spelling: str) -> None:
    assert arxiv_id(spelling) == ("2603.01230", 2)
