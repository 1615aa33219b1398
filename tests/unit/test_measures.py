"""Measures of ranked lists."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import pytest

from digest.rank.measures import MEASURES, Estimate, differences, estimate, estimates, measured, scores


def test_gains_are_discounted_by_rank() -> None:
    ndcg, recall, precision, first_ten = scores(["a", "x", "b"], {"a": 1.0, "b": 1.0})
    assert ndcg == pytest.approx(1.5 / (1 + 1 / math.log2(3)))
    assert precision == pytest.approx((1 + 2 / 3) / 2)
    assert (recall, first_ten) == (1.0, 0.2)


def test_a_document_that_is_listed_twice_counts_once() -> None:
    assert scores(["a", "a", "b"], {"a": 2.0, "b": 1.0}) == scores(["a", "b"], {"a": 2.0, "b": 1.0})


def test_a_query_without_an_answer_counts_nothing_and_one_without_relevant_documents_is_no_query() -> None:
    assert measured({}, {"q": {"a": 1.0}, "empty": {"a": 0.0}}) == {"q": (0.0, 0.0, 0.0, 0.0)}


def test_an_interval_is_the_same_each_time_and_holds_the_mean() -> None:
    found = estimate([0.0, 0.2, 0.4, 0.9])
    assert found == estimate([0.0, 0.2, 0.4, 0.9])
    assert found.low < found.mean < found.high
    assert estimate([]) == Estimate(0.0, 0.0, 0.0)


def test_a_difference_is_paired() -> None:
    better, worse = {"q": (0.9,) * 4, "r": (0.3,) * 4}, {"q": (0.8,) * 4, "r": (0.2,) * 4}
    found = differences(better, worse)["MAP"]
    assert (round(found.mean, 9), found.certain) == (0.1, True)
    assert not differences(better, better)["MAP"].certain


@pytest.mark.shared
def test_the_measures_agree_with_those_of_the_judged_data(shared: Path) -> None:
    folder = shared / "ranking"
    judge: dict[str, Any] = runpy.run_path(str(folder / "score.py"))
    judgements = judge["read_qrels"](folder / "trending_hf" / "qrels_night_top5.tsv")
    run = judge["read_run"](folder / "baselines" / "trending_hf.upvotes.jsonl")
    theirs, ours = judge["evaluate"](run, judgements), measured(run, judgements)
    assert ours.keys() == theirs.keys()
    assert all(ours[query] == pytest.approx(theirs[query], abs=1e-9) for query in ours)
    for place, name in enumerate(MEASURES):
        expected = judge["boot"]([one[place] for one in theirs.values()])
        assert estimates(ours)[name][1:] == pytest.approx(expected, abs=1e-9)
