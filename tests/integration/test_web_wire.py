"""Connections as clients really make them: slow, silent, greedy, broken, many. Over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import product
from time import monotonic
from typing import Any

import pytest
from msgspec.structs import replace

from digest.app import App
from digest.web.headers import SECURITY
from digest.web.server import Server, Web, config_of, listening
from digest.web.shelf import Put
from digest.web.wire import LARGEST_HEAD, Lobby, Patience, Wire
from tests.doors import site

FEED = b"/topics/kv-cache/feed.atom"
QUICK = Patience(silent=0.4, head=0.4, body=0.6, unread=1)
PATIENT = Patience()
Story = Callable[["Here"], Coroutine[Any, Any, None]]


class Here:
    """A server on a port of its own."""

    def __init__(self, port: int, lobby: Lobby) -> None:
        self.port, self.lobby = port, lobby

    async def connect(self, **how: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, **how)

    async def say(self, *pieces: bytes) -> bytes:
        """Send pieces, and return all that comes until the server closes, or is silent for a second."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        found = b""
        try:
            while piece := await asyncio.wait_for(reader.read(65536), 1):
                found += piece
        except (TimeoutError, ConnectionResetError):
            pass
        writer.close()
        return found

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Return head and body of one answer on a connection that stays open."""
        reader, writer = await self.connect()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0 if request.startswith(b"HEAD") else int(headers(head).get(b"content-length", 0))
        body = await reader.readexactly(length)
        writer.close()
        return head, body

    async def status(self, path: bytes = FEED) -> int:
        found = await self.say(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path)
        return int(found.split(b" ", 2)[1])


def play(story: Story, *, most: int = 1000, patience: Patience = PATIENT) -> None:
    async def run() -> None:
        with site() as (app, _):
            async with _serving(app, most, patience) as here:
                await story(here)

    asyncio.run(run())


@asynccontextmanager
async def _serving(app: App, most: int, patience: Patience) -> AsyncIterator[Here]:
    web = Web(app, pace=timedelta(0))
    web.refresh()
    lobby = Lobby(web.front, most=most, patience=patience)
    server = Server(config_of(web, lobby))
    with listening("127.0.0.1", 0) as ours:
        serving = asyncio.create_task(server.serve(sockets=[ours]))
        sweeping = asyncio.create_task(lobby.keep(every=0.1))
        yield Here(ours.getsockname()[1], lobby)
        server.should_exit = True
        await serving
        sweeping.cancel()


def headers(answer: bytes) -> dict[bytes, bytes]:
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}


def get(path: bytes = FEED, *more: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join((b"%s %s HTTP/%s" % (method, path, version), b"Host: x", *more, b"", b""))


# The short way and the long way say the same


def test_it_makes_no_difference_which_way_an_answer_takes() -> None:
    paths, methods = (FEED, b"/", b"/topics/kv-cache/feed.json"), (b"GET", b"HEAD")
    more = ((), (b"Accept-Encoding: gzip",), (b"If-None-Match: *",), (b"A-IM: feed",))

    async def story(here: Here) -> None:
        for path, method, asked in product(paths, methods, more):
            (head, body), (other_head, other_body) = [
                await here.ask(get(target, *asked, method=method)) for target in (path, path + b"?")
            ]
            assert head.split(b"\r\n")[0] == other_head.split(b"\r\n")[0]
            assert body == other_body
            one, other = headers(head), headers(other_head)
            assert {**one, b"date": b""} == {**other, b"date": b""}
            assert b"date" in one

    play(story)


def test_requests_on_one_connection_are_answered_in_their_order() -> None:
    async def story(here: Here) -> None:
        paths = (FEED, b"/subscribe", b"/", b"/nowhere", b"/healthz", FEED + b"?", b"/style.css")
        last = get(b"/healthz", b"Connection: close")
        found = await here.say(b"".join(get(path, method=b"HEAD") for path in paths) + last)
        statuses = [line.split(b" ")[1] for line in found.split(b"\r\n") if line.startswith(b"HTTP/")]
        assert statuses == [b"200", b"200", b"200", b"404", b"200", b"200", b"200", b"200"]

    play(story)


def test_the_same_question_twice_has_the_same_answer_until_something_changes() -> None:
    async def story(here: Here) -> None:
        tag = headers((await here.ask(get()))[0])[b"etag"]
        asked = get(FEED, b"If-None-Match: " + tag)
        reader, writer = await here.connect()
        for _ in range(5):
            writer.write(asked)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 304")
        one = here.lobby.front._shelf.get(FEED.decode())
        assert one
        here.lobby.front._shelf.apply(Put(sheet=replace(one, tag="6.another")))
        await asyncio.sleep(1)
        writer.write(asked)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()

    play(story)


def test_half_a_question_is_not_taken_for_one_that_is_known() -> None:
    async def story(here: Here) -> None:
        asked = get(FEED, b"If-None-Match: *")
        for _ in range(3):
            assert (await here.say(asked * 2 + get(FEED, b"If-None-Match: *", b"Connection: close"))).count(
                b" 304 "
            ) == 3
        for place in range(1, len(asked), 7):
            last = get(b"/healthz", b"Connection: close")
            found = await here.say(asked, asked[:place], asked[place:] + asked + last)
            assert (found.count(b" 304 "), found[-3:]) == (3, b"ok\n")

    play(story)


def test_what_is_remembered_is_bounded() -> None:
    async def story(here: Here) -> None:
        reader, writer = await here.connect()
        for number in range(5000):
            writer.write(get(FEED, b"If-None-Match: *", b"X-Number: %d" % number))
            await reader.readuntil(b"\r\n\r\n")
        assert 0 < len(here.lobby._known) <= 4096
        writer.close()

    play(story)


def test_a_connection_is_kept_unless_its_client_wants_it_closed() -> None:
    async def story(here: Here) -> None:
        reader, writer = await here.connect()
        for _ in range(3):
            writer.write(get(method=b"HEAD"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        for last in (get(FEED, b"Connection: close"), get(version=b"1.0")):
            began = monotonic()
            assert (await here.say(last)).startswith(b"HTTP/1.1 200")
            assert monotonic() - began < 0.9
        writer.close()

    play(story)


def test_a_body_that_nobody_asked_for_is_passed_over() -> None:
    async def story(here: Here) -> None:
        found = await here.say(get(FEED, b"Content-Length: 9") + b"GET /x HT" + get(b"/healthz", b"Connection: close"))
        assert found.count(b"HTTP/1.1 200 OK") == 2
        assert found.endswith(b"ok\n")

    play(story)


# Broken


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost x\r\n\r\n", b"400"),
        (get(FEED, b"Content-Length: 1", b"Transfer-Encoding: chunked"), b"400"),
        (get(b"/\xff\xfe"), b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * (LARGEST_HEAD + 70_000), b"431"),
    ],
)
def test_what_is_not_http_is_refused_with_every_header_that_protects(sent: bytes, status: bytes) -> None:
    async def story(here: Here) -> None:
        found = await here.say(*(sent[place : place + 8000] for place in range(0, len(sent), 8000)))
        assert found.split(b" ")[1] == status
        held = headers(found)
        assert {name: held.get(name) for name, _ in SECURITY} == dict(SECURITY)
        assert held[b"connection"] == b"close"
        assert await here.status() == 200

    play(story)


# Slow


def test_five_hundred_slow_clients_do_not_stop_the_others() -> None:
    async def story(here: Here) -> None:
        slow = [await here.connect() for _ in range(500)]
        for number, (_, writer) in enumerate(slow):
            writer.write(
                (b"", b"GET /", get()[:-2] + b"X-a: b\r\n", get(b"/subscribe", b"Content-Length: 9"))[number % 4]
            )
        times = []
        for _ in range(5):
            for number, (_, writer) in enumerate(slow):
                if number % 4 == 2:
                    writer.write(b"X-b: c\r\n")
            began = monotonic()
            assert await here.status() == 200
            assert await here.status(b"/subscribe") == 200
            times.append(monotonic() - began)
        assert max(times) < 1
        for _, writer in slow:
            writer.close()

    play(story)


@pytest.mark.parametrize(
    ("first", "drip", "answer"),
    [
        (b"", b"", b""),
        (b"GET / HTTP/1.1\r\n", b"X-a: b\r\n", b"HTTP/1.1 408"),
        (get() + b"GET / HTTP/1.1\r\n", b"X-a: b\r\n", b"HTTP/1.1 200"),
        (get(method=b"HEAD"), b"", b"HTTP/1.1 200"),
        (get(b"/nowhere", b"Content-Length: 999", method=b"POST"), b"x", b"HTTP/1.1 404"),
    ],
)
def test_nobody_holds_a_connection_without_end(first: bytes, drip: bytes, answer: bytes) -> None:
    async def story(here: Here) -> None:
        reader, writer = await here.connect()
        writer.write(first)
        found, began = b"", monotonic()
        while not reader.at_eof() and monotonic() - began < 5:
            writer.write(drip)
            try:
                found += await asyncio.wait_for(reader.read(65536), 0.1)
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert monotonic() - began < 3
        assert found.startswith(answer)
        writer.close()

    play(story, patience=QUICK)


def test_who_does_not_take_an_answer_is_left() -> None:
    async def story(here: Here) -> None:
        _, writer = await here.connect(limit=1024)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError):
            await insist(writer)
        assert not here.lobby.connections

    async def insist(writer: asyncio.StreamWriter) -> None:
        for _ in range(400):
            writer.write(get(b"/", b"Accept-Encoding: identity") * 20)
            await writer.drain()
            await asyncio.sleep(0.02)

    play(story, patience=QUICK)


def test_of_too_many_connections_the_one_that_was_silent_longest_goes() -> None:
    async def story(here: Here) -> None:
        crowd = [await here.connect() for _ in range(10)]
        busy_reader, busy = crowd[0]
        busy.write(get(method=b"HEAD"))
        await busy_reader.readuntil(b"\r\n\r\n")
        for _ in range(5):
            assert await here.status() == 200
        assert await asyncio.wait_for(crowd[1][0].read(), 1) == b""
        assert not busy_reader.at_eof()
        assert len(here.lobby.connections) <= 10
        for _, writer in crowd:
            writer.close()

    play(story, most=10)


def test_a_sweep_of_many_connections_costs_little() -> None:
    async def story(here: Here) -> None:
        crowd = [await here.connect() for _ in range(300)]
        await asyncio.sleep(0.05)
        assert len(here.lobby.connections) == 300
        assert all(isinstance(one, Wire) for one in here.lobby.connections)
        began = monotonic()
        here.lobby.sweep(asyncio.get_running_loop().time())
        assert monotonic() - began < 0.05
        for _, writer in crowd:
            writer.close()

    play(story)
