"""Relays that are down, refuse the login or the certificate, or answer nonsense: a clear word, and no mail lost."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import trustme

from digest.errors import DeliveryError
from digest.publish.answers import Answer, Verdict
from digest.publish.relay import Connection, Relay, relay_of

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


@asynccontextmanager
async def playing(play: Play, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that answers each connection as `play` says."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def script(*answers: str) -> Play:
    """Greet, then answer each line in turn, for ever the last; a text is read to its dot."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.test\r\n")
        said = list(answers)
        while line := await reader.readline():
            if line.upper().startswith(b"EHLO"):
                writer.write(b"250-relay.test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")
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


def send(
    play: Play, *, begin: Callable[[], Awaitable[bool]] = yes, context: ssl.SSLContext | None = None, **changes: object
) -> Answer | None:
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


def verdict(play: Play) -> Verdict:
    found = send(play)
    assert found
    return found.verdict


def test_addresses_of_relays_read_as_they_are_meant() -> None:
    def read(url: str) -> tuple[str, int, str, str | None]:
        found = relay_of(url, timeout=timedelta(seconds=9), hostname="h")
        return found.host, found.port, found.tls, found.password

    assert read("smtp://u:p%40ss@relay.example.org") == ("relay.example.org", 587, "starttls", "p@ss")
    assert read("smtps://u:p@relay.example.org") == ("relay.example.org", 465, "implicit", "p")
    assert read("smtp://localhost") == ("localhost", 25, "none", None)


def test_a_mail_is_taken() -> None:
    assert verdict(script("250 ok", "250 ok", "354 go", "250 2.0.0 taken")) is Verdict.SENT


def test_a_refused_recipient_is_no_uncertainty() -> None:
    assert verdict(script("250 ok", "550 5.1.1 no", "250 reset")) is Verdict.REFUSED


def test_nothing_begins_when_the_books_say_no() -> None:
    assert send(script("250 ok", "250 ok", "250 reset"), begin=no) is None


def test_a_refusal_at_the_dot_is_definite() -> None:
    assert verdict(script("250 ok", "250 ok", "354 go", "451 4.3.0 later")) is Verdict.TEMPORARY
    assert verdict(script("250 ok", "250 ok", "354 go", "554 5.6.0 no")) is Verdict.REFUSED


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (("reset",), Verdict.TEMPORARY),
        (("250 ok", "reset"), Verdict.TEMPORARY),
        (("250 ok", "250 ok", "reset"), Verdict.UNCERTAIN),
        (("250 ok", "250 ok", "354 go", "reset"), Verdict.UNCERTAIN),
    ],
)
def test_a_lost_connection_is_uncertain_only_once_the_text_could_have_begun(
    answers: tuple[str, ...], expected: Verdict
) -> None:
    assert verdict(script(*answers)) is expected


def test_a_relay_that_answers_nonsense_is_told_plainly() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xffWHAT\r\n" * 3)
        await reader.read()

    with pytest.raises(DeliveryError, match=r"relay 127\.0\.0\.1:\d+ cannot be used"):
        send(nonsense)


def test_a_relay_that_says_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(DeliveryError, match="cannot be used"):
        send(silent, timeout=timedelta(milliseconds=300))


def test_a_refused_login_is_told_plainly_without_the_password() -> None:
    with pytest.raises(DeliveryError, match="refuses the login: 535") as caught:
        send(script("535 5.7.8 bad credentials"), user="ana", password="hunter2")
    assert "hunter2" not in caught.value.message


def test_a_certificate_of_somebody_else_is_refused() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("another.example").configure_cert(context)
    with pytest.raises(DeliveryError, match="certificate"):
        send(script("250 ok"), context=context, tls="implicit")


def test_tls_is_never_downgraded() -> None:
    with pytest.raises(DeliveryError, match="offers no STARTTLS"):
        send(script("250 ok"), tls="starttls")


def heard(recipient: str, *abilities: str) -> list[str]:
    """Return what a relay with these abilities is told before the text."""
    said: list[str] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.test\r\n")
        while line := (await reader.readline()).decode().rstrip():
            said.append(line)
            lines = ["relay.test", *abilities] if line.startswith("EHLO") else ["ok"]
            writer.writelines(f"250-{one}\r\n".encode() for one in lines[:-1])
            writer.write(f"250 {lines[-1]}\r\n".encode())

    async def run() -> Answer | None:
        async with playing(play) as port:
            connection = Connection(relay(port))
            try:
                return await connection.send("d@digest.test", recipient, b"x", begin=no, name="a1b2")
            finally:
                await connection.close()

    found = asyncio.run(run())
    refused = [found.verdict] if found else []
    return [*refused, *(line for line in said if line.startswith(("MAIL", "RCPT")))]


def test_an_address_that_the_relay_cannot_carry_is_refused() -> None:
    assert heard("ańa@example.org", "8BITMIME") == [Verdict.REFUSED]


def test_an_address_beyond_ascii_goes_to_a_relay_that_knows_it() -> None:
    assert heard("ańa@example.org", "SMTPUTF8") == ["MAIL FROM:<d@digest.test> SMTPUTF8", "RCPT TO:<ańa@example.org>"]


def test_a_relay_that_makes_reports_is_told_which_and_by_what_name() -> None:
    assert heard("a+b=c@example.org", "DSN") == [
        "MAIL FROM:<d@digest.test> RET=HDRS ENVID=a1b2",
        "RCPT TO:<a+b=c@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.org",
    ]
    assert heard("ana@example.org") == ["MAIL FROM:<d@digest.test>", "RCPT TO:<ana@example.org>"]
