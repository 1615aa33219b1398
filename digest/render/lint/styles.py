"""How a mail's text looks, as far as its inlined styles and its dark rules say: size, line height, two colours.

Only what mails use is understood: inline declarations, and in the style element rules for names, classes and
descendants within `@media (prefers-color-scheme: dark)`. What cannot be told is None, and no rule judges it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from digest.render.lint.markup import Element, Page

Colour = tuple[int, int, int]
Declared = Mapping[str, str]
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
_NAMED = {"white": WHITE, "black": BLACK, "gray": (128, 128, 128), "silver": (192, 192, 192), "red": (255, 0, 0)}
_SIZE = re.compile(r"([\d.]{1,9})(px|pt|em|rem|%)(?:\s*/\s*([\d.]{1,9}(?:px|pt|em|%)?))?")
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})\b")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)")
_COMPOUND = re.compile(r"([a-z][a-z0-9]*)?((?:\.[\w-]+)*)")
_DARK = re.compile(r"@media[^{@]*prefers-color-scheme:\s*dark")
_RULES = 200  # no more are looked at: the time stays linear


class Look(NamedTuple):
    """How an element's own text is shown: size in px, line height as a factor of it; None is not known."""

    colour: Colour | None
    ground: Colour | None
    size: float
    height: float | None


class _Compound(NamedTuple):
    tag: str
    classes: frozenset[str]


class _Rule(NamedTuple):
    selector: tuple[_Compound, ...]
    declared: Declared


_Progress = tuple[int, ...]
_PLAIN = Look(BLACK, WHITE, 16.0, None)


def looks(page: Page, *, dark: bool = False) -> list[Look]:
    """Return the look of each element, with the dark rules applied or without."""
    rules = sorted(islice(_dark_rules(page.sheets()), _RULES), key=lambda rule: len(rule.selector)) if dark else []
    found: list[Look] = []
    known: dict[tuple[object, ...], Look] = {}
    for element, darkened in zip(page.elements, _darkened(page, rules), strict=True):
        parent = found[element.parent] if element.parent >= 0 else _PLAIN
        style, ground = element.attributes.get("style", ""), element.attributes.get("bgcolor", "")
        key = (parent, element.tag, style, ground, *darkened.items())
        if key not in known:
            own = {"background-color": ground} if ground else {}
            known[key] = _look(parent, element.tag, {**own, **declarations(style), **darkened})
        found.append(known[key])
    return found


@lru_cache(maxsize=256)
def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def declarations(style: str) -> dict[str, str]:
    """Return the properties of a style attribute in lower case, the last of each; `!important` is dropped."""
    pairs = (piece.partition(":") for piece in style.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs if value}


def uncommented(css: str) -> str:
    """Return CSS without its comments."""
    first, *rest = css.split("/*")
    return first + "".join(piece.partition("*/")[2] for piece in rest)


def has_dark_rules(page: Page) -> bool:
    """Say whether a style element has rules for dark surroundings."""
    return any(_DARK.search(sheet.lower()) for sheet in page.sheets())


def _look(parent: Look, tag: str, declared: Declared) -> Look:
    size, height = _font(parent, declared)
    colour = parent.colour if "color" not in declared else _colour(declared["color"], parent.colour)
    # A browser paints links in a colour of its own, unless the style says otherwise.
    if tag == "a" and "color" not in declared:
        colour = None
    ground = declared.get("background-color", declared.get("background", ""))
    return Look(colour, _colour(ground, parent.ground) if ground else parent.ground, size, height)


def _font(parent: Look, declared: Declared) -> tuple[float, float | None]:
    size, height = parent.size, parent.height
    if "font" in declared:
        size, height = _sized(declared["font"], parent)
    if "font-size" in declared:
        size = _sized(declared["font-size"], parent)[0]
    if "line-height" in declared:
        height = _factor(declared["line-height"], size)
    return size, height


def _sized(value: str, parent: Look) -> tuple[float, float | None]:
    """Return the size in px and the line height that a font says; no line height means the browser's own."""
    match = _SIZE.search(value)
    number = _number(match[1]) if match else None
    if not match or number is None:
        return parent.size, None
    size = number * {"px": 1.0, "pt": 4 / 3, "em": parent.size, "rem": 16.0, "%": parent.size / 100}[match[2]]
    return size, _factor(match[3], size) if match[3] else None


def _factor(value: str, size: float) -> float | None:
    """Return a line height as a factor of the size."""
    number = _number(value.rstrip("pxtem%"))
    if number is None or not size:
        return None
    if value.endswith(("px", "pt")):
        return number * (4 / 3 if value.endswith("pt") else 1) / size
    return number / 100 if value.endswith("%") else number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _colour(value: str, inherited: Colour | None) -> Colour | None:
    if value in ("inherit", "transparent", "currentcolor", "none"):
        return inherited
    if match := _HEX.search(value):
        digits = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if match := _RGB.search(value):
        return min(int(match[1]), 255), min(int(match[2]), 255), min(int(match[3]), 255)
    return _NAMED.get(value)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """Yield each block of the outermost level: what stands in front of its brace, and what inside."""
    depth, start, inside = 0, 0, 0
    for brace in re.finditer(r"[{}]", css):
        depth += 1 if brace[0] == "{" else -1
        if depth == 1 and brace[0] == "{":
            inside = brace.end()
        elif depth == 0:
            yield css[start : inside - 1].strip(), css[inside : brace.start()]
        if depth <= 0:
            depth, start = 0, brace.end()


def _dark_rules(sheets: list[str]) -> Iterator[_Rule]:
    for sheet in sheets:
        for condition, body in _blocks(uncommented(sheet.lower())):
            if _DARK.match(condition):
                for selectors, style in _blocks(body):
                    # What is not marked important yields to the inlined style.
                    important = (each for each in style.split(";") if "!important" in each)
                    yield from _rules(selectors, declarations(";".join(important)))


def _rules(selectors: str, declared: Declared) -> Iterator[_Rule]:
    for selector in selectors.split(","):
        compounds = [_COMPOUND.fullmatch(piece) for piece in selector.split()]
        if compounds and all(compounds):
            yield _Rule(tuple(_compound(match) for match in compounds if match), declared)


def _compound(match: re.Match[str]) -> _Compound:
    return _Compound(match[1] or "", frozenset(filter(None, match[2].split("."))))


def _darkened(page: Page, rules: Sequence[_Rule]) -> Iterator[Declared]:
    """Yield what the rules declare for each element in turn.

    A `_Progress` says of each rule how many of the compounds above its last one stand above an element already.
    """
    steps: list[_Progress] = []
    known: dict[tuple[_Progress, str, str], tuple[_Progress, Declared]] = {}
    for element in page.elements:
        before = steps[element.parent] if element.parent >= 0 else (0,) * len(rules)
        key = (before, element.tag, element.attributes.get("class", ""))
        if key not in known:
            known[key] = _step(before, _own(element), rules)
        steps.append(known[key][0])
        yield known[key][1]


def _step(before: _Progress, own: _Compound, rules: Sequence[_Rule]) -> tuple[_Progress, Declared]:
    declared: dict[str, str] = {}
    after = list(before)
    for place, rule in enumerate(rules):
        *above, last = rule.selector
        if before[place] < len(above):
            after[place] += _fits(above[before[place]], own)
        elif _fits(last, own):
            declared.update(rule.declared)
    return tuple(after), declared


def _own(element: Element) -> _Compound:
    return _Compound(element.tag, frozenset(element.attributes.get("class", "").lower().split()))


def _fits(compound: _Compound, own: _Compound) -> bool:
    return compound.tag in ("", own.tag) and compound.classes <= own.classes
