"""Relays played by tests: each answers as its script says, whatever it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from digest.publish.answers import Answer
from digest.publish.connection import Begin, Connection
from digest.publish.relay import Relay, relay_of

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def yes(relay: str) -> bool:
    return True


async def no(relay: str) -> bool:
    return False


@asynccontextmanager
async def playing(play: Play, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that answers each connection as `play` says."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def script(*answers: str, abilities: str = "8BITMIME") -> Play:
    """Greet, then answer each line in turn, for ever the last; a text is read to its dot."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.test\r\n")
        said = list(answers)
        while line := await reader.readline():
            if line.upper().startswith(b"EHLO"):
                writer.write(f"250-relay.test\r\n250-AUTH PLAIN\r\n250 {abilities}\r\n".encode())
                continue
            reply = said.pop(0) if len(said) > 1 else said[0]
            if reply == "reset":
                writer.transport.abort()
                return
            writer.write(f"{reply}\r\n".encode())
            if reply.startswith("354"):
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(f"{said.pop(0)}\r\n".encode()) if said[0] != "reset" else writer.transport.abort()

    return play


def relay(port: int, **changes: object) -> Relay:
    usual = relay_of(f"smtp://127.0.0.1:{port}", timeout=timedelta(seconds=2), hostname="digest.test")
    given = {name: getattr(usual, name) for name in Relay.__struct_fields__}
    return Relay(**{**given, **changes})


def send(play: Play, *, begin: Begin = yes, context: ssl.SSLContext | None = None, **changes: object) -> Answer | None:
    async def run() -> Answer | None:
        async with playing(play, context) as port:
            connection = Connection(relay(port, **changes))
            try:
                return await connection.send(
                    "d@digest.test", "ana@example.org", b"Subject: x\r\n\r\nHello\r\n", begin=begin
                )
            finally:
                await connection.close()

    return asyncio.run(run())
