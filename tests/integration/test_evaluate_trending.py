"""`digest evaluate trending`: the production order on judged data, and nothing read that was not known yet."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from digest.cli.evaluate import evaluate_command
from digest.errors import ConfigError
from digest.rank.measures import Estimate, estimates, measured
from digest.work import trending_runs as runs
from digest.work.trending_scores import evaluate
from digest.work.trending_sights import offers, sights

HOUR = 3600
NOW = 1_625_184_000


def observed(folder: Path, *rows: tuple[int, int, int, int]) -> Path:
    """Stories as they were seen: story, hours before the decision, points, comments."""
    lines = [f"{story},{NOW - hours * HOUR},1,{points},{comments}" for story, hours, points, comments in rows]
    (folder / "observations.csv.gz").write_bytes(
        gzip.compress("\n".join(["story,t,rank,points,comments", *lines]).encode())
    )
    return folder


def asked(folder: Path, *queries: dict[str, Any]) -> Path:
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), "utf-8")
    return folder


def decision(*candidates: int) -> dict[str, Any]:
    return {"query_id": "T1", "decision_time": NOW, "candidates": list(candidates)}


def answered(folder: Path, target: str = "top") -> list[str]:
    return evaluate(folder, target).run["T1"]


def test_the_fast_are_ahead_of_those_that_had_their_day(tmp_path: Path) -> None:
    observed(tmp_path, (1, 9, 90, 5), (1, 1, 100, 5), (2, 3, 20, 0), (2, 1, 60, 1), (2, 0, 95, 2), (3, 2, 4, 0))
    asked(tmp_path, decision(1, 2, 3))
    assert answered(tmp_path) == ["2", "1", "3"]
    assert answered(tmp_path, "rising") == ["2", "3", "1"]


def test_what_comes_after_the_moment_changes_nothing(tmp_path: Path) -> None:
    before = [(1, 2, 40, 0), (2, 2, 50, 0)]
    known = answered(asked(observed(tmp_path, *before), decision(1, 2, 9)))
    later = answered(observed(tmp_path, *before, (1, -1, 900, 9), (9, -2, 5000, 9)))
    assert known == later == ["2", "1"]


def test_judgements_never_change_an_answer(tmp_path: Path) -> None:
    asked(observed(tmp_path, (1, 2, 40, 0), (2, 2, 50, 0)), decision(1, 2))
    plain = evaluate(tmp_path, "top")
    (tmp_path / "qrels.tsv").write_text("T1\t1\t10\n", "utf-8")
    judged = evaluate(tmp_path, "top")
    assert judged.run == plain.run
    assert not plain.rows
    assert [row.order for row in judged.rows] == ["top", "newest", "votes", "gravity"]


def test_equal_stories_go_by_comments_then_date_then_id(tmp_path: Path) -> None:
    observed(tmp_path, (1, 2, 9, 1), (2, 2, 9, 3), (3, 2, 9, 1))
    assert answered(asked(tmp_path, decision(3, 2, 1, 1))) == ["2", "1", "3"]


def test_a_lists_day_is_ranked_by_its_votes(tmp_path: Path) -> None:
    papers = [{"id": f"2505.0{number}", "upvotes": number, "hours_after_midnight": 7.8} for number in (3, 41, 7)]
    asked(tmp_path, {"query_id": "T1", "day": "2025-05-06", "papers": papers})
    assert answered(tmp_path) == ["2505.041", "2505.07", "2505.03"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "line 1: not an object"),
        ('{"query_id": "a"}', "line 1: it needs a day and papers"),
        ('{"query_id": "a", "day": "x", "papers": []}', "line 1: it needs a day"),
        ('{"query_id": "a", "day": "2025-05-06", "papers": [{"id": "1", "upvotes": "many"}]}', "line 1: it needs"),
    ],
)
def test_a_bad_query_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "queries.jsonl").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=why):
        evaluate(tmp_path, "top")


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"queries\.jsonl cannot be read"):
        evaluate(tmp_path, "top")
    (tmp_path / "observations.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(ConfigError, match=r"observations\.csv\.gz"):
        evaluate(tmp_path, "top")


def test_the_command_writes_the_run_and_prints_measures(tmp_path: Path) -> None:
    asked(observed(tmp_path, (1, 2, 40, 0), (2, 2, 50, 0)), decision(1, 2))
    (tmp_path / "qrels.tsv").write_text("T1\t2\t10\n", "utf-8")
    out = tmp_path / "run.jsonl"
    words = ["trending", str(tmp_path), "--run", str(out), "--no-live"]
    done = CliRunner().invoke(evaluate_command, words)
    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text("utf-8")) == {"query_id": "T1", "docs": ["2", "1"]}
    assert "1.000 [1.000, 1.000]" in done.output
    rows = [json.loads(line) for line in CliRunner().invoke(evaluate_command, [*words, "--json"]).stdout.splitlines()]
    assert [row.get("order") for row in rows] == ["top", "newest", "votes", "gravity", None]


def test_first_sight_is_measured_by_the_live_list(tmp_path: Path) -> None:
    day = 24
    dull = [(number, 3 * day - number, 1, 0) for number in range(1, 70)]
    series = runs.read_series(observed(tmp_path, *dull, (99, 60, 0, 0), (99, 58, 500, 9)) / "observations.csv.gz")
    found = sights(series, runs.Story.top)
    assert found.stories > 0
    assert timedelta(0) <= found.delay < timedelta(hours=24)
    assert 0 < found.precision <= 1


def p_at_10(moments: Sequence[runs.Moment], order: runs.Order, gains: dict[str, dict[str, float]]) -> Estimate:
    asked_for = {moment.id: gains[moment.id] for moment in moments}
    return estimates(measured(runs.answers(moments, order), asked_for))["P@10"]


@pytest.mark.shared
def test_on_real_arrivals_the_top_and_what_rises_are_named(shared: Path) -> None:
    folder = shared / "ranking" / "trending_hn"
    moments = runs.read_moments(folder)[::3]
    top, rising = (runs.read_judgements(folder, target) for target in ("top", "rising"))
    assert p_at_10(moments, runs.TARGETS["top"], top["final"]).mean >= 0.87
    assert p_at_10(moments, runs.TARGETS["rising"], rising["rising"]).mean >= 0.68


@pytest.mark.shared
def test_on_real_arrivals_stories_are_seen_soon_and_late_bloomers_are_offered(shared: Path) -> None:
    folder = shared / "ranking" / "trending_hn"
    series, moments = runs.read_series(folder / runs.OBSERVATIONS), runs.read_moments(folder)[:120]
    start = moments[0].at
    found = sights(
        {one: seen for one, seen in series.items() if seen[0][0] < start + timedelta(days=9)}, runs.TARGETS["top"]
    )
    assert found.delay <= timedelta(hours=2.5)
    assert found.precision >= 0.8
    final = {query: gains.keys() for query, gains in runs.read_judgements(folder, "top")["final"].items()}
    made = offers(moments, series, final, runs.TARGETS["top"])
    assert made.offered >= made.missed / 2
    assert made.each <= 2


@pytest.mark.shared
def test_on_paper_lists_the_morning_tells_the_night(shared: Path) -> None:
    folder = shared / "ranking" / "trending_hf"
    report = evaluate(folder, "top")
    ours = {row.question: row.measures["nDCG@10"].mean for row in report.rows if row.order == "top"}
    assert ours["night"] >= 0.94
    assert ours["late"] >= 0.90
