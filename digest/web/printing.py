"""Renders what is published and has changed, ready for the shelf. Knows of what it made only where it came from."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Container, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from digest.app import App
from digest.errors import StoreError
from digest.render import paths
from digest.render.templates import render
from digest.web.sheets import Sheet, sheet
from digest.web.shelf import Change, Done, Drop, Ended, Failed, Put, Rest
from digest.work.census import Census, File, Parcel
from digest.work.publishing import EVERYTHING, ended, parcels

FORMS_STYLE = "/forms.css"
# Packing waits for nothing but a core, and frees the interpreter meanwhile.
_PACKERS, _AHEAD = 2, 8
_OF_THE_DAY = timedelta(days=14)
_DATED = re.compile(r"/\d{4}(-W?\d\d){1,2}/")


class Printer:
    """Renders the site again and again, each time only what changed."""

    def __init__(self, app: App) -> None:
        self._app, self._census = app, Census()
        self._held: dict[str, tuple[str, datetime | None]] = {}
        self._ended: tuple[object, Ended] | None = None

    def changes(self) -> Iterator[Change]:
        """Yield what is to change on the shelf; the last one is Done, unless the store failed.

        Of a template that fails the old files stay, and the next time it is tried again.
        """
        try:
            yield from self._changes()
        except StoreError as error:
            yield Failed(code=error.code)

    def _changes(self) -> Iterator[Change]:
        yield from self._ends()
        with ThreadPoolExecutor(_PACKERS) as pool:
            yield from self._packed(pool)
        for path in self._census.gone:
            self._held.pop(path, None)
            yield Drop(path=path)
        yield from (Failed(code=error.code) for error in self._census.failed)
        yield Done()

    def _packed(self, pool: ThreadPoolExecutor) -> Iterator[Change]:
        """Pack files while the next ones are rendered."""
        waiting: deque[Future[Sheet]] = deque()
        for parcel, file, body in self._census.made(self._parcels(), resting=self._rests):
            if body is None:
                yield Rest(path=file.path, parcel=parcel.name)
            else:
                waiting.append(pool.submit(pack, self._app, file, body))
            if len(waiting) > _AHEAD:
                yield from self._put(waiting.popleft().result())
        for one in waiting:
            yield from self._put(one.result())

    def _put(self, one: Sheet) -> Iterator[Put]:
        if self._held.get(one.path, ("", None))[0] != one.tag:
            yield Put(sheet=self._dated(one))

    def _rests(self, file: File) -> bool:
        """Say whether it is a page of an edition that is no longer of the day: of these there are more every day."""
        old = file.modified is not None and file.modified < self._app.now() - _OF_THE_DAY
        return old and _DATED.search(file.path) is not None

    def _parcels(self) -> Iterator[Parcel]:
        for parcel in parcels(self._app):
            # Pages of a feed's archive are asked for once by each reader: they are made then.
            yield parcel._replace(files=partial(_without_archive, parcel))
        style = partial(render, self._app.templates, f"web{FORMS_STYLE}")
        yield Parcel("forms", "", lambda _: iter([File(FORMS_STYLE, "", None, lambda: style().encode())]))

    def _dated(self, one: Sheet) -> Sheet:
        """Return a file with a later date than it had before: a topic is renamed without any edition."""
        _, before = self._held.get(one.path, ("", None))
        if before and one.modified and one.modified <= before:
            one = replace(one, modified=self._app.now())
        self._held[one.path] = (one.tag, one.modified)
        return one

    def _ends(self) -> Iterator[Ended]:
        """Yield which topics have ended, if other ones are there than the last time."""
        topics = self._app.store.topics()
        if self._ended is None or self._ended[0] != topics:
            self._ended = (topics, Ended(topics=tuple(ended(self._app))))
            yield self._ended[1]


def _without_archive(parcel: Parcel, _: Container[str]) -> Iterator[File]:
    return parcel.files(EVERYTHING)


def pack(app: App, file: File, body: bytes) -> Sheet:
    """Return a file ready for the shelf; a feed with what WebSub subscribers look for (W3C WebSub, 4)."""
    links: list[str] = []
    if file.feed:
        links = [f'<{hub}>; rel="hub"' for hub in file.feed.hubs]
        links.append(f'<{paths.absolute(app.site, file.path)}>; rel="self"')
    return sheet(file.path, body, file.modified, feed=file.feed, links=tuple(links))
