"""What readers see of an abstract: the sentences that say what is new, whole, and never without leave."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Rights
from digest.text import SUMMARY, sentences, summary_of, tidy
from digest.text.summary import SENTENCES, extract
from tests.factories import make_paper

BACKGROUND = "Large language models have become popular in recent years. However, their caches are large."
NEWS = "In this paper, we propose Quest, which reads a KV cache page by page."
FINDING = "It is 2.2 times faster than full attention with the same accuracy."
CODE = "Our code is available at https://github.com/example/quest."


def test_the_contribution_and_the_finding_are_taken_and_background_and_addresses_are_not() -> None:
    assert extract(f"{BACKGROUND} {NEWS} {FINDING} {CODE}") == f"{NEWS} {FINDING}"


def test_sentences_keep_the_order_of_the_abstract() -> None:
    assert (
        extract(f"Experiments show a gain of 12 %. {BACKGROUND} {NEWS}") == f"Experiments show a gain of 12 %. {NEWS}"
    )


def test_without_any_cue_the_first_sentences_are_taken() -> None:
    text = "Ein Netz lernt lesen. Es liest gut. Dann schreibt es. Am Ende rechnet es."
    assert extract(text) == "Ein Netz lernt lesen. Es liest gut. Dann schreibt es."


def test_a_telling_sentence_that_fits_is_better_than_one_that_would_be_cut() -> None:
    long = f"We propose a method that is {'very ' * 80}long."
    assert extract(f"{long} {NEWS}") == NEWS


def test_where_all_are_too_long_the_best_is_cut_between_words() -> None:
    found = extract(f"We propose a method that is {'very ' * 80}long.")
    assert found.endswith(" very…")
    assert len(found) <= SUMMARY


@pytest.mark.parametrize(("rights", "shown"), [(Rights.FULL, NEWS), (Rights.EXCERPT, NEWS), (Rights.LINK, "")])
def test_nothing_is_shown_without_leave(rights: Rights, shown: str) -> None:
    assert summary_of(make_paper(abstract=NEWS, rights=rights)) == shown


def test_no_abstract_has_no_summary() -> None:
    assert summary_of(make_paper(abstract=None)) == ""


PIECES = st.sampled_from(
    [BACKGROUND, NEWS, FINDING, CODE, "Ein Satz.", "word " * 90, "We show " + "x" * 400 + ".", "…", ""]
)


@given(st.lists(PIECES | st.text(max_size=60), max_size=7).map(" ".join))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_any_text_gives_a_few_whole_sentences_of_its_own_or_one_cut(text: str) -> None:
    paper = make_paper(abstract=text)
    found = summary_of(paper)
    assert len(found) <= SUMMARY
    assert len(sentences(found)) <= SENTENCES
    if not found.endswith("…"):
        assert all(sentence in tidy(text) for sentence in sentences(found))
    assert summary_of(paper) == found
