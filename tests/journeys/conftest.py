"""The journeys run on both stores: `store_url` is the address of an empty one; those of mail start on one site."""

from __future__ import annotations

import pytest

from tests.hosts import here
from tests.sending import app, clock, relay
from tests.servers import BACKENDS, postgres, postgres_url, sqlite_url

__all__ = ["app", "clock", "here", "postgres", "postgres_url", "relay", "sqlite_url"]


@pytest.fixture(params=BACKENDS)
def store_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))
