"""Rules for the HTML as a document: whole, balanced, of known elements, with the head that mail programs look at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from digest.render.lint.markup import Element, Page
from digest.render.lint.message import Mail
from digest.render.lint.rules import Severity, rule
from digest.render.lint.styles import has_dark_rules, uncommented

ELEMENTS = frozenset(
    "a abbr b bdi bdo blockquote body br caption code div em h1 h2 h3 h4 h5 h6 head hr html i img li meta ol p pre s "
    "small span strong style sub sup table tbody td tfoot th thead time title tr u ul wbr".split()
)
# They have rules of their own, which say more.
_JUDGED = frozenset(
    "script noscript form input button select textarea iframe frame object embed applet link base".split()
)
_WITHIN = {"tr": ("tbody", "thead", "tfoot", "table"), "td": ("tr",), "th": ("tr",), "li": ("ul", "ol")}
_BLOCKS = frozenset("p div table h1 h2 h3 h4 h5 h6 ul ol blockquote pre hr".split())
_CHARSET_WITHIN = 1024  # bytes, HTML, 4.2.5.4
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@rule("html-doctype", "The HTML starts with <!doctype html>.", "HTML, 13.1.1")
def doctype(mail: Mail) -> Iterator[str]:
    if mail.html and mail.page.doctype.lower().split() != ["doctype", "html"]:
        yield mail.page.doctype or "there is none"


@rule("html-unbalanced", "Every element is closed, in order.", "HTML, 13.1.2")
def unbalanced(mail: Mail) -> Iterator[str]:
    yield from mail.page.unbalanced


@rule(
    "html-nesting",
    "No element stands where a browser would move it.",
    "HTML, 13.1.2.4 and 13.2.6",
    severity=Severity.WARNING,
)
def nesting(mail: Mail) -> Iterator[str]:
    page = mail.page
    for element in page.elements:
        above = page.elements[element.parent].tag if element.parent >= 0 else ""
        if above not in _WITHIN.get(element.tag, (above,)) or (above == "p" and element.tag in _BLOCKS):
            yield f"<{element.tag}> in <{above}>"
        elif element.tag == above == "a":
            yield "a link in a link"


@rule("html-frame", "There is one html, one head and one body.", "HTML, 4.1.1")
def frame(mail: Mail) -> Iterator[str]:
    counted = Counter(element.tag for element in mail.page.elements)
    if mail.html:
        yield from (f"{counted[tag]} {tag}" for tag in ("html", "head", "body") if counted[tag] != 1)


@rule(
    "html-element", "Every element is one that mail programs know.", "caniemail.com; HTML, 4", severity=Severity.WARNING
)
def unknown(mail: Mail) -> Iterator[str]:
    found = {element.tag: None for element in mail.page.elements}
    yield from (f"<{tag}>" for tag in found if tag not in ELEMENTS and tag not in _JUDGED)


@rule("html-attribute-twice", "No element has an attribute twice.", "HTML, 13.1.2.3", severity=Severity.WARNING)
def attribute_twice(mail: Mail) -> Iterator[str]:
    yield from mail.page.twice


@rule("html-id-twice", "No id stands twice.", "HTML, 3.2.6", severity=Severity.WARNING)
def id_twice(mail: Mail) -> Iterator[str]:
    counted = Counter(_attributes(mail.page, "id"))
    yield from (each for each, count in counted.items() if count > 1)


@rule(
    "html-unescaped",
    "< and & are escaped in text and attributes.",
    "HTML, 13.1.2 and 13.1.4",
    severity=Severity.WARNING,
)
def unescaped(mail: Mail) -> Iterator[str]:
    yield from map(repr, mail.page.loose)


@rule(
    "html-comment",
    "No comment is left: a reader pays for it, and Outlook's are read by old versions alone.",
    "Gmail clips by bytes; new Outlook passes over conditional comments",
    severity=Severity.WARNING,
)
def comment(mail: Mail) -> Iterator[str]:
    yield from (repr(each[:40]) for each in mail.page.comments)


@rule("html-lang", "The html element names its language.", "WCAG 2.2, 3.1.1")
def lang(mail: Mail) -> Iterator[str]:
    root = _root(mail.page)
    if root and not _TAG.fullmatch(root.attributes.get("lang", "")):
        yield root.attributes.get("lang", "there is none")


@rule(
    "html-dir",
    "The html element names its direction.",
    "HTML, 3.2.6.4; W3C, Structural markup and right-to-left text",
    severity=Severity.WARNING,
)
def direction(mail: Mail) -> Iterator[str]:
    root = _root(mail.page)
    if root and root.attributes.get("dir") not in ("ltr", "rtl"):
        yield root.attributes.get("dir", "there is none")


@rule("html-dir-known", "Every dir is ltr, rtl or auto.", "HTML, 3.2.6.4", severity=Severity.WARNING)
def direction_known(mail: Mail) -> Iterator[str]:
    yield from (each for each in _attributes(mail.page, "dir") if each not in ("ltr", "rtl", "auto"))


@rule("html-title", "The HTML has a title.", "WCAG 2.2, 2.4.2")
def title(mail: Mail) -> Iterator[str]:
    if mail.html and not mail.page.title():
        yield "there is none"


@rule("html-charset", "A meta within the first 1,024 bytes says utf-8.", "HTML, 4.2.5.4")
def charset(mail: Mail) -> Iterator[str]:
    said = [value.lower() for value in _attributes(mail.page, "charset")]
    if mail.html and (said != ["utf-8"] or "charset" not in mail.html[:_CHARSET_WITHIN].lower()):
        yield ", ".join(said) or "there is none"


@rule(
    "html-viewport",
    "A meta tells small screens not to shrink the mail.",
    "CSS Viewport 1, 3",
    severity=Severity.WARNING,
)
def viewport(mail: Mail) -> Iterator[str]:
    if mail.html and not any("width=device-width" in each for each in mail.page.metas("viewport")):
        yield "there is none"


@rule("html-zoom", "No meta keeps a reader from zooming.", "WCAG 2.2, 1.4.4", severity=Severity.WARNING)
def zoom(mail: Mail) -> Iterator[str]:
    said = (each.replace(" ", "") for each in mail.page.metas("viewport"))
    yield from (each for each in said if "user-scalable=no" in each or "maximum-scale=1" in each)


@rule(
    "html-colour-schemes",
    "Two metas name the colour schemes that the mail is made for.",
    "CSS Color Adjustment, 2.2; Apple Mail",
    severity=Severity.WARNING,
)
def colour_schemes(mail: Mail) -> Iterator[str]:
    for name in ("color-scheme", "supported-color-schemes"):
        if mail.html and not any("light" in each for each in mail.page.metas(name)):
            yield f"no {name}"


@rule(
    "html-dark", "A style element has rules for dark surroundings.", "Media Queries 5, 12.5", severity=Severity.WARNING
)
def dark(mail: Mail) -> Iterator[str]:
    if mail.html and not has_dark_rules(mail.page):
        yield "there are none"


@rule(
    "style-place",
    "There is one style element, in the head.",
    "hteumeuleu/email-bugs#90; HTML, 4.2.6",
    severity=Severity.WARNING,
)
def style_place(mail: Mail) -> Iterator[str]:
    page = mail.page
    parents = [page.elements[one.parent].tag if one.parent >= 0 else "" for _, one in page.all("style")]
    if parents not in ([], ["head"]):
        yield f"{len(parents)}, in {', '.join(f'<{parent}>' for parent in parents)}"


@rule("style-broken", "The braces of a style element match.", "CSS Syntax 3, 5.4", severity=Severity.WARNING)
def style_broken(mail: Mail) -> Iterator[str]:
    for sheet in map(uncommented, mail.page.sheets()):
        if sheet.count("{") != sheet.count("}"):
            yield f"{sheet.count('{')} opened, {sheet.count('}')} closed"


def _root(page: Page) -> Element | None:
    return page.first("html")


def _attributes(page: Page, name: str) -> Iterator[str]:
    """Yield all values of an attribute."""
    return (element.attributes[name] for element in page.elements if name in element.attributes)
