"""Writing trees of files: whole, only what changed, never outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from digest.errors import PublishError
from digest.publish.files import Written, write_tree


def test_files_are_written_once_and_left_alone_when_equal(tmp_path: Path) -> None:
    files = {"a/index.html": b"one", "feed.atom": b"two"}
    assert write_tree(tmp_path, files) == Written(written=2, unchanged=0)
    before = (tmp_path / "feed.atom").stat().st_mtime_ns
    assert write_tree(tmp_path, {**files, "a/index.html": b"ONE"}) == Written(written=1, unchanged=1)
    assert (tmp_path / "feed.atom").stat().st_mtime_ns == before
    assert (tmp_path / "a/index.html").read_bytes() == b"ONE"


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../out", ""])
def test_nothing_is_written_outside_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(PublishError, match="not a path inside"):
        write_tree(tmp_path / "site", {name: b"x"})


def test_a_folder_that_is_a_file_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("a file", "utf-8")
    with pytest.raises(PublishError, match="cannot be written"):
        write_tree(tmp_path / "site", {"index.html": b"x"})


def test_a_failed_write_keeps_the_old_file_and_leaves_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path, {"index.html": b"old"})

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PublishError, match="No space left on device"):
        write_tree(tmp_path, {"index.html": b"new"})
    assert (tmp_path / "index.html").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
