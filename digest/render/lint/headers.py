"""Rules for the headers that every mail has, and for those that none may have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from digest.render.lint.addresses import host, related
from digest.render.lint.message import Mail, Profile
from digest.render.lint.rules import Severity, rule

NEEDED = ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Content-Type", "Auto-Submitted")
LIST_NEEDED = ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post")
ADVISED = ("Content-Language", "X-Auto-Response-Suppress")
LIST_ADVISED = ("Precedence", "List-Help", "List-Owner", "List-Archive", "List-Post", "Feedback-ID")
TELLTALES = ("X-Mailer", "User-Agent", "X-Originating-IP", "X-PHP-Script", "X-PHP-Originating-Script", "X-Source")
_TRACES = ("received", "dkim-signature", "authentication-results", "arc-seal", "arc-message-signature", "comments")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"(?:({'|'.join(_DAYS)}), )?(\d\d?) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d)(?::(\d\d))? (\S+)", re.ASCII
)
_ZONE = re.compile(r"[+-](\d\d)([0-5]\d)", re.ASCII)
_MESSAGE_ID = re.compile(r"<[!#-'*+/-9=?A-Z^-~.-]+@([!#-'*+/-9=?A-Z^-~.-]+)>")


def missing(mail: Mail, always: tuple[str, ...], of_lists: tuple[str, ...]) -> Iterator[str]:
    """Yield which of these headers a mail of its kind does not have."""
    wanted = (*always, *of_lists) if mail.profile is Profile.LIST else always
    yield from (name for name in wanted if not mail.has(name))


@rule("header-missing", "Every header is there without which a mail is refused or answered.", "RFC 5322, 3.6; RFC 8058")
def needed(mail: Mail) -> Iterator[str]:
    yield from missing(mail, NEEDED, LIST_NEEDED)


@rule(
    "header-advised",
    "Headers by which mail programs and providers help a reader are there.",
    "RFC 2369; RFC 3282; Gmail's feedback loop",
    severity=Severity.WARNING,
)
def advised(mail: Mail) -> Iterator[str]:
    yield from missing(mail, ADVISED, LIST_ADVISED)


@rule("header-twice", "Each header stands once.", "RFC 5322, 3.6; Yahoo refuses doubles")
def twice(mail: Mail) -> Iterator[str]:
    counted = Counter(header.name.lower() for header in mail.headers)
    yield from (f"{name} stands {count} times" for name, count in counted.items() if count > 1 and name not in _TRACES)


@rule("header-empty", "No header is empty.", "RFC 5322, 3.6")
def empty(mail: Mail) -> Iterator[str]:
    yield from (header.name for header in mail.headers if not header.value)


@rule("bcc-shown", "No Bcc is in what a reader gets.", "RFC 5322, 3.6.3")
def bcc(mail: Mail) -> Iterator[str]:
    yield from (header.value for header in mail.headers if header.name.lower() in ("bcc", "resent-bcc"))


@rule(
    "cc-shown",
    "A mail goes to one reader, with no copy for others.",
    "Gmail's sender guidelines",
)
def copies(mail: Mail) -> Iterator[str]:
    yield from (header.value for header in mail.headers if header.name.lower() in ("cc", "resent-cc"))


@rule("return-path-set", "Return-Path is left to the host that delivers.", "RFC 5321, 4.4")
def return_path(mail: Mail) -> Iterator[str]:
    if mail.has("Return-Path"):
        yield mail.value("Return-Path")


@rule("received-set", "Received is left to the hosts on the way.", "RFC 5321, 4.4")
def received(mail: Mail) -> Iterator[str]:
    if mail.has("Received"):
        yield mail.value("Received")


@rule("sender-told", "No header tells programs, versions or machines of the sender.", "RFC 5322, 5; RFC 9110, 10.1.5")
def telltale(mail: Mail) -> Iterator[str]:
    yield from (f"{name}: {mail.value(name)}" for name in TELLTALES if mail.has(name))


@rule("date-form", "Date is a real date and time in the form of Internet mail.", "RFC 5322, 3.3")
def date_form(mail: Mail) -> Iterator[str]:
    if mail.value("Date") and not _moment(mail):
        yield mail.value("Date")


@rule("date-weekday", "The day of the week in Date is that of the date.", "RFC 5322, 3.3")
def date_weekday(mail: Mail) -> Iterator[str]:
    moment, said = _moment(mail), mail.value("Date")[:3]
    if moment and said in _DAYS and _DAYS.index(said) != moment.weekday():
        yield mail.value("Date")


@rule("date-zone", "Date has a numeric offset from UTC, and one that exists.", "RFC 5322, 3.3 and 4.3")
def date_zone(mail: Mail) -> Iterator[str]:
    date = _DATE.fullmatch(" ".join(mail.value("Date").split()))
    zone = _ZONE.fullmatch(date[8]) if date else None
    if date and (not zone or date[8] == "-0000" or int(zone[1]) > 14):
        yield date[8]


@rule("message-id-form", "Message-ID is one name at one domain in angle brackets.", "RFC 5322, 3.6.4")
def message_id_form(mail: Mail) -> Iterator[str]:
    if mail.value("Message-ID") and not _MESSAGE_ID.fullmatch(mail.value("Message-ID")):
        yield mail.value("Message-ID")


@rule(
    "message-id-domain",
    "Message-ID is in a domain of the sender, or of the site it writes for.",
    "RFC 5322, 3.6.4; Gmail's sender guidelines",
)
def message_id_domain(mail: Mail) -> Iterator[str]:
    found, sender = _MESSAGE_ID.fullmatch(mail.value("Message-ID")), mail.mailbox("From")
    if not (found and sender):
        return
    # A letter has no link to leave by; all its links are the site's.
    sites = [mail.leave] if mail.leave else [href for href, _ in mail.page.links()]
    if not any(related(found[1].lower(), own) for own in (sender.domain, *map(host, sites))):
        yield f"{found[1]} is none of {sender.domain}"


@rule("auto-submitted-form", "Auto-Submitted says auto-generated.", "RFC 3834, 5")
def auto_submitted(mail: Mail) -> Iterator[str]:
    if mail.value("Auto-Submitted") not in ("", "auto-generated"):
        yield mail.value("Auto-Submitted")


@rule("precedence-form", "Precedence says bulk or list.", "RFC 3834, 2; RFC 2076", severity=Severity.WARNING)
def precedence(mail: Mail) -> Iterator[str]:
    if mail.value("Precedence") not in ("", "bulk", "list"):
        yield mail.value("Precedence")


@rule("suppress-form", "X-Auto-Response-Suppress names what Exchange knows.", "MS-OXCMAIL, 2.1.3.2.20")
def suppress(mail: Mail) -> Iterator[str]:
    known = {"DR", "NDR", "RN", "NRN", "OOF", "AutoReply", "All", "None"}
    if mail.has("X-Auto-Response-Suppress"):
        said = mail.value("X-Auto-Response-Suppress").split(",")
        yield from (repr(word.strip()) for word in said if word.strip() not in known)


@rule("language-form", "Content-Language is the tag of one language.", "RFC 3282, 2; RFC 5646")
def language(mail: Mail) -> Iterator[str]:
    if mail.value("Content-Language") and not _LANGUAGE.fullmatch(mail.value("Content-Language")):
        yield mail.value("Content-Language")


def _moment(mail: Mail) -> datetime | None:
    """Return the date and time that Date says, whatever its offset, or None for what is no date."""
    date = _DATE.fullmatch(" ".join(mail.value("Date").split()))
    if not date:
        return None
    _, day, month, year, hour, minute, second, _ = date.groups()
    clock = int(hour), int(minute), min(int(second or 0), 59)  # a leap second is written as 60
    try:
        return datetime(int(year), _MONTHS.index(month) + 1, int(day), *clock, tzinfo=UTC)
    except ValueError:
        return None
