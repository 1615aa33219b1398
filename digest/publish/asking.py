"""Ask a relay whether it has a mail whose answer was lost. What arrived is not sent again, what did not is not lost.

`postfix` reads the queue and the log of a Postfix on this machine; anything else is a command of the operator's, such
as one that searches a provider by its API: it gets a question a line as JSON, and answers each with a line, `arrived`,
`absent` or `unknown`.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import structlog
from msgspec import json

from digest.model import Value
from digest.publish.postfix import Queued, has, read_log, read_queue

LOG = "/var/log/mail.log"
PATIENCE = timedelta(minutes=2)
# Of a log; a mail that is asked about left minutes ago.
_TAIL = 64 * 2**20

log = structlog.get_logger()


class Trace(StrEnum):
    """What a relay knows of a mail."""

    ARRIVED = "arrived"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Question(Value):
    """A mail to be looked for. Some relays write a Message-ID of their own: the return path is the reader's as well.

    `name` is what reports call it (ENVID, RFC 3461), `since` when it began.
    """

    message_id: str
    name: str
    return_path: str
    recipient: str
    relay: str | None
    since: datetime | None


Asker = Callable[[Sequence[Question]], list[Trace]]


def asker(how: str, *, relay: str | None) -> Asker | None:
    """Return how to ask: None without a setting. `relay` is the name of the one that `postfix` stands for."""
    kind, _, path = how.partition(":")
    if not how:
        return None
    if kind == "postfix":
        return lambda questions: _of_postfix(questions, Path(path or LOG), relay)
    return lambda questions: _of_command(questions, shlex.split(how))


def _of_postfix(questions: Sequence[Question], path: Path, relay: str | None) -> list[Trace]:
    try:
        queued = read_queue(_output(["postqueue", "-j"]))
        logged = read_log(_tail(path.with_name(f"{path.name}.1")) + _tail(path, needed=True))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        log.warning("relay_not_asked", why=str(error))
        return [Trace.UNKNOWN] * len(questions)
    return [_trace(question, [*queued, *logged], relay) for question in questions]


def _trace(question: Question, mails: Sequence[Queued], relay: str | None) -> Trace:
    if question.relay != relay:
        return Trace.UNKNOWN
    found = has(
        mails,
        message_id=question.message_id,
        sender=question.return_path,
        recipient=question.recipient,
        since=question.since,
    )
    return Trace.ARRIVED if found else Trace.ABSENT


def _of_command(questions: Sequence[Question], command: Sequence[str]) -> list[Trace]:
    given = b"".join(json.encode(question) + b"\n" for question in questions)
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        said = [Trace(line) for line in _output(command, given).decode().split()]
        if len(said) == len(questions):
            return said
    log.warning("relay_not_asked", why="smtp.ask did not answer each question with arrived, absent or unknown")
    return [Trace.UNKNOWN] * len(questions)


def _output(command: Sequence[str], given: bytes = b"") -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, check=True, timeout=PATIENCE.total_seconds())
    return done.stdout


def _tail(path: Path, *, needed: bool = False) -> str:
    if not needed and not path.exists():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        return file.read().decode("utf-8", "replace")
