"""Rules for the headers of a list: how to leave it, what it is called, where it is kept, who hears of complaints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.render.lint.addresses import LOOPBACK, host, is_uri_list, opaque, split, uris
from digest.render.lint.message import Mail, Profile
from digest.render.lint.rules import Severity, rule

_LIST_ID = re.compile(r"(?:[^<>]*\s)?<([a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)+)>")
_CFBL = re.compile(r"[^\s@<>;]+@[^\s@<>;]+(?:;\s*report=(?:arf|xarf))?")
_LINKS = ("List-Help", "List-Owner", "List-Archive", "List-Subscribe", "Archived-At")
_UNMANAGED = (".localhost", ".invalid", ".local", ".localdomain")
_LONGEST_ID = 255
_SENDER = range(5, 16)


@rule("unsubscribe-form", "List-Unsubscribe is a list of addresses in angle brackets.", "RFC 2369, 2 and 3.2")
def unsubscribe_form(mail: Mail) -> Iterator[str]:
    said = mail.value("List-Unsubscribe")
    if said and not is_uri_list(said):
        yield said


@rule("unsubscribe-https-first", "The first way to leave is an https address.", "RFC 8058, 3.1")
def https_first(mail: Mail) -> Iterator[str]:
    ways = uris(mail.value("List-Unsubscribe"))
    if ways and not ways[0].startswith("https://") and host(ways[0]) not in LOOPBACK:
        yield ways[0]


@rule(
    "unsubscribe-mailto",
    "A second way to leave is a mail, for programs that know no other.",
    "RFC 2369, 3.2; Yahoo's sender practices",
    severity=Severity.WARNING,
    profile=Profile.LIST,
)
def mailto(mail: Mail) -> Iterator[str]:
    ways = uris(mail.value("List-Unsubscribe"))
    if ways and not any(way.startswith("mailto:") and "@" in way for way in ways):
        yield "only " + ", ".join(ways)


@rule("one-click-exact", "List-Unsubscribe-Post is List-Unsubscribe=One-Click, to the letter.", "RFC 8058, 3.1")
def one_click(mail: Mail) -> Iterator[str]:
    said = mail.value("List-Unsubscribe-Post")
    if said and said != "List-Unsubscribe=One-Click":
        yield said


@rule("one-click-opaque", "The one-click link has a part that nobody can guess.", "RFC 8058, 3.1 and 6")
def one_click_opaque(mail: Mail) -> Iterator[str]:
    if mail.leave and not opaque(mail.leave):
        yield mail.leave


@rule("list-encoded", "No encoded word stands in a header of addresses.", "RFC 2047, 5; RFC 2369, 2")
def encoded(mail: Mail) -> Iterator[str]:
    for name in (*_LINKS, "List-Unsubscribe", "List-Unsubscribe-Post", "List-Post", "Message-ID", "Feedback-ID"):
        if "=?" in mail.value(name):
            yield name


@rule("list-id-form", "List-Id ends in a name of dotted lower-case labels in angle brackets.", "RFC 2919, 2 and 3")
def list_id_form(mail: Mail) -> Iterator[str]:
    said = mail.value("List-Id")
    found = _LIST_ID.fullmatch(said)
    if said and (not found or len(found[1]) > _LONGEST_ID):
        yield said


@rule("list-id-domain", "List-Id is in a domain that somebody owns.", "RFC 2919, 2", severity=Severity.WARNING)
def list_id_domain(mail: Mail) -> Iterator[str]:
    found = _LIST_ID.fullmatch(mail.value("List-Id"))
    if found and found[1].endswith(_UNMANAGED):
        yield found[1]


@rule("list-post-form", "List-Post is NO, or mail addresses.", "RFC 2369, 3.4")
def list_post(mail: Mail) -> Iterator[str]:
    said = mail.value("List-Post")
    posts = is_uri_list(said) and all(uri.startswith("mailto:") for uri in uris(said))
    if said and said != "NO" and not posts:
        yield said


@rule("list-link-form", "Headers that link hold https, http or mail addresses in angle brackets.", "RFC 2369; RFC 5064")
def list_links(mail: Mail) -> Iterator[str]:
    for name in _LINKS:
        said = mail.value(name)
        if said and not (is_uri_list(said) and all(map(_leads, uris(said)))):
            yield f"{name}: {said}"


@rule("archive-token", "Addresses of the archive carry no key of the reader.", "RFC 5064, 4")
def archive_token(mail: Mail) -> Iterator[str]:
    for name in ("Archived-At", "List-Archive", "List-Help", "List-Owner", "List-Id"):
        if mail.key and mail.key in mail.value(name):
            yield f"{name}: {mail.value(name)}"


@rule(
    "feedback-id-form",
    "Feedback-ID is at most three fields and a sender of 5 to 15 characters.",
    "Gmail's feedback loop",
)
def feedback_form(mail: Mail) -> Iterator[str]:
    *fields, sender = mail.value("Feedback-ID").split(":")
    if mail.has("Feedback-ID") and (
        len(fields) > 3 or len(sender) not in _SENDER or not mail.value("Feedback-ID").isascii()
    ):
        yield mail.value("Feedback-ID")


@rule("feedback-id-shared", "Feedback-ID tells no reader from another.", "Gmail's feedback loop")
def feedback_shared(mail: Mail) -> Iterator[str]:
    said = mail.value("Feedback-ID")
    own = mail.value("Message-ID").strip("<>").partition("@")[0]
    if said and any(len(each) > 3 and each in said for each in (own, mail.key)):
        yield said


@rule("cfbl-form", "CFBL-Address is a mail address, with the form of reports behind it.", "RFC 9477, 3.1")
def cfbl(mail: Mail) -> Iterator[str]:
    if mail.value("CFBL-Address") and not _CFBL.fullmatch(mail.value("CFBL-Address")):
        yield mail.value("CFBL-Address")


def _leads(uri: str) -> bool:
    parts = split(uri)
    return parts is not None and (
        (parts.scheme in ("http", "https") and bool(parts.hostname)) or (parts.scheme == "mailto" and "@" in parts.path)
    )
