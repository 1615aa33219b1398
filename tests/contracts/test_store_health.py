"""How polling goes for each source, which sources are due, and what was old when a source was new."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.errors import NotFoundError
from digest.model import Health, Pause, Rhythm, Sighting, SourceId
from digest.store import Store
from tests.factories import NOON, make_entry, make_paper, make_source

HOUR = timedelta(hours=1)
LIST = SourceId("list")
URL = "https://lists.example/feed"
FULL = Health(
    source_id=LIST,
    last_poll=NOON,
    last_ok=NOON - HOUR,
    next_poll=NOON + HOUR,
    failing_since=NOON,
    failures=3,
    last_error="it is not well",
    address=URL,
    etag='W/"\u00e9"',
    last_modified="yesterday",
    moved_to="https://lists.example/new",
    baseline_at=NOON - 2 * HOUR,
    complete_at=NOON - HOUR,
    fresh_until=NOON + HOUR,
    last_news=NOON - 3 * HOUR,
    moved_since=NOON - 2 * HOUR,
    pause=Pause(ttl=HOUR, skip_hours=frozenset({0, 23}), skip_days=frozenset({6})),
    rhythm=Rhythm(times=1.5, hours=20.25, days=(1.5, 0, 0, 0, 0, 0, 0), quarters=(0.0625,) * 96),
)


def store_seen(store: Store, title: str, source: str = "list", **changes: Any) -> None:
    paper = make_paper(title)
    entry = make_entry(title, source_id=SourceId(source))
    store.save_papers([paper])
    store.save_sightings([Sighting(**{"entry": entry, "paper_id": paper.id, "first_seen": NOON, **changes})])


def window(store: Store) -> list[str]:
    found = store.papers_between(NOON - HOUR, NOON + HOUR, as_of=NOON + HOUR)
    return sorted(paper.title for paper in found)


def test_health_comes_back_as_it_was_saved(store: Store) -> None:
    store.put_sources([make_source()])
    store.save_health(FULL)
    assert store.source_health([LIST]) == {LIST: FULL}
    store.save_health(Health(source_id=LIST))
    assert store.source_health([LIST]) == {LIST: Health(source_id=LIST)}


def test_a_source_that_was_never_polled_has_a_health_that_says_nothing(store: Store) -> None:
    store.put_sources([make_source(), make_source("other")])
    store.save_health(FULL)
    assert store.source_health() == {LIST: FULL, "other": Health(source_id=SourceId("other"))}
    assert store.source_health([SourceId("other"), SourceId("nowhere")]).keys() == {"other"}
    assert store.source_health([]) == {}


def test_a_changed_definition_leaves_the_health_alone(store: Store) -> None:
    store.put_sources([make_source()])
    store.save_health(FULL)
    store.put_sources([make_source(name="Another name")])
    assert store.source_health([LIST]) == {LIST: FULL}


def test_the_health_of_a_source_that_is_not_there_is_not_kept(store: Store) -> None:
    with pytest.raises(NotFoundError, match="'list'"):
        store.save_health(FULL)


def test_due_is_what_is_enabled_has_an_address_and_waits_no_more(store: Store) -> None:
    store.put_sources([make_source("new", url=URL), make_source("off", url=URL, enabled=False), make_source("file")])
    for name, due in (("due", NOON), ("overdue", NOON - HOUR), ("later", NOON + timedelta(seconds=1))):
        store.put_sources([make_source(name, url=URL)])
        store.save_health(Health(source_id=SourceId(name), next_poll=due))
    assert [source.id for source in store.due_sources(NOON)] == ["due", "new", "overdue"]


def test_old_stock_is_in_no_window_but_is_known_and_found(store: Store) -> None:
    store_seen(store, "Old")
    store_seen(store, "New")
    assert store.mark_baseline(LIST, ["Old", "nowhere"]) == 1
    assert window(store) == ["New"]
    assert [paper.title for paper in store.search("old", limit=5)] == ["Old"]
    assert store.sightings(LIST, ["Old"]).keys() == {"Old"}


def test_old_stock_is_marked_for_one_source_and_freed_by_another(store: Store) -> None:
    store_seen(store, "Old")
    store.mark_baseline(LIST, ["Old"])
    store_seen(store, "Old", "other")
    assert window(store) == ["Old"]
    assert store.papers_between(NOON - HOUR, NOON + HOUR, as_of=NOON - HOUR / 2) == []
    store.mark_baseline(SourceId("other"), ["Old"])
    assert window(store) == []


def test_who_frees_old_stock_must_have_been_seen_by_then(store: Store) -> None:
    store_seen(store, "Old")
    store.mark_baseline(LIST, ["Old"])
    store_seen(store, "Old", "other", first_seen=NOON + HOUR)
    assert store.papers_between(NOON - HOUR, NOON + HOUR, as_of=NOON) == []


def test_a_changed_entry_stays_old_stock(store: Store) -> None:
    store_seen(store, "Old")
    store.mark_baseline(LIST, ["Old"])
    paper = make_paper("Old")
    changed = make_entry("Old", abstract="Longer.")
    store.save_sightings([Sighting(entry=changed, paper_id=paper.id, first_seen=NOON + HOUR)])
    assert window(store) == []


def test_a_host_is_left_alone_until_its_time_is_over_and_a_shorter_time_shortens_nothing(store: Store) -> None:
    store.cool_host("slow.example", NOON + 2 * HOUR)
    store.cool_host("slow.example", NOON + HOUR)
    store.cool_host("quick.example", NOON + HOUR)
    assert store.cooling_hosts(NOON) == {"quick.example": NOON + HOUR, "slow.example": NOON + 2 * HOUR}
    assert store.cooling_hosts(NOON + HOUR) == {"slow.example": NOON + 2 * HOUR}
    store.cool_host("slow.example", NOON + 3 * HOUR)
    assert store.cooling_hosts(NOON + 2 * HOUR) == {"slow.example": NOON + 3 * HOUR}
