"""Print for people (aligned columns) or for programs (JSON Lines). Messages go to stderr, results to stdout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec


def print_json(row: Any) -> None:
    """Print one value as a line of JSON."""
    click.echo(msgspec.json.encode(row, order="sorted" if isinstance(row, dict) else None).decode())


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


def _cell(value: object) -> str:
    return "-" if value is None else " ".join(str(value).split())
