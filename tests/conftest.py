"""What all tests share: the folder with real input, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"
# Services of others are asked by no test: neither by what it calls, nor by the processes that it starts.
SERVICES = ("huggingface", "github", "hackernews", "semantic_scholar", "openalex")
os.environ |= {f"DIGEST_SIGNALS_{name.upper()}": "false" for name in SERVICES}

NO_SHARED = "the shared folder is not beside this checkout"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with corpora, judged data and saved pages beside the checkout; its tests are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip(NO_SHARED)
    return SHARED


@pytest.fixture(autouse=True)
def no_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test ask a service of others; a test of them brings its own."""
    monkeypatch.setattr("digest.work.signals.METERS", ())


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skipped test is a failure, unless it is one that needs the absent shared folder."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") == "true" and any(NO_SHARED not in str(report.longrepr) for report in skipped):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
