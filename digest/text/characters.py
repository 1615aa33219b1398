"""Which characters may stand in a text: valid Unicode, composed, visible, in one line."""

from __future__ import annotations

import re
import unicodedata

# What a reader never sees: controls, surrogates, noncharacters, direction overrides, zero-width and tag characters.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ufdd0-\ufdef\ud800-\udfff"
    "\U000e0000-\U000e0fff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]+"
)
# Each printable sign of ASCII as itself: what a translation leaves as it was, is printable.
_PRINTABLE = bytes(code if 0x20 <= code < 0x7F else 0x20 for code in range(256))
# Printable by the letter of the standard, and yet not to be waved through: marks, fillers, variation selectors.
_DOUBTFUL = re.compile(
    "[\u0300-\u036f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# A control character of this block is a sign of Windows-1252 that somebody read as Latin-1.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# A joiner is kept between two visible characters outside Latin: emoji sequences, Persian, the scripts of India.
_VISIBLE = r"[^\x00-\u02ff\s\u200b-\u200f]"
_LOOSE_JOINER = re.compile(rf"(?<!{_VISIBLE})[\u200c\u200d]|[\u200c\u200d](?!{_VISIBLE})")
_SELECTORS = re.compile("([\ufe00-\ufe0f])[\ufe00-\ufe0f]+")

# Composing sorts a run of combining marks in quadratic time; UAX 15 (stream-safe text) allows 30 in a row.
_MARKS_IN_A_ROW = 30
_MARKED = re.compile(rf"[^\w\s\x00-\x7f]{{{_MARKS_IN_A_ROW + 1},}}")


def tidy(text: str) -> str:
    """Return `text` in one line of visible characters, composed (NFC), without spaces around it.

    Total and linear: any `str` will do, lone surrogates included.
    """
    line = text.replace("\n", " ").strip()
    if _is_tidy(line):
        return line
    folded = " ".join(line.split())
    return folded if _is_tidy(folded) else _tidied(folded)


def visible(text: str) -> str:
    """Return `text` without characters that no reader sees; safe to normalise in linear time."""
    shown = _SELECTORS.sub(r"\1", _HIDDEN.sub("", text.translate(_WINDOWS)))
    return _MARKED.sub(lambda run: _few_marks(run[0]), shown)


def storable(text: str) -> str:
    """Return `text` as it came, less what neither UTF-8 nor a database holds: lone surrogates and NUL."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("", text)


def _few_marks(run: str) -> str:
    marks = [place for place, character in enumerate(run) if unicodedata.combining(character)]
    surplus = set(marks[_MARKS_IN_A_ROW:])
    return "".join(character for place, character in enumerate(run) if place not in surplus)


def _is_tidy(line: str) -> bool:
    """Say whether nothing is to be done, as is so for nearly every text: a tenth of the cost of doing it."""
    if "  " in line:
        return False
    if line.isascii():
        encoded = line.encode()
        return encoded.translate(_PRINTABLE) == encoded  # a sixth of the cost of isprintable()
    return line.isprintable() and unicodedata.is_normalized("NFC", line) and not _DOUBTFUL.search(line)


def _tidied(line: str) -> str:
    composed = unicodedata.normalize("NFC", visible(line))
    return " ".join(_LOOSE_JOINER.sub("", composed).split())
