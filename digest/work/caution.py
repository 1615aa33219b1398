"""When not to begin: the disk is nearly full, or the store is an old copy that does not know what was mailed.

A full disk cannot be cleaned from inside: SQLite needs room even to delete (measured). So work stops before, and a
ballast beside the store is given up to write down the answers to the last mails.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import structlog

from digest.app import App, store_file
from digest.errors import StoreError
from digest.work import brake
from digest.work.watermark import doubt

MEGABYTE = 1_000_000
# The answers of fifty connections fit in several times over.
BALLAST = 4 * MEGABYTE

log = structlog.get_logger()


def require_room(app: App) -> None:
    """Let new work begin only while the disk under the store has room. Raises StoreError."""
    floor, free = app.settings.store.floor_megabytes, _free(app)
    if free is not None and free < floor * MEGABYTE:
        raise StoreError(
            f"store: only {free // MEGABYTE} MB are free on its disk, so nothing new begins",
            hint=f"make room: it goes on by itself from {floor} MB on (store.floor_megabytes)",
        )


def short_of_room(app: App) -> str | None:
    """Return what is wrong with the room on the disk, if something is."""
    try:
        require_room(app)
    except StoreError as error:
        return error.message
    return None


def keep_ballast(app: App) -> None:
    """Have a ballast beside the store, if there is room to spare."""
    path, free = _ballast(app), _free(app)
    if path is None or free is None or path.exists():
        return
    if free > app.settings.store.floor_megabytes * MEGABYTE + BALLAST:
        with suppress(OSError), path.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST)


def drop_ballast(app: App) -> None:
    """Give the ballast up, if the disk is full."""
    path, free = _ballast(app), _free(app)
    if path and free is not None and free < BALLAST and path.exists():
        path.unlink(missing_ok=True)
        log.warning("ballast_dropped", path=str(path))


def beware(app: App) -> None:
    """Pause the outbox if the store seems an old copy: nothing leaves before a person says yes. Raises StoreError."""
    if brake.paused(app) is None and (why := held_back(app)):
        brake.pause(app, why)
        log.error("outbox_paused", why=why)


def held_back(app: App) -> str | None:
    """Return why no mail may begin, or will not when somebody tries to send; None if it may. Raises StoreError."""
    if why := brake.paused(app):
        return why
    why = doubt(app)
    return (
        f"as the store seems to be an old copy: {why}; `digest send --dry-run` says what it would send" if why else None
    )


def _free(app: App) -> int | None:
    """Return the octets that are free under an SQLite file; None where another program keeps the store."""
    path = store_file(app.settings)
    if path is None or not app.settings.store.floor_megabytes:
        return None
    try:
        found = os.statvfs(path.parent)
    except OSError as error:
        raise StoreError(f"store {path}: its disk says nothing of its room: {error.strerror}") from error
    return found.f_bavail * found.f_frsize


def _ballast(app: App) -> Path | None:
    path = store_file(app.settings)
    return Path(f"{path}-ballast") if path else None
