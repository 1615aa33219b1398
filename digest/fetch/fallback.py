"""The last resort for a feed that our own reader cannot read: feedparser, in a process with bounds.

The process is started anew for each feed, so nothing of this one is copied into it: bytes in, JSON out.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from digest.errors import SourceError

PATIENCE = timedelta(seconds=20)

_PROGRAM = (sys.executable, "-I", "-W", "ignore", str(Path(__file__).with_name("lenient.py")))
_BROKE = {-signal.SIGXCPU: "it took more processor time than it may", -signal.SIGKILL: "it was killed"}
_HINT = "ask the publisher for well-formed XML, or choose another source"


def parsed(data: bytes, name: str, *, program: Sequence[str] = _PROGRAM, patience: timedelta = PATIENCE) -> Any:
    """Return what feedparser finds in `data`, as `lenient.found` says it; `name` is for messages.

    Blocks until the process ends, `patience` at most. Raises SourceError if it was stopped by one of its limits of
    time, memory and size, or breaks down.
    """
    try:
        done = subprocess.run(
            program, input=data, capture_output=True, timeout=patience.total_seconds(), env={}, cwd="/", check=False
        )
    except subprocess.TimeoutExpired:
        raise _error(name, f"it took longer than {patience.total_seconds():g} s") from None
    except OSError as error:
        raise _error(name, f"it cannot be started: {error.strerror or error}") from error
    if done.returncode:
        raise _error(name, _why(done))
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise _error(name, "its answer breaks off") from None


def _why(done: subprocess.CompletedProcess[bytes]) -> str:
    last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if "MemoryError" in last:
        return "it needs more memory than it may have"
    return _BROKE.get(done.returncode, f"it broke down: {last[:200] or done.returncode}")


def _error(name: str, why: str) -> SourceError:
    return SourceError(
        f"cannot read {name}: its XML is beyond repair, and of the last resort, feedparser: {why}", hint=_HINT
    )
