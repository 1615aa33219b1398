"""A relay whose word is good, as a process: `python -m tests.receiver serve JOURNAL [--rewrite]` prints its port.

It syncs a line of its journal on each final dot, and answers 0 to 50 ms later. With `--rewrite` it gives each mail a
Message-ID of its own, as some relays do. `python -m tests.receiver ask JOURNAL` answers questions about what came.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from subprocess import PIPE, Popen

from msgspec import json

from digest.model import Value
from digest.publish.asking import Question

LONGEST = 0.05


class Came(Value):
    """A mail as it came."""

    recipient: str
    return_path: str
    message_id: str
    sha: str


def read(journal: Path) -> list[Came]:
    """Return all that came, but for a line that is being written."""
    if not journal.exists():
        return []
    return [json.decode(line, type=Came) for line in journal.read_bytes().split(b"\n")[:-1]]


@contextmanager
def receiving(journal: Path, *words: str) -> Iterator[str]:
    """Run one. Yields its address."""
    command = [sys.executable, "-m", "tests.receiver", "serve", str(journal), *words]
    with Popen(command, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield f"smtp://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


class Receiver:
    """Its journal, and how it answers."""

    def __init__(self, journal: str, *, rewrite: bool) -> None:
        self._file = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._die, self._rewrite = random.Random(7), rewrite

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 receiver.test\r\n")
            await self._played(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _played(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        envelope: dict[bytes, str] = {}
        while line := await reader.readline():
            word = line[:4].upper()
            if word in {b"MAIL", b"RCPT"}:
                envelope[word] = line.decode().partition("<")[2].partition(">")[0]
            writer.write(b"250-receiver.test\r\n250 PIPELINING\r\n" if word == b"EHLO" else _reply(word))
            if word == b"DATA":
                text = await reader.readuntil(b"\r\n.\r\n")
                self._keep(envelope, text)
                await asyncio.sleep(self._die.uniform(0, LONGEST))
                writer.write(b"250 2.0.0 taken\r\n")

    def _keep(self, envelope: dict[bytes, str], text: bytes) -> None:
        found = re.search(rb"^Message-ID: (\S+)", text, re.MULTILINE)
        name = f"<{self._die.random()}@receiver.test>" if self._rewrite or not found else found[1].decode()
        came = Came(
            recipient=envelope[b"RCPT"], return_path=envelope[b"MAIL"], message_id=name, sha=sha256(text).hexdigest()
        )
        os.write(self._file, json.encode(came) + b"\n")
        os.fsync(self._file)


def _reply(word: bytes) -> bytes:
    return b"354 go\r\n" if word == b"DATA" else b"250 2.1.0 ok\r\n"


async def serve(journal: str, *, rewrite: bool) -> None:
    ended = asyncio.Event()
    server = await asyncio.start_server(Receiver(journal, rewrite=rewrite).serve, "127.0.0.1", 0, limit=2**20)
    print(server.sockets[0].getsockname()[1], flush=True)
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


def ask(journal: str) -> None:
    """Answer questions on our input, by Message-ID or by the return path, which is a reader's own."""
    came = read(Path(journal))
    known = {one.message_id for one in came} | {one.return_path for one in came}
    for line in sys.stdin.buffer:
        question = json.decode(line, type=Question)
        print("arrived" if {question.message_id, question.return_path} & known else "absent")


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        ask(sys.argv[2])
    else:
        asyncio.run(serve(sys.argv[2], rewrite="--rewrite" in sys.argv))
