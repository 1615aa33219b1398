"""`digest subscriber topic`: a reader's own topic from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from digest.app import opened, read_settings
from digest.cli import cli
from digest.work.starting import start
from tests.factories import make_paper

ADA = "ada@example.org"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = start(tmp_path_factory.mktemp("site"), {})
    with opened(read_settings(config)) as app:
        app.store.save_papers([make_paper("Bees and honey"), make_paper("Songs of whales")])
    CliRunner().invoke(cli, ["subscriber", "add", ADA, "--topic", "alignment", "--confirmed", "--config", str(config)])
    return config


@pytest.fixture
def config(seeded: Path, tmp_path: Path) -> Path:
    """A site of its own for each test, copied."""
    for name in ("digest.toml", "digest.db"):
        (tmp_path / name).write_bytes((seeded.parent / name).read_bytes())
    return tmp_path / "digest.toml"


def run(config: Path, verb: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["subscriber", "topic", verb, *words, "--config", str(config)])


def read(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_topic_is_set_shown_steered_undone_and_reset(config: Path) -> None:
    assert "has no topic of its own" in run(config, "show", ADA).stderr
    step = run(config, "set", ADA, "--words", '"honey bees" +pollen -wasps', "--authors", "Ana Ruiz")
    assert "papers of the last days" in step.stderr
    more = read(run(config, "more", ADA, "Bees and honey", "--json"))
    assert (more["line"], more["topic"]["examples"]) == ('"honey bees" +pollen -wasps', ["text:bees-and-honey"])
    assert run(config, "less", ADA, "Songs of whales").exit_code == 0
    shown = run(config, "show", ADA).stdout
    assert [line.split("  ")[0].strip() for line in shown.splitlines()] == [
        "words",
        "authors",
        "categories",
        "state",
        "more like",
        "less like",
    ]
    assert read(run(config, "undo", ADA, "--json"))["topic"]["unlike"] == []
    assert read(run(config, "reset", ADA, "--json"))["topic"]["examples"] == []
    assert read(run(config, "show", ADA, "--json"))["state"] == "active"
    assert read(run(config, "reset", ADA, "--all", "--json"))["topic"]["enabled"] is False


def test_what_is_not_named_stays(config: Path) -> None:
    run(config, "set", ADA, "--words", "bees", "--categories", "q-bio.PE")
    topic = read(run(config, "set", ADA, "--authors", "Ana Ruiz", "--json"))["topic"]
    assert (topic["should"], topic["authors"], topic["categories"]) == (["bees"], ["Ana Ruiz"], ["q-bio.PE"])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("set", ADA, "--words", "the of"), "RefusedError"),
        (("set", "nobody@example.org", "--words", "bees"), "NotFoundError"),
        (("more", ADA, "no such paper"), "NotFoundError"),
        (("undo", ADA), "DigestError"),
    ],
)
def test_what_cannot_be_done_is_told(config: Path, words: tuple[str, ...], error: str) -> None:
    assert type(run(config, *words).exception).__name__ == error


def test_removing_the_subscriber_forgets_the_topic(config: Path) -> None:
    run(config, "set", ADA, "--words", "bees")
    CliRunner().invoke(cli, ["subscriber", "remove", ADA, "--config", str(config)])
    with opened(read_settings(config)) as app:
        found = app.store.subscriber_by_address(ADA)
        assert found
        assert app.store.topics(owner=found.id) == []
