"""The wire: whole envelopes in one write, phases that tell what can have arrived, and relays that answer wrong."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from digest.errors import DeliveryError
from digest.publish.answers import Answer, Verdict
from digest.publish.connection import Connection, Route
from digest.publish.envelope import text_of
from tests.relays import Play, playing, relay, script, send

MAIL = b"Subject: x\r\n\r\nHello\r\n"


def playing_lines(answered: Callable[[bytes], bytes | None], *, hello: bytes = b"250 PIPELINING") -> Play:
    """Answer each line, and a text as if it were one that is a dot, with bytes; None hangs up."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.test\r\n")
        while line := await reader.readline():
            said = b"250-relay.test\r\n" + hello + b"\r\n" if line.startswith(b"EHLO") else answered(line.rstrip())
            if said is None:
                writer.transport.abort()
                return
            writer.write(said)
            if said.startswith(b"354"):
                await reader.readuntil(b"\r\n.\r\n")
                last = answered(b".")
                writer.write(last) if last is not None else writer.transport.abort()

    return play


def usual(line: bytes) -> bytes:
    return b"354 go\r\n" if line == b"DATA" else b"250 2.0.0 fine\r\n"


def but(**changes: bytes | None) -> Callable[[bytes], bytes | None]:
    """Answer as usual but to the commands that begin so; `DOT` is the end of a text."""

    def answered(line: bytes) -> bytes | None:
        name = "DOT" if line == b"." else line[:4].decode()
        return changes[name] if name in changes else usual(line)

    return answered


def sends(play: Play, count: int, *, renew: int = 0, **changes: Any) -> tuple[list[Answer | None], list[bool]]:
    """Return the answers to so many mails over one connection, and whether it could be used after each."""

    async def run() -> tuple[list[Answer | None], list[bool]]:
        async with playing(play) as port:
            connection = Connection(relay(port, **changes), renew=renew)
            found, usable = [], []
            for _ in range(count):
                found.append(await connection.send("d@digest.test", "ana@example.org", MAIL))
                usable.append(bool(connection._open and connection._open[1].usable))
            await connection.close()
            return found, usable

    return asyncio.run(run())


def verdicts(play: Play, count: int = 1, **changes: Any) -> list[Verdict | None]:
    found, _ = sends(play, count, **changes)
    return [one.verdict if one else None for one in found]


def writes(hello: bytes) -> list[bytes]:
    """Return what comes at once, in order, while a mail is sent to a relay that greets so."""
    came: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.test\r\n")
        while data := await reader.read(65536):
            came.append(data)
            for line in data.splitlines():
                if line.startswith(b"EHLO"):
                    writer.write(b"250-relay.test\r\n" + hello + b"\r\n")
                elif line in {b".", b"QUIT"} or line.startswith((b"MAIL", b"RCPT", b"DATA")):
                    writer.write(usual(line))

    sends(play, 1)
    return [data for data in came if not data.startswith(b"EHLO")]


def test_an_envelope_is_one_write_and_the_text_another() -> None:
    envelope, text, goodbye = writes(b"250 PIPELINING")
    assert envelope == b"MAIL FROM:<d@digest.test>\r\nRCPT TO:<ana@example.org>\r\nDATA\r\n"
    assert (text, goodbye) == (MAIL + b".\r\n", b"QUIT\r\n")


def test_a_relay_without_pipelining_is_told_one_thing_at_a_time() -> None:
    assert [data[:4] for data in writes(b"250 8BITMIME")] == [b"MAIL", b"RCPT", b"DATA", b"Subj", b"QUIT"]


def test_a_text_ends_with_its_dot_and_never_in_the_middle_of_a_line() -> None:
    assert text_of(MAIL) == MAIL + b".\r\n"
    with pytest.raises(ValueError, match="whole line"):
        text_of(MAIL + b"x")


@pytest.mark.parametrize("hello", [b"250 PIPELINING", b"250 8BITMIME"])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Verdict.SENT),
        ({"MAIL": b"550 5.7.1 no\r\n", "RCPT": b"503 first MAIL\r\n", "DATA": b"503 no\r\n"}, Verdict.REFUSED),
        ({"RCPT": b"450 4.2.1 later\r\n", "DATA": b"554 no valid recipients\r\n"}, Verdict.TEMPORARY),
        ({"RCPT": b"550 5.1.1 no\r\n"}, Verdict.REFUSED),  # and yet it would take the text
        ({"DATA": b"451 4.3.0 busy\r\n"}, Verdict.TEMPORARY),
        ({"DATA": b"250 fine\r\n"}, Verdict.TEMPORARY),
        ({"DOT": b"552 5.3.4 too big\r\n"}, Verdict.REFUSED),
        ({"DOT": b"421 4.3.2 closing\r\n"}, Verdict.TEMPORARY),
        ({"MAIL": b"354 what\r\n"}, Verdict.TEMPORARY),
        ({"MAIL": None}, Verdict.TEMPORARY),
        ({"RCPT": None}, Verdict.TEMPORARY),
        ({"DATA": None}, Verdict.TEMPORARY),
    ],
)
def test_each_phase_has_its_verdict(hello: bytes, changes: dict[str, bytes | None], expected: Verdict) -> None:
    assert verdicts(playing_lines(but(**changes), hello=hello)) == [expected]


def test_a_refused_recipient_does_not_cost_the_connection_nor_touch_the_next_mail() -> None:
    answers = iter([b"550 5.1.1 no\r\n", b"250 ok\r\n"])

    def answered(line: bytes) -> bytes:
        if line.startswith(b"RCPT"):
            return next(answers)
        return b"503 no recipient\r\n" if line == b"DATA" and len(list(said)) == 1 else usual(line)

    said: list[bytes] = []

    def noted(line: bytes) -> bytes:
        said.append(line) if line.startswith(b"RCPT") else None
        return answered(line)

    found, usable = sends(playing_lines(noted), 2)
    assert [one.verdict for one in found if one] == [Verdict.REFUSED, Verdict.SENT]
    assert usable == [True, True]


def test_a_421_ends_the_connection_and_not_the_job() -> None:
    answers = iter([b"421 4.7.0 too many\r\n", b"250 ok\r\n"])
    play = playing_lines(lambda line: next(answers) if line == b"." else usual(line))
    found, usable = sends(play, 2)
    assert [one.verdict for one in found if one] == [Verdict.TEMPORARY, Verdict.SENT]
    assert usable == [False, True]


@pytest.mark.parametrize("said", [None, b"25", b"250-more\r\n", b"250-more\r\n550 no\r\n", b"no\r\n", b"\xff\xfe\r\n"])
def test_half_an_answer_to_a_text_and_a_wrong_one_are_none(said: bytes | None) -> None:
    play = playing_lines(but(DOT=said))
    assert verdicts(play, timeout=timedelta(seconds=1), at_the_dot=timedelta(milliseconds=300)) == [Verdict.UNCERTAIN]


def test_an_answer_too_many_is_never_taken_for_that_to_the_next_mail() -> None:
    greedy = playing_lines(but(DOT=b"250 taken\r\n250 taken\r\n"))
    found, usable = sends(greedy, 3)
    assert [one.verdict for one in found if one] == [Verdict.SENT] * 3
    assert usable == [False] * 3
    assert verdicts(playing_lines(but(MAIL=b"250 ok\r\n250 ok\r\n"))) == [Verdict.TEMPORARY]


def test_an_answer_without_end_fills_no_memory_and_still_counts() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await playing_lines(but(DOT=b"250 "))(Until(reader), writer)  # type: ignore[arg-type]
        for _ in range(100_000):
            writer.write(b"x" * 10_000)
            await writer.drain()

    tracemalloc.start()
    try:
        assert verdicts(endless) == [Verdict.SENT]
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


class Until:
    """A reader that ends with the first text."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader, self._ended = reader, False

    async def readline(self) -> bytes:
        return b"" if self._ended else await self._reader.readline()

    async def readuntil(self, end: bytes) -> bytes:
        self._ended = True
        return await self._reader.readuntil(end)


def test_a_relay_that_is_silent_at_the_dot_is_waited_for_longer_than_elsewhere() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.test\r\n")
        while line := await reader.readline():
            if line.startswith(b"EHLO"):
                writer.write(b"250-relay.test\r\n250 PIPELINING\r\n")
                continue
            writer.write(usual(line.rstrip()))
            if line.startswith(b"DATA"):
                await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(0.6)
                writer.write(b"250 taken\r\n")

    assert verdicts(slow, 2, timeout=timedelta(milliseconds=300)) == [Verdict.SENT] * 2
    assert verdicts(slow, at_the_dot=timedelta(milliseconds=300)) == [Verdict.UNCERTAIN]


def test_a_silent_relay_is_given_up_at_the_envelope_without_doubt() -> None:
    silent = playing_lines(but(RCPT=b"", DATA=b""))
    assert verdicts(silent, timeout=timedelta(milliseconds=300)) == [Verdict.TEMPORARY]


def test_a_connection_is_renewed_after_so_many_mails() -> None:
    greeted: list[bytes] = []

    def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):  # type: ignore[no-untyped-def]
        greeted.append(b"")
        return playing_lines(usual)(reader, writer)

    assert verdicts(play, 5, renew=2) == [Verdict.SENT] * 5
    assert len(greeted) == 3


def test_no_command_can_be_smuggled_in_by_an_address() -> None:
    async def run() -> Answer | None:
        async with playing(playing_lines(usual)) as port:
            connection = Connection(relay(port))
            return await connection.send("d@digest.test", "a@b>\r\nRCPT TO:<c@d", MAIL)

    found = asyncio.run(run())
    assert found
    assert found.verdict is Verdict.REFUSED


def test_a_cancelled_mail_ends_its_connection() -> None:
    async def run() -> bool:
        async with playing(playing_lines(but(DOT=b""))) as port:
            connection = Connection(relay(port))
            task = asyncio.create_task(connection.send("d@digest.test", "ana@example.org", MAIL))
            await asyncio.sleep(0.2)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert connection._open
            return connection._open[1].usable

    assert not asyncio.run(run())


def test_the_second_relay_takes_over_when_the_first_is_down() -> None:
    async def run() -> tuple[str, bool]:
        async with playing(script("250 ok", "250 ok", "354 go", "250 taken")) as port:
            down, up = relay(1), relay(port)
            connection = Connection(Route([down, up]))
            used = await connection.ready()
            found = await connection.send("d@digest.test", "ana@example.org", MAIL)
            return used.name, bool(found and found.verdict is Verdict.SENT and used == up)

    assert asyncio.run(run())[1]


def test_when_all_relays_are_down_the_first_ones_reason_is_told() -> None:
    async def run() -> None:
        await Connection(Route([relay(1), relay(2)])).ready()

    with pytest.raises(DeliveryError, match=r"relay 127\.0\.0\.1:1 cannot be used"):
        asyncio.run(run())


class Ailing:
    """A relay that hangs up, then takes connections and says nothing, then is well."""

    def __init__(self) -> None:
        self.silent, self.well = False, asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.silent:
            await self.well.wait()
            await script("250 ok")(reader, writer)


def test_one_connection_tries_whether_the_first_relay_is_back_and_keeps_the_second_until_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("digest.publish.connection.REST", timedelta(seconds=0.2))
    left: list[int] = []

    async def second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script("250 ok")(reader, writer)
        finally:
            left.append(1)

    async def run() -> None:
        ailing = Ailing()
        async with playing(ailing) as first, playing(second) as other:
            route = Route([relay(first), relay(other)])
            connections = [Connection(route) for _ in range(4)]
            assert {(await one.ready()).port for one in connections} == {other}
            ailing.silent = True
            await asyncio.sleep(0.3)
            tries = [asyncio.create_task(one.ready()) for one in connections]
            done, waiting = await asyncio.wait(tries, timeout=0.5)
            assert ([task.result().port for task in done], len(waiting), left) == ([other] * 3, 1, [])
            ailing.well.set()
            assert [(await task).port for task in waiting] == [first]
            assert [(await one.ready()).port for one in connections] == [first] * 4
            for one in connections:
                await one.close()

    asyncio.run(run())


def test_a_first_relay_that_is_still_silent_costs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.publish.connection.REST", timedelta(seconds=0.1))

    async def run() -> None:
        ailing = Ailing()
        async with playing(ailing) as first, playing(script("250 ok")) as other:
            connection = Connection(Route([relay(first, timeout=timedelta(seconds=0.2)), relay(other)]))
            used = await connection.ready()
            wire = connection._open
            ailing.silent = True
            await asyncio.sleep(0.15)
            assert await connection.ready() is used
            assert connection._open is wire
            ailing.well.set()
            await connection.close()

    asyncio.run(run())


def test_a_mail_whose_answer_was_lost_is_not_given_to_the_second_relay() -> None:
    assert send(script("250 ok", "250 ok", "354 go", "reset")) is not None
    assert verdicts(playing_lines(but(DOT=None))) == [Verdict.UNCERTAIN]
