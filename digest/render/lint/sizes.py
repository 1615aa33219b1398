"""Rules for how large a mail and its pieces may be."""

from __future__ import annotations

from collections.abc import Iterator

from digest.render.blocks import HTML_LIMIT
from digest.render.lint.message import Mail
from digest.render.lint.rules import rule

STYLE_LIMIT = 16_000  # characters in the first style element, beyond which Gmail drops it
HEAD_LIMIT = 8 * 1024


@rule("html-large", "The HTML has at most 90 KiB.", "Gmail clips behind 102 kB (hteumeuleu/email-bugs#41)")
def html_large(mail: Mail) -> Iterator[str]:
    size = len(mail.html.encode("utf-8", "replace"))
    if size > HTML_LIMIT:
        yield f"{size:,} bytes"


@rule("style-large", "The style elements have at most 16,000 characters together.", "hteumeuleu/email-bugs#90")
def style_large(mail: Mail) -> Iterator[str]:
    size = sum(map(len, mail.page.sheets()))
    if size > STYLE_LIMIT:
        yield f"{size:,} characters"


@rule("head-large", "The headers have at most 8 KiB.", "Yahoo refuses oversized headers")
def head_large(mail: Mail) -> Iterator[str]:
    size = sum(len(line) + 2 for line in mail.head_lines)
    if size > HEAD_LIMIT:
        yield f"{size:,} bytes"
