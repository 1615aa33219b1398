"""The wheel alone, in an empty environment and with the source gone, runs the demo."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("digest", "templates", "seeds", "pyproject.toml", "README.md", "LICENSE")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the source that is then deleted."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in PARTS:
        part = ROOT / name
        if part.is_dir():
            shutil.copytree(part, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(part, source)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source, cwd=folder)
    shutil.rmtree(source)
    return next(folder.glob("*.whl"))


def test_it_holds_templates_seeds_and_migrations_once_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    assert {"digest/templates/mail/digest.html", "digest/seeds/papers.jsonl", "digest/py.typed"} <= set(names)
    assert any(name.startswith("digest/store/migrations/sqlite/0001") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "templates/", "seeds/"))]


def test_it_runs_the_demo_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    printed = run(tmp_path / "venv" / "bin" / "digest", "demo", "--out", tmp_path / "out", cwd=tmp_path)
    assert "matches “" in printed
    for topic in ("alignment", "vision", "code", "fine-tuning", "multi-agent"):
        made = {path.name for path in (tmp_path / "out" / "preview" / topic).iterdir()}
        assert made == {"mail.html", "mail.txt", "mail.eml", "feed.rss", "feed.atom", "feed.json"}
        assert (tmp_path / "out" / "site" / "topics" / topic / "feed.atom").exists()
    run(tmp_path / "venv" / "bin" / "digest", "init", "--yes", "site", cwd=tmp_path)
