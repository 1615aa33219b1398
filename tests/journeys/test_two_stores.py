"""The same papers give the same picks, scores and bytes, whichever store holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.app import opened
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.model import Edition
from digest.work.composing import compose_due
from digest.work.importing import import_file
from digest.work.publishing import publish
from digest.work.starting import seed
from tests.factories import Clock

MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)


def lived(url: str, shared: Path, out: Path) -> list[Edition]:
    """Two days of a site on one store: the pages, an edition of each topic a day, the published site."""
    clock = Clock(MORNING)
    settings = Settings(
        site=SiteSettings(url="https://papers.example", tag="papers.example,2026"), store=StoreSettings(url=url)
    )
    with opened(settings, now=clock) as app:
        seed(app)
        for page in sorted((shared / "seeds").glob("*.txt")):
            import_file(app, page)
        composed = []
        for _ in range(2):
            clock.instant += timedelta(days=1)
            composed += compose_due(app, app.store.topics())
        publish(app, out)
    return composed


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.shared
def test_two_stores_give_equal_editions_and_equal_bytes(
    sqlite_url: str, postgres_url: str, shared: Path, tmp_path: Path
) -> None:
    here = lived(sqlite_url, shared, tmp_path / "sqlite")
    there = lived(postgres_url, shared, tmp_path / "postgres")
    assert here == there
    assert sum(len(edition.picks) for edition in here) > 50
    assert tree(tmp_path / "sqlite") == tree(tmp_path / "postgres")
