"""The store's contract holds for every backend: a test that asks for `store` runs once on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from digest.store import Store, open_store


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder}/digest.db"


# By name: what makes the URL of a new, empty database that lasts for one test.
BACKENDS: dict[str, Callable[[Path], str]] = {"sqlite": _sqlite}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store_url(backend: str, tmp_path: Path) -> str:
    return BACKENDS[backend](tmp_path)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with closing(open_store(store_url)) as opened:
        yield opened
