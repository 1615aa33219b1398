"""A good list: the same work once, sisters beside it, nobody all over it."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Links, Paper, PaperId, Pick
from digest.rank.lists import SAME_WORK, SISTERS, good_list, kin
from tests.factories import make_paper, make_pick

FIRST = (
    "We introduce a security language model with eight billion parameters. It is pretrained on a corpus of threat "
    "reports, advisories and logs, and matches models ten times its size on cyber benchmarks."
)
NEXT = (
    "We introduce a security language model with eight billion parameters that reasons. It is pretrained on a corpus "
    "of threat reports, advisories and logs, and explains its answers on cyber exploits step by step."
)
OTHERS = (
    "Protein folding is predicted from single sequences by a diffusion model over backbone frames and torsions.",
    "Rivers in warm climates carry more silt after drought, as forty years of gauges in nine countries tell us.",
    "A compiler for quantum circuits merges rotations greedily, which removes a third of all gates on benchmarks.",
)


def paper(name: str, abstract: str, *authors: str, **changes: Any) -> Paper:
    given = {"id": PaperId(name), "abstract": abstract, "authors": authors}
    return make_paper(f"On {name}", **{**given, **changes})


def listed(*papers: Paper, **rules: Any) -> tuple[list[str], dict[PaperId, str], tuple[Pick, ...]]:
    """The ids that stay, why the others do not, and the picks, of papers that come best first."""
    found = good_list([make_pick(one) for one in papers], kin((*papers, *BACKGROUND)), **rules)
    return [pick.paper.id for pick in found.kept], dict(found.left_out), found.kept


BACKGROUND = [paper(f"other-{number}", text) for number, text in enumerate(OTHERS)]


def test_the_same_text_under_another_title_stands_once_and_says_whose_it_is() -> None:
    stay, out, _ = listed(paper("one", FIRST), paper("two", FIRST))
    assert (stay, out) == (["one"], {"two": "the same work as “On one”"})


def test_a_sister_is_named_beside_the_better_one_with_its_address() -> None:
    sister = paper("next", NEXT, links=Links(abstract="https://arxiv.org/abs/2"))
    stay, out, (pick,) = listed(paper("first", FIRST), sister)
    assert stay == ["first"]
    assert out == {"next": "named beside “On first”, which is much like it"}
    assert [(one.id, one.title, one.url) for one in pick.also] == [("next", "On next", "https://arxiv.org/abs/2")]
    assert SISTERS <= kin([paper("first", FIRST), sister, *BACKGROUND])[sister.id][PaperId("first")] < SAME_WORK


def test_more_of_a_group_may_stand_where_an_operator_likes_it() -> None:
    stay, out, _ = listed(paper("first", FIRST), paper("next", NEXT), per_group=2)
    assert (stay, out) == (["first", "next"], {})


def test_the_same_work_as_one_told_before_is_left_out_however_well_it_scores() -> None:
    stay, out, _ = listed(paper("copy", FIRST), paper("told", FIRST), told={PaperId("told")})
    assert (stay, out) == (["told"], {"copy": "the same work as told, which this topic had before"})


def test_the_next_version_of_one_told_before_is_news() -> None:
    stay, out, _ = listed(paper("next", NEXT), paper("told", FIRST), told={PaperId("told")})
    assert (stay, out) == (["next", "told"], {})


def test_papers_on_other_things_and_papers_without_words_are_left_alone() -> None:
    silent = [paper("a", ""), paper("b", ""), make_paper("Same", id=PaperId("c")), make_paper("Same", id=PaperId("d"))]
    stay, out, _ = listed(*BACKGROUND, *silent)
    assert (len(stay), out) == (len(BACKGROUND) + 4, {})


def test_no_first_or_last_author_stands_too_often_in_any_spelling() -> None:
    names = [("Ana Ruiz", "Bo Li"), ("Ruiz, Ana", "Cy Ho"), ("Di Wu", "ana ruiz"), ("Ana Ruiz",), ("Di Wu", "Bo Li")]
    papers = [paper(str(number), "", *authors) for number, authors in enumerate(names)]
    stay, out, _ = listed(*papers, per_author=3)
    assert stay == ["0", "1", "2", "4"]
    assert out == {"3": "3 papers by Ana Ruiz are enough for one edition"}


def test_a_followed_author_and_one_in_the_middle_know_no_bound() -> None:
    mine = [paper(str(number), "", "Ana Ruiz") for number in range(5)]
    middle = [paper(f"m{number}", "", f"A {number}", "Ed Do", f"B {number}") for number in range(5)]
    assert listed(*mine, *middle, per_author=2, followed=("Ruiz, Ana",))[1] == {}
    assert listed(*mine, per_author=0)[1] == {}


def test_what_was_told_uses_up_nobodys_places() -> None:
    papers = [paper(str(number), "", "Ana Ruiz") for number in range(4)]
    told = {one.id for one in papers[:3]}
    assert listed(*papers, per_author=1, told=told)[1] == {}


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, derandomize=True, deadline=None)
def test_who_is_like_whom_does_not_depend_on_the_order_asked(dice: random.Random) -> None:
    papers = [paper("first", FIRST), paper("next", NEXT), paper("copy", FIRST), *BACKGROUND]
    assert kin(dice.sample(papers, len(papers))) == kin(papers)


@given(st.lists(st.text(max_size=80), max_size=8))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_no_text_breaks_it_and_every_pick_stays_or_is_told_why_not(texts: list[str]) -> None:
    papers = [paper(str(number), text) for number, text in enumerate(texts)]
    stay, out, _ = listed(*papers)
    assert {*stay, *out} == {one.id for one in papers}


@pytest.fixture(scope="module")
def corpus(shared: Path) -> list[Paper]:
    with gzip.open(shared / "ranking" / "topics" / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [make_paper(row["title"], id=PaperId(row["id"]), abstract=row["abstract"]) for row in rows]


@pytest.mark.shared
def test_of_real_papers_only_next_versions_and_sister_models_are_alike(corpus: list[Paper]) -> None:
    pairs = {tuple(sorted((one, other))) for one, others in kin(corpus).items() for other in others}
    assert pairs == {("2411.10958", "2505.21136"), ("2504.21039", "2601.21051"), ("2603.28458", "2605.07363")}


@pytest.mark.shared
def test_real_papers_announced_again_with_a_new_title_and_less_text_are_all_suppressed(corpus: list[Paper]) -> None:
    some = corpus[::80]
    copies = [
        make_paper(f"Revisited: {one.title}", id=PaperId(f"copy:{one.id}"), abstract=_shorter(one.abstract or ""))
        for one in some
    ]
    found = good_list([make_pick(one) for one in (*some, *copies)], kin((*some, *copies)))
    assert {pick.paper.id for pick in found.kept} == {one.id for one in some}
    assert all(why.startswith("the same work as") for why in found.left_out.values())


def _shorter(abstract: str) -> str:
    """An abstract without its last sentence, as a workshop's list might have it."""
    return abstract.rstrip(". ").rpartition(". ")[0] or abstract
