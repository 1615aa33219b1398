"""How fast feeds are read, beside feedparser: `python -m tests.bench.reading [ITEMS]`.

The feeds are as arXiv's are: 170 words of abstract, one to six authors, two categories. Both readers get the same
bytes in turn, feedparser as its users call it, and the least of several times counts. The budget for 1,000 items is
50 ms, and 15 times faster.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from time import process_time
from typing import NamedTuple

import feedparser

from digest import sources
from tests.factories import make_source

ROUNDS = 7
SMALL = "the of a and to in we is for on with that by this are as an our from can which it these".split()
_NAMESPACES = (
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
)


class Announced(NamedTuple):
    """A paper as a feed announces it."""

    id: str
    title: str
    abstract: str
    authors: tuple[str, ...]


def papers(count: int, *, seed: int = 7, formulas: float = 0) -> list[Announced]:
    """Return papers of made-up words, as uneven as real ones; a share of them has formulas, each its own.

    As in real abstracts, four words in ten are small, and 3,000 others are about 1,100 different ones.
    """
    die, words = random.Random(seed), _vocabulary()

    def word() -> str:
        return die.choice(SMALL) if die.random() < 0.42 else words[int(len(words) * die.random() ** 8)]

    def prose(length: int) -> str:
        return " ".join(word() for _ in range(length))

    def abstract(number: int) -> str:
        formula = f" $\\alpha_{{{number}}} < 2^{{n}}$" if die.random() < formulas else ""
        return f"{prose(85)}{formula} {prose(85)}."

    return [
        Announced(
            f"{seed % 20 + 20}{number // 9000 % 12 + 1:02}.{seed * 31 % 90000 + number % 9000:05}",
            prose(9).capitalize(),
            abstract(number),
            tuple(prose(2).title() for _ in range(die.randint(1, 6))),
        )
        for number in range(count)
    ]


@cache
def _vocabulary() -> list[str]:
    die = random.Random(7)
    return ["".join(die.choices("aeinorstlcdmpu", k=die.randint(2, 11))) for _ in range(30_000)]


def arxiv_rss(found: Sequence[Announced]) -> bytes:
    items = "".join(
        f"""    <item>
      <title>{escape(paper.title)}</title>
      <link>https://arxiv.org/abs/{paper.id}</link>
      <description>arXiv:{paper.id}v1 Announce Type: new
Abstract: {escape(paper.abstract)}</description>
      <guid isPermaLink="false">oai:arXiv.org:{paper.id}v1</guid>
      <category>cs.CL</category>
      <category>cs.LG</category>
      <pubDate>Fri, 20 Nov 2026 00:00:00 -0500</pubDate>
      <arxiv:announce_type>new</arxiv:announce_type>
      <dc:rights>http://arxiv.org/licenses/nonexclusive-distrib/1.0/</dc:rights>
      <dc:creator>{escape(", ".join(paper.authors))}</dc:creator>
    </item>
"""
        for paper in found
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<rss {_NAMESPACES} version="2.0"><channel><title>cs.CL</title>{items}</channel></rss>'.encode()


def arxiv_atom(found: Sequence[Announced]) -> bytes:
    entries = "".join(
        f"""  <entry>
    <id>http://arxiv.org/abs/{paper.id}v1</id>
    <title>{escape(paper.title)}</title>
    <updated>2026-11-19T17:{number // 60 % 60:02}:{number % 60:02}Z</updated>
    <link href="https://arxiv.org/abs/{paper.id}v1" rel="alternate" type="text/html"/>
    <link href="https://arxiv.org/pdf/{paper.id}v1" rel="related" type="application/pdf" title="pdf"/>
    <summary>{escape(paper.abstract)}</summary>
    <category term="cs.CL" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    <published>2026-11-19T17:{number // 60 % 60:02}:{number % 60:02}Z</published>
    <arxiv:primary_category term="cs.CL"/>
    {"".join(f"<author><name>{escape(author)}</name></author>" for author in paper.authors)}
  </entry>
"""
        for number, paper in enumerate(found)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return (
        f'{head}<feed xmlns="http://www.w3.org/2005/Atom" {_NAMESPACES}><title>arXiv</title>{entries}</feed>'.encode()
    )


def milliseconds(work: Callable[[], object]) -> float:
    begun = process_time()
    work()
    return (process_time() - begun) * 1000


def compare(data: bytes, items: int) -> tuple[float, float]:
    """Return the least times of our reader and of feedparser, which take turns."""
    source = make_source(url="https://rss.arxiv.org/rss/cs.CL")
    assert len(sources.read(data, source=source, name="feed").entries) == items
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(milliseconds(lambda: feedparser.parse(data)))
        ours += [milliseconds(lambda: sources.read(data, source=source, name="feed")) for _ in range(3)]
    return min(ours), min(theirs)


def main(items: int) -> None:
    plain, formulas = papers(items), papers(items, formulas=0.06)
    feeds = {
        "RSS": arxiv_rss(plain),
        "Atom": arxiv_atom(plain),
        "RSS, 6 % with TeX": arxiv_rss(formulas),
        "Atom, 6 % with TeX": arxiv_atom(formulas),
    }
    print(f"{items} items {'kB':>14} {'digest ms':>10} {'feedparser':>10} {'ratio':>6}")
    for name, data in feeds.items():
        ours, theirs = compare(data, items)
        print(f"{name:20} {len(data) / 1000:6.0f} {ours:10.1f} {theirs:10.1f} {theirs / ours:6.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
