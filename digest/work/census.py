"""Which published files were made, and from what: so that a file is made again only when it may have changed."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from digest.errors import RenderError
from digest.model import PeriodKind, Value

_FINAL, _RESTING = "final", "resting"


class Syndicated(Value):
    """What is known of a file that is a feed: the period of its editions, and how many papers ever entered it.

    A `final` one is a page of the archive: its bytes never change. `hubs` are told of news (WebSub).
    """

    kind: PeriodKind | None
    entered: int
    final: bool = False
    hubs: tuple[str, ...] = ()


class File(NamedTuple):
    """A file at a `path` such as "/style.css", or a page at one such as "/topics/kv-cache/".

    Its bytes are the same while its `key` is; None promises nothing. `modified` is when the newest edition in it was
    released.
    """

    path: str
    key: Hashable | None
    modified: datetime | None
    make: Callable[[], bytes]
    feed: Syndicated | None = None


class Parcel(NamedTuple):
    """Files that change together: none did while the `key` is the same.

    `files` need not yield the final ones whose path, without its extension, it is told of.
    """

    name: str
    key: Hashable
    files: Callable[[Container[str]], Iterator[File]]


class Made(NamedTuple):
    """A file of a parcel as it was made, or None if it was not."""

    parcel: Parcel
    file: File
    body: bytes | None


class Batch(Value):
    """A parcel's files as they were made: what its key was, and by path what theirs were."""

    key: str
    files: dict[str, str]


class Census:
    """Goes through parcels and says which files are to be made. What fails is tried again the next time."""

    def __init__(self, batches: Mapping[str, Batch] | None = None) -> None:
        self.batches = dict(batches or {})
        self.gone: list[str] = []
        self.failed: list[RenderError] = []

    @property
    def paths(self) -> set[str]:
        return {path for batch in self.batches.values() for path in batch.files}

    def made(self, parcels: Iterable[Parcel], *, resting: Callable[[File], bool] = lambda _: False) -> Iterator[Made]:
        """Yield each file that may have changed, made anew; afterwards `gone` are the paths that are no more.

        One that is `resting` comes once, unmade. A template that fails keeps its parcel's old files, and is told in
        `failed`. Raises StoreError.
        """
        before, self.failed, names = self.paths, [], set()
        for parcel in parcels:
            names.add(parcel.name)
            key = _mark(parcel.key)
            old = self.batches.get(parcel.name)
            if old is None or old.key != key:
                yield from self._parcel(parcel, key, old or Batch(key="", files={}), resting)
        self.batches = {name: batch for name, batch in self.batches.items() if name in names}
        self.gone = sorted(before - self.paths)

    def _parcel(self, parcel: Parcel, key: str, old: Batch, resting: Callable[[File], bool]) -> Iterator[Made]:
        files = {path: mark for path, mark in old.files.items() if mark == _FINAL}
        try:
            for file in parcel.files({path.rpartition(".")[0] for path in files}):
                mark = _RESTING if resting(file) else _FINAL if file.feed and file.feed.final else _mark(file.key)
                if not mark or old.files.get(file.path) != mark:
                    yield Made(parcel, file, None if mark == _RESTING else file.make())
                files[file.path] = mark
            self.batches[parcel.name] = Batch(key=key, files=files)
        except RenderError as error:
            self.failed.append(error)
            self.batches[parcel.name] = Batch(key="", files={**old.files, **files})


def _mark(key: Hashable | None) -> str:
    return "" if key is None else sha256(repr(key).encode()).hexdigest()[:16]
