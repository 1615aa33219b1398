"""Real servers for the tests that name them."""

from __future__ import annotations

from tests.servers import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]
