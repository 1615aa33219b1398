"""What every feed format can carry: no text of a feed, however hostile, costs the feed."""

from __future__ import annotations

import re

# XML 1.0, production 2, without the C1 controls and DEL, which it tolerates and validators warn about.
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_REFERENCE = re.compile("&(?=[A-Za-z0-9#])")
_BRACKETS = str.maketrans("<>", "‹›")
_CLOSING = re.compile(r"</(?=\w+>)")


def legal(text: str) -> str:
    """Return the text without characters that XML does not know."""
    return text if text.isprintable() else _ILLEGAL.sub("", text)


def one_line(text: str) -> str:
    """Return the text in one line of legal characters that cannot be taken for markup."""
    return unmarked(" ".join(legal(text).split()))


def unmarked(text: str) -> str:
    """Return plain text with a space in each closing tag that it shows.

    Such texts are rare, and readers that take a text with a closing tag for HTML are not.
    """
    return _CLOSING.sub("< /", text) if "</" in text else text


def bare(text: str) -> str:
    """Return plain text that is no markup even to who takes it for HTML, as OPML does: “R&D” becomes “R& D”."""
    return _REFERENCE.sub("& ", text).translate(_BRACKETS)
