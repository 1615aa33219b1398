"""Store.search: any text is a query, and the index follows the papers."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from digest.model import Paper
from digest.store import Store
from tests.factories import make_paper

OPERATORS = ['"', '""', '"a', 'a"b', '"a b', "AND", "a AND", "NOT a", "a NEAR(b", "a*", "^a", "title:a", "(", "-a"]
UNSPEAKABLE = ["a\0b", "\ud800", "a\udfffb"]


def titles(store: Store, query: str, limit: int = 10) -> list[str]:
    return [paper.title for paper in store.search(query, limit=limit)]


def save(store: Store, *papers: Paper) -> None:
    store.save_papers(papers)


def test_a_word_is_found_in_title_and_abstract_in_any_form(store: Store) -> None:
    save(store, make_paper("Compressing caches"), make_paper("B", abstract="A cache, compressed."), make_paper("C"))
    assert titles(store, "compress cache") == ["B", "Compressing caches"]


def test_accents_and_case_make_no_difference(store: Store) -> None:
    save(store, make_paper("Schrödinger's CAFÉ"))
    assert titles(store, "schrodinger cafe") == titles(store, "SCHRÖDINGER CAFE\u0301") == ["Schrödinger's CAFÉ"]


def test_all_words_must_be_there(store: Store) -> None:
    save(store, make_paper("Sparse attention"))
    assert titles(store, "sparse routing") == []


def test_words_in_quotation_marks_are_a_phrase(store: Store) -> None:
    save(store, make_paper("Cache of keys"), make_paper("Key cache"))
    assert titles(store, '"key cache"') == ["Key cache"]
    assert titles(store, "key cache") == ["Key cache", "Cache of keys"]


def test_the_last_stored_comes_first_and_the_limit_holds(store: Store) -> None:
    save(store, *(make_paper(f"Model {name}") for name in "abc"))
    assert titles(store, "model", limit=2) == ["Model c", "Model b"]


@pytest.mark.parametrize("query", ["", " ", "\n\t", "!?", "...", '"', "\0"])
def test_a_query_without_a_word_finds_nothing(store: Store, query: str) -> None:
    save(store, make_paper("Anything"))
    assert titles(store, query) == []


def test_marks_beside_a_word_do_not_hide_it(store: Store) -> None:
    save(store, make_paper("Key-value caches: a survey"))
    assert titles(store, "key-value & (survey) !") == ["Key-value caches: a survey"]


def test_a_new_title_is_found_and_the_old_one_is_not(store: Store) -> None:
    save(store, make_paper("Old words"))
    save(store, replace(make_paper("Old words"), title="Fresh words", abstract=None))
    assert titles(store, "old") == []
    assert titles(store, "fresh") == ["Fresh words"]


def test_a_change_beside_the_text_leaves_the_paper_findable(store: Store) -> None:
    paper = make_paper("Steady words")
    save(store, paper)
    save(store, replace(paper, version=2))
    assert store.search("steady", limit=10) == [replace(paper, version=2)]


def test_a_rolled_back_paper_is_not_found(store: Store) -> None:
    with suppress(ZeroDivisionError), store.transaction():
        save(store, make_paper("Phantom"))
        raise ZeroDivisionError
    assert titles(store, "phantom") == []


@pytest.mark.parametrize("query", OPERATORS + UNSPEAKABLE, ids=ascii)
def test_operators_are_words(store: Store, query: str) -> None:
    save(store, make_paper("Nothing like it"))
    assert titles(store, query) == []


@pytest.mark.shared
def test_naughty_strings_are_queries_too(store: Store, shared: Path) -> None:
    lines = (shared / "corpora" / "blns" / "strings.jsonl").read_text("utf-8").splitlines()
    strings = [json.loads(line) for line in lines]
    save(store, make_paper("Here"))
    for string in strings:
        assert titles(store, f"{string} here") in ([], ["Here"])
    assert len(strings) > 200


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(st.characters(), max_size=40) | st.text('"*^:()-+{}ANDORT \0', max_size=20))
def test_no_text_breaks_a_search(store: Store, query: str) -> None:
    assert titles(store, query) == []


def test_of_a_whole_book_only_the_first_words_count(store: Store) -> None:
    save(store, make_paper("Word"))
    assert titles(store, "word " * 200_000 + "absent") == ["Word"]
