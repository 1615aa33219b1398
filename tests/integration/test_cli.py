"""The command line as a person meets it: what it prints, its exit codes, and bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PAPERS = [
    {"title": "Quest: Query-Aware Sparsity", "abstract": "A KV cache is read page by page.", "arxiv_id": "2406.10770"},
    {"title": "Cats and dogs", "abstract": "Nothing about caches of keys."},
]
TOPIC = '[[topic]]\nid = "kv-cache"\nname = "The KV cache"\nshould = ["KV cache"]\n'


def digest(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "digest", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(env or {})},
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A site with two papers and one topic of ours beside the seeds."""
    assert digest("init", "--yes", cwd=tmp_path).returncode == 0
    (tmp_path / "papers.jsonl").write_text("\n".join(map(json.dumps, PAPERS)), "utf-8")
    (tmp_path / "topics.toml").write_text(TOPIC, "utf-8")
    assert digest("topic", "import", "topics.toml", "--prune", cwd=tmp_path).returncode == 0
    return tmp_path


def rows(done: subprocess.CompletedProcess[str]) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_init_writes_a_private_file_that_works_unchanged(tmp_path: Path) -> None:
    done = digest("init", "new", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "new" / "digest.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert digest("config", "check", "--config", path, cwd=tmp_path).returncode == 0
    assert len(rows(digest("topic", "list", "--json", "--config", path, cwd=tmp_path))) >= 8
    status = rows(digest("status", "--json", "--config", path, cwd=tmp_path))[0]
    assert status["counts"]["paper"] == 0


def test_init_never_writes_over_a_site(home: Path) -> None:
    before = (home / "digest.toml").read_bytes()
    done = digest("init", "--yes", cwd=home)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error[config]: digest.toml is there already")
    assert (home / "digest.toml").read_bytes() == before


def test_import_says_in_numbers_what_was_new_and_the_second_time_nothing_is(home: Path) -> None:
    first = rows(digest("import", "papers.jsonl", "--json", cwd=home))
    assert first[-1]["total"] == {
        "read": 2, "new": 2, "merged": 0, "changed": 0, "unchanged": 0, "files": 1, "failed": 0
    }  # fmt: skip
    again = rows(digest("import", "papers.jsonl", "--json", cwd=home))
    assert (again[0]["new"], again[0]["unchanged"]) == (0, 2)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("binary.txt", b"\x00\x01\x02PNG\xff" * 50, "binary"),
        ("page.html", b"<!doctype html><html><title>Hi</title><body>No feed</body></html>", "web page"),
        ("empty.xml", b"", "empty"),
        ("notes.txt", b"Some words\nthat are no papers page\n", "notes.txt"),
    ],
)
def test_a_bad_file_is_one_plain_line_and_the_others_go_on(home: Path, name: str, content: bytes, said: str) -> None:
    (home / name).write_bytes(content)
    done = digest("import", name, "papers.jsonl", "nowhere.xml", cwd=home)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert errors[0].startswith("error[source]: ")
    assert said in errors[0]
    assert "nowhere.xml cannot be read" in errors[1]
    assert "papers.jsonl: 2 entries read, 2 papers new" in done.stdout
    assert "Traceback" not in done.stderr


def test_rank_and_why_print_sums_that_add_up(home: Path) -> None:
    digest("import", "papers.jsonl", cwd=home)
    pick = rows(digest("rank", "kv-cache", "--json", cwd=home))[0]
    assert abs(sum(part["value"] * part["weight"] for part in pick["parts"]) - pick["score"]) < 1e-9
    shown = digest("rank", "kv-cache", "--explain", cwd=home).stdout
    assert "matches “KV cache”" in shown
    assert "score" in shown
    why = digest("why", "kv-cache", "2406.10770", cwd=home).stdout
    assert "Quest: Query-Aware Sparsity" in why
    assert (
        "out: nothing in it speaks of this topic" in digest("why", "kv-cache", "cats", "and", "dogs", cwd=home).stdout
    )


def test_what_is_not_there_is_told_with_what_is_near(home: Path) -> None:
    done = digest("rank", "kv-cash", cwd=home)
    assert done.returncode == 1
    assert done.stderr.startswith("error[not-found]: ")
    assert "kv-cache" in done.stderr


def test_a_misspelt_setting_is_told_with_its_line_and_exit_code_2(home: Path) -> None:
    text = (home / "digest.toml").read_text("utf-8").replace("feed_items", "feed_itms")
    (home / "digest.toml").write_text(text, "utf-8")
    done = digest("status", cwd=home)
    assert done.returncode == 2
    assert "unknown setting limits.feed_itms: did you mean feed_items?" in done.stderr
    assert "line " in done.stderr


def test_a_database_newer_than_the_program_is_refused(home: Path) -> None:
    import sqlite3

    with sqlite3.connect(home / "digest.db") as connection:
        ledger = connection.execute(
            "select name from sqlite_master where type = 'table' and name like '%migration%'"
        ).fetchone()[0]
        columns = [row[1] for row in connection.execute(f"pragma table_info({ledger})")]
        values = [999 if index == 0 else "later" for index in range(len(columns))]
        connection.execute(f"insert into {ledger} values ({','.join('?' * len(columns))})", values)
    connection.close()
    done = digest("status", cwd=home)
    assert done.returncode == 2
    assert done.stderr.startswith("error[schema]: ")
    assert "hint: " in done.stderr


def test_wrong_usage_is_exit_code_2_with_a_hint(home: Path) -> None:
    done = digest("compose", "--date", "yesterday", cwd=home)
    assert done.returncode == 2
    assert done.stderr.startswith("error[usage]: ")
    assert digest("nonsense", cwd=home).returncode == 2


def test_a_topic_can_be_added_shown_exported_and_removed(home: Path) -> None:
    added = digest("topic", "add", "proteins", "--name", "Proteins", "--should", "protein folding", cwd=home)
    assert added.returncode == 0, added.stderr
    assert 'should = [\n    "protein folding",\n]' in digest("topic", "show", "proteins", cwd=home).stdout
    assert digest("topic", "add", "proteins", "--name", "Again", "--should", "x", cwd=home).returncode == 2
    exported = digest("topic", "export", cwd=home).stdout
    (home / "again.toml").write_text(exported, "utf-8")
    assert digest("topic", "remove", "proteins", cwd=home).returncode == 0
    digest("topic", "import", "again.toml", cwd=home)
    assert digest("topic", "export", cwd=home).stdout == exported


def test_source_check_parses_without_storing(home: Path) -> None:
    done = digest("source", "check", "papers.jsonl", "--json", cwd=home)
    line = rows(done)[0]
    assert (line["error"], [entry["title"] for entry in line["entries"]]) == (None, [one["title"] for one in PAPERS])
    assert set(line["entries"][0]) == {"id", "title", "link", "published", "updated", "authors", "summary"}
    assert rows(digest("status", "--json", cwd=home))[0]["counts"]["paper"] == 0


def test_composing_ahead_of_time_is_asked_for_by_date_and_happens_once(home: Path) -> None:
    digest("import", "papers.jsonl", cwd=home)
    nothing = digest("compose", cwd=home)
    assert "nothing is due" in nothing.stderr
    today = rows(digest("rank", "kv-cache", "--json", cwd=home))[0]["paper"]["first_seen"][:10]
    first = digest("compose", "--date", today, cwd=home)
    assert first.stdout.startswith(f"kv-cache/{today}  released  1 of 2 papers")
    assert digest("compose", "--date", today, cwd=home).stdout == ""
    assert digest("compose", "--date", "2999-01-01", cwd=home).returncode == 1


def test_a_folder_that_cannot_be_written_is_a_plain_error(home: Path) -> None:
    (home / "taken").write_text("a file", "utf-8")
    done = digest("publish", "--out", "taken", cwd=home)
    assert done.returncode == 1
    assert done.stderr.startswith("error[publish]: taken/")


def test_a_wrong_template_is_told_with_its_line(home: Path) -> None:
    (home / "own" / "web").mkdir(parents=True)
    (home / "own" / "web" / "front.html").write_text("line one\n{{ nothing_of_that_name }}\n", "utf-8")
    done = digest("publish", cwd=home, env={"DIGEST_SITE_TEMPLATES": "own"})
    assert done.returncode == 1
    assert "web/front.html, line 2" in done.stderr
    assert "nothing_of_that_name" in done.stderr


def test_output_that_nobody_reads_is_no_error(home: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m digest topic export | head -c 1",
        cwd=home,
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
