"""Store: which papers a service is asked about, when, and how asking it goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from digest.model import (
    Links,
    MeterHealth,
    PaperId,
    Reading,
    Sighting,
    Signal,
    SignalKind,
    SourceId,
)
from digest.store import Store
from tests.factories import NOON, make_edition, make_entry, make_paper, make_pick, make_source

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CODE = Links(code="https://github.com/acme/tiny")


def announced(store: Store, title: str = "A paper", *, source: str = "list", at: Any = NOON, **changes: Any) -> PaperId:
    votes = changes.pop("votes", None)
    paper = make_paper(title, **{"arxiv_id": "2611.00001", "links": CODE, **changes})
    url = None if source.startswith("file") else "https://lists.example/feed"
    store.put_sources([make_source(source, url=url)])
    store.save_papers([paper])
    entry = make_entry(title, source_id=SourceId(source))
    store.save_sightings([Sighting(entry=entry, paper_id=paper.id, first_seen=at)])
    if votes is not None:
        store.save_signals(
            [Signal(paper_id=paper.id, kind=SignalKind.UPVOTES, source_id=SourceId(source), at=at, value=votes)]
        )
    return paper.id


def enrolled(store: Store, about: str = "arxiv", **changes: Any) -> list[PaperId]:
    given = {"only_counted": False, "start": NOON - DAY, "now": NOON, "next_at": NOON, **changes}
    store.enrol("github", about=about, **given)
    return [reading.paper_id for reading in store.due_readings("github", NOON, limit=9)]


def test_what_a_polled_source_announced_since_is_watched_once(store: Store) -> None:
    paper = announced(store)
    announced(store, "Long ago", at=NOON - 2 * DAY)
    announced(store, "From a file", source="file-papers")
    announced(store, "Withdrawn", withdrawn=True)
    assert enrolled(store) == [paper]
    reading = Reading(meter="github", paper_id=paper, since=NOON, next_at=NOON)
    assert store.due_readings("github", NOON, limit=9) == [reading]
    assert store.enrol(
        "github", about="arxiv", only_counted=False, start=NOON - DAY, now=NOON + HOUR, next_at=NOON
    ) == 0  # fmt: skip
    assert store.due_readings("hackernews", NOON, limit=9) == []


def test_old_stock_of_a_new_source_is_not_worth_a_question(store: Store) -> None:
    announced(store)
    store.mark_baseline(SourceId("list"), ["A paper"])
    assert enrolled(store) == []


def test_only_a_paper_that_the_service_can_be_asked_about_is_watched(store: Store) -> None:
    bare = announced(store, "Bare", arxiv_id=None, links=Links())
    journal = announced(store, "Journal", arxiv_id=None, doi="10.1/x", links=Links(code="https://gitlab.com/a/b"))
    preprint = announced(store, "Preprint")
    assert enrolled(store, "arxiv") == [preprint]
    assert enrolled(store, "code") == [preprint]
    assert sorted(enrolled(store, "id")) == sorted([journal, preprint])
    assert bare not in enrolled(store, "id")


def test_a_meter_may_want_only_papers_that_a_source_counts_votes_for(store: Store) -> None:
    announced(store, "No votes")
    voted = announced(store, "Votes", votes=0)
    elsewhere = announced(store, "Points elsewhere")
    store.save_signals(
        [Signal(paper_id=elsewhere, kind=SignalKind.UPVOTES, source_id=SourceId("hackernews"), at=NOON, value=9)]
    )
    assert enrolled(store, only_counted=True) == [voted]


def test_a_pick_is_worth_a_number_wherever_it_came_from(store: Store) -> None:
    paper = announced(store, source="file-papers")
    store.save_edition(make_edition(make_pick(store.papers([paper])[paper]), label="2026-11-19"))
    assert enrolled(store, only_counted=True) == [paper]
    assert enrolled(store, start=NOON + HOUR) == [paper]  # still watched: nothing is taken away


def test_a_pick_of_last_month_is_a_pick_of_its_cut(store: Store) -> None:
    paper = announced(store, source="file-papers")
    edition = make_edition(make_pick(store.papers([paper])[paper]), label="2026-10")
    store.save_edition(edition)
    assert enrolled(store, start=edition.cut + HOUR) == []
    assert enrolled(store, start=edition.cut) == [paper]


def test_the_youngest_are_asked_first_and_what_is_done_never(store: Store) -> None:
    first = announced(store, "First")
    enrolled(store)
    second, third = announced(store, "Second"), announced(store, "Third")
    store.enrol("github", about="arxiv", only_counted=False, start=NOON - DAY, now=NOON + HOUR, next_at=NOON + HOUR)
    due = store.due_readings("github", NOON + HOUR, limit=9)
    assert [reading.paper_id for reading in due] == [*sorted([second, third]), first]
    assert [reading.paper_id for reading in store.due_readings("github", NOON, limit=9)] == [first]
    assert len(store.due_readings("github", NOON + HOUR, limit=2)) == 2
    done = [Reading(meter="github", paper_id=one.paper_id, since=one.since, next_at=None) for one in due]
    assert store.save_readings(done) == 3
    assert store.due_readings("github", NOON + 99 * DAY, limit=9) == []


def test_a_reading_comes_back_as_it_was_saved(store: Store) -> None:
    paper = announced(store)
    enrolled(store)
    full = Reading(
        meter="github",
        paper_id=paper,
        since=NOON,
        next_at=NOON + HOUR,
        numbers={SignalKind.STARS: 2**53 - 1},
        address="https://api.example/repos/a/b",
        etag='W/"x"',
        unknown=True,
    )
    assert store.save_readings([full]) == 1
    assert store.due_readings("github", NOON + HOUR, limit=9) == [full]


def test_a_reading_of_a_paper_that_is_gone_is_ignored(store: Store) -> None:
    lost = Reading(meter="github", paper_id=PaperId("text:lost"), since=NOON, next_at=NOON)
    assert store.save_readings([lost]) == 0


def test_what_is_done_is_forgotten_when_nobody_needs_it(store: Store) -> None:
    done, watched = announced(store, "Done"), announced(store, "Watched")
    enrolled(store)
    store.save_readings([Reading(meter="github", paper_id=done, since=NOON, next_at=None)])
    assert store.reading_tallies(NOON) == {"github": (1, 1)}
    assert store.forget_readings("github", before=NOON) == 0
    assert store.forget_readings("github", before=NOON + HOUR) == 1
    assert [one.paper_id for one in store.due_readings("github", NOON, limit=9)] == [watched]
    assert store.reading_tallies(NOON - HOUR) == {"github": (1, 0)}


def test_how_asking_goes_comes_back_as_it_was_saved(store: Store) -> None:
    assert store.meters() == {}
    full = MeterHealth(
        meter="github", free_at=NOON, rests_until=NOON + HOUR, failures=2, last_ok=NOON, last_error="no", enrolled=NOON
    )
    store.save_meter(full)
    store.save_meter(MeterHealth(meter="openalex"))
    assert store.meters() == {"github": full, "openalex": MeterHealth(meter="openalex")}
    store.save_meter(MeterHealth(meter="github"))
    assert store.meters()["github"] == MeterHealth(meter="github")
