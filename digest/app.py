"""The composition root: settings, store, templates and the clock, put together once and handed down.

The only module that reads the system clock, and the only one that knows where the shipped files stand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.config.checks import clock_time, hours
from digest.config.loading import load
from digest.config.settings import FILE_NAME, Release, Settings
from digest.edition import Calendar, Quiet
from digest.errors import ConfigError
from digest.model import Site

if TYPE_CHECKING:
    from digest.publish.flow import Flows
    from digest.publish.receivers import Receivers
    from digest.publish.sharing import Share
    from digest.render.templates import Templates
    from digest.store import Store
    from digest.watch import Timetable

LOCALES = "locales"


@dataclass(frozen=True)
class App:
    """Everything a verb needs. `now` returns the current instant, in whole seconds, UTC."""

    settings: Settings
    store: Store
    now: Callable[[], datetime]

    @cached_property
    def site(self) -> Site:
        return self.settings.public_site

    @cached_property
    def templates(self) -> Templates:
        from digest.render.languages import languages_of
        from digest.render.templates import environment

        return environment(template_sources(self.settings), languages_of(catalogues(self.settings)))

    @cached_property
    def calendar(self) -> Calendar:
        schedule = self.settings.schedule
        return Calendar(
            zone=ZoneInfo(self.settings.site.zone),
            compose_at=clock_time(schedule.compose_at),
            compose_by=clock_time(schedule.compose_by),
            release_by=clock_time(schedule.release_by),
            manual=schedule.release is Release.MANUAL,
            quiet=Quiet(begins=quiet[0], ends=quiet[1]) if (quiet := hours(schedule.quiet)) else None,
            weekends=schedule.weekends,
        )

    @cached_property
    def flows(self) -> Flows:
        """How fast mail goes, as far as this process learnt."""
        from digest.publish.flow import Flows

        return Flows()

    @cached_property
    def share(self) -> Share:
        """What this process may take of the limits of mail."""
        from digest.publish.sharing import Share

        return Share(self.store, self.now)

    @cached_property
    def receivers(self) -> Receivers:
        """Who takes in which domain's mail, as far as this process asked."""
        from digest.publish.receivers import Receivers

        return Receivers()

    @cached_property
    def timetables(self) -> Mapping[str, Timetable]:
        """When kinds of sources announce that say when; the shipped ones."""
        from digest.watch import timetables

        return timetables((Path(__file__).parent / "watch" / "calendars.toml").read_text("utf-8"))


def system_clock() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def read_settings(config: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of `config`, else of digest.toml in the working directory if there. Raises ConfigError."""
    default = Path(FILE_NAME)
    path = config or (default if default.exists() else None)
    return load(path, os.environ if environ is None else environ)


@contextmanager
def opened(settings: Settings, *, now: Callable[[], datetime] = system_clock) -> Iterator[App]:
    """Open the store of `settings` and close it at the end. Raises ConfigError, StoreError, SchemaError."""
    from digest.store import open_store

    store = open_store(store_url(settings))
    try:
        yield App(settings=settings, store=store, now=now)
    finally:
        store.close()


def store_url(settings: Settings) -> str:
    """Return the store's address; a relative SQLite path starts at the settings file's folder."""
    url = settings.store.url
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path.startswith("/"):
        return url
    return f"sqlite:///{settings.folder / path}"


def store_file(settings: Settings) -> Path | None:
    """Return the SQLite file of a store; None for one in memory or in a PostgreSQL."""
    url = store_url(settings)
    path = url.removeprefix("sqlite:///")
    return Path(path) if path and path != url else None


def shipped(name: str) -> Path:
    """Return the shipped folder `templates` or `seeds`: beside the package in a wheel, else beside its source tree."""
    package = Path(__file__).parent
    beside = package / name
    return beside if beside.is_dir() else package.parent / name


def template_sources(settings: Settings) -> dict[str, str]:
    """Return all templates by name; a file in the operator's folder replaces the shipped one. Raises ConfigError."""
    return {
        path.relative_to(folder).as_posix(): _text(path)
        for folder in (shipped("templates"), *_own_templates(settings))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and LOCALES not in path.relative_to(folder).parts
    }


def catalogues(settings: Settings) -> dict[str, str]:
    """Return the message catalogues by language; those in `locales` of the operator's folder go before the shipped.

    Raises ConfigError.
    """
    folders = (Path(__file__).parent, *_own_templates(settings))
    return {
        path.parts[-3]: _text(path)
        for folder in folders
        for path in sorted(folder.glob(f"{LOCALES}/*/LC_MESSAGES/*.po"))
    }


def _own_templates(settings: Settings) -> list[Path]:
    """Return the operator's folder, if there is one. Raises ConfigError."""
    if not settings.site.templates:
        return []
    own = settings.folder / settings.site.templates
    if not own.is_dir():
        raise ConfigError(f"site.templates is {str(own)!r}: not a folder")
    return [own]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"template {path} cannot be read: {error}") from error
