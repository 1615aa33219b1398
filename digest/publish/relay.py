"""A relay: where it is, and the way in. The only module that knows aiosmtplib, which connects, greets and logs in."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from typing import cast
from urllib.parse import unquote, urlsplit

import aiosmtplib

from digest.errors import DeliveryError
from digest.model import Value
from digest.publish.envelope import Abilities
from digest.publish.wire import AT_THE_DOT, Wire


class Relay(Value):
    """Where mail is handed over. `tls`: implicit, starttls, or none, which is for loopback alone."""

    host: str
    port: int
    tls: str
    user: str | None
    password: str | None
    timeout: timedelta
    hostname: str
    at_the_dot: timedelta = AT_THE_DOT

    @property
    def name(self) -> str:
        """What it is called in the books."""
        return f"{self.host}:{self.port}"


def relay_of(url: str, *, timeout: timedelta, hostname: str) -> Relay:
    """Read smtp://user:password@host:port or smtps://...; plain smtp requires STARTTLS unless the host is loopback."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    loopback = host in {"localhost", "127.0.0.1", "::1"}
    tls = "implicit" if parts.scheme == "smtps" else "none" if loopback else "starttls"
    return Relay(
        host=host,
        port=parts.port or {"implicit": 465, "starttls": 587, "none": 25}[tls],
        tls=tls,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        timeout=timeout,
        hostname=hostname,
    )


async def connected(relay: Relay, context: ssl.SSLContext | None = None) -> Wire:
    """Connect, with TLS as the relay's address says and never less, and log in. Raises DeliveryError."""
    smtp = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.tls == "implicit",
        start_tls=relay.tls == "starttls",
        timeout=relay.timeout.total_seconds(),
        local_hostname=relay.hostname,
        tls_context=context,
    )
    try:
        return await _entered(smtp, relay)
    except (aiosmtplib.SMTPException, OSError) as error:
        smtp.close()
        raise _unreachable(relay, error) from error
    except BaseException:
        smtp.close()
        raise


async def _entered(smtp: aiosmtplib.SMTP, relay: Relay) -> Wire:
    await smtp.connect()
    if smtp.is_ehlo_or_helo_needed:
        try:
            await smtp.ehlo()
        except aiosmtplib.SMTPHeloError:
            await smtp.helo()
    if relay.user:
        await smtp.login(relay.user, relay.password or "")
    if smtp.transport is None:
        raise aiosmtplib.SMTPServerDisconnected("the relay hung up")
    able = Abilities(**{name: smtp.supports_extension(name) for name in Abilities.__struct_fields__})
    # uvloop's transports are no subclass of what they are like.
    return Wire(cast(asyncio.Transport, smtp.transport), able, timeout=relay.timeout, at_the_dot=relay.at_the_dot)


def _unreachable(relay: Relay, error: Exception) -> DeliveryError:
    where = f"relay {relay.name}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return DeliveryError(f"{where} refuses the login: {error.code}", hint="check user and password in smtp.url")
    if isinstance(error.__cause__, ssl.SSLCertVerificationError) or isinstance(error, ssl.SSLCertVerificationError):
        return DeliveryError(f"{where}: its certificate is not valid for {relay.host}", hint="TLS is never downgraded")
    if isinstance(error, aiosmtplib.SMTPException) and "STARTTLS" in str(error).upper():
        return DeliveryError(f"{where} offers no STARTTLS", hint="use smtps:// if it speaks TLS at once")
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return DeliveryError(f"{where} cannot be used: {why}", hint="nothing is lost: what is due waits in the outbox")
