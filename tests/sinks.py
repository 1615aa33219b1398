"""What a bench sends mail to: Debian's smtp-sink, a proxy that delays, a relay with a limit; each a process of its own.

`python -m tests.sinks delay PORT MILLISECONDS` and `python -m tests.sinks capped RATE MILLISECONDS` serve on
a port that they print, until their input ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.mailserver import free_port


@cache
def postfix() -> Path | None:
    """Return the folder of smtp-sink and smtp-source: POSTFIX_BIN, else from Debian's package, unpacked and no more."""
    if given := os.environ.get("POSTFIX_BIN"):
        return Path(given)
    if found := shutil.which("smtp-sink", path="/usr/sbin:/usr/bin"):
        return Path(found).parent
    folder = Path(mkdtemp(prefix="postfix-"))
    try:
        subprocess.run(["apt-get", "download", "postfix"], cwd=folder, check=True, capture_output=True)
        (package,) = folder.glob("postfix_*.deb")
        subprocess.run(["dpkg", "-x", package, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None
    return folder / "usr" / "sbin"


def _environment(programs: Path) -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": str(programs.parent / "lib" / "postfix")}


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink. Yields its port."""
    programs, port = postfix(), free_port()
    assert programs
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [str(programs / "smtp-sink"), *user, f"127.0.0.1:{port}", "512"]
    with subprocess.Popen(command, env=_environment(programs), stderr=subprocess.DEVNULL) as process:
        time.sleep(0.3)
        try:
            yield port
        finally:
            process.terminate()


def source(port: int, *, mails: int, connections: int, octets: int) -> float:
    """Send with smtp-source over connections that stay. Returns the seconds."""
    programs = postfix()
    assert programs
    command = [str(programs / "smtp-source"), "-d", "-s", str(connections), "-m", str(mails), "-l", str(octets)]
    began = time.perf_counter()
    subprocess.run([*command, f"127.0.0.1:{port}"], env=_environment(programs), check=True)
    return time.perf_counter() - began


@contextmanager
def played(*words: str) -> Iterator[int]:
    """Run this module as a process. Yields its port."""
    command = [sys.executable, "-m", "tests.sinks", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


class Delay(asyncio.Protocol):
    """Passes on what comes, so many seconds later, in order."""

    def __init__(self, wait: float) -> None:
        self._wait, self._loop = wait, asyncio.get_running_loop()
        self.other: Delay | None = None
        self._held: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._loop.call_later(self._wait, self._pass, data)

    def _pass(self, data: bytes) -> None:
        if self.other is None:
            self._held.append(data)
        else:
            self.other.transport.write(b"".join(self._held) + data)
            self._held.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other:
            self._loop.call_later(self._wait, self.other.transport.close)


class Front(Delay):
    """The side that clients come to."""

    def __init__(self, wait: float, port: int) -> None:
        super().__init__(wait)
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._task = asyncio.ensure_future(self._join())

    async def _join(self) -> None:
        _, back = await self._loop.create_connection(lambda: Delay(self._wait), "127.0.0.1", self._port)
        self.other, back.other = back, self
        if self._held:
            self._pass(b"")


class Capped(asyncio.Protocol):
    """A relay that takes so many mails a second and no more, and defers the rest; each answer comes late."""

    counts = {"taken": 0, "throttled": 0}  # noqa: RUF012 - of all connections
    began = 0.0
    last = 0.0

    def __init__(self, rate: float, wait: float) -> None:
        self._rate, self._wait, self._loop = rate, wait, asyncio.get_running_loop()
        self._held, self._text = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._say(b"220 capped\r\n")

    def _say(self, data: bytes) -> None:
        self._loop.call_later(self._wait, self.transport.write, data)

    def data_received(self, data: bytes) -> None:
        self._held += data
        while self._held:
            end = b"\r\n.\r\n" if self._text else b"\r\n"
            line, found, rest = self._held.partition(end)
            if not found:
                return
            self._held = rest
            self._say(self._taken() if self._text else self._answer(line))

    def _answer(self, line: bytes) -> bytes:
        word = line[:4].upper()
        self._text = word == b"DATA"
        if word == b"EHLO":
            return b"250-capped\r\n250 PIPELINING\r\n"
        return b"354 go\r\n" if self._text else b"250 2.0.0 ok\r\n"

    def _taken(self) -> bytes:
        """Take a mail unless the second that ends now is full."""
        self._text, now, counts = False, time.monotonic(), Capped.counts
        Capped.began = Capped.began or now
        if counts["taken"] > (now - Capped.began + 1) * self._rate:
            counts["throttled"] += 1
            return b"421 4.7.28 too fast\r\n"
        counts["taken"] += 1
        Capped.last = now
        return b"250 2.0.0 taken\r\n"


async def _serve(words: list[str]) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    wait = float(words[2]) / 1000
    factory = (lambda: Front(wait, int(words[1]))) if words[0] == "delay" else lambda: Capped(float(words[1]), wait)
    server = await loop.create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    if words[0] == "capped":
        print(Capped.counts, f"in {Capped.last - Capped.began:.2f} s", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
