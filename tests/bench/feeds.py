"""How long feeds take: `python -m tests.bench.feeds`.

One feed in each format, beside what feedgen alone takes for as many entries; then a site of which every topic has
changed: each topic's newest document in all three formats, from the store to the bytes, and once more unchanged.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from time import perf_counter, process_time
from typing import Any

from feedgen.feed import FeedGenerator

from digest.model import Edition, Links, Paper, PaperId
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss
from digest.store import open_store
from digest.work import feeds
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.feeds import ENV, app_with, feed_of

ABSTRACT = "We study $a<b$ caches of keys & values in long contexts. " * 20
SUMMARY = "We study $a<b$ caches of keys & values in long contexts."
ROUNDS = 5
# A site: each topic picks ten of the day's papers.
TOPICS, DAYS, EACH, PAPERS = 1000, 5, 10, 1000


def paper_of(number: int) -> Paper:
    """Return a paper as arXiv's are: an abstract of 1,100 characters, four authors, two categories."""
    return make_paper(
        f"Paper number {number} on $n<{number}$",
        id=PaperId(f"arxiv:2611.{number:05}"),
        abstract=ABSTRACT,
        authors=("Ana García", "Wei Zhang", "Jo Smith", "Åsa Öberg"),
        categories=("cs.CL", "cs.LG"),
        links=Links(abstract=f"https://arxiv.org/abs/2611.{number:05}", pdf=f"https://arxiv.org/pdf/2611.{number:05}"),
    )


def edition_of(papers: list[Paper], **changes: Any) -> Edition:
    picks = [make_pick(paper, rank=rank, summary=SUMMARY) for rank, paper in enumerate(papers, 1)]
    return make_edition(*picks, **changes)


def best(build: Callable[[], object]) -> float:
    """Return the shortest of several runs, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        build()
        times.append(perf_counter() - start)
    return min(times) * 1000


def by_feedgen_alone(size: int, write: str) -> None:
    """Build and write a feed of six fields an entry with feedgen, as its manual says."""
    feed = FeedGenerator()
    feed.id("tag:example.org,2026:feed")
    feed.title("Feed")
    feed.description("Feed")
    feed.link(href="https://example.org/")
    for number in range(size):
        entry = feed.add_entry(order="append")
        entry.id(f"tag:example.org,2026:{number}")
        entry.title(f"Paper {number}")
        entry.link(href="https://example.org/")
        entry.summary(SUMMARY)
        entry.content(ABSTRACT, type="html")
        entry.published(datetime(2026, 1, 1, tzinfo=UTC))
    getattr(feed, write)(pretty=True)


def one_feed(size: int) -> None:
    edition, site, topic = edition_of([paper_of(number) for number in range(size)]), make_site(), make_topic()
    feed = feed_of(site, topic, [edition], ENV, limit=size)
    print(f"{size:>6} {'items':>6} {best(lambda: feed_of(site, topic, [edition], ENV, limit=size)):>8.2f}")
    for name, render, write in (
        ("rss", render_rss, "rss_str"),
        ("atom", render_atom, "atom_str"),
        ("json", render_json, ""),
    ):
        took = best(lambda: render(feed))  # noqa: B023 - called at once
        plain = best(lambda: by_feedgen_alone(size, write)) if write else 0.0  # noqa: B023 - called at once
        print(f"{size:>6} {name:>6} {took:>8.2f} {len(render(feed)) / 1000:>8.1f} {plain:>9.2f}")


def a_site() -> None:
    chance, papers = random.Random(1), [paper_of(number) for number in range(PAPERS * DAYS)]
    topics = [make_topic(f"topic-{number:04}", name=f"Topic {number}") for number in range(TOPICS)]
    with closing(open_store("sqlite://")) as store:
        store.put_topics(topics)
        for day in range(DAYS):
            pool, label = (
                papers[day * PAPERS : (day + 1) * PAPERS],
                (date(2026, 11, 1) + timedelta(days=day)).isoformat(),
            )
            store.save_editions(edition_of(chance.sample(pool, EACH), topic=topic, label=label) for topic in topics)
        app = app_with(store)
        start, cpu, size = perf_counter(), process_time(), 0
        channels = [one for one in feeds.channels(app) if one.topic]
        listed = perf_counter() - start
        for channel in channels:
            for document in feeds.documents(app, channel):
                size += sum(map(len, document.bodies.values()))
        took, used = perf_counter() - start, process_time() - cpu
        start = perf_counter()
        stamps = {one.name: one.stamp for one in channels}
        unchanged = sum(stamps.get(one.name) == one.stamp for one in feeds.channels(app))
        again = perf_counter() - start
    print(f"{len(channels):,} topics of {DAYS * EACH} papers, three formats, {size / 1e6:,.0f} MB:")
    print(f"  {took:.1f} s ({used:.1f} s of a processor), of which {listed:.2f} s to list them")
    print(f"  {again:.2f} s to see that {unchanged:,} of them have not changed")


def main() -> None:
    print(f"{'items':>6} {'format':>6} {'ms':>8} {'kB':>8} {'feedgen':>9}")
    for size in (50, 500):
        one_feed(size)
    a_site()


if __name__ == "__main__":
    main()
