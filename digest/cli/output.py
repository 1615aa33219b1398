"""Print for people (aligned columns) or for programs (JSON Lines). Messages go to stderr, results to stdout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import click
import msgspec

from digest.model import Phrase


def print_json(row: Any) -> None:
    """Print one value as a line of JSON; what is said in it, is said in English."""
    order: Literal["sorted"] | None = "sorted" if isinstance(row, dict) else None
    line = msgspec.json.encode(row, order=order)
    if b'"plural":' in line:
        line = msgspec.json.encode(_in_english(msgspec.json.decode(line)))
    click.echo(line.decode())


def print_rows(rows: Iterable[Sequence[object]], *, head: Sequence[str] = ()) -> None:
    """Print rows in aligned columns; the last column runs on. Nothing is printed for no rows."""
    table = [[_cell(cell) for cell in row] for row in rows]
    if not table:
        return
    table = [list(head), *table] if head else table
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]) - 1)]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())


def say(message: str) -> None:
    """Tell the person at the terminal something that is no result."""
    click.echo(message, err=True)


def _in_english(value: Any) -> Any:
    from digest.render.languages import ENGLISH

    match value:
        case {"message": str(), "plural": _, "values": _}:
            return ENGLISH.of(msgspec.convert(value, Phrase))
        case dict():
            return {name: _in_english(one) for name, one in value.items()}
        case list():
            return [_in_english(one) for one in value]
    return value


def _cell(value: object) -> str:
    return "-" if value is None else " ".join(str(value).split())
