"""A mail's bytes: headers and MIME written by us, so that no text from outside can become a header or a part.

`EmailMessage` decodes what it is given, and on many interpreters in use a title that is an encoded word with a line
break inside comes out as a header of its own (CVE-2024-6923, CVE-2026-1299). Here every header passes one gate,
`_header`, that lets no control character through, and free text is either plain ASCII or an encoded word of ours.

A mail is encoded once, as a `Wire` cut at its slots. For each reader four headers and two links are joined in; the
pieces around a slot end in a soft line break of quoted-printable, so that a link begins a line and stays in one piece.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from html import escape
from urllib.parse import quote

from digest.errors import RenderError
from digest.model import Site, Value
from digest.render import words
from digest.render.mail import Envelope, MailCore
from digest.render.press import LONGEST_LINK, Pieces, Slot

LINE = 76  # RFC 2047, 2 for lines with encoded words; RFC 5322, 2.1.1 would prefer 78 for others
LONGEST_LINE = 998  # RFC 5322, 2.1.1, without CRLF
_WORD = 39  # bytes: as base64 with its frame 64 characters, which fit behind "Subject: "
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f-\xa0]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=^_`{|}~ -]+")  # RFC 5322 atext but "?", which could start an encoded word
# With letters beyond ASCII it is still an address, for relays that know SMTPUTF8 (RFC 6532).
_ADDRESS = re.compile(r"[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]]+@[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\\]+")
_MESSAGE_ID = re.compile(r"<[!#-'*+/-9=?A-Z^-~.-]+@[!#-'*+/-9=?A-Z^-~.-]+>")
_URI = re.compile(r"https?://[!#-;=?-~]+")

Encoded = tuple[bytes | Slot, ...]


class Wire(Value):
    """A mail without its reader, encoded: what `message` joins."""

    headers: bytes
    mailto: str | None
    text: Encoded
    between: bytes
    html: Encoded
    end: bytes


def encode(core: MailCore, site: Site, *, sender: str) -> Wire:
    """Return the mail in quoted-printable, all that its readers share done. `sender` is the address in From.

    The boundary is made from the content, so the same mail has the same bytes; it starts with "=_", which
    quoted-printable never contains (RFC 2045, 6.7). Raises RenderError for an address that is none.
    """
    text, html = _encoded(core.text), _encoded(core.html)
    boundary = f"=_{_digest(text, html)}"
    contact = site.contact if site.contact and _ADDRESS.fullmatch(site.contact) else None
    return Wire(
        headers="".join(_shared_headers(core, site, sender, boundary)).encode() + _part(boundary, "plain"),
        mailto=f"<mailto:{quote(contact, safe='@')}?subject=unsubscribe>" if contact else None,
        text=text,
        between=_part(boundary, "html"),
        html=html,
        end=f"\r\n--{boundary}--\r\n".encode(),
    )


def message(wire: Wire, envelope: Envelope) -> bytes:
    """Return the mail for one reader, ready for DATA but for dot-stuffing. Raises RenderError for a wrong address."""
    links = {slot: _uri(envelope.link(slot)) for slot in Slot}
    return b"".join(
        (
            "".join(_reader_headers(wire, envelope)).encode(),
            wire.headers,
            *_filled(wire.text, links),
            wire.between,
            *_filled(wire.html, {slot: escape(link) for slot, link in links.items()}),
            wire.end,
        )
    )


def letter(
    subject: str, text: str, html: str, site: Site, *, address: str, date: datetime, message_id: str, sender: str
) -> bytes:
    """Return a mail to one reader that belongs to no list, with the same gate for its headers and the same encoding.

    Raises RenderError for an address that is none.
    """
    parts = _encoded((text,)), _encoded((html,))
    boundary = f"=_{_digest(*parts)}"
    headers = (
        *_addressed(address, date, message_id),
        *_from(site, sender, subject),
        *_machine(site.language),
        *_multipart(boundary),
    )
    plain, rich = (b"".join(_filled(part, {})) for part in parts)
    head, between, end = _part(boundary, "plain"), _part(boundary, "html"), f"\r\n--{boundary}--\r\n".encode()
    return b"".join(("".join(headers).encode(), head, plain, between, rich, end))


def _reader_headers(wire: Wire, envelope: Envelope) -> Iterator[str]:
    leave = [f"<{envelope.unsubscribe_url}>", *filter(None, [wire.mailto])]
    yield from _addressed(envelope.address, envelope.date, envelope.message_id)
    yield _header("List-Unsubscribe", ", ".join(leave).split())


def _addressed(address: str, date: datetime, message_id: str) -> Iterator[str]:
    yield _header("To", [_checked(_ADDRESS, address, "a mail address")])
    yield _header("Date", _date(date).split())
    yield _header("Message-ID", [_checked(_MESSAGE_ID, message_id, "a Message-ID")])


def _shared_headers(core: MailCore, site: Site, sender: str, boundary: str) -> Iterator[str]:
    """Yield the headers that all readers share: RFC 5322, 2045, 2369, 2919, 3282, 3834, 5064, 8058."""
    yield from _from(site, sender, core.subject)
    yield _header("List-Id", [*_phrase(core.name), f"<{_list_id(core, site)}>"])
    yield _header("List-Archive", [f"<{_uri(core.archive)}>"])
    if core.page:
        yield _header("Archived-At", [f"<{_uri(core.page)}>"])
    yield _header("List-Post", ["NO"])
    yield _header("List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"])
    yield from _machine(core.language, bulk=True)
    yield from _multipart(boundary)


def _from(site: Site, sender: str, subject: str) -> Iterator[str]:
    address = f"<{_checked(_ADDRESS, sender, 'a mail address')}>"
    yield _header("From", [*_phrase(site.title), address])
    yield _header("Subject", _unstructured(subject))


def _machine(language: str, *, bulk: bool = False) -> Iterator[str]:
    """Yield what tells a machine's mail, so that no machine answers it."""
    yield _header("Auto-Submitted", ["auto-generated"])
    if bulk:
        yield _header("Precedence", ["bulk"])
    # Exchange's word for what Auto-Submitted asks of others.
    yield _header("X-Auto-Response-Suppress", ["OOF,", "AutoReply"])
    yield _header("Content-Language", [language])


def _multipart(boundary: str) -> Iterator[str]:
    yield _header("MIME-Version", ["1.0"])
    yield _header("Content-Type", ["multipart/alternative;", f'boundary="{boundary}"'])


def _header(name: str, parts: Iterable[str]) -> str:
    """Return a header line, folded between `parts`. The gate: raises RenderError for what could end or split it."""
    lines = [f"{name}:"]
    for part in parts:
        if not part or _FORBIDDEN.search(part):
            raise RenderError(f"{part!r} cannot stand in the header {name}")
        if len(lines[-1]) + 1 + len(part) > LINE and lines != [f"{name}:"]:
            lines.append("")
        lines[-1] += f" {part}"
    if max(len(line.encode()) for line in lines) > LONGEST_LINE:
        raise RenderError(f"a line of the header {name} is longer than {LONGEST_LINE} bytes")
    return "\r\n".join(lines) + "\r\n"


def _unstructured(text: str) -> list[str]:
    """Return free text as the parts of a header: its words, or encoded words if it is more than short plain ones."""
    parts = text.split(" ")
    plain = text.isascii() and "=?" not in text and not _CONTROL.search(text)
    return parts if plain and all(0 < len(part) < LINE for part in parts) else _encoded_words(text)


def _phrase(text: str) -> list[str]:
    """Return a display name as the parts of a header: plain atoms (RFC 5322, 3.2.3), or else encoded words."""
    return text.split() if _ATOMS.fullmatch(text) and len(text) < LINE else _encoded_words(text)


def _encoded_words(text: str) -> list[str]:
    """Return text as encoded words (RFC 2047) of 75 characters at most, never cut inside a character."""
    chunks = [b""]
    for character in _CONTROL.sub(" ", text):
        octets = character.encode("utf-8", "replace")
        if len(chunks[-1]) + len(octets) > _WORD:
            chunks.append(b"")
        chunks[-1] += octets
    return [f"=?utf-8?b?{b64encode(chunk).decode()}?=" for chunk in chunks if chunk]


def _list_id(core: MailCore, site: Site) -> str:
    """Return the list's name, a topic's or the site's: on the tag's authority, for it must outlive the address."""
    label = re.sub("[^a-z0-9]+", "-", (core.topic or "").lower()).strip("-")
    return f"{label or 'topics'}.{site.tag.partition(',')[0].lower()}"


def _date(at: datetime) -> str:
    """Return an aware instant as RFC 5322, 3.3 has it."""
    return f"{words.DAYS[at.weekday()][:3]}, {at.day} {words.MONTHS[at.month - 1][:3]} {at:%Y %H:%M:%S %z}"


def _uri(url: str) -> str:
    if len(url) > LONGEST_LINK:
        raise RenderError(f"an address in a mail has at most {LONGEST_LINK} characters: {url[:80]!r}...")
    return _checked(_URI, url, "an http or https address in plain ASCII")


def _checked(pattern: re.Pattern[str], value: str, kind: str) -> str:
    if not pattern.fullmatch(value):
        raise RenderError(f"{value!r} is not {kind}")
    return value


def _digest(*parts: Encoded) -> str:
    return sha256(b"".join(piece for part in parts for piece in part if isinstance(piece, bytes))).hexdigest()[:32]


def _part(boundary: str, subtype: str) -> bytes:
    """Return the head of a body part; the empty line before the first one ends the headers."""
    lines = ("", f"--{boundary}", f"Content-Type: text/{subtype}; charset=utf-8")
    return "\r\n".join((*lines, "Content-Transfer-Encoding: quoted-printable", "", "")).encode()


def _encoded(pieces: Pieces) -> Encoded:
    """Return the texts in quoted-printable, joined between the slots."""
    found: list[bytes | Slot] = []
    text: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, Slot):
            found += (b"".join(text), piece)
            text = []
        else:
            text.append(_quoted_once(piece))
    return (*found, b"".join(text))


def _filled(encoded: Encoded, links: Mapping[Slot, str]) -> Iterator[bytes]:
    for piece in encoded:
        yield _quoted(links[piece]) if isinstance(piece, Slot) else piece


def _quoted(text: str) -> bytes:
    """Return text in quoted-printable with CRLF; unless it ends in a line end, its last line stays open.

    b2a_qp takes over the line ends it finds and chooses those of its soft breaks by the first, so it is given LF.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    quoted = b2a_qp(lines.encode("utf-8", "replace"), istext=True).replace(b"\n", b"\r\n")
    return quoted + b"=\r\n" if quoted and not quoted.endswith(b"\n") else quoted


# Digests of one run share their papers' blocks, which cost ten times as much to encode as to look up.
_quoted_once = lru_cache(maxsize=1024)(_quoted)
