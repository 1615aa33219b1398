"""Rules for links: where they lead, what they say, and that the ways out are there for whoever looks for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.render.lint.addresses import LOOPBACK, host, opaque, related, split
from digest.render.lint.markup import HEADINGS
from digest.render.lint.message import Mail, Profile
from digest.render.lint.rules import Severity, rule

_SCHEMES = ("http", "https", "mailto")
_SHORTENERS = frozenset(
    "bit.ly buff.ly cutt.ly goo.gl is.gd lnkd.in ow.ly rb.gy rebrand.ly s.id shorturl.at t.co t.ly tiny.cc "
    "tinyurl.com".split()
)
_TRACKING = re.compile(r"[?&;](utm_[a-z]+|gclid|fbclid|mc_eid|mc_cid|msclkid|_hsenc|_hsmi|mkt_tok|vero_id|oly_enc_id)=")
_SAYS_NOTHING = frozenset(
    "click,click here,here,link,more,read more,this,this link,url,hier,hier klicken,klick,mehr,weiter".split(",")
)
_BAD = re.compile(r"[^!#-;=?-Z_a-z~\[\]]")  # RFC 3986, 2, and the brackets that mailers know
_LOOKS_LIKE_HOST = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/?#:]\S*)?")
_LONGEST = 2000


def hrefs(mail: Mail) -> Iterator[str]:
    """Yield where each link of the HTML leads."""
    return (href for href, _ in mail.page.links())


@rule("link-form", "Every link is an address in ASCII without blanks and quotes.", "RFC 3986, 2")
def form(mail: Mail) -> Iterator[str]:
    for href in hrefs(mail):
        if not href or _BAD.search(href) or not split(href) or len(href) > _LONGEST:
            yield href or "an empty one"


@rule("link-scheme", "Every link leads by https, http or mail.", "RFC 3986, 3.1; no javascript, no data")
def scheme(mail: Mail) -> Iterator[str]:
    for href in hrefs(mail):
        parts = split(href)
        if parts and parts.scheme and parts.scheme not in _SCHEMES:
            yield href


@rule("link-relative", "Every link is absolute.", "RFC 3986, 4.3; a mail has no address of its own")
def relative(mail: Mail) -> Iterator[str]:
    for href in hrefs(mail):
        parts = split(href)
        if parts and (not parts.scheme or (parts.scheme != "mailto" and not parts.hostname)):
            yield href


@rule("link-credentials", "No link holds a user's name or password.", "RFC 3986, 7.5")
def credentials(mail: Mail) -> Iterator[str]:
    for href in hrefs(mail):
        parts = split(href)
        if parts and "@" in parts.netloc:
            yield href


@rule("link-numeric", "No link leads to a host that is only a number.", "RFC 3986, 7.4", severity=Severity.WARNING)
def numeric(mail: Mail) -> Iterator[str]:
    for href in hrefs(mail):
        name = host(href)
        if name not in LOOPBACK and (":" in name or name.replace(".", "").isdigit()):
            yield href


@rule("link-shortener", "No link hides where it leads.", "Gmail's sender guidelines", severity=Severity.WARNING)
def shortener(mail: Mail) -> Iterator[str]:
    yield from (href for href in hrefs(mail) if host(href).removeprefix("www.") in _SHORTENERS)


@rule("link-tracking", "No link tells who followed it.", "readers are not watched", severity=Severity.WARNING)
def tracking(mail: Mail) -> Iterator[str]:
    yield from (href for href in hrefs(mail) if _TRACKING.search(href.lower()))


@rule("link-insecure", "Links to the sender's own pages are https.", "RFC 8058, 6; RFC 9110, 4.2.2")
def insecure(mail: Mail) -> Iterator[str]:
    for href in hrefs(mail):
        if href.startswith("http://") and host(href) == host(mail.leave) and host(href) not in LOOPBACK:
            yield href


@rule("link-text", "Every link says where it leads.", "WCAG 2.2, 2.4.4", severity=Severity.WARNING)
def text(mail: Mail) -> Iterator[str]:
    for href, words in mail.page.links():
        if not words or words.lower().strip(" .!>»→…") in _SAYS_NOTHING:
            yield f"{words!r} leads to {href}"


@rule(
    "link-misleads",
    "No link says one host and leads to another.",
    "Gmail's sender guidelines",
    severity=Severity.WARNING,
)
def misleads(mail: Mail) -> Iterator[str]:
    for place, element in mail.page.all("a"):
        words, href = mail.page.words(place).lower(), element.attributes.get("href", "")
        said = _LOOKS_LIKE_HOST.fullmatch(words)
        # A paper may be called as it likes.
        titled = element.parent >= 0 and mail.page.elements[element.parent].tag in HEADINGS
        if said and not titled and host(href) and not related(said[1], host(href)):
            yield f"{words} leads to {host(href)}"


@rule(
    "leave-missing",
    "The HTML has the one-click link of the headers.",
    "Gmail, Yahoo, Microsoft, Apple",
    profile=Profile.LIST,
)
def leave_html(mail: Mail) -> Iterator[str]:
    if mail.leave and mail.html and mail.leave not in hrefs(mail):
        yield mail.leave


@rule(
    "leave-missing-text",
    "The text has the one-click link of the headers.",
    "Gmail, Yahoo, Microsoft, Apple",
    profile=Profile.LIST,
)
def leave_text(mail: Mail) -> Iterator[str]:
    if mail.leave and mail.said and mail.leave not in mail.said.split():
        yield mail.leave


@rule("leave-other", "No second link to leave carries another key.", "RFC 8058, 3.1", profile=Profile.LIST)
def leave_other(mail: Mail) -> Iterator[str]:
    token = opaque(mail.leave)
    front = mail.leave.partition(token)[0] if token else ""
    yield from (href for href in hrefs(mail) if front and href.startswith(front) and href != mail.leave)


@rule("preferences-missing", "The HTML has a link to the preferences.", "Gmail, Microsoft, Apple", profile=Profile.LIST)
def preferences(mail: Mail) -> Iterator[str]:
    if mail.leave and mail.html and not any(_is_preferences(mail, href) for href in hrefs(mail)):
        yield "there is none"


@rule(
    "preferences-missing-text",
    "The text has a link to the preferences.",
    "Gmail, Microsoft, Apple",
    profile=Profile.LIST,
)
def preferences_text(mail: Mail) -> Iterator[str]:
    if mail.leave and mail.said and not any(_is_preferences(mail, word) for word in mail.said.split()):
        yield "there is none"


@rule(
    "key-early",
    "Links with the reader's key stand below the last heading, in both forms.",
    "what is forwarded is the top",
    profile=Profile.LIST,
)
def key_early(mail: Mail) -> Iterator[str]:
    last = max((place for place, _ in mail.page.all(*HEADINGS)), default=-1)
    for place, element in mail.page.all("a"):
        if mail.key and mail.key in element.attributes.get("href", "") and place < last:
            yield element.attributes["href"]
    if mail.key and -1 < mail.said.upper().find(mail.key.upper()) < max(
        (place for _, place in mail.headings), default=-1
    ):
        yield "in the text"


def _is_preferences(mail: Mail, url: str) -> bool:
    return "/preferences" in url and host(url) == host(mail.leave)
