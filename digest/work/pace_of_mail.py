"""How fast this site's mail may go: what its settings say today, and what relays and receivers taught this process."""

from __future__ import annotations

import asyncio
from datetime import date

from digest.app import App
from digest.config.checks import day, rate
from digest.config.settings import SmtpSettings
from digest.publish.flow import Limits, warm_rate
from digest.publish.pace import Pace


def pace_for(app: App, stop: asyncio.Event) -> Pace:
    """Return the pace of a round of sending."""
    keep_limits(app)
    return Pace(app.flows, app.receivers, stop=stop)


def keep_limits(app: App) -> None:
    """Set the limits of today. A round may last for days, so it is done each time that mails are claimed."""
    app.flows.limit(limits_of(app.settings.smtp, app.calendar.today(app.now())))


def limits_of(smtp: SmtpSettings, today: date) -> Limits:
    """Return the limits of a day."""
    began = day(smtp.warm_up)
    warm = warm_rate(rate(smtp.warm_up_rate) or 0, began, today) if began else None
    together = [limit for limit in (rate(smtp.rate), warm) if limit is not None]
    return Limits(together=min(together, default=None), relay=rate(smtp.relay_rate), receiver=rate(smtp.receiver_rate))
