"""`digest subscriber`: the operator's list, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from digest.cli import cli
from digest.work.starting import start


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return start(tmp_path_factory.mktemp("site"), {})


@pytest.fixture
def config(seeded: Path, tmp_path: Path) -> Path:
    """A site of its own for each test, copied."""
    for name in ("digest.toml", "digest.db"):
        (tmp_path / name).write_bytes((seeded.parent / name).read_bytes())
    return tmp_path / "digest.toml"


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["subscriber", *words, "--config", str(config)])


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_address_is_added_shown_paused_and_removed(config: Path) -> None:
    added = run(config, "add", "ada@example.org", "--topic", "alignment", "--cadence", "weekly", "--hour", "18")
    assert (added.exit_code, added.stdout) == (0, "ada@example.org: new\n")
    shown = rows(run(config, "show", "ADA@example.org", "--json"))[0]
    assert (shown["cadence"], shown["send_hour"], shown["pending"]) == ("weekly", 18, ["alignment"])
    assert [one["slot"].partition(":")[0] for one in shown["deliveries"]] == ["confirm"]
    assert shown["subscriptions"][0]["evidence"] == "import, by the operator"
    assert "rests" in run(config, "pause", "ada@example.org").stdout
    assert rows(run(config, "list", "--json"))[0]["paused"] is True
    run(config, "pause", "ada@example.org", "--off")
    assert run(config, "remove", "ada@example.org").exit_code == 0
    shown = rows(run(config, "show", "ada@example.org", "--json"))[0]
    assert (shown["suppressed"], shown["paused"], shown["pending"]) == ("left", False, [])
    assert run(config, "add", "ada@example.org", "--topic", "alignment").stdout == "ada@example.org: suppressed\n"


def test_for_people_a_list_is_a_table(config: Path) -> None:
    run(config, "add", "ada@example.org", "--topic", "alignment", "--confirmed")
    head, line = run(config, "list").stdout.splitlines()
    assert head.split()[:2] == ["address", "cadence"]
    assert line.split() == ["ada@example.org", "daily", "7", "UTC", "no", "alignment", "-"]
    assert "alignment  active" in run(config, "show", "ada@example.org").stdout


def test_a_list_goes_in_and_out(config: Path, tmp_path: Path) -> None:
    given = tmp_path / "list.csv"
    given.write_text("address,cadence\nada@example.org,weekly\nbob,daily\n", "utf-8")
    done = run(config, "import", str(given), "--topic", "alignment", "--confirmed")
    assert (done.exit_code, done.stdout) == (1, "list.csv: 1 new\n")
    assert done.stderr == "error[failed]: line 3: address: this is no mail address such as name@example.org\n"
    out = run(config, "export")
    assert out.stdout.splitlines() == [
        "address,cadence,zone,hour,language,layout,topics,state",
        "ada@example.org,weekly,UTC,7,en,cards,alignment,active",
    ]
    given.write_text(out.stdout, "utf-8")
    again = run(config, "import", str(given), "--confirmed", "--json")
    assert rows(again) == [{"new": 0, "changed": 0, "unchanged": 1, "suppressed": 0, "ended": 0, "problems": []}]


@pytest.mark.parametrize("command", ["show", "pause", "remove"])
def test_an_address_that_is_nobodys_is_told(config: Path, command: str) -> None:
    done = run(config, command, "nobody@example.org")
    assert type(done.exception).__name__ == "NotFoundError"


@pytest.mark.parametrize("words", [("--topic", "nowhere"), (), ("--topic", "alignment", "--hour", "24")])
def test_what_cannot_be_had_is_told(config: Path, words: tuple[str, ...]) -> None:
    done = run(config, "add", "ada@example.org", *words)
    assert type(done.exception).__name__ == "RefusedError"
    assert run(config, "list").stdout == ""
