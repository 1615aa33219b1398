"""A mail's bytes: headers and MIME written by us, so that no text from outside can become a header or a part.

`EmailMessage` decodes what it is given, and on many interpreters in use a title that is an encoded word with a line
break inside comes out as a header of its own (CVE-2024-6923, CVE-2026-1299). Here every header passes one gate,
`_header`, that lets no control character through, and free text is either plain ASCII or an encoded word of ours.

A mail is a `Wire` cut at its slots. For each reader some headers and two links are joined in, and nothing else is
touched; no line of it starts with a dot, so that it stands in a file as it goes over the wire.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from html import escape
from urllib.parse import quote

from digest.errors import RenderError
from digest.model import Post, Site, Value
from digest.render import paths, words
from digest.render.blocks import Encoded, Slot
from digest.render.fitting import LONGEST_LINK, filled
from digest.render.mail import Envelope, MailCore, MailList
from digest.render.quoted import quoted

LINE = 76  # RFC 2047, 2 for lines with encoded words; RFC 5322, 2.1.1 would prefer 78 for others
LONGEST_LINE = 998  # RFC 5322, 2.1.1, without CRLF
_WORD = 39  # bytes: as base64 with its frame 64 characters, which fit behind "Subject: "
_WORDS = re.compile(rb"[\x00-\xff]{1,%d}(?![\x80-\xbf])" % _WORD)  # no character of UTF-8 goes on behind a word
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f-\xa0]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=^_`{|}~ -]+")  # RFC 5322 atext but "?", which could start an encoded word
# With letters beyond ASCII it is still an address, for relays that know SMTPUTF8 (RFC 6532).
_ADDRESS = re.compile(r"[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]]+@[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\\]+")
_MESSAGE_ID = re.compile(r"<[!#-'*+/-9=?A-Z^-~.-]+@[!#-'*+/-9=?A-Z^-~.-]+>")
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_URI = re.compile(r"https?://[!#-;=?-~]+")


class Wire(Value):
    """A mail without its reader, encoded: what `message` joins. `mailto` is where a mail ends all, if they share it."""

    headers: bytes
    mailto: str | None
    text: Encoded
    between: bytes
    html: Encoded
    end: bytes


def encode(core: MailCore, site: Site, post: Post) -> Wire:
    """Return the mail with its headers, all that its readers share. Raises RenderError for an address that is none.

    The boundary starts with "=_", which quoted-printable never contains (RFC 2045, 6.7); it is made from the mail's
    first words, so that the same mail has the same bytes.
    """
    boundary = _boundary(core.subject, core.text[0])
    return Wire(
        headers="".join(_shared_headers(core, site, post, boundary)).encode() + _part(boundary, "plain"),
        mailto=_mailto(contact) if (contact := _contact(site)) else None,
        text=core.text,
        between=_part(boundary, "html"),
        html=core.html,
        end=f"\r\n--{boundary}--\r\n".encode(),
    )


def message(wire: Wire, envelope: Envelope) -> bytes:
    """Return the mail for one reader, as it goes over the wire. Raises RenderError for a wrong address."""
    links = {slot: _uri(envelope.link(slot)) for slot in Slot}
    return b"".join(
        (
            "".join(_reader_headers(wire, envelope)).encode(),
            wire.headers,
            *filled(wire.text, {slot: _piece(link) for slot, link in links.items()}),
            wire.between,
            *filled(wire.html, {slot: _piece(escape(link)) for slot, link in links.items()}),
            wire.end,
        )
    )


def to(address: str) -> bytes:
    """Return the first header of a reader's mail. Raises RenderError for an address that is none."""
    return f"To: {_checked(_ADDRESS, address, 'a mail address')}\r\n".encode()


def letter(
    subject: str,
    text: str,
    html: str,
    site: Site,
    post: Post,
    *,
    language: str,
    address: str,
    date: datetime,
    message_id: str,
) -> bytes:
    """Return a mail to one reader that belongs to no list, with the same gate for its headers and the same encoding.

    Raises RenderError for an address that is none.
    """
    boundary = _boundary(subject, message_id.encode())
    headers = (
        *_addressed(address, date, message_id),
        *_from(site, post.letters, subject),
        *_machine(language),
        *_multipart(boundary),
    )
    head, between, end = _part(boundary, "plain"), _part(boundary, "html"), f"\r\n--{boundary}--\r\n".encode()
    return b"".join(("".join(headers).encode(), head, quoted(text).encode(), between, quoted(html).encode(), end))


def _reader_headers(wire: Wire, envelope: Envelope) -> Iterator[str]:
    """Yield what only this reader has; each value is of a form that has no blank, no control and no bracket in it."""
    mailto = _mailto(envelope.leave_to) if envelope.leave_to else wire.mailto
    yield from _addressed(envelope.address, envelope.date, envelope.message_id)
    # The address that one click goes to comes first (RFC 8058, 4), on a line of its own.
    ways = [envelope.unsubscribe_url, mailto] if mailto else [envelope.unsubscribe_url]
    yield "List-Unsubscribe: " + ",\r\n ".join(f"<{way}>" for way in ways) + "\r\n"
    if envelope.feedback:
        yield f"CFBL-Feedback-ID: {_checked(_TOKEN, envelope.feedback, 'a token')}\r\n"


def _mailto(address: str) -> str:
    return f"mailto:{quote(_checked(_ADDRESS, address, 'a mail address'), safe='@+')}?subject=unsubscribe"


def _addressed(address: str, date: datetime, message_id: str) -> Iterator[str]:
    yield to(address).decode()
    yield f"Date: {_date(date)}\r\n"
    yield f"Message-ID: {_checked(_MESSAGE_ID, message_id, 'a Message-ID')}\r\n"


def _shared_headers(core: MailCore, site: Site, post: Post, boundary: str) -> Iterator[str]:
    """Yield the headers that all readers share."""
    yield from _from(site, post.sender, core.subject)
    yield _list_headers(site, post, core.list)
    yield from _multipart(boundary)


@lru_cache(maxsize=256)
def _list_headers(site: Site, post: Post, about: MailList) -> str:
    """Return the headers that all mails of a list share: RFC 2369, 2919, 3282, 3834, 5064, 8058, 9477."""
    return "".join(_about_list(site, post, about))


def _about_list(site: Site, post: Post, about: MailList) -> Iterator[str]:
    contact = _contact(site)
    if contact:
        yield _header("Reply-To", contact)
    yield _header("List-Id", *_phrase(about.name), f"<{_label(about)}.{site.tag.partition(',')[0].lower()}>")
    yield _header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    yield _header("List-Help", f"<{_uri(paths.absolute(site, paths.ABOUT))}>")
    if contact:
        yield _header("List-Owner", f"<mailto:{quote(contact, safe='@')}>")
    yield _header("List-Archive", f"<{_uri(about.archive)}>")
    if about.page:
        yield _header("Archived-At", f"<{_uri(about.page)}>")
    yield _header("List-Post", "NO")
    yield _header("Feedback-ID", _feedback_id(about, site))
    if post.complaints:
        yield _header("CFBL-Address", f"{_checked(_ADDRESS, post.complaints, 'a mail address')};", "report=arf")
    yield from _machine(about.language, bulk=True)


def _from(site: Site, sender: str, subject: str) -> Iterator[str]:
    address = f"<{_checked(_ADDRESS, sender, 'a mail address')}>"
    yield _header("From", *_phrase(site.title), address)
    yield _header("Subject", *_unstructured(subject))


def _machine(language: str, *, bulk: bool = False) -> Iterator[str]:
    """Yield what tells a machine's mail, so that no machine answers it."""
    yield _header("Auto-Submitted", "auto-generated")
    if bulk:
        yield _header("Precedence", "bulk")
    # Exchange's word for what Auto-Submitted asks of others.
    yield _header("X-Auto-Response-Suppress", "OOF,", "AutoReply")
    yield _header("Content-Language", language)


def _multipart(boundary: str) -> Iterator[str]:
    yield _header("MIME-Version", "1.0")
    yield _header("Content-Type", "multipart/alternative;", f'boundary="{boundary}"')


@lru_cache(maxsize=256)
def _header(name: str, *parts: str) -> str:
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
    octets = _CONTROL.sub(" ", text).encode("utf-8", "replace")
    return [f"=?utf-8?b?{b64encode(chunk).decode()}?=" for chunk in _WORDS.findall(octets)]


def _contact(site: Site) -> str | None:
    return site.contact if site.contact and _ADDRESS.fullmatch(site.contact) else None


def _label(about: MailList) -> str:
    """Return the list's name within the site: a topic's, or one for all its digests of several."""
    return re.sub("[^a-z0-9]+", "-", (about.topic or "").lower()).strip("-") or "topics"


def _feedback_id(about: MailList, site: Site) -> str:
    """Return by what Gmail may add up complaints: list, period and form of the mail, and last who sends, 5 to 15 signs.

    The same for many mails, or it would add up nothing (Gmail's feedback loop).
    """
    sender = re.sub("[^a-z0-9]", "", site.tag.partition(",")[0].lower())[:15]
    return f"{_label(about)}:{about.kind}:{about.layout}-{about.language}:{sender.ljust(5, '0')}"


@lru_cache(maxsize=256)
def _date(at: datetime) -> str:
    """Return an aware instant as RFC 5322, 3.3 has it."""
    return f"{words.DAYS[at.weekday()][:3]}, {at.day} {words.MONTHS[at.month - 1][:3]} {at:%Y %H:%M:%S %z}"


def _uri(url: str) -> str:
    if len(url) > LONGEST_LINK:
        raise RenderError(f"an address in a mail has at most {LONGEST_LINK} characters: {url[:80]!r}...")
    return _checked(_URI, url, "an http or https address in plain ASCII")


def _checked(pattern: re.Pattern[str], value: str, kind: str) -> str:
    if len(value) > LONGEST_LINK or not pattern.fullmatch(value):
        raise RenderError(f"{value!r} is not {kind}")
    return value


def _boundary(subject: str, start: bytes | Slot) -> str:
    made_from = subject.encode("utf-8", "replace") + (b"" if isinstance(start, Slot) else start[:4096])
    return f"=_{sha256(made_from).hexdigest()[:32]}"


def _part(boundary: str, subtype: str) -> bytes:
    """Return the head of a body part; the empty line before the first one ends the headers."""
    lines = ("", f"--{boundary}", f"Content-Type: text/{subtype}; charset=utf-8")
    return "\r\n".join((*lines, "Content-Transfer-Encoding: quoted-printable", "", "")).encode()


def _piece(link: str) -> bytes:
    return quoted(link).encode()
