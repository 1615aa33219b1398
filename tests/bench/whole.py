"""A morning from end to end: `python -m tests.bench.whole [READERS]`, 100,000 unless told, on SQLite, then PostgreSQL.

A Sunday's 1,000 papers go to readers of 20 topics in two cadences, two languages, three layouts, four zones: who is
due, what is composed, each digest held to the rules of mail, planned, sent over 10 connections to Debian's smtp-sink by
a process of its own, and the books. Everything is durable; processor time is ours, without the server's. The budget:
<= 150 MB at most for the sender; and the books must balance to the unit.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import structlog

from digest.app import App
from digest.edition.slots import newest
from digest.model import OPEN_DELIVERIES, Cadence, DeliveryState, EditionId, Entry, Layout, Segment, TopicId
from digest.render import mime
from digest.render.blocks import Shelf
from digest.render.proof import stands
from digest.work.composing import compose_due
from digest.work.importing import ingest
from digest.work.messages import core_of, wire_of
from digest.work.planning import Plan, plan, told_once
from digest.work.previewing import specimen
from digest.work.proving import proven
from digest.work.recent import Recent
from tests.bench.send import CONNECTIONS, sent, site
from tests.bench.store import sample
from tests.crowd import Kind, join
from tests.factories import Clock, make_source, make_topic
from tests.servers import PostgresServer
from tests.sinks import postfix, sink

T = TypeVar("T")
# Sunday's papers and the week's are composed on Monday morning; by its afternoon the Americas are due, too.
SEEN, CUT, SENT = (datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((22, 12), (23, 5), (23, 15)))
PAPERS, TOPICS, SETS, KINDS = 1000, 20, 60, 2000
# Neither in every paper nor in hardly any.
COMMON = range(PAPERS // 50, PAPERS // 10)


def entries() -> list[Entry]:
    return [
        msgspec.structs.replace(one.entry, links=paper.links, arxiv_id=paper.arxiv_id, categories=paper.categories)
        for paper, one in zip(*sample(PAPERS)[:2], strict=True)
    ]


def topics(found: list[Entry], dice: random.Random) -> dict[TopicId, tuple[str, ...]]:
    """Return the words of each topic, each out of some of the papers."""
    counts = Counter(word for one in found for word in set((one.abstract or "").split()))
    words = sorted(word for word, count in counts.items() if count in COMMON and len(word) > 3)
    return {TopicId(f"topic-{number}"): tuple(dice.sample(words, 3)) for number in range(TOPICS)}


def kinds(known: list[TopicId], dice: random.Random) -> list[Kind]:
    """Return what readers chose: few sets of topics are many readers', and most leave a form as it is."""
    sets = [tuple(sorted(dice.sample(known, dice.choice((1, 1, 2, 3, 5))))) for _ in range(SETS)]
    popular = [1 / rank for rank in range(1, SETS + 1)]
    zones = {"Europe/Berlin": 4, "America/New_York": 3, "Europe/London": 2, "America/Sao_Paulo": 1}
    return [
        Kind(
            topics=dice.choices(sets, popular)[0],
            zone=dice.choices([*zones], [*zones.values()])[0],
            send_hour=dice.choice((8, 8, 8, 9)),
            cadence=dice.choice((Cadence.DAILY,) * 4 + (Cadence.WEEKLY,)),
            language=dice.choice(("en", "en", "en", "de")),
            layout=dice.choices([*Layout], (6, 3, 1))[0],
        )
        for _ in range(KINDS)
    ]


def segments(app: App) -> list[Segment]:
    """Return who will be due when mail is sent, by what they get."""
    found = []
    for cadence, zone, hour in app.store.send_times():
        slot = newest(cadence, ZoneInfo(zone), hour, calendar=app.calendar, now=SENT)
        found += app.store.segments(cadence, zone, hour, slot=slot.label, due=slot.due)
    return found


def signed_off(app: App) -> int:
    """Hold each digest that is about to be planned to the rules of mail. Returns how many there are."""
    proven(app)
    shelf, recent = Shelf(), Recent(app.store)
    wanted = {(one.slot, one.segment.language, one.segment.layout, one.editions) for one in plan(app, dry=True)}
    digests = [one for one in sorted(wanted) if one[-1]]
    for slot, language, layout, editions in digests:
        sections = told_once(app, [recent.edition(EditionId(one)) for one in editions], recent)
        core = core_of(app, sections, layout=layout, language=language, shelf=shelf)
        stands(mime.message(wire_of(app, core), specimen(app, sections)), slot)
    return len(digests)


class Table:
    """Prints a row a step."""

    def __init__(self, readers: int) -> None:
        self._readers, self.wall, self.cpu = readers, 0.0, 0.0
        print(f"  {'step':12}{'seconds':>10}{'processor':>11}{'us a reader':>13}")

    def timed(self, step: str, verb: Callable[[], T], told: Callable[[T], str]) -> T:
        began, busy = time.perf_counter(), time.process_time()
        found = verb()
        self.row(step, time.perf_counter() - began, time.process_time() - busy, told(found))
        return found

    def row(self, step: str, wall: float, cpu: float, told: str) -> None:
        self.wall, self.cpu = self.wall + wall, self.cpu + cpu
        self._print(step, wall, cpu, told)

    def total(self) -> None:
        self._print("all", self.wall, self.cpu, "")

    def _print(self, step: str, wall: float, cpu: float, told: str) -> None:
        print(f"  {step:12}{wall:10.2f}{cpu:11.2f}{wall / self._readers * 1e6:13.1f}  {told}", flush=True)


def measure(url: str, readers: int) -> None:
    dice, found = random.Random(7), entries()
    with site(url, "smtp://localhost", SEEN) as app:
        clock = app.now
        assert isinstance(clock, Clock)
        ingest(app, make_source(), found)
        known = topics(found, dice)
        app.store.put_topics([make_topic(id_, name=f"About {id_}", should=words) for id_, words in known.items()])
        join(app, kinds([*known], dice), readers, since=SEEN)
        table = Table(readers)
        table.timed("segments", lambda: segments(app), lambda found: f"{len(found)} segments")
        clock.instant = CUT
        table.timed("compose", lambda: compose_due(app), lambda found: f"{len(found)} editions")
        clock.instant = SENT
        table.timed("sign off", lambda: signed_off(app), lambda found: f"{found} digests hold the rules")
        planned = table.timed("plan", lambda: plan(app), lambda found: f"{sum(one.readers for one in found)} planned")
    with sink() as port:
        done = sent(url, port, now=SENT)
    each = f"{done['sent'] / done['seconds']:.0f} mails/s, {done['cpu'] / done['sent'] * 1e6:.0f} us of processor each"
    table.row("send", done["seconds"], done["cpu"], f"{each}, {done['peak']:.0f} MB at most (<= 150)")
    with site(url, now=SENT) as app:
        books = table.timed("books", app.store.books, lambda found: f"{len(found)} slots")
    table.total()
    balance(books, planned, int(done["sent"]))


def balance(books: Mapping[str, Mapping[DeliveryState, int]], planned: list[Plan], mails: int) -> None:
    """Print the books, and see that they account for every reader who was due."""
    due, carried = Counter[str](), 0
    for one in planned:
        due[one.slot] += one.readers
        carried += one.readers if one.editions else 0
    for slot, states in books.items():
        still = sum(count for state, count in states.items() if state in OPEN_DELIVERIES)
        final = sum(states.values()) - still
        told = ", ".join(f"{count} {state}" for state, count in states.items())
        print(f"  {slot}: {due[slot]} due = {still} open + {final} final ({told})")
        assert (still, final) == (0, due[slot])
    assert books.keys() == due.keys()
    assert sum(states.get(DeliveryState.SENT, 0) for states in books.values()) == mails == carried
    print(f"  the books balance: {due.total()} due, {mails} sent, {due.total() - mails} with nothing to send")


def main(readers: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {readers} readers, {CONNECTIONS} connections")
    if postfix() is None:
        return print("smtp-sink is not there: install postfix, or let apt-get download it")
    with TemporaryDirectory() as folder:
        print("SQLite")
        measure(f"sqlite:///{folder}/digest.db", readers)
    try:
        server = PostgresServer(durable=True)
    except (AssertionError, OSError) as error:
        return print(f"PostgreSQL cannot be started: {error}")
    with closing(server):
        print("PostgreSQL")
        measure(server.url(), readers)
    return None


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
