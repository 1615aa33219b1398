"""XML written as text: the many small elements of a feed's items, for which a tree costs five times as much."""

from __future__ import annotations

# A title is plain text, but some readers take one that holds `&lt;` for HTML: the RSS Advisory Board's profile wants
# these two as hexadecimal references, which lxml does not write.
_AMPERSAND, _LESS = "&#x26;", "&#x3C;"


def element(name: str, text: str, /, **attributes: str | None) -> str:
    """Return an element on a line of its own, without the attributes that are None. The text is of legal characters."""
    written = _written(attributes) if attributes else ""
    return f"<{name}{written}>{escaped(text)}</{name}>\n"


def empty(name: str, /, **attributes: str | None) -> str:
    """Return an element without content."""
    return f"<{name}{_written(attributes)}/>\n"


def escaped(text: str) -> str:
    """Return text as it stands between tags."""
    return text.replace("&", _AMPERSAND).replace("<", _LESS).replace(">", "&gt;")


def _written(attributes: dict[str, str | None]) -> str:
    return "".join(f' {name}="{_quoted(value)}"' for name, value in attributes.items() if value is not None)


def _quoted(value: str) -> str:
    """Return an attribute's value. What is already one is by far the most: an address without a query."""
    if value.isascii() and value.isprintable() and not ("&" in value or "<" in value or '"' in value):
        return value
    written = escaped(value).replace('"', "&quot;")
    return written.replace("\n", "&#xA;").replace("\t", "&#x9;").replace("\r", "&#xD;")
