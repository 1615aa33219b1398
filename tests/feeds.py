"""What the tests of feeds share: the entry's template, short ways to a feed, and titles that broke some publisher."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment
from msgspec.structs import replace

from digest.app import App
from digest.config.settings import Settings, SiteSettings, WebSettings
from digest.model import Edition, FeedState, Links, Paper, PaperId, Sighting, Site, SourceId, Topic, lined_up
from digest.render.feed import Feed, Item, item_of, topic_feed
from digest.render.templates import environment
from digest.store import Store
from tests.factories import NOON, make_edition, make_entry, make_paper, make_pick, make_site, make_source, make_topic

TEMPLATES = Path(__file__).parents[1] / "templates" / "feed"
ENV = environment({f"feed/{path.name}": path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html")})

HOSTILE = (
    "a<b>c",
    "R&D",
    "x < y and y > z",
    r"Bounds for $a<b$, $\alpha \& \beta$ and $x</y$",
    "AT&amp;T &lt;i&gt; &#60; &nbsp;",
    "<b>bold</b> <script>alert(1)</script>",
    "]]> <![CDATA[ <!-- --> <?xml ?>",
    "Smile \U0001f600\U0001f468\u200d\U0001f52c",
    "מודלים של שפה: סקירה",
    "\u202eright to left\u202c",
    "control \x00\x01\x0b\x1f\x7f\x85\x9f characters",
    "lone \ud800 surrogates \udfff",
    "\ufffe\uffff",
    "\x00",
    "",
    " spaced\r\n\tout\u2028 \u00a0",
    "'single' \"double\" \\",
)


def feed_of(
    site: Site,
    topic: Topic,
    editions: Sequence[Edition],
    env: Environment,
    *,
    limit: int = 50,
    hubs: Iterable[str] = (),
) -> Feed:
    """Return a topic's feed as these editions of it, newest first, make it."""
    state, items, known = FeedState(name=topic.id), list[Item](), set[PaperId]()
    for edition in reversed(editions):
        new = [pick for pick in edition.shown if pick.paper.id not in known]
        known |= {pick.paper.id for pick in new}
        state, entries = lined_up(state, new, at=edition.dated, edition_id=edition.id)
        items += [
            item_of(site, env, pick, at=entry.at, edition=edition)
            for entry, pick in zip(entries, reversed(new), strict=True)
        ]
    feed = topic_feed(site, topic, editions[0] if editions else None, tuple(items[::-1][:limit]))
    return replace(feed, hubs=tuple(hubs))


def feed_with(*papers: Paper, topic: Topic | None = None, **options: Any) -> Feed:
    """Return the feed of one edition with these papers, in this order."""
    topic = topic or make_topic()
    picks = [make_pick(paper, rank=rank) for rank, paper in enumerate(papers, 1)]
    return feed_of(make_site(), topic, [make_edition(*picks, topic=topic)], ENV, **options)


PAPER = make_paper(
    "Caching $k<v$ & more",
    authors=("Ana García", "Wei Zhang"),
    categories=("cs.CL", "agents"),
    links=Links(
        abstract="https://arxiv.org/abs/2611.01234?a=1&b=2",
        pdf="https://arxiv.org/pdf/2611.01234",
        code="https://github.com/someone/something",
        discussion="https://news.example/item/7",
    ),
    arxiv_id="2611.01234",
    version=2,
)
FULL = feed_with(PAPER, make_paper("No authors"), hubs=["https://hub.example/"])
EMPTY = feed_of(make_site(), make_topic(), [], ENV)

HUB, SECRET = "https://hub.example/", "s" * 32


def app_with(store: Store, *, url: str = "https://digest.example", now: Callable[[], datetime] = lambda: NOON) -> App:
    """Return an application over a store, with a hub."""
    site = SiteSettings(url=url, secret=SECRET, title="Digest", licence="https://example.org/by")
    return App(settings=Settings(site=site, web=WebSettings(hubs=HUB)), store=store, now=now)


def release(store: Store, *titles: str, day: date, topic: Topic | None = None, **changes: Any) -> Edition:
    """Release an edition with papers of these titles, which a feed has brought."""
    papers = [written(title, **changes) for title in titles]
    store.save_papers(papers)
    sightings = (
        Sighting(
            entry=make_entry(paper.id, source_id=SourceId("arxiv")), paper_id=paper.id, first_seen=paper.first_seen
        )
        for paper in papers
    )
    store.save_sightings(sightings)
    picks = [make_pick(paper, rank=rank) for rank, paper in enumerate(papers, 1)]
    edition = make_edition(*picks, topic=topic or make_topic(), label=day.isoformat())
    store.save_edition(edition)
    return edition


def written(title: str, **changes: Any) -> Paper:
    """Return a paper with all that a feed can show, under an id made of its title, first seen before all editions."""
    name = sha256(title.encode(errors="surrogatepass")).hexdigest()[:12]
    given = {
        "id": PaperId(f"arxiv:{name}"),
        "arxiv_id": name,
        "authors": ("Ana García", title, "Wei Zhang"),
        "categories": ("cs.CL", title),
        "abstract": f"{title} What we did, at some length. ",
        "links": Links(
            abstract=f"https://arxiv.org/abs/{name}?a=1&b=2",
            pdf=f"https://arxiv.org/pdf/{name}",
            discussion=f"https://news.example/item?id={name}",
        ),
        "first_seen": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return make_paper(title, **{**given, **changes})


def with_source(store: Store) -> Store:
    store.put_sources([make_source("arxiv", name="arXiv cs.CL", url="https://rss.arxiv.org/rss/cs.CL")])
    return store
