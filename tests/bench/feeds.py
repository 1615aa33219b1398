"""How long a feed takes to build in each format: `python -m tests.bench.feeds`. Feeds are built once an edition."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from digest.model import Edition, Links
from digest.render.feed import feed_of
from digest.render.jsonfeed import render_json
from digest.render.xmlfeeds import render_atom, render_rss
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.feeds import ENV

ABSTRACT = "We study $a<b$ caches of keys & values in long contexts. " * 20
ROUNDS = 7


def edition_of(size: int) -> Edition:
    """Return an edition as arXiv's days are: abstracts of 1,100 characters, four authors, two categories."""
    papers = [
        make_paper(
            f"Paper number {number} on $n<{number}$",
            abstract=ABSTRACT,
            authors=("Ana García", "Wei Zhang", "Jo Smith", "Åsa Öberg"),
            categories=("cs.CL", "cs.LG"),
            links=Links(abstract=f"https://arxiv.org/abs/2611.{number:05}", pdf="https://arxiv.org/pdf/2611.01234"),
        )
        for number in range(size)
    ]
    return make_edition(*[make_pick(paper, rank=rank) for rank, paper in enumerate(papers, 1)])


def best(build: Callable[[], object]) -> float:
    """Return the shortest of several runs, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        build()
        times.append(perf_counter() - start)
    return min(times) * 1000


def main() -> None:
    print(f"{'items':>6} {'format':>6} {'ms':>8} {'kB':>8}")
    for size in (50, 500):
        edition, site, topic = edition_of(size), make_site(), make_topic()
        feed = feed_of(site, topic, [edition], ENV, limit=size)
        neutral = best(lambda: feed_of(site, topic, [edition], ENV, limit=size))  # noqa: B023 - called at once
        print(f"{size:>6} {'items':>6} {neutral:>8.2f} {'':>8}")
        for name, render in (("rss", render_rss), ("atom", render_atom), ("json", render_json)):
            took = best(lambda: render(feed))  # noqa: B023 - called at once
            print(f"{size:>6} {name:>6} {took:>8.2f} {len(render(feed)) / 1000:>8.1f}")


if __name__ == "__main__":
    main()
