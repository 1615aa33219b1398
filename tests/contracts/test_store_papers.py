"""Store: sources, papers, keys and entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from digest.errors import NotFoundError, StoreError
from digest.model import (
    AnnounceType,
    Links,
    Observation,
    Paper,
    PaperId,
    Rights,
    Sighting,
    SignalKind,
    SourceId,
)
from digest.store import Store
from tests.factories import NOON, make_entry, make_paper, make_source

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

FULL = make_paper(
    "Everything known",
    abstract="All of it.",
    authors=("Ada Lovelace", "Zoë Ångström"),
    categories=("cs.LG", "cs.CL"),
    links=Links(abstract="https://arxiv.example/abs/2611.00010", code="https://code.example/x"),
    arxiv_id="2611.00010",
    doi="10.1000/182",
    version=3,
    submitted=NOON - 3 * DAY,
    announced=NOON - 2 * DAY,
    listed=NOON - DAY,
    rights=Rights.EXCERPT,
    withdrawn=True,
)


def seen(title: str = "A paper", **changes: Any) -> Sighting:
    given = {"entry": make_entry(title), "paper_id": make_paper().id, "first_seen": NOON}
    return Sighting(**{**given, **changes})


# Sources


def test_sources_come_back_by_id(store: Store) -> None:
    b, a = make_source("b", url="https://b.example/feed"), make_source("a", enabled=False, rights=Rights.LINK)
    assert store.put_sources([b, a]) == 2
    assert store.sources() == [a, b]


def test_a_source_that_is_put_again_is_changed(store: Store) -> None:
    store.put_sources([make_source(name="Old"), make_source("other")])
    assert store.put_sources([make_source(name="New"), make_source("other")]) == 1
    assert store.source(SourceId("list")).name == "New"


def test_an_unknown_source_is_named_with_the_near_ones(store: Store) -> None:
    store.put_sources([make_source("arxiv-cs-lg"), make_source("elsewhere")])
    with pytest.raises(NotFoundError, match="'arxiv-cs-l'") as caught:
        store.source(SourceId("arxiv-cs-l"))
    assert caught.value.hint == "did you mean arxiv-cs-lg?"


def test_a_name_like_no_other_gets_no_hint(store: Store) -> None:
    with pytest.raises(NotFoundError) as caught:
        store.source(SourceId("nowhere"))
    assert caught.value.hint is None


def test_a_removed_source_leaves_its_entries_and_papers(store: Store) -> None:
    store.put_sources([make_source()])
    store.save_papers([make_paper()])
    store.save_sightings([seen()])
    store.remove_source(SourceId("list"))
    assert store.sources() == []
    assert store.sightings(SourceId("list"), ["A paper"]) == {"A paper": seen()}


def test_removing_an_unknown_source_is_an_error(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.remove_source(SourceId("nowhere"))


def test_tallies_count_entries_and_tell_the_last_new_one(store: Store) -> None:
    store.put_sources([make_source(), make_source("silent")])
    store.save_papers([make_paper()])
    store.save_sightings([seen("First"), seen("Second", first_seen=NOON + HOUR)])
    assert store.source_tallies() == {"list": (2, NOON + HOUR)}


# Papers


def test_a_paper_comes_back_as_it_was_saved(store: Store) -> None:
    store.save_papers([FULL])
    assert store.papers([FULL.id]) == {FULL.id: FULL}


def test_what_is_not_known_stays_unknown(store: Store) -> None:
    store.save_papers([make_paper(abstract=None)])
    (paper,) = store.papers([make_paper().id]).values()
    unknown = (paper.abstract, paper.submitted, paper.announced, paper.listed, paper.version, paper.arxiv_id, paper.doi)
    assert set(unknown) == {None}


@pytest.mark.parametrize("name", ["2611.00010", "2611.10", "1e5", "007", "null", "NaN"])
def test_ids_that_look_like_numbers_survive(store: Store, name: str) -> None:
    store.save_papers([make_paper(id=PaperId(name), arxiv_id=name)])
    store.save_keys({name: PaperId(name)})
    assert store.paper_ids([name]) == {name: name}
    assert store.papers([PaperId(name)])[PaperId(name)].arxiv_id == name


def test_an_instant_of_another_zone_comes_back_in_utc(store: Store) -> None:
    tokyo = datetime.fromisoformat("2026-11-20T21:00:00+09:00")
    store.save_papers([make_paper(first_seen=tokyo)])
    (paper,) = store.papers([make_paper().id]).values()
    assert (paper.first_seen, paper.first_seen.tzinfo) == (NOON, UTC)


def test_saving_counts_only_the_rows_it_wrote(store: Store) -> None:
    papers = [make_paper("First"), make_paper("Second"), FULL]
    assert store.save_papers(papers) == 3
    assert store.save_papers(papers) == 0
    assert store.save_papers([*papers, make_paper("Third"), replace(papers[0], version=2)]) == 2


@pytest.mark.parametrize("field", [name for name in Paper.__struct_fields__ if name not in ("id", "title")])
def test_a_change_of_any_field_is_written(store: Store, field: str) -> None:
    plain = make_paper(FULL.title, first_seen=NOON + HOUR)
    changed = replace(plain, **{field: getattr(FULL, field)})
    store.save_papers([plain])
    assert store.save_papers([changed]) == 1
    assert store.papers([plain.id]) == {plain.id: changed}


def test_papers_come_by_id_and_only_those_that_are_known(store: Store) -> None:
    store.save_papers([make_paper("B"), make_paper("A")])
    assert list(store.papers([PaperId("text:b"), PaperId("text:none"), PaperId("text:a")])) == ["text:a", "text:b"]


def test_a_list_of_any_length_is_one_question(store: Store) -> None:
    store.save_papers([make_paper()])
    ids = [PaperId(f"text:{number}") for number in range(50_000)]
    assert list(store.papers([*ids, make_paper().id])) == [make_paper().id]
    assert store.papers([]) == {}


def test_first_sight_is_that_of_the_first_paper(store: Store) -> None:
    assert store.first_sight() is None
    store.save_papers([make_paper("Later", first_seen=NOON + HOUR), make_paper("First")])
    assert store.first_sight() == NOON


# Windows


def between(store: Store, **changes: datetime) -> list[str]:
    given = {"start": NOON, "end": NOON + DAY, "as_of": NOON + 2 * DAY, **changes}
    return [paper.title for paper in store.papers_between(**given)]


def test_a_window_holds_its_start_and_not_its_end(store: Store) -> None:
    store.save_papers(
        [
            make_paper("Before", first_seen=NOON - timedelta(seconds=1)),
            make_paper("End", first_seen=NOON + DAY),
            make_paper("Start", first_seen=NOON),
            make_paper("Last", first_seen=NOON + DAY - timedelta(seconds=1)),
        ]
    )
    assert between(store) == ["Last", "Start"]


def test_a_window_goes_by_the_listing_where_there_is_one(store: Store) -> None:
    store.save_papers([make_paper(listed=NOON - DAY, first_seen=NOON + HOUR)])
    assert between(store) == []
    assert between(store, start=NOON - DAY) == ["A paper"]


def test_a_withdrawn_paper_is_in_no_window(store: Store) -> None:
    store.save_papers([make_paper(withdrawn=True)])
    assert between(store) == []


def test_what_was_seen_after_the_moment_of_composing_is_in_no_window(store: Store) -> None:
    store.save_papers([make_paper(listed=NOON, first_seen=NOON + 3 * HOUR)])
    assert between(store, as_of=NOON + 2 * HOUR) == []
    assert between(store, as_of=NOON + 3 * HOUR) == ["A paper"]


def test_latecomers_are_let_in_when_asked_for(store: Store) -> None:
    late = {"listed": NOON - 3 * DAY, "first_seen": NOON + HOUR}
    store.save_papers(
        [
            make_paper("Late", **late),
            make_paper("Too late", **{**late, "listed": NOON - 8 * DAY}),
            make_paper("Known before", **{**late, "first_seen": NOON - HOUR}),
            make_paper("On time", first_seen=NOON),
        ]
    )
    assert between(store) == ["On time"]
    assert between(store, new_since=NOON, oldest=NOON - 7 * DAY) == ["Late", "On time"]


def test_latecomers_of_a_later_window_wait_for_it(store: Store) -> None:
    store.save_papers([make_paper(first_seen=NOON + DAY)])
    assert between(store, new_since=NOON, oldest=NOON - 7 * DAY) == []


# Keys


def test_a_key_stays_with_its_first_owner(store: Store) -> None:
    first, second = make_paper("First"), make_paper("Second")
    store.save_papers([first, second])
    assert store.save_keys({"doi:10.1/x": first.id}) == 1
    assert store.save_keys({"doi:10.1/x": second.id, "arxiv:1": second.id}) == 1
    assert store.paper_ids(["doi:10.1/x", "arxiv:1", "arxiv:2"]) == {"doi:10.1/x": first.id, "arxiv:1": second.id}


def test_a_key_needs_a_paper(store: Store) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.save_keys({"arxiv:1": PaperId("text:none")})


# Entries


def test_an_entry_comes_back_as_it_was_saved(store: Store) -> None:
    entry = make_entry(
        abstract="All of it.",
        authors=("Ada Lovelace",),
        categories=("cs.LG",),
        links=Links(pdf="https://arxiv.example/pdf/1"),
        arxiv_id="2611.00010",
        doi="10.1000/182",
        version=2,
        announce_type=AnnounceType.REPLACE_CROSS,
        submitted=NOON,
        announced=NOON,
        listed=NOON,
        place="page 1, third",
        raw_title="<b>A paper</b>",
        raw_abstract="All of $it$.",
        signals=(Observation(kind=SignalKind.STARS, value=5), Observation(kind=SignalKind.UPVOTES, value=0, at=NOON)),
    )
    store.save_papers([make_paper()])
    store.save_sightings([seen(entry=entry)])
    assert store.sightings(SourceId("list"), ["A paper"]) == {"A paper": seen(entry=entry)}


def test_an_entry_that_changes_keeps_when_it_was_first_seen(store: Store) -> None:
    store.save_papers([make_paper()])
    store.save_sightings([seen()])
    changed = make_entry(title="A better title", external_id="A paper")
    assert store.save_sightings([seen(entry=changed, first_seen=NOON + DAY)]) == 1
    assert store.sightings(SourceId("list"), ["A paper"]) == {"A paper": seen(entry=changed)}


def test_an_entry_that_is_seen_again_unchanged_is_not_written(store: Store) -> None:
    store.save_papers([make_paper()])
    store.save_sightings([seen()])
    assert store.save_sightings([seen(first_seen=NOON + DAY)]) == 0


def test_external_ids_belong_to_their_source(store: Store) -> None:
    store.save_papers([make_paper()])
    elsewhere = seen(entry=make_entry(source_id=SourceId("elsewhere")))
    store.save_sightings([seen(), elsewhere, seen("Other")])
    assert store.sightings(SourceId("elsewhere"), ["A paper", "Other"]) == {"A paper": elsewhere}


def test_announcers_are_the_sources_of_a_paper_by_id(store: Store) -> None:
    both, none = make_paper("Both"), make_paper("None")
    store.save_papers([both, none])
    entries = [make_entry(name, source_id=SourceId(source)) for source, name in [("z", "1"), ("a", "2"), ("a", "3")]]
    store.save_sightings([seen(entry=entry, paper_id=both.id) for entry in entries])
    assert store.announcers([both.id, none.id]) == {both.id: ("a", "z")}


def test_announcers_are_those_seen_up_to_a_moment(store: Store) -> None:
    paper = make_paper()
    store.save_papers([paper])
    given = [("early", NOON), ("late", NOON + HOUR)]
    store.save_sightings(
        seen(entry=make_entry(source_id=SourceId(name)), paper_id=paper.id, first_seen=at) for name, at in given
    )
    assert store.announcers([paper.id], until=NOON) == {paper.id: ("early",)}
    assert store.announcers([paper.id]) == {paper.id: ("early", "late")}


def test_papers_since_a_moment_were_first_seen_after_it_withdrawn_or_not(store: Store) -> None:
    later = [make_paper(title, first_seen=NOON + HOUR, withdrawn=title == "B") for title in "AB"]
    store.save_papers([make_paper("Now"), *later])
    assert store.papers_since(NOON) == later
    assert store.papers_since(NOON + HOUR) == []
