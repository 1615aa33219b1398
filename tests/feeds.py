"""What the tests of feeds share: the entry's template, short ways to a feed, and titles that broke some publisher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from digest.model import Paper, Topic
from digest.render.feed import Feed, feed_of
from digest.render.templates import environment
from tests.factories import make_edition, make_pick, make_site, make_topic

ENTRY = Path(__file__).parents[1] / "templates" / "feed" / "entry.html"
ENV = environment({"feed/entry.html": ENTRY.read_text(encoding="utf-8")})

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


def feed_with(*papers: Paper, topic: Topic | None = None, **options: Any) -> Feed:
    """Return the feed of one edition with these papers, in this order."""
    topic = topic or make_topic()
    picks = [make_pick(paper, rank=rank) for rank, paper in enumerate(papers, 1)]
    return feed_of(make_site(), topic, [make_edition(*picks, topic=topic)], ENV, **options)
