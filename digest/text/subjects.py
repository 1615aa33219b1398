"""Patterns for a mail's subject: which fields there are, and what is wrong with one."""

from __future__ import annotations

import re

FIELDS = {
    "site": "the site's name",
    "topic": "the topic's name, or those of all",
    "date": "the day, week or month",
    "count": "how many papers there are",
    "first": "the first paper's title, cut to fit",
    "more": "how many papers come behind the first",
}
FIELD = re.compile(r"\{([^{}]*)\}")
LONGEST = 120


def check_subject(pattern: str) -> None:
    """Raise ValueError for a pattern with an unknown field, a stray brace, more than a line, or without end."""
    for name in FIELD.findall(pattern):
        if name not in FIELDS:
            raise ValueError(f"{{{name}}} is no field of a subject: use {', '.join(f'{{{one}}}' for one in FIELDS)}")
    if re.search("[{}]", FIELD.sub("", pattern)):
        raise ValueError("a brace stands alone: fields are written {first}")
    if not pattern.isprintable():
        raise ValueError("use one line without control characters")
    if len(pattern) > LONGEST:
        raise ValueError(f"use at most {LONGEST} characters")
