"""The site in memory for the tests of what its doors do."""

from __future__ import annotations

from tests.doors import app, clock, place

__all__ = ["app", "clock", "place"]
