"""Encoded words in headers (RFC 2047), read strictly: in UTF-8, one at a time."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp

WORD = re.compile(r"=\?([^?\s]*)\?([^?\s]*)\?([^?\s]*)\?=")
_GAP = re.compile(r"(\?=)\s+(?==\?[^?\s]*\?[^?\s]*\?[^?\s]*\?=)")
_Q = re.compile(r"(?:[!-<>@-^`-~_]|=[0-9A-F]{2})*")


def decoded_words(value: str) -> str:
    """Return a value with its encoded words read; blanks between two of them go, and a wrong one stays as it is."""
    return WORD.sub(lambda word: decoded(word) or word[0], _GAP.sub(r"\1", value))


def decoded(word: re.Match[str]) -> str | None:
    """Return what an encoded word says, or None if it is not one: another charset, a bad encoding, half a character."""
    charset, encoding, text = word.groups()
    try:
        return _octets(encoding, text).decode("utf-8") if charset.lower() in ("utf-8", "us-ascii") else None
    except ValueError:
        return None


def _octets(encoding: str, text: str) -> bytes:
    """Raises ValueError for what is neither of the two encodings."""
    if encoding in "bB" and encoding:
        return a2b_base64(text, strict_mode=True)
    if encoding in "qQ" and encoding and _Q.fullmatch(text):
        return a2b_qp(text, header=True)
    raise Error(f"no encoding of words: {encoding}")
