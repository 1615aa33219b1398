"""How papers fit topics by words and likeness: absolute, the same for one topic as for many, and told in numbers."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Paper, PaperId, PeriodKind, Topic, Weights
from digest.rank import Candidate, Corpus, Pool, Query, Ranking, Rule, Space, judge, lsa, queries, rank, rank_all
from digest.rank.relevance import Fits, Match, explained
from digest.render.languages import ENGLISH
from digest.render.why import sentence
from digest.work.evaluating import counted
from tests.factories import NOON, make_paper, make_topic

RULE = Rule(at=NOON, kind=PeriodKind.DAY, default=Weights(), per_author=0)
# Fields of their own words; "cell" and "network" stand in more than one.
FIELDS = {
    "cache": "cache memory eviction attention token decoding throughput latency inference serving network",
    "protein": "protein folding enzyme ligand molecule genome cell sequence structure binding",
    "galaxy": "galaxy redshift survey telescope star spectrum cosmology lensing cluster dust",
    "market": "market inflation wage policy trade bank price labor demand tax network",
    "battery": "battery lithium electrode cell anode voltage electrolyte charging storage capacity",
}


def about(field: str, number: int, die: random.Random, **changes: Any) -> Paper:
    words, other = FIELDS[field].split(), FIELDS[die.choice(list(FIELDS))].split()
    text = " ".join(die.choices(words, k=24) + die.choices(other, k=6) + die.choices(["study", "effect", "large"], k=8))
    given = {"id": PaperId(f"{field}-{number:03}"), "abstract": f"{text}.", "authors": (f"Author {number % 7}",)}
    return make_paper(" ".join(die.choices(words, k=5)), **{**given, **changes})


@cache
def store(count: int = 160) -> tuple[Paper, ...]:
    die, names = random.Random(3), list(FIELDS)
    return tuple(about(names[number % len(names)], number, die) for number in range(count))


@cache
def learnt(count: int = 160) -> tuple[Space, Corpus]:
    return lsa.fit(store(count)), counted(store(count))


def asked(*topics: Topic, count: int = 160) -> list[Query]:
    space, corpus = learnt(count)
    return queries(topics, corpus, space, {paper.id: paper for paper in store(count)})


def pool(*papers: Paper, count: int = 160) -> Pool:
    return Pool([Candidate(paper=paper) for paper in papers], *learnt(count))


def window(seed: int = 1, count: int = 30) -> list[Paper]:
    die = random.Random(seed)
    return [about(die.choice(list(FIELDS)), 500 + number, die) for number in range(count)]


def ranked(topic: Topic, papers: list[Paper]) -> Ranking:
    (wanted,) = asked(topic)
    return rank(pool(*papers), wanted, RULE)


def fit(topic: Topic, paper: Paper) -> Match:
    return Fits(pool(paper), asked(topic)).match(0, 0)


def test_a_paper_in_other_words_of_the_same_field_is_found() -> None:
    paper = make_paper("On electrodes", abstract="An anode, a voltage and an electrolyte under charging; capacity.")
    away = [one for one in window() if not one.id.startswith("battery")]
    (pick,) = ranked(make_topic(should=("lithium battery",)), [paper, *away]).picks
    assert pick.paper == paper
    assert ENGLISH.of(pick.reasons[0]) == "much like the papers of this topic"


def test_a_day_on_which_nothing_fits_is_empty() -> None:
    words = set(FIELDS["galaxy"].split())
    away = [paper for paper in window(count=60) if not words.intersection(f"{paper.title} {paper.abstract}".split())]
    assert len(away) > 20
    assert ranked(make_topic(should=("galaxy", "redshift")), away).picks == ()


def test_a_paper_that_only_shares_a_common_word_is_near_zero() -> None:
    paper = make_paper(
        "Wages", abstract="A study of wages: how trade, taxes, prices and the demand for labor set them."
    )
    found = fit(make_topic(should=("study", "battery")), paper)
    assert found.words == ("study",)
    assert found.relevance < 0.05


def test_a_topic_may_consist_of_examples_alone() -> None:
    examples = tuple(paper.id for paper in store() if paper.id.startswith("protein"))[:3]
    topic = make_topic(should=(), examples=examples)
    relevance = {paper.id: fit(topic, paper).relevance for paper in window()}
    ours = {id_ for id_ in relevance if id_.startswith("protein")}
    assert min(relevance[id_] for id_ in ours) > max(relevance[id_] for id_ in relevance.keys() - ours)
    assert ranked(topic, window()).picks


def test_examples_that_nobody_knows_are_no_error() -> None:
    assert ranked(make_topic(should=(), examples=(PaperId("gone"),)), window()).picks == ()


def test_less_like_this_lowers_what_is_like_it_and_raises_nothing() -> None:
    topic = make_topic(should=("network",))
    averse = make_topic(should=("network",), unlike=(PaperId("market-003"),))
    for paper in window():
        before, after = fit(topic, paper), fit(averse, paper)
        assert after.relevance <= before.relevance
        if paper.id.startswith("market"):
            assert after.relevance < before.relevance or not before.relevance


def test_a_word_that_no_paper_held_before_is_still_found() -> None:
    paper = make_paper("Mambas", abstract="The mamba is a mamba, as every mamba knows.")
    assert fit(make_topic(should=("mamba",)), paper).relevance > 0.4


def test_a_young_store_goes_by_words() -> None:
    (wanted,) = asked(make_topic(should=("battery",)), count=20)
    assert wanted.trust == 0
    found = rank(pool(*window(), count=20), wanted, RULE)
    assert found.picks
    assert all("battery" in sentence(pick) for pick in found.picks)


@pytest.mark.parametrize("count", [0, 1, 2, 49, 50, 51])
def test_a_store_of_any_size_ranks_and_is_read_back_the_same(count: int) -> None:
    space, corpus = lsa.fit(store(count)), counted(store(count))
    again = lsa.decode(lsa.encode(space))
    topic = make_topic(should=("battery", "cell"), examples=(PaperId("battery-004"),), unlike=(PaperId("cache-000"),))
    known = {paper.id: paper for paper in store(count)}
    found = [
        rank(Pool(map(_plain, window()), one, corpus), queries([topic], corpus, one, known)[0], RULE)
        for one in (space, again)
    ]
    assert found[0] == found[1]


def _plain(paper: Paper) -> Candidate:
    return Candidate(paper=paper)


def test_learning_twice_from_papers_in_another_order_gives_the_same_bytes() -> None:
    shuffled = random.Random(5).sample(store(), len(store()))
    assert lsa.encode(lsa.fit(shuffled)) == lsa.encode(lsa.fit(store()))


def test_a_dimension_points_to_where_its_largest_weight_is_positive() -> None:
    basis = learnt()[0].basis
    assert (basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])] > 0).all()


def test_many_topics_at_once_get_what_each_gets_alone() -> None:
    topics = [make_topic(f"t{number}", should=(word,)) for number, word in enumerate(" ".join(FIELDS.values()).split())]
    papers = pool(*window())
    together = list(rank_all(papers, asked(*topics), RULE))
    assert together == [rank(papers, asked(topic)[0], RULE) for topic in topics]
    assert sum(len(one.picks) for one in together) > len(topics)


def test_a_paper_has_the_score_it_has_among_others() -> None:
    (wanted,) = asked(make_topic(should=("battery", "cell")))
    for pick in rank(pool(*window()), wanted, RULE).picks:
        alone = judge(pool(pick.paper), wanted, RULE).pick
        assert alone
        assert alone.score == pick.score


def test_the_numbers_that_are_told_add_up() -> None:
    topic = make_topic(should=("battery",), unlike=(PaperId("cache-000"),), authors=("Author 3",), categories=("x",))
    for number, paper in enumerate(window()):
        found = fit(topic, make_paper(paper.title, abstract=paper.abstract, authors=("Author 3",) * (number % 2)))
        likeness = found.own + found.fed + 6 * found.wording - 0.5 * found.unlike
        evidence = max(0.0, found.bm25 + 30 * found.trust * likeness) + 1.5 * found.half * (number % 2)
        assert found.evidence == pytest.approx(evidence, abs=1e-6)
        assert found.relevance == pytest.approx(found.evidence**2 / (found.evidence**2 + found.half**2), abs=1e-8)
        assert f"{found.evidence:.2f}² / ({found.evidence:.2f}² + {found.half:.1f}²)" in explained(found)


def test_matched_counts_all_that_fit_and_were_not_told_before() -> None:
    papers = [about("battery", 800 + number, random.Random(number)) for number in range(40)]
    (wanted,) = asked(make_topic(should=("battery",), limit=3))
    found = rank(pool(*papers), wanted, RULE, told={papers[0].id})
    assert 3 <= len(found.picks) < 40
    assert found.matched == 39


WORDS = st.sampled_from([*" ".join(FIELDS.values()).split(), "lithium battery", "study"])
TOPICS = st.builds(
    lambda should, not_, examples: make_topic(should=should, not_=not_, examples=examples, min_score=0.1),
    st.lists(WORDS, max_size=3, unique=True).map(tuple),
    st.lists(WORDS, max_size=1).map(tuple),
    st.lists(st.sampled_from([paper.id for paper in store()]), max_size=2, unique=True).map(tuple),
)
HARD = settings(max_examples=25, derandomize=True, deadline=None)


@given(TOPICS, st.integers(0, 99))
@HARD
def test_the_order_of_the_papers_never_shows(topic: Topic, seed: int) -> None:
    papers = window(seed)
    assert ranked(topic, papers) == ranked(topic, random.Random(seed).sample(papers, len(papers)))


@given(TOPICS, st.integers(0, 99))
@HARD
def test_a_followed_author_never_lowers_a_paper(topic: Topic, seed: int) -> None:
    (plain,), (following,) = asked(topic), asked(replaced(topic, authors=("Author 3",)))
    papers = pool(*window(seed))
    assert (Fits(papers, [following]).relevance >= Fits(papers, [plain]).relevance).all()


@given(TOPICS, WORDS, st.integers(0, 99))
@HARD
def test_a_word_that_is_left_out_always_removes(topic: Topic, word: str, seed: int) -> None:
    left = ranked(replaced(topic, not_=(word,), authors=("Author 3",)), window(seed)).picks
    assert not any(f" {word} " in f" {pick.paper.title} {pick.paper.abstract} ".replace(".", " ") for pick in left)


@given(TOPICS, st.integers(0, 99))
@HARD
def test_parts_times_weights_add_up_to_the_score(topic: Topic, seed: int) -> None:
    for pick in ranked(topic, window(seed)).picks:
        assert abs(sum(part.value * part.weight for part in pick.parts) - pick.score) < 1e-9
        assert topic.min_score <= pick.score <= 1


def replaced(topic: Topic, **changes: Any) -> Topic:
    return make_topic(
        **{"should": topic.should, "not_": topic.not_, "examples": topic.examples, "min_score": 0.1, **changes}
    )
