"""Answers of services in JSON, read or refused."""

from __future__ import annotations

from typing import Any

from digest.errors import SourceError
from digest.sources.json import NotJsonError, decoded


def answer_of(data: bytes, kind: type, name: str) -> Any:
    """Return the value in an answer. Raises SourceError if it is broken, or not the `kind` (dict, list) it must be."""
    try:
        found = decoded(data)
    except NotJsonError as error:
        raise SourceError(f"{name} answers with broken JSON: {error}") from None
    if not isinstance(found, kind):
        raise SourceError(f"{name} answers with {type(found).__name__}, not {kind.__name__}")
    return found
