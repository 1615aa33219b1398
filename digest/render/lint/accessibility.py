"""Rules for who reads with other eyes: by a screen reader, in large letters, in the dark, in old programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from digest.render.lint.markup import HEADINGS, Element
from digest.render.lint.message import Mail
from digest.render.lint.privacy import all_css
from digest.render.lint.rules import Severity, rule
from digest.render.lint.styles import Look, contrast, declarations

SMALLEST = 14.0  # px
CONTRAST = 4.5
_LARGE, _LINE, _LARGE_LINE = 18.0, 1.5, 1.2
_TOLERANCE = 0.01
_INLINE = frozenset("a abbr b bdi bdo code em i s small span strong sub sup time u".split())
_SUNK = frozenset(("sub", "sup"))
_HIDING = re.compile(
    r"(?:^|[;{\s])(?:display:\s*none|visibility:\s*(?:hidden|collapse)|opacity:\s*0?\.?0*(?=[;}!\s]|$)"
    r"|font-size:\s*0(?=[^.\d]|$)|max-height:\s*0(?=[^.\d]|$)|mso-hide:\s*all|text-indent:\s*-\d{3})",
    re.IGNORECASE,
)
_MODERN = re.compile(
    r"(?:^|[;{\s])(?:display:\s*(?:inline-)?(?:flex|grid)|position:\s*(?:absolute|fixed|sticky)|float:)", re.IGNORECASE
)
_VARIABLE = re.compile(r"var\(|(?:^|[;{\s])--[\w-]+:")
_MARGIN = re.compile(r"0(?:px|pt|em|%)?|auto")


@rule(
    "heading-one",
    "There is one h1, and it is the first heading.",
    "WCAG 2.2, 1.3.1; HTML, 4.3.11",
    severity=Severity.WARNING,
)
def heading_one(mail: Mail) -> Iterator[str]:
    levels = _levels(mail)
    if mail.html and (levels[:1] != [1] or levels.count(1) != 1):
        yield f"headings: {levels[:20]}"


@rule(
    "heading-order",
    "No level of headings is skipped on the way down.",
    "WCAG 2.2, 1.3.1 and 2.4.6",
    severity=Severity.WARNING,
)
def heading_order(mail: Mail) -> Iterator[str]:
    yield from (f"h{higher} behind h{lower}" for lower, higher in pairwise(_levels(mail)) if higher > lower + 1)


@rule("heading-empty", "Every heading says something.", "WCAG 2.2, 2.4.6", severity=Severity.WARNING)
def heading_empty(mail: Mail) -> Iterator[str]:
    yield from (f"<{one.tag}>" for place, one in mail.page.all(*HEADINGS) if not mail.page.words(place))


@rule(
    "table-role",
    "Tables that lay out say so: role=presentation.",
    "WAI-ARIA 1.2, presentation; WCAG 2.2, 1.3.1",
    severity=Severity.WARNING,
)
def table_role(mail: Mail) -> Iterator[str]:
    for _, table in mail.page.all("table"):
        if table.attributes.get("role") not in ("presentation", "none"):
            yield str(table.attributes.get("class", "a table"))


@rule("image-alt", "Every image says what it shows, or that it shows nothing.", "WCAG 2.2, 1.1.1")
def image_alt(mail: Mail) -> Iterator[str]:
    yield from (image.attributes.get("src", "") for _, image in mail.page.all("img") if "alt" not in image.attributes)


@rule(
    "font-small",
    "No text is smaller than 14 px.",
    "WCAG 2.2, 1.4.4; Email Markup Consortium, 2025",
    severity=Severity.WARNING,
)
def font_small(mail: Mail) -> Iterator[str]:
    for element, look, place in _shown(mail, mail.looks):
        if look.size < SMALLEST - _TOLERANCE and element.tag not in _SUNK:
            yield f"{look.size:g} px: {mail.page.words(place)}"


@rule("line-tight", "Lines stand 1.5 apart, those of large letters 1.2.", "WCAG 2.2, 1.4.12", severity=Severity.WARNING)
def line_tight(mail: Mail) -> Iterator[str]:
    for element, look, place in _shown(mail, mail.looks):
        least = _LARGE_LINE if look.size >= _LARGE else _LINE
        if element.tag not in _INLINE and (look.height is None or look.height < least - _TOLERANCE):
            yield f"{'not set' if look.height is None else f'{look.height:g}'}: {mail.page.words(place)}"


@rule("contrast-light", "Text stands out from its ground by 4.5 to 1.", "WCAG 2.2, 1.4.3", severity=Severity.WARNING)
def contrast_light(mail: Mail) -> Iterator[str]:
    yield from _faint(mail, mail.looks)


@rule(
    "contrast-dark",
    "With its dark rules too, text stands out from its ground by 4.5 to 1.",
    "WCAG 2.2, 1.4.3",
    severity=Severity.WARNING,
)
def contrast_dark(mail: Mail) -> Iterator[str]:
    yield from _faint(mail, mail.dark_looks)


@rule("hidden-text", "Nothing is hidden, not even a line for the inbox.", "Gmail's sender guidelines: hidden content")
def hidden(mail: Mail) -> Iterator[str]:
    for css in all_css(mail):
        yield from (found[0].strip(" ;{\n") for found in _HIDING.finditer(css))
    yield from (f"<{one.tag} hidden>" for one in mail.page.elements if "hidden" in one.attributes)


@rule(
    "layout-modern",
    "Layout is made of tables: no flex, no grid, nothing that floats or is placed.",
    "caniemail.com: display:flex, grid; Outlook's Word engine",
    severity=Severity.WARNING,
)
def modern(mail: Mail) -> Iterator[str]:
    for css in all_css(mail):
        yield from (found[0].strip(" ;{\n") for found in _MODERN.finditer(css))


@rule(
    "style-variable",
    "No style stands on a variable.",
    "caniemail.com: CSS variables, 45 % of programs",
    severity=Severity.WARNING,
)
def variable(mail: Mail) -> Iterator[str]:
    yield from (found[0] for css in all_css(mail) for found in _VARIABLE.finditer(css))


@rule(
    "margin",
    "Space is made by padding: margins are dropped here and there.",
    "caniemail.com: margin",
    severity=Severity.WARNING,
)
def margin(mail: Mail) -> Iterator[str]:
    for style in dict.fromkeys(element.attributes.get("style", "") for element in mail.page.elements):
        for name, value in declarations(style).items():
            if name.startswith("margin") and not all(map(_MARGIN.fullmatch, value.split())):
                yield f"{name}: {value}"


def _levels(mail: Mail) -> list[int]:
    return [int(element.tag[1]) for _, element in mail.page.all(*HEADINGS)]


def _shown(mail: Mail, seen: list[Look]) -> Iterator[tuple[Element, Look, int]]:
    """Yield each element with text of its own, how it looks, and its place."""
    for place in dict.fromkeys(run.parent for run in mail.page.runs):
        yield mail.page.elements[place], seen[place], place


def _faint(mail: Mail, seen: list[Look]) -> Iterator[str]:
    for _, look, place in _shown(mail, seen):
        if look.colour and look.ground and contrast(look.colour, look.ground) < CONTRAST - _TOLERANCE:
            yield f"{contrast(look.colour, look.ground):.2f}: {mail.page.words(place)}"
