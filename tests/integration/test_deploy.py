"""What stands in deploy/ names commands, settings and files that exist."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from digest.cli import COMMANDS
from digest.config.loading import load
from digest.config.settings import declared

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(unit)
    program, command = parser["Service"]["ExecStart"].split()
    assert program.endswith("/digest")
    assert command in COMMANDS
    assert parser["Service"]["NoNewPrivileges"] == "true"


def test_systemd_where_it_is_installed_finds_nothing_wrong(tmp_path: Path) -> None:
    judge = shutil.which("systemd-analyze")
    for unit in UNITS if judge else ():
        text = unit.read_text("utf-8").replace("/opt/digest/bin/digest", "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
        done = subprocess.run([str(judge), "verify", tmp_path / unit.name], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_example_environment_holds_settings_that_load() -> None:
    lines = [line for line in (DEPLOY / "env.example").read_text("utf-8").splitlines() if line and line[0] != "#"]
    given = dict(line.split("=", 1) for line in lines)
    names = {setting.variable for setting in declared()}
    assert {name for name in given if name.startswith("DIGEST_")} <= names
    assert load(None, given).site.url == "https://papers.example.org"


def test_what_the_image_copies_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
    assert "USER digest" in text
    assert all(variable in {one.variable for one in declared()} for variable in re.findall(r"DIGEST_[A-Z_]+", text))
