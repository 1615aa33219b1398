"""What the tests of pages and mails share: the shipped templates, short ways to picks, and how HTML is read back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

from digest.model import Pick
from digest.render.languages import languages_of
from digest.render.mail import Envelope
from digest.render.templates import environment
from tests.factories import NOON, make_paper, make_pick

TEMPLATES = Path(__file__).parents[1] / "templates"
SOURCES = {
    path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
    for path in TEMPLATES.rglob("*")
    if path.is_file() and not path.name.startswith(".")
}
CATALOGUES = {
    path.parts[-3]: path.read_text("utf-8") for path in (TEMPLATES.parent / "digest/locales").glob("*/LC_MESSAGES/*.po")
}
ENV = environment(SOURCES, languages_of(CATALOGUES))

SVG = "{http://www.w3.org/2000/svg}"

# What our own templates use; anything else in a page came in from outside.
ELEMENTS = frozenset(
    "a article b bdi body br button caption dd desc details div dl dt figcaption figure footer form h1 h2 h3 h4 head "
    "header html input label li link main meta nav ol option p path pre section select span style summary svg table "
    "tbody td tfoot th thead title tr ul".split()
)
ATTRIBUTES = frozenset(
    "action align aria-current aria-describedby aria-invalid aria-label aria-labelledby aria-roledescription "
    "autocomplete border cellpadding cellspacing charset checked class colspan content d data-css-inline data-number "
    "dir download fill for height href id lang maxlength method name open placeholder property rel role scope selected "
    "style title type valign value viewBox width".split()
)


def make_picks(number: int, **changes: Any) -> list[Pick]:
    return [make_pick(make_paper(f"Paper {rank}"), rank=rank, **changes) for rank in range(1, number + 1)]


def make_envelope(**changes: Any) -> Envelope:
    given = {"address": "reader@example.org", "date": NOON, "message_id": "<1.daily@digest.example>"}
    leave, mine = "https://digest.example/leave/let-me-go", "https://digest.example/mine/key?tab=1&lang=en"
    page = "https://digest.example/digest/daily/2026-11-20/key"
    return Envelope(**{**given, "unsubscribe_url": leave, "preferences_url": mine, "digest_url": page, **changes})


def parsed(page: bytes | str) -> Element:
    """Read a page as browsers do (html5lib), names without their namespace."""
    root: Element = html5lib.parse(page, namespaceHTMLElements=False)
    return root


def part(root: Element, path: str) -> Element:
    """Return the first element at `path`, which must be there."""
    found = root.find(path)
    assert found is not None, path
    return found


def words_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def texts(root: Element, path: str) -> list[str]:
    return [words_of(element) for element in root.iterfind(path)]


def links(root: Element) -> list[str]:
    return [element.attrib["href"] for element in root.iter() if "href" in element.attrib]


def headings(root: Element) -> list[int]:
    """Return the levels of all headings, in order."""
    return [int(element.tag[1]) for element in root.iterfind(".//*") if re.fullmatch("h[1-6]", element.tag)]


def foreign(root: Element) -> Iterator[str]:
    """Yield what our templates never write: elements, attributes, and links with a scheme that could act."""
    for element in root.iterfind(".//*"):
        if element.tag.removeprefix(SVG) not in ELEMENTS:
            yield f"<{element.tag}>"
        for name, value in element.attrib.items():
            if name not in ATTRIBUTES:
                yield f"{element.tag} {name}={value!r}"
            if name in ("href", "action") and not re.match(r"(https?://|mailto:|\.\.?/|#)", value):
                yield f"{element.tag} {name}={value!r}"


def outline_is_sound(root: Element) -> bool:
    """Say whether there is one h1, first, and no level is skipped on the way down."""
    levels = headings(root)
    gentle = all(lower <= level + 1 for level, lower in pairwise(levels))
    return levels[:1] == [1] and levels.count(1) == 1 and gentle
