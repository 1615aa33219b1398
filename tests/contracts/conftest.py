"""The store's contract holds for every backend: a test that asks for `store` runs once on each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from digest.store import Store, open_store
from tests.servers import BACKENDS, emptied_url, postgres, postgres_url, sqlite_url

__all__ = ["emptied_url", "postgres", "postgres_url", "sqlite_url"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store_url(backend: str, request: pytest.FixtureRequest) -> str:
    """The address of an empty database: a new one, where the test opens it itself."""
    kind = "emptied" if backend == "postgres" and "store" in request.fixturenames else backend
    return str(request.getfixturevalue(f"{kind}_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with closing(open_store(store_url)) as opened:
        yield opened
