"""The door through which every text comes in."""

from __future__ import annotations

from digest.text.characters import tidy
from digest.text.markup import looks_like_html, strip_tags
from digest.text.tex import has_tex, to_unicode


def clean(text: str) -> str:
    """Return plain text fit to store and show: one line, valid Unicode (NFC), nothing invisible, TeX as Unicode.

    Total, and linear in the length. Markup is not looked at: `a <b> c` keeps its brackets (`from_html` reads them).
    """
    line = tidy(text)
    return tidy(to_unicode(line)) if has_tex(line) else line


def from_html(markup: str) -> str:
    """Return the words of an HTML fragment as `clean` returns them."""
    # What nobody sees must not hide a tag, either: it would be one when it is gone.
    return clean(strip_tags(tidy(markup)) if "<" in markup else strip_tags(markup))


def plain(text: str) -> str:
    """Return `text` cleaned, read as HTML if it looks like it: for the fields of feeds that do not say which it is."""
    return from_html(text) if looks_like_html(text) else clean(text)
