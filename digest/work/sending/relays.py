"""The relays that the settings name."""

from __future__ import annotations

from digest.app import App
from digest.config.checks import duration
from digest.errors import ConfigError
from digest.publish.connection import Route
from digest.publish.relay import Relay, relay_of


def relay_for(app: App) -> Relay:
    """Return the relay that the settings name. Raises ConfigError without one, or when links would not be safe."""
    if not app.settings.smtp.url:
        raise ConfigError("smtp.url is empty: no mail can be sent", hint="set DIGEST_SMTP_URL or smtp.url")
    if not app.settings.site.secret:
        raise ConfigError("site.secret is empty: readers' links cannot be signed", hint="`digest init` writes one")
    if not app.settings.site.url.startswith("https://") and app.settings.host not in {"localhost", "127.0.0.1"}:
        raise ConfigError(f"site.url is {app.settings.site.url!r}: mail needs https", hint="RFC 8058 asks for https")
    return _relay(app, app.settings.smtp.url)


def route_for(app: App) -> Route:
    """Return the way that mail takes: the relay, and another when it is down. Raises ConfigError, as `relay_for`."""
    first, second = relay_for(app), app.settings.smtp.fallback
    return Route([first, _relay(app, second)] if second else [first])


def _relay(app: App, url: str) -> Relay:
    return relay_of(url, timeout=duration(app.settings.smtp.timeout), hostname=app.settings.host)
