"""Real servers, and the site in memory with its doors, for the tests that name them."""

from __future__ import annotations

from tests.browser import browser
from tests.doors import app, clock, place, readonly, web
from tests.hosts import here
from tests.servers import postgres, postgres_url

__all__ = ["app", "browser", "clock", "here", "place", "postgres", "postgres_url", "readonly", "web"]
