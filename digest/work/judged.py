"""Files of judged data: JSON Lines, which may be gzipped, and judgements as tab-separated lines."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digest.errors import ConfigError

Gains = dict[str, dict[str, float]]


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a file, each with where it stands, for messages. Raises ConfigError."""
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{where}: not JSON: {error}") from error
        if not isinstance(found, dict):
            raise ConfigError(f"{where}: not an object")
        yield where, found


def queries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the queries of a file, each with where it stands. Raises ConfigError."""
    seen: set[str] = set()
    for where, query in json_lines(path):
        name = query.get("query_id")
        if not isinstance(name, str):
            raise ConfigError(f"{where}: a query needs a query_id")
        if name in seen:
            raise ConfigError(f"{where}: query {name!r} stands there twice")
        seen.add(name)
        yield where, query


def judgements(path: Path) -> Gains:
    """Return the gain of each judged document by query. Raises ConfigError."""
    gains: Gains = {}
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            query, document, gain = line.rstrip("\r").split("\t")
            gains.setdefault(query, {})[document] = _finite(gain)
        except ValueError as error:
            raise ConfigError(f"{path}, line {number}: not query, document, gain, parted by tabs") from error
    return gains


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _lines(path: Path) -> list[str]:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return data.decode("utf-8-sig").split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="see the README of the judged data") from error
