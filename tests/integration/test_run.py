"""`digest run` and `digest tick` as processes: they serve, do the chores, end when told; two at once are harmless."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailserver import free_port, running


def digest(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "digest", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A site without network: its sources are gone, its topics are there."""
    assert digest("init", "--yes", cwd=tmp_path).returncode == 0
    (tmp_path / "sources.toml").write_text("", "utf-8")
    assert digest("source", "import", "sources.toml", "--prune", cwd=tmp_path).returncode == 0
    return tmp_path


class Service:
    """A `digest run` of the test's own."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "digest", "run", "--port", str(self.port)],
            cwd=home,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def get(self, path: str) -> int:
        for _ in range(150):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                return error.code
            except OSError:
                time.sleep(0.1)
        raise AssertionError("it does not serve")

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    found = Service(home)
    yield found
    if found.process.poll() is None:
        found.stop()


def test_it_serves_and_ends_when_told(service: Service) -> None:
    assert service.get("/healthz") == 200
    assert service.get("/topics/vision/feed.atom") == 200
    assert service.get("/nowhere") == 404
    code, errors = service.stop()
    assert code == 0, errors
    assert "Traceback" not in errors


def test_the_web_comes_back_when_it_is_killed_and_ends_with_who_started_it(service: Service) -> None:
    assert service.get("/healthz") == 200
    first = children(service.process.pid)
    mine, *niceness = (os.getpriority(os.PRIO_PROCESS, one) for one in (0, service.process.pid, *first))
    assert niceness == [max(mine, 10), mine]
    os.kill(first[0], signal.SIGKILL)
    assert service.get("/topics/vision/feed.atom") == 200
    second = children(service.process.pid)
    assert set(first).isdisjoint(second)
    service.process.kill()
    service.process.communicate(timeout=30)
    for _ in range(200):
        if not any(Path(f"/proc/{one}").exists() for one in second):
            return
        time.sleep(0.1)
    pytest.fail("the web did not end")


def children(pid: int) -> list[int]:
    """Return the processes that one started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def test_two_at_once_are_harmless(home: Path, service: Service) -> None:
    other = Service(home)
    assert (service.get("/healthz"), other.get("/healthz")) == (200, 200)
    assert other.stop()[0] == 0
    assert service.stop()[0] == 0


def test_a_port_in_use_is_one_plain_line(home: Path, service: Service) -> None:
    service.get("/healthz")
    done = digest("run", "--port", str(service.port), cwd=home)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error[failed]: cannot listen on 127.0.0.1, port {service.port}")


def test_a_tick_does_one_round_and_says_so(home: Path) -> None:
    done = digest("tick", "--json", cwd=home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["round"]["held"] is True


def test_sending_without_a_relay_is_a_plain_error(home: Path) -> None:
    done = digest("send", cwd=home)
    assert done.returncode == 2
    assert "smtp.url is empty" in done.stderr


def test_the_books_can_be_paused_and_resumed(home: Path) -> None:
    assert digest("outbox", "pause", cwd=home).returncode == 0
    assert "paused" in digest("outbox", cwd=home).stderr
    assert digest("outbox", "resume", cwd=home).returncode == 0
    assert digest("outbox", cwd=home).stderr == ""
    assert digest("status", cwd=home).returncode == 0


def test_a_test_mail_leaves_no_trace(home: Path) -> None:
    (home / "papers.jsonl").write_text('{"title": "Vision", "abstract": "Images and vision-language models."}', "utf-8")
    digest("import", "papers.jsonl", cwd=home)
    today = json.loads(digest("rank", "vision", "--json", cwd=home).stdout)["paper"]["first_seen"][:10]
    digest("compose", "--date", today, cwd=home)
    with running() as relay:
        text = (home / "digest.toml").read_text("utf-8")
        (home / "digest.toml").write_text(text.replace('url = ""', f'url = "{relay.url}"', 1), "utf-8")
        done = digest("send", "--test", "ed@example.org", cwd=home)
        assert done.returncode == 0, done.stderr
        assert relay.recipients() == ["ed@example.org"]
    assert digest("outbox", "--json", cwd=home).stdout == ""
