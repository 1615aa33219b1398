"""Rules for the likeness of the two forms and the headers: whoever reads the text misses nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from digest.render.lint.links import hrefs
from digest.render.lint.message import Mail
from digest.render.lint.rules import Severity, rule

WIDEST = 78  # columns
_URL = re.compile(r"https?://\S+")
_NUMBER = re.compile(r"[0-9]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
# Only the tag's name: what follows in a text of somebody's may be cut, and end in the next one.
_MARKUP = re.compile(
    r"</?(?:a|b|br|div|em|h[1-6]|i|img|li|p|span|strong|sub|sup|table|td|tr|ul)(?=(?:\s[^<>]{0,500})?/?>)",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\{|\}\}|\{%|%\}|%\([a-z_]+\)s", re.IGNORECASE)
_TRAILING = ".,;:!?)>]}'\"”’»"
_ALIKE = 0.9
_LEAD, _SEEN = 60, 600  # characters


@rule("title-other", "The HTML's title is the subject.", "RFC 5322, 3.6.5; WCAG 2.2, 2.4.2", severity=Severity.WARNING)
def title(mail: Mail) -> Iterator[str]:
    said, subject = mail.page.title(), mail.decoded("Subject")
    if said and subject and said != subject:
        yield f"{said!r} and {subject!r}"


@rule("language-other", "Content-Language is the language of the HTML.", "RFC 3282; WCAG 2.2, 3.1.1")
def language(mail: Mail) -> Iterator[str]:
    root = mail.page.first("html")
    said, shown = mail.value("Content-Language"), root.attributes.get("lang", "") if root else ""
    if said and shown and said.lower() != shown.lower():
        yield f"{said} and {shown}"


@rule("titles-other", "The text has the HTML's headings, in their order.", "RFC 2046, 5.1.4")
def titles(mail: Mail) -> Iterator[str]:
    yield from (words for words, place in mail.headings if mail.said and place < 0)


@rule("links-other", "The text has the links of the HTML, and no others.", "RFC 2046, 5.1.4", severity=Severity.WARNING)
def links(mail: Mail) -> Iterator[str]:
    said = _URL.findall(mail.text)
    there = {*said, *(url.rstrip(_TRAILING) for url in said)}
    web = [href for href in hrefs(mail) if href.startswith("http")]
    yield from (f"not in the text: {href}" for href in dict.fromkeys(web) if mail.said and href not in there)
    # An address in somebody's sentence is no link of ours.
    known = {*web, *_URL.findall(mail.page.shown)}
    yield from (f"not in the HTML: {url}" for url in dict.fromkeys(said) if mail.html and url not in known)


@rule(
    "mail-links-other",
    "The text has the mail addresses to which the HTML links.",
    "RFC 2046, 5.1.4",
    severity=Severity.WARNING,
)
def mail_links(mail: Mail) -> Iterator[str]:
    for href in hrefs(mail):
        address = href.partition(":")[2].partition("?")[0]
        if href.startswith("mailto:") and mail.said and address not in mail.text:
            yield address


@rule(
    "numbers-other",
    "The text has the numbers of the HTML, and no others.",
    "RFC 2046, 5.1.4",
    severity=Severity.WARNING,
)
def numbers(mail: Mail) -> Iterator[str]:
    said, shown = (set(_NUMBER.findall(_prose(form))) for form in (mail.said, mail.page.shown))
    if said and shown:
        yield from (f"not in the text: {number}" for number in sorted(shown - said))
        yield from (f"not in the HTML: {number}" for number in sorted(said - shown))


@rule("words-other", "The two forms have nine of ten words in common.", "RFC 2046, 5.1.4")
def words(mail: Mail) -> Iterator[str]:
    said, shown = (Counter(_WORD.findall(_prose(form).upper())) for form in (mail.said, mail.page.shown))
    for one, other, name in ((shown, said, "text"), (said, shown, "HTML")):
        if one and other and (one & other).total() < _ALIKE * one.total():
            yield f"the {name} lacks {', '.join(sorted(one - other)[:5])}"


@rule(
    "lead-other",
    "Both forms begin with the same sentence.",
    "Gmail shows it behind the subject",
    severity=Severity.WARNING,
)
def lead(mail: Mail) -> Iterator[str]:
    said = " ".join(mail.text.strip().partition("\n\n")[0].split())[:_LEAD]
    if said and mail.html and said.upper() not in mail.page.shown[:_SEEN].upper():
        yield said


@rule(
    "text-wide",
    "A line of text has at most 78 columns, unless it is one word.",
    "RFC 5322, 2.1.1; RFC 3676, 4.2",
    severity=Severity.WARNING,
)
def wide(mail: Mail) -> Iterator[str]:
    for line in mail.text.split("\n"):
        if len(line) > WIDEST and max(map(len, line.split()), default=0) < WIDEST // 2:
            yield f"{len(line)}: {line}"


@rule("text-markup", "No HTML is left in the text.", "RFC 2046, 4.1.3")
def markup(mail: Mail) -> Iterator[str]:
    yield from _only_there(_MARKUP, mail.said, mail.page.shown)


@rule("text-entity", "No character reference is left in the text or the subject.", "RFC 2046, 4.1.3")
def entity(mail: Mail) -> Iterator[str]:
    yield from _only_there(_ENTITY, mail.said, mail.page.shown)
    yield from _only_there(_ENTITY, mail.decoded("Subject"), mail.page.shown if mail.html else mail.said)


@rule("html-escaped-twice", "No character reference is shown by the HTML.", "HTML, 13.5")
def escaped_twice(mail: Mail) -> Iterator[str]:
    if mail.said:
        yield from _only_there(_ENTITY, mail.page.shown, mail.said)


@rule("template-left", "No mark of a template is left in one form alone.", "Jinja, 3.1")
def template(mail: Mail) -> Iterator[str]:
    if mail.html and mail.said:
        yield from _only_there(_TEMPLATE, mail.said, mail.page.shown)
        yield from _only_there(_TEMPLATE, mail.page.shown, mail.said)


def _prose(text: str) -> str:
    """Return a text without the addresses in it."""
    return " ".join(word for word in text.split() if "://" not in word and "@" not in word)


def _only_there(pattern: re.Pattern[str], here: str, elsewhere: str) -> Iterator[str]:
    """Yield what stands here and not elsewhere: what both forms show is somebody's text, and may be."""
    known = {found.upper() for found in pattern.findall(elsewhere)}  # a text has its topics in capitals
    yield from (found for found in dict.fromkeys(pattern.findall(here)) if found.upper() not in known)
