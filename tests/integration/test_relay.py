"""Relays that are down, refuse the login or the certificate, or answer nonsense: a clear word, and no mail lost."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta

import pytest
import trustme

from digest.errors import DeliveryError
from digest.publish.answers import Answer, Verdict
from digest.publish.connection import Connection
from digest.publish.relay import relay_of
from tests.relays import Play, no, playing, relay, script, send


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
        (("250 ok", "250 ok", "reset"), Verdict.TEMPORARY),
        (("250 ok", "250 ok", "354 go", "reset"), Verdict.UNCERTAIN),
    ],
)
def test_a_lost_connection_is_uncertain_only_once_the_text_has_begun(
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
                return await connection.send("d@digest.test", recipient, b"x\r\n", name="a1b2")
            finally:
                await connection.close()

    found = asyncio.run(run())
    refused = [found.verdict] if found and found.verdict is Verdict.REFUSED else []
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
