"""Write a tree of files: each one whole or not at all, and only those that changed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from errno import ENOTEMPTY
from pathlib import Path, PurePosixPath

from digest.errors import PublishError
from digest.model import Value


class Written(Value):
    """How many files were written and how many already held the same bytes."""

    written: int
    unchanged: int


def write_tree(folder: Path, files: Mapping[str, bytes]) -> Written:
    """Write `files` (relative POSIX paths) below `folder`, in their order, so that the caller can put indexes last.

    Raises PublishError; the file at fault keeps its old content, and no temporary file is left behind.
    """
    written = sum(write(folder, name, content) for name, content in files.items())
    return Written(written=written, unchanged=len(files) - written)


def write(folder: Path, name: str, content: bytes) -> bool:
    """Write a file below `folder`, whole. False, and nothing changes, if it holds that already. Raises PublishError."""
    path = folder / _relative(name)
    if _holds(path, content):
        return False
    _replace(path, content)
    return True


def remove(folder: Path, name: str) -> None:
    """Take a file away, and the folders that it leaves empty; one that is not there is gone. Raises PublishError."""
    path = folder / _relative(name)
    try:
        path.unlink(missing_ok=True)
        for parent in path.relative_to(folder).parents[:-1]:
            (folder / parent).rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != ENOTEMPTY:
            raise PublishError(f"{path} cannot be removed: {error.strerror or error}") from error


def _relative(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise PublishError(f"{name!r} is not a path inside the output folder")
    return path


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _replace(path: Path, content: bytes) -> None:
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".digest-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise PublishError(
            f"{path} cannot be written: {error.strerror or error}", hint="check the folder's space and permissions"
        ) from error
