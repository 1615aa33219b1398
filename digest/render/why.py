"""Why a paper is here, for people and for programs. No template: the form is a promise.

In JSON Feed it is the object `_paper`, whose `about` is the address `WHY`. In RSS and Atom it stands in the HTML of the
item, where readers show it, and programs find it by these classes (elements of a namespace of our own would draw a
warning from the W3C's validator):

    why-reason   one reason in words; repeated
    why-score    the score; its title attribute is the number in full
    why-part     one addend of the score; repeated; it starts with the part's name and holds
        why-value, why-weight    its value from 0 to 1 and how much it counts, in full as titles

The values times their weights add up to the score within 1e-9, as read back.
"""

from __future__ import annotations

from markupsafe import escape

from digest.model import Part, Pick
from digest.render.languages import ENGLISH, Language
from digest.render.legal import one_line

WHY = "https://digest.example/ns/why/1.0"


def why_html(pick: Pick) -> str:
    """Return the reasons of a pick, and its score part by part if it has one."""
    reasons = "; ".join(f'<span class="why-reason">{escape(one)}</span>' for one in reasons_of(pick))
    if not pick.parts:
        return f"<p>Why: {reasons}</p>\n"
    score = _number("why-score", pick.score, f"{pick.score:.3f}")
    return f"<p>Why: {reasons}</p>\n<p>Score {score}: {', '.join(map(_part, pick.parts))}</p>\n"


def reasons_of(pick: Pick) -> tuple[str, ...]:
    """Return the reasons of a pick in English, each in one line."""
    return tuple(filter(None, map(one_line, map(ENGLISH.of, pick.reasons))))


def sentence(pick: Pick, language: Language = ENGLISH) -> str:
    """Return the reasons of a pick as one clause."""
    return "; ".join(map(language.of, pick.reasons))


def _part(part: Part) -> str:
    value = _number("why-value", part.value, f"{part.value:.3f}")
    weight = _number("why-weight", part.weight, f"{part.weight:g}")
    return f'<span class="why-part">{escape(one_line(part.name))} {value} × {weight}</span>'


def _number(name: str, number: float, shown: str) -> str:
    return f'<abbr class="{name}" title="{number!r}">{shown}</abbr>'
