"""Store: what arrived when, papers that turned out to be another one, and picks that were withdrawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.errors import StoreError
from digest.model import (
    Arrival,
    Edition,
    EditionState,
    Paper,
    PaperId,
    Period,
    PeriodKind,
    Sighting,
    Signal,
    SignalKind,
    SourceId,
    TopicId,
    Withdrawal,
)
from digest.store import Store
from tests.factories import NOON, make_edition, make_entry, make_paper, make_pick, make_topic

HOUR = timedelta(hours=1)
LIST, KV, DAY = SourceId("list"), TopicId("kv-cache"), PeriodKind.DAY
STAYS, GOES = make_paper("Stays"), make_paper("Goes")


def arrival(hours: int = 0, entries: int = 1, **changes: Any) -> Arrival:
    return Arrival(**{"source_id": LIST, "at": NOON + hours * HOUR, "entries": entries, **changes})


def votes(paper: Paper, value: int, hours: int = 0) -> Signal:
    at = NOON + hours * HOUR
    return Signal(paper_id=paper.id, kind=SignalKind.UPVOTES, source_id=LIST, at=at, value=value)


def edition(*papers: Paper, label: str = "2026-11-19", **changes: Any) -> Edition:
    picks = [make_pick(paper, rank=rank) for rank, paper in enumerate(papers, 1)]
    return make_edition(*picks, label=label, **changes)


# Arrivals


def test_arrivals_come_back_oldest_first(store: Store) -> None:
    later, first = arrival(2), arrival(1, 7, category="cs.AI")
    store.save_arrivals([later, first, arrival(-1)])
    assert store.arrivals(NOON) == [first, later]


def test_pages_of_one_moment_are_added_up(store: Store) -> None:
    store.save_arrivals([arrival(entries=100), arrival(entries=3, category="cs.AI")])
    store.save_arrivals([arrival(entries=11), arrival(entries=2, source_id=SourceId("other"))])
    assert [(one.source_id, one.category, one.entries) for one in store.arrivals(NOON)] == [
        (LIST, "", 111),
        (LIST, "cs.AI", 3),
        ("other", "", 2),
    ]


# One paper of two


def make_one(store: Store) -> None:
    store.unite_papers({GOES.id: STAYS.id})


def test_a_paper_that_goes_is_found_under_its_old_id(store: Store) -> None:
    store.save_papers([STAYS, GOES])
    make_one(store)
    assert store.papers([GOES.id]) == {GOES.id: STAYS}
    assert list(store.papers([STAYS.id, GOES.id])) == sorted([STAYS.id, GOES.id])
    assert store.tally()["paper"] == 1
    assert store.search("goes", limit=5) == []


def test_keys_and_entries_move(store: Store) -> None:
    store.save_papers([STAYS, GOES])
    store.save_keys({"doi:10.1/x": GOES.id, "arxiv:1": STAYS.id})
    store.save_sightings([Sighting(entry=make_entry(), paper_id=GOES.id, first_seen=NOON)])
    make_one(store)
    assert store.paper_ids(["doi:10.1/x", "arxiv:1"]) == {"doi:10.1/x": STAYS.id, "arxiv:1": STAYS.id}
    assert store.sightings(LIST, ["A paper"])["A paper"].paper_id == STAYS.id
    assert store.announcers([STAYS.id, GOES.id]) == {STAYS.id: (LIST,)}


def test_signals_move_and_of_the_same_moment_the_own_one_stays(store: Store) -> None:
    store.save_papers([STAYS, GOES])
    store.save_signals([votes(STAYS, 5), votes(GOES, 3), votes(GOES, 9, hours=1)])
    make_one(store)
    found = store.series([STAYS.id, GOES.id], until=NOON + HOUR)
    assert found == {STAYS.id: [votes(STAYS, 5), votes(STAYS, 9, hours=1)]}


def test_what_was_picked_under_the_old_id_stays_picked_and_its_edition_as_it_was(store: Store) -> None:
    store.save_papers([STAYS, GOES])
    frozen = edition(GOES)
    store.save_edition(frozen)
    make_one(store)
    assert store.picked(KV, DAY) == {STAYS.id}
    assert store.edition(frozen.id) == frozen


def test_a_draft_that_names_both_can_still_be_released(store: Store) -> None:
    store.save_papers([STAYS, GOES])
    store.save_edition(edition(GOES, STAYS, state=EditionState.DRAFT))
    make_one(store)
    assert store.save_edition(edition(GOES, STAYS))
    assert store.picked(KV, DAY) == {STAYS.id}


def test_a_block_moves(store: Store) -> None:
    store.save_papers([STAYS, GOES])
    store.block(KV, GOES.id, now=NOON)
    make_one(store)
    assert store.blocked(KV, until=NOON) == {STAYS.id}


def test_what_became_one_can_become_another_again(store: Store) -> None:
    last = make_paper("Last")
    store.save_papers([STAYS, GOES, last])
    make_one(store)
    store.unite_papers({STAYS.id: last.id})
    assert store.papers([GOES.id, STAYS.id]) == {GOES.id: last, STAYS.id: last}


def test_a_paper_cannot_become_one_that_is_not_there(store: Store) -> None:
    store.save_papers([GOES])
    with pytest.raises(StoreError):
        store.unite_papers({GOES.id: PaperId("text:nowhere")})
    assert store.papers([GOES.id]) == {GOES.id: GOES}


# Withdrawals

GONE = make_paper("Gone", withdrawn=True)


def withdrawn(store: Store, *, apart_from: str = "2026-11-20", kind: PeriodKind = DAY) -> dict[str, list[str]]:
    found = store.withdrawals(kind, apart_from=apart_from)
    return {topic: [f"{paper.title} {period.label}" for paper, period in told] for topic, told in found.items()}


def test_a_pick_that_was_withdrawn_is_found_for_each_topic(store: Store) -> None:
    store.save_papers([GONE, STAYS])
    store.save_edition(edition(GONE, STAYS))
    store.save_edition(edition(GONE, label="2026-11-18"))
    store.save_edition(edition(GONE, label="2026-11-18", topic=make_topic("agents")))
    assert withdrawn(store) == {"agents": ["Gone 2026-11-18"], "kv-cache": ["Gone 2026-11-19"]}
    assert store.withdrawals(DAY, apart_from="2026-11-20")[KV] == [(GONE, Period.parse("2026-11-19"))]
    assert withdrawn(store, kind=PeriodKind.WEEK) == {}


def test_it_is_told_once(store: Store) -> None:
    store.save_papers([GONE])
    store.save_edition(edition(GONE))
    told = Withdrawal(paper_id=GONE.id, title=GONE.title, label="2026-11-19")
    store.save_edition(edition(STAYS, label="2026-11-20", withdrawn=(told,)))
    assert withdrawn(store, apart_from="2026-11-21") == {}
    assert withdrawn(store, apart_from="2026-11-20") == {"kv-cache": ["Gone 2026-11-19"]}
    assert store.edition(edition(label="2026-11-20").id).withdrawn == (told,)


def test_a_draft_that_is_composed_anew_may_tell_other_things(store: Store) -> None:
    store.save_papers([GONE])
    store.save_edition(edition(GONE))
    told = Withdrawal(paper_id=GONE.id, title=GONE.title, label="2026-11-19")
    store.save_edition(edition(STAYS, label="2026-11-20", withdrawn=(told,), state=EditionState.DRAFT))
    store.save_edition(edition(STAYS, label="2026-11-20", state=EditionState.DRAFT))
    assert withdrawn(store, apart_from="2026-11-21") == {"kv-cache": ["Gone 2026-11-19"]}


def test_what_was_never_released_needs_no_word(store: Store) -> None:
    store.save_papers([GONE])
    store.save_edition(edition(GONE, state=EditionState.DRAFT))
    assert withdrawn(store) == {}
    store.save_edition(edition(GONE))
    assert withdrawn(store) == {"kv-cache": ["Gone 2026-11-19"]}
    assert withdrawn(store, apart_from="2026-11-19") == {}
