"""Where events go: one line each on stderr, JSON unless a person is watching."""

from __future__ import annotations

import sys

import structlog


def log_to_stderr() -> None:
    """Send events to stderr, so that stdout holds results alone."""
    watched = sys.stderr.isatty()
    shown = structlog.dev.ConsoleRenderer() if watched else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            shown,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
