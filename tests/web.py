"""What the tests of the site's pages share: a site in memory with all that a page can show, and each page of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.model import (
    AnnounceType,
    Arrival,
    Edition,
    Health,
    Links,
    Paper,
    Sighting,
    Signal,
    SignalKind,
    Sister,
    SourceId,
    Subscriber,
    SubscriberId,
)
from digest.work import pages
from tests.factories import NOON, Clock, make_edition, make_entry, make_paper, make_pick, make_source, make_topic
from tests.pages import ENV

DAY = timedelta(days=1)
URL = "https://digest.example"
LIST = SourceId("list")


@contextmanager
def published(*, smtp: str = "smtp://localhost:25") -> Iterator[App]:
    """An empty site in memory that stands still at noon."""
    site = SiteSettings(url=URL, secret="x" * 32, contact="editor@digest.example", description="Papers by topic.")
    settings = Settings(site=site, smtp=SmtpSettings(url=smtp), store=StoreSettings(url="sqlite://"))
    with opened(settings, now=Clock(NOON + DAY)) as app:
        # Compiled once for all tests: most of their time.
        vars(app)["templates"] = ENV
        yield app


def fill(app: App, papers: list[Paper] | None = None) -> list[Paper]:
    """Put in a topic with editions of some days and a week, sources, signals and announcements."""
    found = rich_papers() if papers is None else papers
    app.store.put_sources(
        [make_source("list", name="The list"), make_source("feed", name="A feed", url="https://feed.example/rss")]
    )
    app.store.save_health(Health(source_id=SourceId("feed"), last_ok=NOON, baseline_at=NOON - 40 * DAY))
    app.store.save_arrivals(
        Arrival(source_id=SourceId("feed"), at=NOON - n * DAY, entries=12) for n in range(35) if n % 7 > 1
    )
    app.store.save_papers([*found, make_paper("Blooming late")])
    app.store.put_topics([make_topic(description="What a model keeps of what it read."), make_topic("new", name="New")])
    for paper in found:
        app.store.save_sightings(sightings(paper))
    app.store.save_signals(
        Signal(paper_id=found[0].id, kind=kind, source_id=LIST, at=NOON - n * DAY, value=40 - n * n)
        for kind in (SignalKind.UPVOTES, SignalKind.STARS)
        for n in range(6)
    )
    for edition in editions(found):
        app.store.save_edition(edition)
    return found


def editions(papers: list[Paper]) -> list[Edition]:
    picks = [
        make_pick(paper, rank=rank, numbers={SignalKind.UPVOTES: 1234}, also=(Sister(id=paper.id, title=paper.title),))
        for rank, paper in enumerate(papers, 1)
    ]
    topic = make_topic(description="What a model keeps of what it read.")
    shown: dict[str, Any] = {"topic": topic, "considered": 131, "matched": 20, "health": "Late.", "note": "In order."}
    return [
        make_edition(*picks, late=(make_pick(make_paper("Blooming late")),), **shown),
        make_edition(label="2026-11-19", topic=topic, considered=31),
        make_edition(*picks[:3], label="2026-11-18", topic=topic, matched=7),
        make_edition(*picks, label="2026-W46", topic=topic),
    ]


def sightings(paper: Paper) -> list[Sighting]:
    first = make_entry(paper.title, external_id=f"{paper.id}v1", version=1, announce_type=AnnounceType.NEW)
    later = make_entry(paper.title, external_id=f"{paper.id}v2", version=2, announce_type=AnnounceType.REPLACE)
    return [
        Sighting(entry=entry, paper_id=paper.id, first_seen=NOON + n * DAY) for n, entry in enumerate((first, later))
    ]


def rich_papers() -> list[Paper]:
    """Papers that show what pages have to bear: long, short, right to left, unknown, withdrawn."""
    known = Links(abstract="https://arxiv.org/abs/1", pdf="https://arxiv.org/pdf/1", code="https://github.com/a/b")
    dates = {"listed": NOON, "submitted": NOON, "announced": NOON}
    told = {"arxiv_id": "2611.00010", "version": 2, "categories": ("cs.LG", "cs.CL")}
    return [
        make_paper(
            "Caching keys and values for models that read long texts",
            links=known,
            authors=("A. Ruiz",),
            **told,
            **dates,
        ),
        make_paper(
            "Very " * 50 + "long",
            id="text:long",
            links=known,
            abstract="A sentence of some words. " * 140,
            doi="10.1/x",
            **dates,
        ),
        make_paper("Observation", authors=tuple(f"Author {number}" for number in range(3303)), links=known, **dates),
        make_paper(
            "ذاكرة النماذج الكبيرة",
            id="text:arabic",
            authors=("محمد علي", "שרה לוי", "A. Ruiz"),
            abstract="نقترح طريقة جديدة.",
        ),
        make_paper(
            "Donaudampfschifffahrt" * 12,
            id="text:word",
            authors=("X" * 200,),
            abstract="https://example.org/" + "a" * 280,
        ),
        make_paper("Nothing is known", abstract=None),
        make_paper("Withdrawn", withdrawn=True, links=known),
        *(make_paper(f"Caching keys and values, part {n}", links=known, authors=("B. Li",), **dates) for n in range(8)),
    ]


def all_pages(app: App, *, served: bool = True) -> dict[str, bytes]:
    """Return every published file by its path."""
    return {leaf.path: leaf.make() for bundle in pages.bundles(app, served=served) for leaf in bundle.leaves()}


def asked(app: App, address: str) -> bytes:
    """Return what is rendered on demand at an address, which must be there."""
    body = look(app, address)
    assert body is not None, address
    return body


def look(app: App, address: str) -> bytes | None:
    parts = urlsplit(address)
    return pages.live(app, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))


def reader(app: App) -> SubscriberId:
    """Put in a reader."""
    who = Subscriber(id=SubscriberId("s1"), address="ada@example.org", created=NOON)
    app.store.save_subscribers([who])
    return who.id
