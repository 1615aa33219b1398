"""How fast this process may mail: its share of what the settings say today, and what relays and receivers taught it."""

from __future__ import annotations

import asyncio
from datetime import date

import structlog

from digest.app import App
from digest.config.checks import day, rate
from digest.config.settings import SmtpSettings
from digest.publish.flow import Limits, warm_rate
from digest.publish.pace import Pace

log = structlog.get_logger()


def pace_for(app: App, stop: asyncio.Event) -> Pace:
    """Return the pace of a round of sending."""
    return Pace(app.flows, app.receivers, stop=stop, gate=lambda now: _opens(app, now))


def keep_limits(app: App) -> bool:
    """Set this process's share of the limits of today; say whether it has one. Raises StoreError.

    A round may last for days, and other senders come and go: it is done each time that mails are claimed, and while
    they wait.
    """
    stood_by = app.share.stands_by
    found = app.share.look(limits_of(app.settings.smtp, app.calendar.today(app.now())))
    if found is not None:
        app.flows.limit(found)
    elif not stood_by:
        log.info("stands_by", why="the limits are too small to be shared with those who send already")
    return found is not None


def _opens(app: App, now: float) -> float:
    if app.share.stale:
        keep_limits(app)
    return app.share.opens(now)


def limits_of(smtp: SmtpSettings, today: date) -> Limits:
    """Return the limits of a day."""
    began = day(smtp.warm_up)
    warm = warm_rate(rate(smtp.warm_up_rate) or 0, began, today) if began else None
    together = [limit for limit in (rate(smtp.rate), warm) if limit is not None]
    return Limits(together=min(together, default=None), relay=rate(smtp.relay_rate), receiver=rate(smtp.receiver_rate))
