"""Short ways to ask an address in tests, and to be refused."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Any

import pytest

from digest.errors import FetchError
from digest.fetch import Fetcher, Request, Response

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
PUBLIC = "93.184.216.34"


def fetcher(**options: Any) -> Fetcher:
    given = {"agent": "digest/test", "now": lambda: NOON, "allow_private": True, "trust": NOBODY}
    return Fetcher(**{**given, **options})


async def ask(request: Request, **options: Any) -> Response:
    async with fetcher(**options) as client:
        return await client.get(request)


def get(url: str, **options: Any) -> Response:
    validators = {name: options.pop(name) for name in ("etag", "last_modified") if name in options}
    return asyncio.run(ask(Request(url=url, **validators), **options))


def refused(url: str, **options: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        get(url, **options)
    assert "\n" not in caught.value.message
    return caught.value
