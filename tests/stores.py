"""What the tests of both stores share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from digest.errors import StoreError
from digest.store.postgres import open_postgres
from digest.store.sqlstore import SqlStore
from tests.factories import make_source


@contextmanager
def with_one_source(url: str) -> Iterator[SqlStore]:
    """A PostgreSQL with one source in it."""
    with closing(open_postgres(url)) as opened:
        opened.put_sources([make_source()])
        yield opened


def refused(work: Callable[[], object]) -> StoreError:
    """Return the error that `work` ends with: one line, and a hint."""
    with pytest.raises(StoreError) as caught:
        work()
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value
