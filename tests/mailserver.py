"""A real SMTP server for tests (aiosmtpd in a thread of its own) that can be told to misbehave."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

# What to answer to RCPT or to the end of a mail; None is the usual answer.
Rule = Callable[[str], str | None]


def _fine(address: str) -> None:
    return None


@dataclass
class Mailbox:
    """What arrived, as (recipient, bytes), and how the server answers."""

    mails: list[tuple[str, bytes]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    at_rcpt: Rule = _fine
    at_end: Rule = _fine
    vanish: Callable[[str], bool] = lambda address: False
    url: str = ""

    def to(self, address: str) -> list[bytes]:
        return [mail for recipient, mail in self.mails if recipient == address]

    def recipients(self) -> list[str]:
        return sorted(recipient for recipient, _ in self.mails)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.at_rcpt(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        address = envelope.rcpt_tos[0]
        answer = self.at_end(address)
        if answer is None:
            content: Any = envelope.content
            self.mails.append((address, content))
            self.senders.append(envelope.mail_from or "")
        if self.vanish(address):
            # Taken, and the answer is lost.
            transport: Any = server.transport
            transport.abort()
            await asyncio.sleep(0)
        return answer or "250 2.0.0 OK"


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running() -> Iterator[Mailbox]:
    """Start a server on a free port of loopback."""
    port = free_port()
    mailbox = Mailbox(url=f"smtp://127.0.0.1:{port}")
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=10)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
