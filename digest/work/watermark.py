"""The last mail that began and the last that ended, kept outside the database: what a restored old copy cannot know.

A store that has not come so far is older than what was mailed, and would mail it once more. The mark is written after
the commit that it tells of, so it never runs ahead of the store, and costs no sync of the disk.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from msgspec import DecodeError, json
from msgspec.structs import replace

from digest.app import App, store_file
from digest.errors import NotFoundError
from digest.model import FINAL_DELIVERIES, Delivery, DeliveryId, DeliveryState, Value

# A mail so late is no accident of a busy minute; where no mark stands, it may have been sent from a newer store.
LATE = timedelta(hours=1)
# Written over in place: shorter than any block of a disk, so it is there wholly or not at all.
_OCTETS = 512

log = structlog.get_logger()


class Step(Value):
    """How far a delivery had come, at the least."""

    id: DeliveryId
    fence: int
    attempts: int
    at: datetime


class Mark(Value):
    """The newest steps. One without any says that a person has looked at the store and will have it as it is.

    `inode` is the file's it was written to: in a copy that was put back together with its store it is another.
    """

    begun: Step | None = None
    ended: Step | None = None
    inode: int = 0


def step(delivery: Delivery, now: datetime) -> Step:
    """Return how far a claimed delivery has come."""
    return Step(id=delivery.id, fence=delivery.fence, attempts=delivery.attempts, at=now)


def behind(mark: Mark, begun: Delivery | None, ended: Delivery | None) -> datetime | None:
    """Return when mail went out of which the store knows nothing; None if it knows all.

    `begun` and `ended` are the mark's deliveries as the store has them.
    """
    if mark.begun and (begun is None or _not_begun(mark.begun, begun)):
        return mark.begun.at
    if mark.ended and (ended is None or _not_ended(mark.ended, ended)):
        return mark.ended.at
    return None


def _not_begun(step: Step, found: Delivery) -> bool:
    # A claim that is given back takes its attempt with it; the fence stays.
    claimed = found.state is DeliveryState.CLAIMED and found.fence == step.fence
    return found.attempts < step.attempts or found.fence < step.fence or claimed


def _not_ended(step: Step, found: Delivery) -> bool:
    return _not_begun(step, found) or (found.state is DeliveryState.IN_DATA and found.fence == step.fence)


class Watermark:
    """The mark in its file. Without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._file, self._inode = path, -1, 0
        self._mark = Mark()

    def read(self) -> Mark | None:
        """Return what stands there; None if nothing does that can be read, or it is a copy."""
        if self._path is None:
            return None
        with suppress(OSError, DecodeError):
            mark = json.decode(self._path.read_bytes(), type=Mark)
            return mark if mark.inode == self._path.stat().st_ino else None
        return None

    def note(self, *, begun: Step | None, ended: Step | None) -> None:
        """Remember the newest steps. That it cannot be written stops no mail: an older mark still tells much."""
        self._mark = Mark(begun=begun or self._mark.begun, ended=ended or self._mark.ended)
        self.write(self._mark)

    def write(self, mark: Mark) -> None:
        """Put a mark in place of what stands there."""
        if self._path is None:
            return
        try:
            if self._file < 0:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
                self._inode = os.fstat(self._file).st_ino
            os.pwrite(self._file, json.encode(replace(mark, inode=self._inode)).ljust(_OCTETS), 0)
        except OSError as error:
            log.warning("mark_not_written", path=str(self._path), why=error.strerror)
            self._path = None

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def mark_path(app: App) -> Path | None:
    """Return where the mark stands: as the settings say, else beside an SQLite file; None if nowhere."""
    if app.settings.store.mark:
        return app.settings.folder / app.settings.store.mark
    path = store_file(app.settings)
    return Path(f"{path}-mark") if path else None


def doubt(app: App) -> str | None:
    """Return why the store seems to be an old copy; None if it does not. Raises StoreError."""
    path = mark_path(app)
    mark = Watermark(path).read()
    if mark:
        at = behind(mark, _found(app, mark.begun), _found(app, mark.ended))
        return f"mail went out at {at:%Y-%m-%d %H:%M} UTC of which this store knows nothing" if at else None
    return _late_and_unmarked(app) if path else None


def _late_and_unmarked(app: App) -> str | None:
    # Who was mailed by a newer store is not known here; a site that is only new, or in time, need not ask.
    before = app.now() - LATE
    left, at = app.store.lapsed(now=before), app.store.next_try()
    since = min([*(one.due for one in left), *([at] if at else [])], default=None)
    if since is None or since > before or not (left or _mailed(app)):
        return None
    return f"its file {mark_path(app)} is gone or a copy, and mail waits since {since:%Y-%m-%d %H:%M} UTC"


def _mailed(app: App) -> bool:
    ours = FINAL_DELIVERIES - {DeliveryState.SKIPPED, DeliveryState.CANCELLED}
    return any(states.keys() & ours for states in app.store.books().values())


def _found(app: App, step: Step | None) -> Delivery | None:
    try:
        return app.store.delivery(step.id) if step else None
    except NotFoundError:
        return None


def accept(app: App) -> None:
    """Take the store as it is: a person has looked."""
    mark = Watermark(mark_path(app))
    mark.write(Mark())
    mark.close()
