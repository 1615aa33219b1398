"""What the tests of polling share: a site in memory, a feed to poll, and how a poll is run and told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from digest.app import App, opened
from digest.config.settings import Settings, StoreSettings
from digest.fetch import Fetcher
from digest.model import Health, Source, SourceId
from digest.work.manners import share_of
from digest.work.polling import PollReport, poll
from tests.factories import NOON, Clock, make_source

NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
LIST = SourceId("list")
# An hour, and the share of another quarter by which this source is apart from others.
SOON = timedelta(hours=1) + timedelta(minutes=15) * share_of(LIST)


@contextmanager
def site() -> Iterator[tuple[App, Clock]]:
    clock = Clock()
    with opened(Settings(store=StoreSettings(url="sqlite://")), now=clock) as app:
        yield app, clock


def item(title: str, listed: datetime | None = NOON) -> str:
    date = f"<pubDate>{format_datetime(listed)}</pubDate>" if listed else ""
    return f"<item><guid>{title}</guid><title>{title}</title><description>About {title}.</description>{date}</item>"


def feed(*items: str) -> bytes:
    return f"<rss version='2.0'><channel><title>Papers</title>{''.join(items)}</channel></rss>".encode()


def add(app: App, url: str | None, id: str = "list", **changes: Any) -> Source:  # noqa: A002 - the model's word
    source = make_source(id, kind="feed", url=url, **changes)
    app.store.put_sources([source])
    return source


def run(app: App, *named: str, **options: Any) -> list[PollReport]:
    client = Fetcher(agent="digest/test", now=app.now, allow_private=True, trust=NOBODY, **options)
    ids = [SourceId(one) for one in named] or None
    return asyncio.run(poll(app, ids, fetcher=client, jitter=lambda span: span))


def one(app: App, *named: str, **options: Any) -> PollReport:
    (report,) = run(app, *named, **options)
    return report


def health(app: App, source_id: str = "list") -> Health:
    return app.store.source_health([SourceId(source_id)])[SourceId(source_id)]
