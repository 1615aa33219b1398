"""One SMTP connection to the relay, mail after mail. The only module that knows aiosmtplib.

The order of things is the promise: the books say `in_data` before the text begins, and the answer is written down
before the connection's next mail. So `send` is given a function that asks the books between RCPT and DATA.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import aiosmtplib

from digest.errors import DeliveryError
from digest.model import Value
from digest.publish.answers import Answer, Verdict, answer

# RFC 5321, 4.5.3.2.6: a relay may take ten minutes over the final dot; who gives up sooner makes duplicates.
AT_THE_DOT = timedelta(minutes=10)


class Relay(Value):
    """Where mail is handed over. `tls`: implicit, starttls, or none, which is for loopback alone."""

    host: str
    port: int
    tls: str
    user: str | None
    password: str | None
    timeout: timedelta
    hostname: str


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


class Connection:
    """A connection that is opened at its first mail and after each loss. Not for two mails at once."""

    def __init__(self, relay: Relay, context: ssl.SSLContext | None = None) -> None:
        self._relay, self._context = relay, context
        self._smtp: aiosmtplib.SMTP | None = None

    async def send(
        self, sender: str, recipient: str, text: bytes, *, begin: Callable[[], Awaitable[bool]], name: str | None = None
    ) -> Answer | None:
        """Hand over one mail; None if `begin`, asked just before its text, says no.

        `name` is what a relay that makes reports calls the mail in them (ENVID, RFC 3461).
        Raises DeliveryError when the relay cannot be reached or refuses us: then nothing was tried for this mail.
        """
        smtp = await self._ready()
        if not recipient.isascii() and not smtp.supports_extension("smtputf8"):
            return Answer(
                verdict=Verdict.REFUSED, reply="the address needs SMTPUTF8 (RFC 6531), which this relay does not speak"
            )
        begun = False
        mail, rcpt = parameters(recipient, name, reports=smtp.supports_extension("dsn"))
        try:
            await smtp.mail(sender, options=mail, encoding="utf-8")
            await smtp.rcpt(recipient, options=rcpt, encoding="utf-8")
            if not await begin():
                await smtp.rset()
                return None
            begun = True
            smtp.timeout = AT_THE_DOT.total_seconds()
            done = await smtp.data(text)
            return answer(done.code, done.message)
        except aiosmtplib.SMTPResponseException as error:
            return await self._after(answer(error.code, error.message), begun=begun)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self._drop()
            verdict = Verdict.UNCERTAIN if begun else Verdict.TEMPORARY
            return Answer(verdict=verdict, reply=f"no answer: {type(error).__name__}", closes=True)
        except BaseException:
            # A cancelled mail leaves the connection in the middle of a text.
            self._drop()
            raise
        finally:
            smtp.timeout = self._relay.timeout.total_seconds()

    async def close(self) -> None:
        """Say goodbye, briefly."""
        if self._smtp and self._smtp.is_connected:
            try:
                await self._smtp.quit(timeout=2)
            except (aiosmtplib.SMTPException, OSError):
                self._drop()
        self._smtp = None

    async def _ready(self) -> aiosmtplib.SMTP:
        if self._smtp and self._smtp.is_connected:
            return self._smtp
        relay = self._relay
        smtp = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.tls == "implicit",
            start_tls=relay.tls == "starttls",
            timeout=relay.timeout.total_seconds(),
            local_hostname=relay.hostname,
            tls_context=self._context,
        )
        try:
            await smtp.connect()
            await _greet(smtp)
            if relay.user:
                await smtp.login(relay.user, relay.password or "")
        except (aiosmtplib.SMTPException, OSError) as error:
            smtp.close()
            raise _unreachable(relay, error) from error
        self._smtp = smtp
        return smtp

    async def _after(self, found: Answer, *, begun: bool) -> Answer:
        """Keep the connection after a refusal, unless the relay closes it."""
        smtp = self._smtp
        if found.closes or smtp is None or not smtp.is_connected:
            self._drop()
        elif not begun:
            try:
                await smtp.rset()
            except (aiosmtplib.SMTPException, OSError):
                self._drop()
        return found

    def _drop(self) -> None:
        if self._smtp:
            self._smtp.close()
        self._smtp = None


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    """Ask what the relay can, unless that is known."""
    if smtp.is_ehlo_or_helo_needed:
        try:
            await smtp.ehlo()
        except aiosmtplib.SMTPHeloError:
            await smtp.helo()


def parameters(recipient: str, name: str | None, *, reports: bool) -> tuple[list[str], list[str]]:
    """Return what is said behind MAIL and behind RCPT (RFC 6531, 3.4; RFC 3461, 4), `reports`: the relay makes some.

    Failure and delay are worth a report, of which the headers are enough.
    """
    mail = [] if recipient.isascii() else ["SMTPUTF8"]
    if not reports or not name:
        return mail, []
    kind = "rfc822" if recipient.isascii() else "utf-8"
    original = re.sub(r"[^!-*,-<>-~]", lambda sign: _xtext(sign[0]), recipient)
    return [*mail, "RET=HDRS", f"ENVID={name}"], ["NOTIFY=FAILURE,DELAY", f"ORCPT={kind};{original}"]


def _xtext(sign: str) -> str:
    """Return a sign as it stands in a parameter: RFC 3461, 4, beyond ASCII RFC 6533, 3."""
    return f"+{ord(sign):02X}" if sign.isascii() else f"\\x{{{ord(sign):X}}}"


def _unreachable(relay: Relay, error: Exception) -> DeliveryError:
    where = f"relay {relay.host}:{relay.port}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return DeliveryError(f"{where} refuses the login: {error.code}", hint="check user and password in smtp.url")
    if isinstance(error.__cause__, ssl.SSLCertVerificationError) or isinstance(error, ssl.SSLCertVerificationError):
        return DeliveryError(f"{where}: its certificate is not valid for {relay.host}", hint="TLS is never downgraded")
    if isinstance(error, aiosmtplib.SMTPException) and "STARTTLS" in str(error).upper():
        return DeliveryError(f"{where} offers no STARTTLS", hint="use smtps:// if it speaks TLS at once")
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return DeliveryError(f"{where} cannot be used: {why}", hint="nothing is lost: what is due waits in the outbox")
