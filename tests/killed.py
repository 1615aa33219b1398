"""Senders to be killed: `python -m tests.killed` reads a line, starts a sender and prints its number, again and again.

A fork of a program that has loaded everything begins to send in milliseconds, which an hour of kills is short without.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from digest.app import opened, read_settings
from digest.cli.sender import run_sender
from digest.work.proving import proven
from digest.work.sending import send


class Senders:
    """Starts one after another."""

    def __init__(self, process: Popen[bytes]) -> None:
        self._process = process

    def start(self) -> int:
        """Return the number of a new sender's process."""
        return int(self._asked(b"start"))

    def wait(self) -> int:
        """Wait for the last one. Returns how it ended: 0, or the number of the signal, negative."""
        return os.waitstatus_to_exitcode(int(self._asked(b"wait")))

    def _asked(self, word: bytes) -> bytes:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(word + b"\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def senders(environment: dict[str, str]) -> Iterator[Senders]:
    command = [sys.executable, "-m", "tests.killed"]
    with Popen(command, env={**os.environ, **environment}, stdin=PIPE, stdout=PIPE, bufsize=0) as process:
        yield Senders(process)
        assert process.stdin
        process.stdin.close()


def _send() -> None:
    """Do what `digest send` does, in a child."""
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as it lives
    with opened(read_settings(None)) as app:
        run_sender(lambda stop: send(app, stop=stop))


def main() -> None:
    with opened(read_settings(None)) as app:
        proven(app)
    child = 0
    for line in sys.stdin:
        if line.strip() == "wait":
            print(os.waitpid(child, 0)[1], flush=True)
            continue
        child = os.fork()
        if not child:
            status = 1
            try:
                _send()
                status = 0
            finally:
                os._exit(status)
        print(child, flush=True)


if __name__ == "__main__":
    main()
