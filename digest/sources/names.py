"""Names of authors as lists of references write them."""

from __future__ import annotations

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md"})


def upright(name: str) -> str:
    """Return "Ruiz, Ana" as "Ana Ruiz", and BibTeX's "Ruiz, Jr, Ana" as "Ana Ruiz Jr"; other names as they are."""
    parts = [part.strip() for part in name.split(",")]
    match parts:
        case [family, given] if family and given and given.lower().rstrip(".") not in _SUFFIXES:
            return f"{given} {family}"
        case [family, suffix, given] if suffix.lower().rstrip(".") in _SUFFIXES:
            return f"{given} {family} {suffix}"
    return name


def listed(names: str) -> tuple[str, ...]:
    """Return the names in "Ruiz, A.; Li, B.", each upright."""
    return tuple(upright(name) for name in names.split(";"))
