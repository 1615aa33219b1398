"""Every query, once, in the SQL that SQLite (3.39 or later) and PostgreSQL share.

Parameters are named. A list of any length travels as one JSON array, `json_each(:ids)`: SQLite brings this function,
PostgreSQL gets one of the same name and shape by its first migration. No other function of a dialect is used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# SQLite knows no `limit null`, PostgreSQL no `limit -1`.
NO_LIMIT = 2**63 - 1


def columns_of(names: Sequence[str], before: str = "") -> str:
    """Return a list of columns, each with `before` in front: `id, title` or `:id, :title`."""
    return ", ".join(before + name for name in names)


def matching(given: Mapping[str, object]) -> str:
    """Return the where clause that keeps rows equal to each given value that is not None."""
    terms = [f"{name} = :{name}" for name, value in given.items() if value is not None]
    return f" where {' and '.join(terms)}" if terms else ""


def insert(table: str, columns: Sequence[str]) -> str:
    return f"insert into {table} ({columns_of(columns)}) values ({columns_of(columns, ':')})"


def upsert(table: str, columns: Sequence[str], *, key: Sequence[str], keep: Sequence[str] = ()) -> str:
    """Insert a row, or update the one with its key if it is distinct: an equal row is not written, nor indexed anew."""
    rest = [column for column in columns if column not in (*key, *keep)]
    return f"""{insert(table, columns)}
on conflict ({columns_of(key)}) do update set {", ".join(f"{column} = excluded.{column}" for column in rest)}
where ({columns_of(rest, f"{table}.")}) is distinct from ({columns_of(rest, "excluded.")})"""


TABLES = (
    "source",
    "entry",
    "paper",
    "signal",
    "topic",
    "edition",
    "subscriber",
    "subscription",
    "digest",
    "delivery",
    "bounce",
    "suppression",
)
TALLY = " union all ".join(f"select '{table}' as name, count(*) as held from {table}" for table in TABLES)
