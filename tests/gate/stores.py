"""On which store the sites of a part stand: on SQLite, each in a folder, or on a PostgreSQL that syncs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from tests.gate.sites import Place, copied

if TYPE_CHECKING:
    from tests.servers import PostgresServer


class Ground(Protocol):
    """Where sites are made and copied; a copy replaces the last one."""

    def new(self) -> Place:
        """Return the place of a site to be."""

    def copy(self, template: Place) -> Place:
        """Return a copy of a site that is closed."""


# Lays a ground for a part, and clears it.
Laid = Callable[[], AbstractContextManager[Ground]]


class Folders:
    """Sites on SQLite."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count()

    def new(self) -> Path:
        place = self._folder / f"site-{next(self._numbers)}"
        place.mkdir()
        return place

    def copy(self, template: Place) -> Path:
        return copied(Path(template), self._folder / "copy")


class Databases:
    """Sites on a PostgreSQL; whoever is left of a killed sender is shown out of a copy that is replaced."""

    def __init__(self, server: PostgresServer) -> None:
        self._server, self._numbers = server, count()

    def new(self) -> str:
        return self._made(f"site_{next(self._numbers)}", "template1")

    def copy(self, template: Place) -> str:
        return self._made("copy", str(template).partition("?")[0].rpartition("/")[2])

    def _made(self, name: str, template: str) -> str:
        self._server.run(f"drop database if exists {name} with (force)")
        self._server.run(f"create database {name} template {template}")
        return self._server.url(name)


@contextmanager
def sqlite() -> Iterator[Ground]:
    with TemporaryDirectory() as name:
        yield Folders(Path(name))


@contextmanager
def postgres() -> Iterator[Ground]:
    """A server of its own, which syncs each commit. Raises OSError where there is none to start."""
    with closing(_server()) as server:
        yield Databases(server)


def _server() -> PostgresServer:
    try:
        from tests.servers import PostgresServer

        return PostgresServer(durable=True)
    except (ImportError, AssertionError, OSError) as error:
        raise FileNotFoundError(
            "PostgreSQL is not there: install .[dev], or name its programs in POSTGRES_BIN"
        ) from error
