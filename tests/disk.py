"""The disk under SQLite, watched: each write and sync of this process is noted, and can be told to fail or to kill.

A layer over SQLite's own file system, put in by ctypes, so that no other program is needed (sqlite.org/vfs.html).
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

OK, FULL, BROKEN = 0, 13, 10  # SQLITE_OK, SQLITE_FULL, SQLITE_IOERR
BROKEN_SYNC = BROKEN | 4 << 8  # SQLITE_IOERR_FSYNC

_POINTER, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong
_OPEN = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _POINTER, _INT, _POINTER)
_DELETE = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _INT)
_WRITE = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _INT, _LONG)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _POINTER, _LONG)
_SYNC = ctypes.CFUNCTYPE(_INT, _POINTER, _INT)


class _System(ctypes.Structure):
    """As far as we go into sqlite3_vfs; what follows is copied unread."""

    _fields_ = [
        ("version", _INT),
        ("octets", _INT),
        ("longest", _INT),
        ("next", _POINTER),
        ("name", ctypes.c_char_p),
        ("data", _POINTER),
        ("open", _POINTER),
        ("delete", _POINTER),
        ("rest", _POINTER * 14),
    ]


class _Methods(ctypes.Structure):
    """sqlite3_io_methods."""

    _fields_ = [
        ("version", _INT),
        ("close", _POINTER),
        ("read", _POINTER),
        ("write", _POINTER),
        ("truncate", _POINTER),
        ("sync", _POINTER),
        ("rest", _POINTER * 13),
    ]


class Event(NamedTuple):
    """What was done to a file: write, truncate, sync, delete; or a note of a test's own, with its words as the path."""

    kind: str
    path: str
    offset: int = 0
    data: bytes = b""


# Asked before each event with how many of its kind came before; says a SQLite error to answer with instead, or OK.
Trap = Callable[[Event, int], int]


def sound(event: Event, number: int) -> int:
    return OK


class Disk:
    """All that happened, in order, if it is to be `kept`, and the trap that is set."""

    def __init__(self, *, keep: bool = True) -> None:
        self.events: list[Event] = []
        self.trap: Trap = sound
        self._keep = keep
        self._counts: dict[str, int] = {}

    def note(self, words: str) -> None:
        """Write down that something was promised."""
        self.events.append(Event("note", words))

    def reset(self, trap: Trap = sound) -> None:
        """Set a trap, and count anew."""
        self.trap, self._counts = trap, {}

    def happens(self, event: Event) -> int:
        """Return the error it is answered with."""
        number = self._counts.get(event.kind, 0)
        self._counts[event.kind] = number + 1
        code = self.trap(event, number)
        if code == OK and self._keep:
            self.events.append(event)
        return code


class _Layer:
    """Puts itself between SQLite and its files. Whatever SQLite may still call must live as long as the process."""

    def __init__(self) -> None:
        self.disk = Disk(keep=False)
        self._paths: dict[int, str] = {}
        self._tables: dict[int, tuple[_Methods, tuple[object, ...]]] = {}
        self._library = ctypes.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = _POINTER
        self._real = _System.from_address(self._library.sqlite3_vfs_find(None))
        self._system = _System.from_buffer_copy(self._real)
        self._ours = (_OPEN(self._open), _DELETE(self._delete))
        self._system.name = b"watched"
        self._system.open, self._system.delete = (ctypes.cast(one, _POINTER) for one in self._ours)

    def enter(self) -> None:
        self._library.sqlite3_vfs_register(ctypes.byref(self._system), 1)

    def leave(self) -> None:
        self._library.sqlite3_vfs_register(ctypes.byref(self._real), 1)
        self.disk = Disk(keep=False)

    def _open(self, system: int, name: int, file: int, flags: int, out: int) -> int:
        code = _OPEN(self._real.open)(ctypes.addressof(self._real), name, file, flags, out)
        methods = _POINTER.from_address(file)
        # A file without a name is one of a moment's, and promises nothing.
        if code == OK and methods.value and name:
            self._paths[file] = os.fsdecode(ctypes.string_at(name))
            methods.value = ctypes.addressof(self._table(methods.value))
        return int(code)

    def _table(self, address: int) -> _Methods:
        if address not in self._tables:
            real = _Methods.from_address(address)
            ours = (_WRITE(self._write(real)), _TRUNCATE(self._truncate(real)), _SYNC(self._sync(real)))
            table = _Methods.from_buffer_copy(real)
            table.write, table.truncate, table.sync = (ctypes.cast(one, _POINTER) for one in ours)
            self._tables[address] = table, ours
        return self._tables[address][0]

    def _write(self, real: _Methods) -> Callable[..., int]:
        call = _WRITE(real.write)

        def write(file: int, data: int, octets: int, offset: int) -> int:
            event = Event("write", self._paths[file], offset, ctypes.string_at(data, octets))
            return self.disk.happens(event) or int(call(file, data, octets, offset))

        return write

    def _truncate(self, real: _Methods) -> Callable[..., int]:
        call = _TRUNCATE(real.truncate)
        return lambda file, size: self.disk.happens(Event("truncate", self._paths[file], size)) or call(file, size)

    def _sync(self, real: _Methods) -> Callable[..., int]:
        call = _SYNC(real.sync)
        return lambda file, flags: self.disk.happens(Event("sync", self._paths[file])) or call(file, flags)

    def _delete(self, system: int, name: int, folder: int) -> int:
        event = Event("delete", os.fsdecode(ctypes.string_at(name)))
        call = _DELETE(self._real.delete)
        return self.disk.happens(event) or int(call(ctypes.addressof(self._real), name, folder))


_layers: list[_Layer] = []


@contextmanager
def watched(*, keep: bool = True) -> Iterator[Disk]:
    """Watch all SQLite files that are opened inside; they must be closed there, too."""
    if not _layers:
        _layers.append(_Layer())
    (layer,) = _layers
    layer.disk = Disk(keep=keep)
    layer.enter()
    try:
        yield layer.disk
    finally:
        layer.leave()


class Durable:
    """What a disk holds for sure while events happen to it: only what was synced."""

    def __init__(self) -> None:
        self._files: dict[str, bytearray] = {}
        self._pending: dict[str, list[Event]] = {}

    def happens(self, event: Event) -> bool:
        """Take in an event. Says whether what is held for sure may have changed by it."""
        if event.kind in {"write", "truncate"}:
            self._pending.setdefault(event.path, []).append(event)
        elif event.kind == "sync":
            _apply(self._files.setdefault(event.path, bytearray()), self._pending.pop(event.path, []))
        elif event.kind == "delete":
            # A name that comes back after a cut would be a journal that is hot by mistake.
            self._files.pop(event.path, None)
            self._pending.pop(event.path, None)
        return event.kind in {"sync", "delete"}

    def left(self, folder: Path, survives: Callable[[], bool] = lambda: False) -> None:
        """Write down what a power cut now would leave; of what is not synced yet each write `survives` or not."""
        for path in self._files.keys() | self._pending.keys():
            found = bytearray(self._files.get(path, b""))
            _apply(found, [one for one in self._pending.get(path, []) if survives()])
            (folder / Path(path).name).write_bytes(found)


def _apply(held: bytearray, events: list[Event]) -> None:
    for event in events:
        if event.kind == "truncate":
            del held[event.offset :]
        else:
            held.extend(bytes(max(0, event.offset - len(held))))
            held[event.offset : event.offset + len(event.data)] = event.data


def at(kind: str, number: int, answer: Callable[[], int]) -> Trap:
    """Return a trap at the nth event of a kind, from 0."""

    def trap(event: Event, count: int) -> int:
        return answer() if (event.kind, count) == (kind, number) else OK

    return trap


def from_then(kind: str, number: int, code: int) -> Trap:
    """Return a trap that answers the nth event of a kind and all after it with an error."""
    return lambda event, count: code if event.kind == kind and count >= number else OK


def killed() -> int:
    """End this process as a kill does."""
    os.kill(os.getpid(), 9)
    raise AssertionError("unreachable")
