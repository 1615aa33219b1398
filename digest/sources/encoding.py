"""Bytes to characters, for what says nothing about its encoding or says it wrong."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Where the zeros of the first two ASCII characters stand (XML 1.0, appendix F).
_ZEROS = {
    (0, 0, 0, 1): "utf-32-be",
    (1, 0, 0, 0): "utf-32-le",
    (0, 1, 0, 1): "utf-16-be",
    (1, 0, 1, 0): "utf-16-le",
}
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
# Codecs that map bytes to characters one by one; Python has others under such names (punycode, unicode_escape).
_PLAIN = re.compile(r"utf|us-?ascii|ascii|iso|latin|windows|cp\d|koi8|big5|gb|hz|euc|shift|sjis|tis|mac|ks_c|johab")


def decode(data: bytes) -> str:
    """Return `data` as text: by its byte order mark, its zeros, its XML declaration, else UTF-8, else Windows-1252.

    Total: what is no character in the encoding found becomes U+FFFD.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    for candidate in (_by_zeros(data), _declared(data), "utf-8"):
        text = _strictly(data, candidate)
        if text is not None:
            return text
    return data.decode("windows-1252", "replace")


def _by_zeros(data: bytes) -> str | None:
    return _ZEROS.get(tuple(int(byte != 0) for byte in data[:4]))  # type: ignore[arg-type]


def _declared(data: bytes) -> str | None:
    """Return the encoding of the XML declaration, unless it cannot be true: we could read it as ASCII."""
    match = _DECLARED.match(data[:400])
    name = match[1].decode("ascii").lower() if match else ""
    return name if _PLAIN.match(name) and not name.startswith(("utf-16", "utf16", "utf-32", "utf-7")) else None


def _strictly(data: bytes, encoding: str | None) -> str | None:
    """Return `data` decoded, or None where one byte does not fit or Python has no such codec."""
    try:
        return data.decode(encoding) if encoding else None
    except (LookupError, UnicodeError):
        return None
