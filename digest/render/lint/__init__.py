"""The rules of a mail, asked of its raw bytes: `findings` says which of them it breaks, and how.

A rule is a function over a `Mail`, which is read once: strictly, in linear time, and whatever the bytes are. An error
is what gets a mail refused or misread, or harms its reader; no title and no name can bring it about. A warning is what
makes it read worse.
"""

from __future__ import annotations

from digest.render.lint import (
    accessibility,
    headers,
    likeness,
    lines,
    links,
    lists,
    mime,
    names,
    privacy,
    sizes,
    structure,
)
from digest.render.lint.message import Mail, Profile
from digest.render.lint.rules import Finding, Rule, Severity

__all__ = ["RULES", "Finding", "Profile", "Rule", "Severity", "findings"]

_SUBJECTS = (lines, headers, names, lists, mime, sizes, structure, links, privacy, accessibility, likeness)
RULES: tuple[Rule, ...] = tuple(
    each for subject in _SUBJECTS for each in vars(subject).values() if isinstance(each, Rule)
)


def findings(raw: bytes) -> list[Finding]:
    """Return what a message breaks, in the order of RULES. Any bytes will do."""
    mail = Mail(raw)
    return [finding for rule in RULES for finding in rule.findings(mail)]
