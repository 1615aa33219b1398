"""What the shared code needs of a database. A driver holds all that is peculiar to one, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = dict[str, Any]


class Driver(Protocol):
    """Runs SQL with parameters by name, each passed through `rows.cell`, and says what went wrong as a StoreError."""

    dialect: str
    """The folder of its migrations."""

    def rows(self, query: str, /, **params: object) -> list[Row]:
        """What a query returns."""

    def run(self, query: str, /, **params: object) -> int:
        """Run one statement. Returns how many rows it wrote."""

    def many(self, query: str, rows: Iterable[Mapping[str, object]], /) -> int:
        """Run one statement for each row, all in one transaction. Returns how many rows were written."""

    def script(self, text: str) -> None:
        """Run the statements of a migration inside the open transaction."""

    matching: str
    """A query for the numbers of the newest `:reach` papers whose text holds what is `:wanted`."""

    def wanted(self, query: str) -> object:
        """What `matching` takes as `:wanted` for a reader's query: nothing if there is no word in it."""

    def transaction(self) -> AbstractContextManager[None]:
        """See Store.transaction."""

    def close(self) -> None:
        """See Store.close."""
