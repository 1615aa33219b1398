"""Ask a relay whether it has a mail whose answer was lost. What arrived is not sent again, what did not is not lost.

`postfix` reads the queue and the log of a Postfix on this machine; anything else is a command of the operator's, such
as one that searches a provider by its API: it gets a question a line as JSON, and answers each with a line, `arrived`,
`absent` or `unknown`.
"""

from __future__ import annotations

import glob
import gzip
import re
import shlex
import subprocess
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import islice
from math import inf
from pathlib import Path
from typing import IO, cast

import structlog
from msgspec import json

from digest.model import Value
from digest.publish.postfix import Log, Queued, has, reaches, read_log, read_queue, stamp, wanted

LOG = "/var/log/mail.log"
PATIENCE = timedelta(minutes=2)
# A mail that is asked about left minutes ago; so far back parts of a log are looked into for where it begins.
_BACK = timedelta(days=2)
_ROTATED = re.compile(r"[.-]\d[\d-]*(\.gz)?")
# Lines of a log that may come before the first time stamp, and the longest line that is read as one.
_HEAD, _LONGEST = 100, 65_536

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
    return lambda questions: _of_command(questions, how)


def _of_postfix(questions: Sequence[Question], path: Path, relay: str | None) -> list[Trace]:
    try:
        queued = read_queue(_output(["postqueue", "-j"]))
        logged = _logged(questions, path)
    except (OSError, EOFError, zlib.error, subprocess.SubprocessError, ValueError) as error:
        log.warning("relay_not_asked", why=str(error))
        return [Trace.UNKNOWN] * len(questions)
    return [_trace(question, [*queued, *logged.mails], logged.oldest, relay) for question in questions]


def _logged(questions: Sequence[Question], path: Path) -> Log:
    looked_for = wanted(
        (one.message_id for one in questions),
        (one.return_path for one in questions),
        (one.recipient for one in questions),
    )
    since = min((one.since for one in questions if one.since), default=None)
    with ExitStack() as stack:
        # All are open before any is read: no rotation comes between them.
        parts = _parts(path, since, stack)
        return read_log((line for part in parts for line in _lines(part)), looked_for)


def _parts(path: Path, since: datetime | None, stack: ExitStack) -> list[IO[bytes]]:
    """Open a log and as many of its older parts as reach back to a moment, the oldest first."""
    found: list[IO[bytes]] = []
    for name in [path, *_rotated(path, since)]:
        part = stack.enter_context(_opened(name))
        found.insert(0, part)
        oldest = next(filter(None, map(stamp, islice(_lines(part), _HEAD))), None)
        part.seek(0)
        if reaches(oldest, since):
            break
    return found


def _opened(name: Path) -> IO[bytes]:
    # gzip's own type is one of its two kinds of files.
    return cast(IO[bytes], gzip.open(name)) if name.suffix == ".gz" else name.open("rb")


def _rotated(path: Path, since: datetime | None) -> list[Path]:
    """Return the parts of a log that were laid aside since two days before a moment, the newest first."""
    times = [
        (name.stat().st_mtime, name)
        for name in path.parent.glob(f"{glob.escape(path.name)}[.-]*")
        if _ROTATED.fullmatch(name.name.removeprefix(path.name))
    ]
    earliest = (since - _BACK).timestamp() if since else inf
    return [name for at, name in sorted(times, reverse=True) if at >= earliest]


def _lines(file: IO[bytes]) -> Iterator[str]:
    """Read lines, one that is too long in pieces."""
    return (line.decode("utf-8", "replace") for line in iter(partial(file.readline, _LONGEST), b""))


def _trace(question: Question, mails: Sequence[Queued], oldest: datetime | None, relay: str | None) -> Trace:
    if question.relay != relay:
        return Trace.UNKNOWN
    found = has(
        mails,
        message_id=question.message_id,
        sender=question.return_path,
        recipient=question.recipient,
        since=question.since,
    )
    if found:
        return Trace.ARRIVED
    # What began before the log did may have been in it.
    return Trace.ABSENT if reaches(oldest, question.since) else Trace.UNKNOWN


def _of_command(questions: Sequence[Question], command: str) -> list[Trace]:
    given = b"".join(json.encode(question) + b"\n" for question in questions)
    # Settings that nobody checked may hold half a command, or none.
    with suppress(OSError, subprocess.SubprocessError, ValueError, IndexError):
        said = [Trace(line) for line in _output(shlex.split(command), given).decode().split()]
        if len(said) == len(questions):
            return said
    log.warning("relay_not_asked", why="smtp.ask did not answer each question with arrived, absent or unknown")
    return [Trace.UNKNOWN] * len(questions)


def _output(command: Sequence[str], given: bytes = b"") -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, check=True, timeout=PATIENCE.total_seconds())
    return done.stdout
