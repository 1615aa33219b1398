"""The store: all that the program remembers, behind one contract.

    with closing(open_store("sqlite:///digest.db")) as store, store.transaction():
        store.save_papers(papers)

`base` says what each method promises; `sql` has every query; a driver knows one database.
"""

from __future__ import annotations

from digest.errors import ConfigError
from digest.store.base import Store

__all__ = ["Store", "open_store"]


def open_store(url: str) -> Store:
    """Open the store at `url`, make it if it is new, and bring its schema up to date.

    `sqlite:///digest.db` is a file from the working directory, `sqlite:////var/lib/digest.db` one from the root,
    `sqlite://` a store in memory; `postgresql://user:password@host/database` is a PostgreSQL.
    Raises ConfigError for another URL, StoreError and SchemaError.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme in ("postgresql", "postgres"):
        return _open_postgres(url)
    if scheme != "sqlite" or not separator or rest == "/" or (rest and not rest.startswith("/")):
        # The URL of another database may hold a password.
        shown = f"{scheme}://..." if separator and scheme != "sqlite" else url
        raise ConfigError(
            f"store.url is not the address of a store: {shown!r}",
            hint="use sqlite:///FILE, sqlite:// for one in memory, or postgresql://USER:PASSWORD@HOST/DATABASE",
        )
    # Commands that open no store must not pay for sqlite-utils.
    from digest.store.sqlite import open_sqlite

    return open_sqlite(rest[1:] or ":memory:")


def _open_postgres(url: str) -> Store:
    try:
        from digest.store.postgres import open_postgres
    except ImportError as error:
        raise ConfigError(
            f"store.url names a PostgreSQL, but its driver is not installed: {error}",
            hint="install papers-digest[cluster]",
        ) from error
    return open_postgres(url)
