"""What a rule is, and what comes of asking all of them about one mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import islice

from digest.model import Value
from digest.render.lint.message import Mail, Profile

FEW = 5  # findings of one rule in one mail: more would say nothing new
_SHOWN = 120
_UNSEEN = re.compile("[^ -~\xa1-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff\uf900-\ufdcf\ufdf0-\uffef]+")


class Severity(StrEnum):
    """An error: refused, misread, or harmful to the reader. A warning: it reads worse than it could."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Value):
    """What a rule has found: `what` is safe to print, whatever the mail holds."""

    rule: str
    severity: Severity
    what: str


class Rule(Value):
    """A rule: its id, what it asks for in one sentence, where that comes from, and the function that looks."""

    id: str
    sentence: str
    source: str
    severity: Severity
    profile: Profile | None
    check: Callable[[Mail], Iterable[str]]

    def findings(self, mail: Mail) -> list[Finding]:
        """Return the first FEW things that this rule finds in a mail."""
        if self.profile not in (None, mail.profile):
            return []
        return [
            Finding(rule=self.id, severity=self.severity, what=printable(what))
            for what in islice(self.check(mail), FEW)
        ]


def rule(
    name: str,
    sentence: str,
    source: str,
    *,
    severity: Severity = Severity.ERROR,
    profile: Profile | None = None,
) -> Callable[[Callable[[Mail], Iterable[str]]], Rule]:
    """Make a rule of a function that yields what is wrong. Without a `profile` it holds for lists and letters."""
    return lambda check: Rule(
        id=name, sentence=sentence, source=source, severity=severity, profile=profile, check=check
    )


def printable(text: str) -> str:
    """Return a text that does nothing to a terminal, in one line of at most 120 characters."""
    cut = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), cut)
