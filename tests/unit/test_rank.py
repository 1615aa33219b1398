"""What fits a topic, in what order, and why."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Mode, Paper, PaperId, PeriodKind, SignalKind, Topic, Weights
from digest.rank import Candidate, Corpus, Pool, Ranking, Rule, judge, lsa, queries, rank
from digest.rank.score import freshness, weights_of
from digest.rank.terms import stems, term
from digest.render.languages import ENGLISH
from digest.render.why import sentence
from tests.factories import NOON, make_paper, make_topic

CORPUS = Corpus(papers=1000, tokens=60_000, frequencies={"kv": 5, "cach": 12, "token": 300, "evict": 4})
DEFAULT = Weights()


def about(title: str, abstract: str = "We study it.", *, votes: int | None = None, **changes: Any) -> Candidate:
    numbers = {} if votes is None else {SignalKind.UPVOTES: votes}
    return Candidate(paper=make_paper(title, abstract=abstract, **changes), numbers=numbers)


EMPTY = lsa.fit(())
RULE = Rule(at=NOON, kind=PeriodKind.DAY, default=DEFAULT)


def ranked(topic: Topic, *candidates: Candidate, corpus: Corpus = CORPUS) -> Ranking:
    (wanted,) = queries([topic], corpus, EMPTY)
    return rank(Pool(candidates, EMPTY, corpus), wanted, RULE)


def verdict(topic: Topic, candidate: Candidate) -> str | None:
    (wanted,) = queries([topic], CORPUS, EMPTY)
    excluded = judge(Pool([candidate], EMPTY, CORPUS), wanted, RULE).excluded
    return ENGLISH.of(excluded) if excluded else None


def titles(ranking: Ranking) -> list[str]:
    return [pick.paper.title for pick in ranking.picks]


def test_words_are_compared_by_stem_without_case_accents_and_hyphens() -> None:
    assert stems("Fine-tuning the Naïve LLMs") == ["fine", "tune", "naiv", "llm"]
    assert term("in-context learning") == term("In Context Learnings")


def test_words_of_other_scripts_are_kept() -> None:
    assert stems("キャッシュ cache 注意") == ["キャッシュ", "cach", "注意"]


def test_a_phrase_matches_only_neighbours() -> None:
    topic = make_topic(should=("KV cache",))
    assert titles(ranked(topic, about("A KV cache"), about("A cache without KV"))) == ["A KV cache"]


def test_a_phrase_keeps_its_small_words() -> None:
    topic = make_topic(should=("tool use", "chain of thought"))
    assert titles(ranked(topic, about("Tool use by agents"), about("A tool"), about("Chain-of-thought"))) == [
        "Chain-of-thought",
        "Tool use by agents",
    ]


def test_a_paper_of_an_earlier_day_says_its_age() -> None:
    pick = ranked(make_topic(), about("KV cache", listed=NOON - timedelta(days=4))).picks[0]
    assert ENGLISH.of(pick.reasons[-1]) == "listed 4 days earlier"


def test_a_phrase_does_not_reach_over_title_and_abstract() -> None:
    topic = make_topic(should=("KV cache",))
    assert verdict(topic, about("On KV", "Cache it.")) == "nothing in it speaks of this topic"


def test_a_paper_without_any_of_the_words_is_out_however_many_votes_it_has() -> None:
    assert titles(ranked(make_topic(), about("Protein folding", votes=100_000))) == []


def test_a_word_that_is_left_out_always_removes() -> None:
    topic = make_topic(should=("KV cache",), not_=("survey",))
    excluded = verdict(topic, about("KV cache KV cache KV cache: a survey", votes=500))
    assert excluded == "holds “survey”, which this topic leaves out"


def test_one_of_the_needed_words_must_stand() -> None:
    topic = make_topic(should=("token",), must=("eviction", "KV cache"))
    assert titles(ranked(topic, about("Token eviction"), about("Token pruning"))) == ["Token eviction"]


def test_a_followed_author_is_enough_in_any_spelling() -> None:
    topic = make_topic(should=(), authors=("Ana Ruiz",))
    picks = ranked(topic, about("Something else", authors=("Ruiz, Ana", "Bo Li"))).picks
    assert ENGLISH.of(picks[0].reasons[0]) == "by Ruiz, Ana, whom this topic follows"


def test_a_topic_of_categories_alone_takes_all_they_hold() -> None:
    topic = make_topic(should=(), categories=("cs.CL",))
    assert titles(ranked(topic, about("One", categories=("cs.CL",)), about("Two", categories=("cs.CV",)))) == ["One"]


def test_sources_narrow_a_topic() -> None:
    topic = make_topic(sources=("daily",))
    assert verdict(topic, about("KV cache")) == "announced by none of this topic's sources"


def test_parts_times_weights_add_up_to_the_score() -> None:
    for pick in ranked(make_topic(), about("KV cache", votes=41), about("A longer KV cache paper")).picks:
        assert abs(sum(part.value * part.weight for part in pick.parts) - pick.score) < 1e-9
        assert 0 <= pick.score <= 1
        assert all(0 <= part.value <= 1 for part in pick.parts)


def test_newer_stands_before_older_when_all_else_is_equal() -> None:
    old = about("KV cache one", listed=NOON - timedelta(days=3))
    new = about("KV cache two", listed=NOON - timedelta(hours=3))
    assert titles(ranked(make_topic(), old, new)) == ["KV cache two", "KV cache one"]


def test_freshness_halves_with_each_half_life_and_a_future_date_counts_as_now() -> None:
    day = timedelta(days=1)
    assert freshness(make_paper(listed=NOON - 2 * day), NOON, day) == pytest.approx(0.25)
    assert freshness(make_paper(listed=NOON + 90 * day), NOON, day) == 1.0


def test_a_listing_date_after_first_sight_does_not_make_a_paper_younger() -> None:
    paper = make_paper(listed=NOON + timedelta(days=400), first_seen=NOON - timedelta(days=1))
    assert freshness(paper, NOON, timedelta(days=1)) == pytest.approx(0.5)


def test_unknown_votes_are_not_zero_votes_in_words_and_add_nothing() -> None:
    pick = ranked(make_topic(), about("KV cache")).picks[0]
    assert [part.detail for part in pick.parts if part.name == "trend"] == ["no votes known"]


def test_weights_are_the_topics_own_then_its_modes_then_the_sites() -> None:
    own = weights_of(Mode.FRESH, Weights(relevance=2, freshness=1, trend=1), DEFAULT)
    assert (own.relevance, own.freshness, own.trend) == (0.5, 0.25, 0.25)
    assert weights_of(Mode.TRENDING, None, DEFAULT).trend > weights_of(Mode.FRESH, None, DEFAULT).trend
    assert weights_of(Mode.FRESH, Weights(relevance=0, freshness=0, trend=0), DEFAULT).relevance == 1.0


def test_a_score_below_the_minimum_is_out_and_says_so() -> None:
    topic = make_topic(should=("token",), min_score=0.9)
    assert "below this topic's minimum 0.9" in (verdict(topic, about("Token")) or "")


def test_the_same_text_under_two_identities_is_picked_once() -> None:
    text = "We evict old KV cache entries by attention weight and keep quality on five long tasks with half the memory."
    one = about("Evicting the KV cache", text, votes=9)
    two = about("Evicting the KV cache", text, id=PaperId("doi:10.1/x"), votes=3)
    found = ranked(make_topic(), one, two)
    assert [pick.paper.id for pick in found.picks] == [one.paper.id]
    assert found.left_out == {two.paper.id: f"the same work as “{one.paper.title}”"}


def test_reasons_say_words_votes_and_age() -> None:
    candidate = about("KV cache eviction", votes=41, listed=NOON - timedelta(hours=9))
    pick = ranked(make_topic(should=("KV cache", "eviction")), candidate).picks[0]
    assert sentence(pick) == "matches “KV cache”, “eviction”; 41 upvotes; new"


def test_a_topic_of_stop_words_picks_nothing() -> None:
    assert titles(ranked(make_topic(should=("the", "of")), about("The state of the art"))) == []


def test_an_empty_store_has_no_picks_and_no_error() -> None:
    assert titles(ranked(make_topic(), corpus=Corpus())) == []


def test_a_paper_without_abstract_can_be_picked() -> None:
    assert titles(ranked(make_topic(), about("KV cache", abstract=None))) == ["KV cache"]  # type: ignore[arg-type]


def some_candidates(seed: int) -> list[Candidate]:
    dice = random.Random(seed)
    words = ["KV cache", "token", "eviction", "survey", "protein", "attention"]
    return [
        about(
            f"{dice.choice(words)} {number} {dice.choice(words)}",
            f"About {dice.choice(words)} number {number}.",
            votes=dice.choice([None, 0, 3, 3, 40]),
            listed=NOON - timedelta(hours=dice.choice([2, 2, 30])),
        )
        for number in range(25)
    ]


@given(st.integers(0, 999))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_the_order_of_the_input_never_shows(seed: int) -> None:
    topic, candidates = make_topic(should=("KV cache", "token", "eviction")), some_candidates(seed)
    shuffled = random.Random(seed + 1).sample(candidates, len(candidates))
    assert ranked(topic, *candidates) == ranked(topic, *shuffled)


@given(st.integers(0, 999), st.integers(1, 500))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_more_votes_never_lower_a_score(seed: int, more: int) -> None:
    topic = make_topic(should=("KV cache", "token"), min_score=0)
    for candidate in some_candidates(seed)[:5]:
        votes = candidate.numbers.get(SignalKind.UPVOTES, 0)
        richer = Candidate(paper=candidate.paper, numbers={SignalKind.UPVOTES: votes + more})
        before, after = ranked(topic, candidate).picks, ranked(topic, richer).picks
        assert not before or after[0].score >= before[0].score


@given(st.text(max_size=60), st.text(max_size=200))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_no_text_breaks_the_ranker(words: str, text: str) -> None:
    paper = Paper(id=PaperId("x"), title=text or "t", abstract=text, first_seen=NOON)
    topic = make_topic(should=(words,), must=(words,), not_=(text,))
    ranked(topic, Candidate(paper=paper))
