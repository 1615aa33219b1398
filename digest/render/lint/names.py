"""Rules for names and words in headers: who writes to whom, what about, and how that is encoded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from digest.render.lint.encodings import WORD, decoded
from digest.render.lint.message import Mail
from digest.render.lint.rules import Severity, rule

_REPLY = re.compile(r"(?:re|fwd?|aw|wg|sv|vs|tr)(?:\[\d+\])?:", re.IGNORECASE)
_PHRASE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[A-Za-z0-9!#$%&\'*+/=?^_`{|}~-]+)(?:\s+|$)')
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_SUBJECT = 78
_WORD = 75
_LOCAL, _PATH, _NAME = 64, 254, 78


@rule("from-one", "From is one address.", "RFC 5322, 3.6.2; RFC 9989")
def from_one(mail: Mail) -> Iterator[str]:
    if mail.value("From") and not mail.mailbox("From"):
        yield mail.value("From")


@rule("to-one", "To is one address, the reader's.", "RFC 5322, 3.6.3; Gmail's sender guidelines")
def to_one(mail: Mail) -> Iterator[str]:
    if mail.value("To") and not mail.mailbox("To"):
        yield mail.value("To")


@rule("reply-to-one", "Reply-To is one address.", "RFC 5322, 3.6.2; Microsoft's rules for senders of 2025")
def reply_to_one(mail: Mail) -> Iterator[str]:
    if mail.value("Reply-To") and not mail.mailbox("Reply-To"):
        yield mail.value("Reply-To")


@rule("address-long", "An address has at most 64 characters before the @ and 254 in all.", "RFC 5321, 4.5.3.1")
def address_long(mail: Mail) -> Iterator[str]:
    for name in ("From", "To", "Reply-To"):
        found = mail.mailbox(name)
        if found and (len(found.address.rpartition("@")[0]) > _LOCAL or len(found.address) > _PATH):
            yield f"{name}: {found.address}"


@rule(
    "from-name", "From has a display name that says who sends.", "Gmail's sender guidelines", severity=Severity.WARNING
)
def from_name(mail: Mail) -> Iterator[str]:
    sender = mail.mailbox("From")
    name = mail.decoded("From").rpartition("<")[0].strip(' "') if sender else ""
    if sender and not name:
        yield "there is none"
    elif "@" in name or len(name) > _NAME or any(unicodedata.category(sign) == "So" for sign in name):
        yield name


@rule(
    "name-form", "A display name is made of plain words, quoted words or encoded words.", "RFC 5322, 3.2.5; RFC 2047, 5"
)
def name_form(mail: Mail) -> Iterator[str]:
    for name in ("From", "To", "Reply-To", "List-Id"):
        phrase = mail.value(name).rpartition("<")[0].strip()
        if not _is_phrase(phrase):
            yield f"{name}: {phrase}"


@rule("subject-long", "Subject has at most 78 characters.", "RFC 5322, 2.1.1", severity=Severity.WARNING)
def subject_long(mail: Mail) -> Iterator[str]:
    if len(mail.decoded("Subject")) > _SUBJECT:
        yield f"{len(mail.decoded('Subject'))} characters"


@rule("subject-reply", "Subject does not play an answer.", "Gmail's sender guidelines", severity=Severity.WARNING)
def subject_reply(mail: Mail) -> Iterator[str]:
    if _REPLY.match(mail.decoded("Subject")):
        yield mail.decoded("Subject")


@rule("word-long", "An encoded word has at most 75 characters.", "RFC 2047, 2")
def word_long(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        yield from (f"{header.name}: {word[0]}" for word in WORD.finditer(header.value) if len(word[0]) > _WORD)


@rule("word-invalid", "An encoded word is whole characters of UTF-8, encoded as it says.", "RFC 2047, 2 to 5")
def word_invalid(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        yield from (f"{header.name}: {word[0]}" for word in WORD.finditer(header.value) if decoded(word) is None)


@rule("word-placed", "An encoded word stands between blanks.", "RFC 2047, 5")
def word_placed(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        for word in WORD.finditer(header.value):
            if (
                header.value[word.start() - 1 : word.start()].strip()
                or header.value[word.end() : word.end() + 1].strip()
            ):
                yield f"{header.name}: {word[0]}"


@rule("word-control", "No encoded word hides a control character.", "RFC 2047, 5; CVE-2024-6923")
def word_control(mail: Mail) -> Iterator[str]:
    for header in mail.headers:
        for word in WORD.finditer(header.value):
            if _CONTROL.search(decoded(word) or ""):
                yield f"{header.name}: {word[0]}"


def _is_phrase(text: str) -> bool:
    place = 0
    while match := _PHRASE.match(text, place):
        place = match.end()
    return place == len(text)
