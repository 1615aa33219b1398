"""Values that hold all there is, and texts of every kind, for tests of what is printed."""

from __future__ import annotations

import random

from digest.model import Edition, Links, PaperId, Pick, SignalKind, Sister
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic

HOSTILE = (
    "=?utf-8?q?a=0ABcc:_x@y.z?=",
    "A title\r\nBcc: x@y.z\r\n\r\n<script>alert(1)</script>",
    "\r\n.\r\nMAIL FROM:<x@y.z>\r\n",
    ".\n..\n.",
    "{{ 7 * 7 }} {% for x in range(9) %}${x}{% endfor %}",
    "<img src=x onerror=alert(1)> \"quoted\" 'single' &amp; &lt;",
    "‮gnp.exe‬ \u202a\u2066",
    "تعلم الآلة للجميع",
    "למידת מכונה",
    "注意力就是你所需要的一切",
    "\U0001f468\u200d\U0001f52c \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f52d",
    "e\u0301" * 40,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    "lone \ud800 surrogate",
    "nul \x00 bell \x07 escape \x1b[31m",
    "x" * 3000,
    "ß" * 500,
    "=" * 300,
    " " * 200,
    "",
    "$\\alpha^2$ and \\textbf{bold}",
    "-- \nA signature",
    "From the start",
)
NAMES = ("Ada Ruiz", "محمد بن سلمان", "יעל כהן", "王小明", "Åse Ødegård", "O'Neil <o@x.y>", "\U0001f52d")


def full_pick(rank: int = 1) -> Pick:
    """Return a pick with all there is to show."""
    links = Links(**{name: f"https://{name}.example/{rank}?a=1&b=2" for name in Links.__struct_fields__})
    paper = make_paper("A & B <are> letters", authors=NAMES, submitted=NOON, links=links, abstract="Few words. " * 30)
    sister = Sister(
        id=PaperId("text:sister"), title="A sister, <em>very</em> much like it", url="https://s.example/?a&b"
    )
    return make_pick(paper, rank=rank, numbers=dict.fromkeys(SignalKind, 1234), also=(sister,))


def generated(seed: int) -> list[Edition]:
    """Return one to four editions of 1 to 500 papers, their texts from everywhere; the same for the same seed."""
    die = random.Random(seed)
    total = die.choice((1, 2, 5, 10, 20, 40, 40, 100, 500)) if seed else 500
    topics = die.randint(1, 4)
    return [
        make_edition(
            *(_pick(die, rank) for rank in range(1, max(1, total // topics) + 1)),
            topic=make_topic(f"topic-{place}", name=die.choice((*HOSTILE, "Agents")), description=die.choice(HOSTILE)),
            considered=total * 3,
            matched=total,
            note=die.choice((None, *HOSTILE)),
            health=die.choice((None, "one source was behind")),
        )
        for place in range(topics)
    ]


def _pick(die: random.Random, rank: int) -> Pick:
    text = " ".join(die.choice((*HOSTILE, "plain words that say something")) for _ in range(3))
    many = 3303 if die.random() < 0.01 else die.randint(0, 7)
    paper = make_paper(
        die.choice((*HOSTILE, "A plain title of a paper")),
        id=PaperId(f"text:{rank}"),
        abstract=text,
        authors=tuple(die.choice((*NAMES, *HOSTILE)) for _ in range(many)),
        withdrawn=die.random() < 0.05,
        links=Links(abstract=f"https://a.example/{rank}" if die.random() < 0.9 else None),
    )
    return make_pick(paper, rank=rank, reasons=(die.choice((*HOSTILE, "matches “KV cache”")),), numbers={})
