"""Inputs changed at random, the same ones for the same number: what a reader must refuse or read, and never die of."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import NamedTuple

from digest import sources, text
from digest.errors import SourceError
from digest.model import Entry
from tests.conftest import SHARED
from tests.factories import make_source

GOLDEN = Path(__file__).parent / "golden" / "sources"
CORPORA = ("feedparser", "feedvalidator", "gofeed", "json", "xml-attacks")
# Small ones meet more mutations in the same time, and hold as many kinds of things.
_LARGEST_SEED = 3000
_LARGEST = 12_000
_CHUNK = 500
_SHOWN = 300

_WORDS = """< > & ]]> <![CDATA[ <!-- --> <? ?> /> " ' = $ \\ { } $$ `` '' % ~ [ ] , : {} [] # // ?#%zz
<item> </item> <entry> <rss> <channel> <title> </title> <a\thref=' <b> <script> <record> <setSpec> <!DOCTYPE <!ENTITY
&amp; &lt; &eacute; &#0; &#xD800; &#x110000; &#99999999999; &nbsp \\u0000 \\ud83d \\frac{ null true -0 1e999 NaN
xmlns:a='b' xml:base='http://[' http://[::1 http://a:99999/ javascript:alert(1) 2611.01230v9 10.48550/arXiv.
0001-01-01 9999-12-31T23:59:59-23:59 24:60:61 99 @article{ and TY AU ER"""
_SIGNS = "\0 \x1b \x7f \u202e \ufeff \u200d \u0663 \U000e0041 \ue000 \ufffe"
_TOKENS = (
    *(token.encode() for token in f"{_WORDS} {_SIGNS}".replace("\n", " ").split(" ")),
    *(b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"\xcc\x81" * 40, b"9" * 5000, b" " * 200, b"\t", b"\r\n", b"\n\n"),
)
_ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "utf-7", "cp1252", "shift_jis", "utf-8-sig", "cp037", "koi8-r")

Mutation = Callable[[random.Random, bytes], bytes]


class Survey(NamedTuple):
    """What came of some mutations: how many were read and refused, the longest in seconds, and the bugs they found."""

    read: int
    refused: int
    slowest: float
    bugs: tuple[str, ...]


def survey(numbers: range) -> Survey:
    """Read the mutations of these numbers, in as many processes as there are processors."""
    chunks = [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_survey, chunks))
    bugs = tuple(chain.from_iterable(each.bugs for each in found))
    return Survey(
        sum(each.read for each in found), sum(each.refused for each in found), max(each.slowest for each in found), bugs
    )


def mutation(number: int) -> bytes:
    """Return one of the mutations: of the golden sources, and of the shared corpora where they are."""
    die = random.Random(number)
    data = die.choice(die.choice(_seeds()))
    for _ in range(die.randint(1, 3)):
        data = die.choice(_MUTATIONS)(die, data)[:_LARGEST]
    return data


REFUSED = "refused"


def fate(data: bytes) -> str:
    """Return "" if `data` is read as it should be, else REFUSED, another error, or which text or link is not clean."""
    try:
        batch = sources.read(data, source=make_source(url="https://a.example/feed"), name="https://a.example/feed")
    except SourceError:
        return REFUSED
    except Exception as error:  # whatever it is, it is the find
        return repr(error)[:_SHOWN]
    return next(filter(None, map(_unclean, batch.entries)), "")


def _unclean(entry: Entry) -> str:
    said = [entry.title, entry.abstract or "", entry.external_id, *entry.authors, *entry.categories]
    for each in said:
        if text.tidy(each) != each:
            return f"not tidy: {each!r}"[:_SHOWN]
    links = (entry.links.abstract, entry.links.pdf, entry.links.code, entry.links.project, entry.links.discussion)
    return next((f"not safe: {link!r}"[:_SHOWN] for link in links if link and text.safe_url(link) != link), "")


def _survey(numbers: range) -> Survey:
    fates: dict[int, str] = {}
    slowest = 0.0
    for number in numbers:
        data = mutation(number)
        begun = process_time()
        fates[number] = fate(data)
        slowest = max(slowest, process_time() - begun)
    refused = sum(each == REFUSED for each in fates.values())
    bugs = tuple(f"mutation {number}: {found}" for number, found in fates.items() if found not in ("", REFUSED))
    return Survey(len(numbers) - refused - len(bugs), refused, slowest, bugs)


@cache
def _seeds() -> tuple[list[bytes], ...]:
    """Return the seeds in two groups of equal weight: each format once and the many kinds of feeds."""
    corpora = [path for name in CORPORA for path in (SHARED / "corpora" / name).rglob("*") if path.is_file()]
    golden = [path for path in GOLDEN.iterdir() if path.suffix != ".json"]
    groups = ([path.read_bytes()[:_LARGEST_SEED] for path in sorted(paths)] for paths in (golden, corpora))
    return tuple(group for group in groups if group)


def _flip(die: random.Random, data: bytes) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(die.randint(1, 8)):
        changed[die.randrange(len(changed))] ^= 1 << die.randrange(8)
    return bytes(changed)


def _insert(die: random.Random, data: bytes) -> bytes:
    for _ in range(die.randint(1, 4)):
        place = die.randint(0, len(data))
        data = data[:place] + die.choice(_TOKENS) + data[place:]
    return data


def _truncate(die: random.Random, data: bytes) -> bytes:
    return data[: die.randint(0, len(data))]


def _drop(die: random.Random, data: bytes) -> bytes:
    start, end = _span(die, data)
    return data[:start] + data[end:]


def _repeat(die: random.Random, data: bytes) -> bytes:
    start, end = _span(die, data)
    return data[:start] + data[start:end] * die.choice((2, 3, 10, 100)) + data[end:]


def _move(die: random.Random, data: bytes) -> bytes:
    start, end = _span(die, data)
    rest = data[:start] + data[end:]
    place = die.randint(0, len(rest))
    return rest[:place] + data[start:end] + rest[place:]


def _join(die: random.Random, data: bytes) -> bytes:
    other = die.choice(die.choice(_seeds()))
    return data[: die.randint(0, len(data))] + other[die.randint(0, len(other)) :]


def _encode(die: random.Random, data: bytes) -> bytes:
    characters = data.decode(die.choice(("utf-8", "latin-1")), "replace")
    return characters.encode(die.choice(_ENCODINGS), "replace")


def _span(die: random.Random, data: bytes) -> tuple[int, int]:
    start = die.randint(0, len(data))
    return start, min(len(data), start + die.choice((1, 5, 20, 100, 500)))


_MUTATIONS: tuple[Mutation, ...] = (_flip, _insert, _insert, _truncate, _drop, _repeat, _move, _join, _encode)
