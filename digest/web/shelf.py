"""All published files in memory, packed, by path; and how they get there.

Changed and asked in one thread: whoever renders, in whatever thread or process, sends changes.
"""

from __future__ import annotations

from digest.model import TopicId, Value
from digest.web.sheets import Sheet


class Put(Value, tag=True):
    """A file is new, or another than before."""

    sheet: Sheet


class Drop(Value, tag=True):
    """A file is no more."""

    path: str


class Rest(Value, tag=True):
    """A file is there, in that parcel, but so seldom asked for that it is made when it is."""

    path: str
    parcel: str


class Ended(Value, tag=True):
    """These topics have ended; what stood under them is gone for good."""

    topics: tuple[TopicId, ...]


class Failed(Value, tag=True):
    """Something could not be rendered, or the store not be read; what was there stays."""

    code: str


class Done(Value, tag=True):
    """All that is published has been looked at."""


Change = Put | Drop | Rest | Ended | Failed | Done


class Shelf:
    """The files, and by parcel those made on demand; which topics have ended; whether all was put there once."""

    def __init__(self) -> None:
        self._sheets: dict[str, Sheet] = {}
        self.resting: dict[str, str] = {}
        self._ended: frozenset[str] = frozenset()
        self.complete = False

    def __len__(self) -> int:
        return len(self._sheets)

    @property
    def size(self) -> int:
        """How many bytes the files take."""
        return sum(len(one.body) for one in self._sheets.values())

    def get(self, path: str) -> Sheet | None:
        """Return the file at a path; a page also stands at its own `index.html`."""
        found = self._sheets.get(path)
        if found is None and path.endswith("/index.html"):
            return self._sheets.get(path.removesuffix("index.html"))
        return found

    def ended(self, path: str) -> bool:
        """Say whether a path is below that of a topic that has ended."""
        return bool(self._ended) and path.startswith("/topics/") and path.split("/")[2] in self._ended

    def apply(self, change: Change) -> None:
        match change:
            case Put(sheet=one):
                self._sheets[one.path] = one
                self.resting.pop(one.path, None)
            case Rest(path=path, parcel=parcel):
                self._sheets.pop(path, None)
                self.resting[path] = parcel
            case Drop(path=path):
                self._sheets.pop(path, None)
                self.resting.pop(path, None)
            case Ended(topics=topics):
                self._ended = frozenset(topics)
            case Done():
                self.complete = True
