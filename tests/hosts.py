"""Hosts that behave, and hosts that do not: doubles for what stands behind an address, its name server, its network."""

from __future__ import annotations

import gzip
import re
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import httpcore2
import pytest

PATIENCE = 10.0

# Made for these tests and good for nothing else: it vouches for the name feeds.example.
_PEM = """
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvYO49RC5Jo+BAezt
+6CIgyP0xhfTG3rV+qq/isJJPLOhRANCAASdcD30Ha2f8A5IJXQ/Yz4B2Z/Db2RE
1JjsDPdvKa7yYmOxthAJ7L1q0WInvjCSZ9GU0b0nH2KI1B/2qhUH9fOQ
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBcTCCARegAwIBAgIBATAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA90ZXN0cyBv
ZiBkaWdlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBoxGDAW
BgNVBAMMD3Rlc3RzIG9mIGRpZ2VzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BJ1wPfQdrZ/wDkgldD9jPgHZn8NvZETUmOwM928prvJiY7G2EAnsvWrRYie+MJJn
0ZTRvScfYojUH/aqFQf185CjTDBKMA8GA1UdEwEB/wQFMAMBAf8wGAYDVR0RBBEw
D4INZmVlZHMuZXhhbXBsZTAdBgNVHQ4EFgQUEOtTwS4Nq7/xuXQhsFDJC++NOOgw
CgYIKoZIzj0EAwIDSAAwRQIhAM0nXkDqxNMoAcwt364ShA/ozIoj1x3BSZ5UvIhp
yLnRAiAxIL50A/uW/Y6gZddfcEos6LP3PI7JPpd/eK85mbK/Uw==
-----END CERTIFICATE-----
"""


class Asked(NamedTuple):
    """A request as a host saw it; `at` and `done` are seconds of a monotonic clock."""

    path: str
    headers: dict[str, str]
    at: float
    body: bytes = b""


Play = Callable[[socket.socket, threading.Event], None]
"""How a host answers, until it has, or until the event says that the test is over."""


class Host:
    """What a test knows of its host: `asked` so far, and how many asked at once at most."""

    def __init__(self, port: int, scheme: str, plays: dict[str, Play]) -> None:
        self.port, self.plays, self.scheme = port, plays, scheme
        self.asked: list[Asked] = []
        self.most = self._now = 0
        self.over = threading.Event()
        self._lock = threading.Lock()

    def url(self, path: str = "/", name: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{name}:{self.port}{path}"

    def serve(self, connection: socket.socket) -> None:
        head, begun = _head(connection)
        if not head:
            return
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = _rest(connection, begun, int(headers.get("content-length", 0)))
        with self._lock:
            self.asked.append(Asked(first.split(" ")[1], headers, time.monotonic(), body))
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            play = self.plays.get(self.asked[-1].path.partition("?")[0], answer(status="404 Not Found"))
            play(connection, self.over)
        finally:
            with self._lock:
                self._now -= 1


def _head(connection: socket.socket) -> tuple[str, bytes]:
    """Return the head of a request, and what of its body came with it."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(4096)
        if not data:
            return "", b""
        head += data
    head, _, begun = head.partition(b"\r\n\r\n")
    return head.decode("latin-1"), begun


def _rest(connection: socket.socket, body: bytes, length: int) -> bytes:
    while len(body) < length and (data := connection.recv(4096)):
        body += data
    return body


@contextmanager
def host(plays: dict[str, Play] | None = None, *, tls: bool = False) -> Iterator[Host]:
    """Run a host on a free port of loopback: what it plays at each path may change while it runs."""
    context = _server_context() if tls else None

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(PATIENCE)
            with suppress(OSError), _wrapped(self.request, context) as connection:
                made.serve(connection)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        made = Host(server.server_address[1], "https" if tls else "http", plays if plays is not None else {})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.over.set()
            server.shutdown()
            thread.join(PATIENCE)


@pytest.fixture
def here() -> Iterator[Host]:
    with host() as found:
        yield found


def _wrapped(connection: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
    # The handshake comes with the first byte that is read, so that a failed one leaves a socket to close.
    return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) if context else connection


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pem"
        path.write_text(_PEM, "ascii")
        context.load_cert_chain(path)
    return context


def trusting() -> ssl.SSLContext:
    """Trust the hosts of these tests, for the name feeds.example."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    certificate = re.search("-----BEGIN CERT.*", _PEM, re.DOTALL)
    assert certificate
    context.load_verify_locations(cadata=certificate[0])
    return context


# How a host plays


def raw(data: bytes) -> Play:
    """Send these bytes, then close."""

    def play(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(data)

    return play


def answer(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> Play:
    """Answer as a host should, or with a length that is not the body's."""
    told = len(body) if length is None else length
    return raw("\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {told}", *headers, "", "")).encode() + body)


def redirect(location: str, status: str = "302 Found") -> Play:
    return answer(b"Elsewhere.", f"Location: {location}", status=status)


def packed(body: bytes, coding: str = "gzip", pack: Callable[[bytes], bytes] = gzip.compress) -> Play:
    return answer(pack(body), f"Content-Encoding: {coding}")


def in_turn(*plays: Play) -> Play:
    """Play one after the other, the last for good."""
    left = list(plays)

    def play(connection: socket.socket, over: threading.Event) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(connection, over)

    return play


def endless(connection: socket.socket, over: threading.Event) -> None:
    """Send a body without end, as fast as it is taken."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss><channel>")
    while not over.is_set():
        connection.sendall(b"<item><title>One more</title></item>" * 1000)


def drip(connection: socket.socket, over: threading.Event) -> None:
    """Send a byte now and then: never quiet for long, and never done."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.wait(0.02):
        connection.sendall(b".")


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Take the question and say nothing."""
    over.wait(PATIENCE)


def reset(connection: socket.socket, over: threading.Event) -> None:
    """Hang up in the middle of an answer, without a good-bye."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def slow(play: Play, seconds: float) -> Play:
    def later(connection: socket.socket, over: threading.Event) -> None:
        over.wait(seconds)
        play(connection, over)

    return later


# What stands around the client


def names(**known: list[str] | str) -> Callable[[str, int], Awaitable[list[str]]]:
    """A name server that knows these names (with _ for a dot); a list is what it says one time after the other."""
    left = {name.replace("_", "."): [said] if isinstance(said, str) else list(said) for name, said in known.items()}

    async def resolve(name: str, port: int) -> list[str]:
        if name not in left:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        said = left[name]
        return (said.pop(0) if len(said) > 1 else said[0]).split()

    return resolve


class Network(httpcore2.AnyIOBackend):
    """Writes down which addresses are dialled; a host of the test stands behind all of them, or nobody."""

    def __init__(self, behind: Host | None = None) -> None:
        self.dialled: list[str] = []
        self._behind = behind

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any) -> Any:
        self.dialled.append(host)
        if self._behind is None:
            raise httpcore2.ConnectError("nobody is there")
        return await super().connect_tcp("127.0.0.1", self._behind.port, timeout)
