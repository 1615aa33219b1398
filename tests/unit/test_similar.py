"""Papers like one another."""

from __future__ import annotations

from itertools import permutations

from digest.rank.bm25 import Corpus
from digest.rank.similar import nearest, rare_words
from tests.factories import make_paper

CACHE = make_paper("Key-value caches", abstract="Compressing the key-value cache of long prompts saves memory.")
OTHER = make_paper("Smaller caches", abstract="A key-value cache is compressed, and long prompts need less memory.")
FAR = make_paper("Protein folding", abstract="Structures of proteins are predicted from sequences of residues.")
EMPTY = make_paper("?!", abstract=None)


def test_the_most_alike_comes_first_and_what_shares_nothing_is_left_out() -> None:
    assert nearest([CACHE], [CACHE, OTHER, FAR, EMPTY], 5) == {CACHE.id: (OTHER.id,)}


def test_the_order_of_the_input_never_shows() -> None:
    twins = [make_paper(f"Twin {name}", abstract=CACHE.abstract) for name in "abc"]
    found = {str(nearest([CACHE], order, 2)) for order in permutations(twins)}
    assert len(found) == 1


def test_nothing_is_like_a_paper_without_words_or_without_company() -> None:
    assert nearest([EMPTY], [CACHE, OTHER], 5) == nearest([CACHE], [], 5) == nearest([], [], 5) == {}


def test_the_rare_words_are_those_that_few_other_papers_hold() -> None:
    corpus = Corpus(papers=10_000, tokens=10**6, frequencies={"memori": 9000, "long": 9000, "prompt": 5000})
    words = rare_words(CACHE, corpus, 4)
    assert {"key", "value"} <= set(words)
    assert not {"memory", "long"}.intersection(words)
