"""Store: what the pages ask of it. A narrowed search, a paper's announcements, and the editions that named it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from digest.model import EditionState, Links, PaperId, Period, Search, Sighting, Sister, SourceId
from digest.store import Store
from tests.factories import NOON, make_edition, make_entry, make_paper, make_pick, make_topic

DAY = timedelta(days=1)


@pytest.fixture
def filled(store: Store) -> Store:
    papers = [
        make_paper("Old cache", first_seen=NOON - 9 * DAY, categories=("cs.LG",)),
        make_paper("New cache", categories=("cs.CL", "q-bio.GN"), links=Links(code="https://github.com/a/b")),
        make_paper("Something else", categories=("cs-like",)),
    ]
    store.save_papers(papers)
    entry = make_entry("Old cache", source_id=SourceId("other"))
    store.save_sightings([Sighting(entry=entry, paper_id=papers[0].id, first_seen=NOON)])
    return store


def found(store: Store, skip: int = 0, limit: int = 10, **asked: object) -> list[str]:
    return [paper.title for paper in store.find(Search(**asked), limit=limit, skip=skip)]  # type: ignore[arg-type]


def test_without_anything_asked_the_newest_come(filled: Store) -> None:
    assert found(filled) == ["Something else", "New cache", "Old cache"]


def test_words_are_narrowed_by_category_source_day_and_code(filled: Store) -> None:
    assert found(filled, words="cache") == ["New cache", "Old cache"]
    assert found(filled, words="cache", category="cs.LG") == ["Old cache"]
    assert found(filled, words="cache", source="other") == ["Old cache"]
    assert found(filled, words="cache", since=NOON.date()) == ["New cache"]
    assert found(filled, words="cache", code=True) == ["New cache"]


def test_a_category_holds_its_subjects_and_nothing_that_only_begins_like_it(filled: Store) -> None:
    assert found(filled, category="cs") == ["New cache", "Old cache"]
    assert found(filled, category="q-bio") == ["New cache"]
    assert found(filled, category="%") == []


def test_both_days_are_included(filled: Store) -> None:
    day = NOON.date() - 9 * DAY
    assert found(filled, since=day, until=day) == ["Old cache"]
    assert found(filled, until=day - DAY) == []
    assert len(found(filled, until=date.max)) == 3


def test_pages_follow_one_another(filled: Store) -> None:
    assert [found(filled, limit=2), found(filled, limit=2, skip=2)] == [["Something else", "New cache"], ["Old cache"]]


def test_signs_alone_find_nothing(filled: Store) -> None:
    assert found(filled, words="?!") == []


def test_the_announcements_of_a_paper_come_first_seen_first(store: Store) -> None:
    paper = make_paper()
    store.save_papers([paper])
    second = Sighting(entry=make_entry("v2", version=2), paper_id=paper.id, first_seen=NOON + DAY)
    first = Sighting(entry=make_entry("v1", version=1), paper_id=paper.id, first_seen=NOON)
    store.save_sightings([second, first])
    assert store.announcements(paper.id) == [first, second]
    assert store.announcements(PaperId("none")) == []


def test_the_size_of_an_edition_counts_its_picks_and_nothing_beside_them(store: Store) -> None:
    paper, beside = make_paper(), make_paper("Beside")
    store.save_papers([paper, beside, make_paper("B")])
    picks = [make_pick(paper, also=(Sister(id=beside.id, title=beside.title),)), make_pick(make_paper("B"), rank=2)]
    store.save_edition(make_edition(*picks))
    store.save_edition(make_edition(label="2026-11-19"))
    assert store.sizes(make_topic().id) == {"kv-cache/2026-11-20": 2}


def test_the_editions_of_a_paper_are_the_released_ones_that_name_it(store: Store) -> None:
    paper, beside = make_paper(), make_paper("Beside")
    pick = make_pick(paper, also=(Sister(id=beside.id, title=beside.title),))
    store.save_papers([paper, beside])
    shown = [make_edition(pick, label=label) for label in ("2026-11-18", "2026-11-20", "2026-W47")]
    draft = replace(make_edition(pick), period=Period.parse("2026-11-19"), state=EditionState.DRAFT)
    for edition in (*shown, draft):
        store.save_edition(edition)
    for named in (paper, beside):
        assert store.editions_of(named.id) == ["kv-cache/2026-11-20", "kv-cache/2026-11-18", "kv-cache/2026-W47"]
