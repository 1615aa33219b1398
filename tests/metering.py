"""What the tests of signals share: a site in memory with keys, a paper that services know, and how they are asked."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from digest.app import App, opened
from digest.config.settings import Settings, SignalSettings, StoreSettings
from digest.errors import FetchError
from digest.fetch import Fetcher, Limits, Request, Response
from digest.model import Links, Observation, PaperId, SignalKind
from digest.sources.signals import Meter
from digest.work.importing import ingest
from digest.work.signals import MeterReport, look
from tests.factories import Clock, make_entry, make_source
from tests.hosts import answer

STARS, UPVOTES = SignalKind.STARS, SignalKind.UPVOTES
VOTE = (Observation(kind=UPVOTES, value=1),)


@contextmanager
def site() -> Iterator[tuple[App, Clock]]:
    clock, keys = Clock(), SignalSettings(github_key="geheim", semantic_scholar_key="s2-key")
    with opened(Settings(store=StoreSettings(url="sqlite://"), signals=keys), now=clock) as app:
        yield app, clock


def announce(app: App, title: str = "Tiny", *, kind: str = "feed", id: str = "list", **changes: Any) -> PaperId:  # noqa: A002 - the model's word
    source = make_source(id, kind=kind, url="https://lists.example/feed")
    given = {"arxiv_id": "2611.01230", "links": Links(code="https://github.com/acme/tiny"), **changes}
    changed = ingest(app, source, [make_entry(title, source_id=source.id, abstract=f"About {title}.", **given)])
    return changed.sightings[0].paper_id


def run(app: App, *meters: Meter, client: Any = None, seconds: float = 5) -> list[MeterReport]:
    fetcher = client or Fetcher(
        agent="digest/test",
        now=app.now,
        allow_private=True,
        trust=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        limits=Limits(total=timedelta(seconds=seconds)),
    )
    return asyncio.run(look(app, meters=meters, client=fetcher, jitter=lambda span: span))


def one(app: App, meter: Meter, **options: Any) -> MeterReport:
    (report,) = run(app, meter, **options)
    return report


def series(app: App, paper: PaperId, kind: SignalKind) -> list[tuple[str, datetime, int]]:
    found = app.store.series([paper], until=app.now()).get(paper, [])
    return [(signal.source_id, signal.at, signal.value) for signal in found if signal.kind is kind]


def stars(count: int, *headers: str) -> Any:
    return answer(json.dumps({"stargazers_count": count}).encode(), *headers)


class Service:
    """All services at once, in memory: what they are asked, and when; one id may spoil a batch."""

    def __init__(self, clock: Clock, poison: str = "") -> None:
        self.clock, self.poison = clock, poison
        self.asked: Counter[str] = Counter()
        self.times: defaultdict[str, list[datetime]] = defaultdict(list)

    async def get(self, request: Request) -> Response:
        host = str(urlsplit(request.url).hostname)
        self.asked[host] += 1
        self.times[host].append(self.clock())
        if request.body and self.poison in (ids := json.loads(request.body)["ids"]) and self.poison:
            return Response(url=request.url, status=500 if len(ids) > 1 else 404)
        body: Any = {"stargazers_count": 7, "upvotes": 3, "hits": []}
        if request.body:
            body = [{"citationCount": 1}] * len(json.loads(request.body)["ids"])
        if host == "huggingface.co" and self.asked[host] % 500 == 0:
            raise FetchError("cannot fetch: the connection breaks off")
        return Response(url=request.url, status=200, body=json.dumps(body).encode(), etag='"v"')

    def most(self, host: str, span: timedelta) -> int:
        """The most questions in any span of this length."""
        times, first, most = self.times[host], 0, 0
        for last, at in enumerate(times):
            while at - times[first] >= span:
                first += 1
            most = max(most, last - first + 1)
        return most
