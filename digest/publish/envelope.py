"""What is said of a mail before its text: from whom, to whom, and what a relay may report. Pure."""

from __future__ import annotations

import re

from digest.model import Value

# Anything else in a command would be one of its own (CR, LF), or end the address.
_PATH = re.compile(r"[^\x00-\x20\x7f<>]*")


class Abilities(Value):
    """What a relay offers that we use: RFC 2920, 6531, 3461."""

    pipelining: bool = False
    smtputf8: bool = False
    dsn: bool = False


def commands(sender: str, recipient: str, name: str | None, abilities: Abilities) -> tuple[bytes, bytes]:
    """Return MAIL and RCPT as they go over the wire. Raises ValueError for what is no address.

    `name` is what a relay that makes reports calls the mail in them (ENVID, RFC 3461).
    """
    mail, rcpt = _parameters(recipient, name, reports=abilities.dsn)
    return _command("MAIL FROM", sender, mail), _command("RCPT TO", recipient, rcpt)


def _command(verb: str, address: str, parameters: list[str]) -> bytes:
    if not _PATH.fullmatch(address):
        raise ValueError(f"not an address: {address!r}")
    return f"{' '.join((f'{verb}:<{address}>', *parameters))}\r\n".encode()


def _parameters(recipient: str, name: str | None, *, reports: bool) -> tuple[list[str], list[str]]:
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


def text_of(mail: bytes) -> bytes:
    """Return a mail's text as DATA takes it, with its final dot. Raises ValueError for a line that does not end.

    Our mails are made so that no line starts with a dot (see `render.mime`): to look for one in each would take longer
    than all the rest that is done to it here.
    """
    if not mail.endswith(b"\r\n"):
        raise ValueError("a mail ends with a whole line")
    return mail + b".\r\n"
