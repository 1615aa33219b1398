"""`digest evaluate relevance`: the production ranker on judged topics, and clear words about bad data."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from digest.cli.evaluate import evaluate_command
from digest.errors import ConfigError
from digest.rank.measures import measured
from digest.work.evaluating import evaluate
from digest.work.judged import judgements

PAPERS = [
    {"id": "1", "title": "Evicting the KV cache", "abstract": "We evict keys.", "first_seen": "2026-05-01"},
    {"id": "2", "title": "Cats", "abstract": None, "first_seen": "2999-01-01"},
    {"id": "3", "title": "", "abstract": "A cache of keys."},
]
ASKED = [{"query_id": "q", "query": "KV cache"}]


def folder(path: Path, papers: list[Any] = PAPERS, queries: list[Any] = ASKED, **files: str) -> Path:
    (path / "corpus.jsonl").write_text("\n".join(map(json.dumps, papers)), "utf-8")
    (path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), "utf-8")
    for name, text in files.items():
        (path / name.replace("_tsv", ".tsv")).write_text(text, "utf-8")
    return path


def test_what_fits_is_answered_best_first_and_what_does_not_is_left_out(tmp_path: Path) -> None:
    assert evaluate(folder(tmp_path)).run == {"q": ["1", "3"]}


def test_judgements_change_no_answer(tmp_path: Path) -> None:
    before = evaluate(folder(tmp_path)).run
    found = evaluate(folder(tmp_path, qrels_tsv="q\t2\t1\n"))
    assert found.run == before
    assert [(row.order, row.measures["MAP"].mean) for row in found.rows] == [("digest", 0), ("BM25", 0), ("newest", 1)]


def test_examples_speak_for_a_topic_and_are_not_in_its_answer(tmp_path: Path) -> None:
    papers = [{"id": str(number), "title": f"Lithium {number}", "abstract": "A battery cell."} for number in range(60)]
    papers += [
        {"id": f"x{number}", "title": f"Wages {number}", "abstract": "A market of labor."} for number in range(60)
    ]
    found = evaluate(folder(tmp_path, papers, [{"query_id": "q", "examples": ["3", "gone"]}]))
    assert "3" not in found.run["q"]
    assert set(found.run["q"][:59]) == {str(number) for number in range(60) if number != 3}
    assert found.remarks == ("query q: example gone is not in the corpus",)


def test_queries_may_stand_in_another_file_with_judgements_of_the_same_name(tmp_path: Path) -> None:
    folder(tmp_path, qrels_b_tsv="z\t3\t1\n")
    (tmp_path / "queries_b.jsonl").write_text('{"query_id": "z", "query": "keys"}', "utf-8")
    report = evaluate(tmp_path, tmp_path / "queries_b.jsonl")
    assert (list(report.run), len(report.rows)) == (["z"], 3)


@pytest.mark.parametrize(
    "query", ["", "the of and", "\0\ud83d \u202e", "((((\"' OR 1=1 --", "的 注意", "x" * 99_999, "a " * 9_999]
)
def test_no_query_breaks_the_ranker(tmp_path: Path, query: str) -> None:
    report = evaluate(folder(tmp_path, queries=[{"query_id": "q", "query": query}]))
    assert report.run["q"] == []


def test_a_query_without_a_telling_word_is_told(tmp_path: Path) -> None:
    report = evaluate(folder(tmp_path, queries=[{"query_id": "q", "query": "the"}]))
    assert report.remarks == ("query q: no word to go by, so no answer",)


def test_a_paper_that_stands_there_twice_counts_once_and_is_told(tmp_path: Path) -> None:
    report = evaluate(folder(tmp_path, [*PAPERS, PAPERS[0]]))
    assert report.run == {"q": ["1", "3"]}
    assert "line 4: 1 stands there twice" in report.remarks[0]


def test_an_empty_corpus_and_no_queries_are_no_error(tmp_path: Path) -> None:
    assert evaluate(folder(tmp_path, [])).run == {"q": []}
    assert evaluate(folder(tmp_path, PAPERS, [])).run == {}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("corpus.jsonl", "{", "corpus.jsonl, line 1: not JSON"),
        ("corpus.jsonl", "[1]", "line 1: not an object"),
        ("corpus.jsonl", "[" * 100_000, "line 1: not JSON"),
        ("corpus.jsonl", '{"title": "x"}', "line 1: a paper needs an id"),
        ("corpus.jsonl", '{"id": 1, "title": {}}', "line 1: a paper needs an id, a title and an abstract"),
        ("corpus.jsonl", '{"id": 1, "first_seen": "soon"}', "line 1: first_seen is not a date: 'soon'"),
        ("corpus.jsonl", '{"id": 1, "first_seen": 7}', "line 1: first_seen is not a date: 7"),
        ("queries.jsonl", "{}", "line 1: a query needs a query_id"),
        ("queries.jsonl", '{"query_id": "q", "query": 3}', "line 1: query is a text"),
        ("queries.jsonl", '{"query_id": "q"}\n{"query_id": "q"}', "line 2: query 'q' stands there twice"),
        ("qrels.tsv", "q 1 1", "qrels.tsv, line 1: not query, document, gain"),
        ("qrels.tsv", "q\t1\tnan", "qrels.tsv, line 1: not query, document, gain"),
        ("corpus.jsonl.gz", "not gzip", "corpus.jsonl.gz cannot be read"),
    ],
)
def test_bad_data_is_told_with_its_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    folder(tmp_path)
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(ConfigError) as told:
        evaluate(tmp_path)
    assert message in told.value.message


def test_a_folder_without_papers_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no papers"):
        evaluate(tmp_path)


def test_the_command_writes_the_run_and_prints_each_order(tmp_path: Path) -> None:
    folder(tmp_path, qrels_tsv="q\t1\t1\n")
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress((tmp_path / "corpus.jsonl").read_bytes()))
    words = ["relevance", str(tmp_path), "--run", str(tmp_path / "run.jsonl"), "--queries", "queries.jsonl"]
    done = CliRunner().invoke(evaluate_command, words, standalone_mode=False)
    assert done.exception is None, done.exception
    assert json.loads((tmp_path / "run.jsonl").read_text("utf-8")) == {"query_id": "q", "docs": ["1", "3"]}
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["order", "digest", "BM25", "newest"]


@pytest.mark.shared
def test_scores_agree_with_the_packaged_script_and_reach_the_floors(shared: Path) -> None:
    data, script = shared / "ranking" / "topics", _module(shared / "ranking" / "score.py")
    for kind, floors in (("", (0.64, 0.46)), ("_examples", (0.655, 0.46))):
        report = evaluate(data, data / f"queries{kind}.jsonl")
        ours = measured(report.run, judgements(data / f"qrels{kind}.tsv"))
        theirs = script.evaluate(report.run, script.read_qrels(data / f"qrels{kind}.tsv"))
        assert ours.keys() == theirs.keys()
        for query, found in ours.items():
            assert found == pytest.approx(theirs[query], abs=1e-9)
        best, words, _ = report.rows
        assert (best.measures["nDCG@10"].mean, best.measures["MAP"].mean) >= floors
        assert best.measures["MAP"].mean >= floors[1]
        assert words.ahead["nDCG@10"].low > 0


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
