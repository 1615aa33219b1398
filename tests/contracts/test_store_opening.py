"""open_store: which address means which database, and what a new one holds."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from digest.errors import ConfigError
from digest.store import Store, open_store
from digest.store.migrations import shipped
from tests.factories import make_source


def test_three_slashes_start_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///digest.db").close()
    assert (tmp_path / "digest.db").exists()


def test_four_slashes_start_at_the_root(tmp_path: Path) -> None:
    assert str(tmp_path).startswith("/")
    open_store(f"sqlite:///{tmp_path}/digest.db").close()
    assert (tmp_path / "digest.db").exists()


def test_no_path_is_a_store_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(open_store("sqlite://")) as store, closing(open_store("sqlite://")) as other:
        store.put_sources([make_source()])
        assert (store.sources(), other.sources()) == ([make_source()], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["", "digest.db", "sqlite", "sqlite:digest.db", "sqlite:///", "sqlite://digest.db", "mysql://localhost/x"]
)
def test_another_address_is_an_error_that_says_what_works(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_store(url)
    assert "sqlite:///" in str(caught.value.hint)


def test_the_password_of_another_database_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        open_store("mysql://ada:secret@localhost/digest")
    assert "secret" not in caught.value.message


def test_a_new_store_is_empty_and_up_to_date(store: Store) -> None:
    assert store.schema_version() == shipped("sqlite")[-1].number
    assert store.tally() == dict.fromkeys(
        "source entry paper signal topic edition subscriber subscription digest delivery bounce suppression".split(), 0
    )


def test_the_store_is_named_without_loading_a_database() -> None:
    code = "import sys, digest.store; print('sqlite_utils' in sys.modules or 'sqlite3' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
