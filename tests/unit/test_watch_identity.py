"""One work, one paper: what proves two papers to be one, what does not, and what is kept of each announcement."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import AnnounceType, Entry, Observation, Paper, PaperId, Rights, SignalKind, Source, SourceId
from digest.watch import MENTIONS_BY, Changes, Known, Outcome, decide, merge
from tests.factories import NOON, make_entry, make_paper, make_source

ARXIV, DOI = "2603.01230", "10.1000/182"
DAY = timedelta(days=1)
NEW, CROSS, REPLACE, REPLACE_CROSS = AnnounceType


class Shelf:
    """What a store would hold after batches of several sources."""

    def __init__(self) -> None:
        self.known = Known()
        self.seen: dict[tuple[SourceId, str], PaperId] = {}
        self.changes: list[Changes] = []

    def take(self, source: str, *entries: Entry) -> Changes:
        mine = {id_: one for id_, one in self.known.sightings.items() if one.entry.source_id == source}
        given_ = Known(
            sightings={one.entry.external_id: one for one in mine.values()},
            owners=self.known.owners,
            papers=self.known.papers,
            announcers=self.announcers(),
        )
        told = [entry_of(source, entry) for entry in entries]
        changes = decide(told, given_, source=source_of(source), now=NOON + len(self.changes) * DAY)
        self.save(changes)
        return changes

    def save(self, changes: Changes) -> None:
        def current(id_: PaperId) -> PaperId:
            return changes.unions.get(id_, id_)

        papers = {**self.known.papers, **{paper.id: paper for paper in changes.papers}}
        sightings = {**self.known.sightings, **{one.entry.external_id: one for one in changes.sightings}}
        owners = {**changes.keys, **self.known.owners}
        self.changes.append(changes)
        self.known = Known(
            papers={id_: paper for id_, paper in papers.items() if id_ not in changes.unions},
            owners={key: current(id_) for key, id_ in owners.items()},
            sightings=sightings,
        )
        self.seen = {key: current(id_) for key, id_ in self.seen.items()}
        self.seen |= {(one.entry.source_id, one.entry.external_id): one.paper_id for one in changes.sightings}

    def announcers(self) -> dict[PaperId, tuple[SourceId, ...]]:
        ids = set(self.seen.values())
        return {id_: tuple(sorted({source for (source, _), one in self.seen.items() if one == id_})) for id_ in ids}

    @property
    def papers(self) -> list[Paper]:
        return list(self.known.papers.values())

    @property
    def groups(self) -> set[frozenset[str]]:
        """Which entries announce the same paper."""
        ids = set(self.seen.values())
        return {frozenset(f"{key[0]}/{key[1]}" for key, id_ in self.seen.items() if id_ == one) for one in ids}


def source_of(name: str) -> Source:
    return make_source(name, rights=Rights.FULL)


def entry_of(source: str, entry: Entry) -> Entry:
    return make_entry(
        **{
            **{name: getattr(entry, name) for name in Entry.__struct_fields__},
            "source_id": SourceId(source),
            "external_id": f"{source}:{entry.external_id}",
        }
    )


def mentions(changes: Changes) -> list[tuple[PaperId, int]]:
    return [(one.paper_id, one.value) for one in changes.signals if one.kind is SignalKind.MENTIONS]


# Two papers that are one


PREPRINT = make_entry("A preprint", arxiv_id=ARXIV, abstract="As submitted.", version=1)
ARTICLE = make_entry("An article", doi=DOI, abstract="As printed.")
BOTH = make_entry("A title", arxiv_id=ARXIV, doi=DOI, abstract="As indexed.")


def test_an_entry_with_both_ids_makes_the_preprint_and_the_article_one() -> None:
    shelf = Shelf()
    first, second = shelf.take("preprints", PREPRINT), shelf.take("journal", ARTICLE)
    third = shelf.take("index", BOTH)
    assert third.unions == {second.papers[0].id: first.papers[0].id}
    assert third.decisions[0].why == f"doi:{DOI}"
    (paper,) = shelf.papers
    assert (paper.id, paper.arxiv_id, paper.doi, paper.first_seen) == (f"arxiv:{ARXIV}", ARXIV, DOI, NOON)


def test_the_paper_that_was_seen_first_stays() -> None:
    shelf = Shelf()
    shelf.take("journal", ARTICLE)
    shelf.take("preprints", PREPRINT)
    shelf.take("index", BOTH)
    assert [paper.id for paper in shelf.papers] == [f"doi:{DOI}"]


def test_of_two_seen_at_once_the_stored_one_stays() -> None:
    first = decide([ARTICLE], Known(), source=make_source(), now=NOON)
    known = Known(owners=first.keys, papers={paper.id: paper for paper in first.papers})
    changes = decide([PREPRINT, BOTH], known, source=make_source("index"), now=NOON)
    assert (changes.unions, [paper.id for paper in changes.papers]) == ({}, [f"doi:{DOI}"])


def test_one_entry_can_join_three() -> None:
    shelf = Shelf()
    page = shelf.take("page", make_entry("A title", abstract="As indexed.")).papers[0].id
    shelf.take("preprints", PREPRINT)
    shelf.take("journal", ARTICLE)
    changes = shelf.take("index", BOTH)
    assert changes.unions == {f"arxiv:{ARXIV}": page, f"doi:{DOI}": page}
    assert [paper.id for paper in shelf.papers] == [page]


def test_in_one_batch_as_well() -> None:
    shelf = Shelf()
    votes = (Observation(kind=SignalKind.UPVOTES, value=3),)
    changes = shelf.take("index", make_entry("1", arxiv_id=ARXIV), make_entry("2", doi=DOI, signals=votes), BOTH)
    assert [one.paper_id for one in changes.signals] == [changes.papers[0].id]
    assert changes.unions == {}
    assert len({one.paper_id for one in changes.decisions}) == len(changes.papers) == 1
    assert {one.paper_id for one in changes.sightings} == set(changes.keys.values()) == {changes.papers[0].id}


def test_an_entry_that_learns_of_its_doi_joins_them_too() -> None:
    shelf = Shelf()
    shelf.take("preprints", PREPRINT)
    shelf.take("journal", ARTICLE)
    again = shelf.take("preprints", make_entry("A preprint", arxiv_id=ARXIV, doi=DOI, abstract="As submitted."))
    assert (again.decisions[0].outcome, len(shelf.papers)) == (Outcome.CHANGED, 1)


def test_another_doi_of_the_preprint_speaks_against_it() -> None:
    shelf = Shelf()
    shelf.take("preprints", make_entry("A preprint", arxiv_id=ARXIV, doi="10.1000/other"))
    shelf.take("journal", ARTICLE)
    changes = shelf.take("index", BOTH)
    assert (changes.unions, len(shelf.papers)) == ({}, 2)
    assert changes.decisions[0].paper_id == f"arxiv:{ARXIV}"
    assert sorted(str(paper.doi) for paper in shelf.papers) == [DOI, "10.1000/other"]


def test_a_doi_that_belongs_to_another_preprint_stays_there() -> None:
    shelf = Shelf()
    shelf.take("journal", make_entry("Another", arxiv_id="2603.09999", doi=DOI))
    changes = shelf.take("index", BOTH)
    assert {paper.id: paper.doi for paper in shelf.papers} == {"arxiv:2603.09999": DOI, f"arxiv:{ARXIV}": None}
    assert f"doi:{DOI}" not in changes.keys


def test_a_title_and_its_author_find_a_paper_but_join_no_two() -> None:
    shelf = Shelf()
    shelf.take("preprints", make_entry("Same", arxiv_id=ARXIV, abstract="One.", authors=("Ana Ruiz",)))
    shelf.take("journal", make_entry("Other", doi=DOI, abstract="Two.", authors=("Ana Ruiz",)))
    changes = shelf.take("journal", make_entry("Same", external_id="x", doi=DOI, authors=("Ana Ruiz",)))
    assert (changes.unions, len(shelf.papers)) == ({}, 2)
    assert changes.decisions[0].paper_id == f"doi:{DOI}"


def test_the_same_text_joins_a_paper_without_ids() -> None:
    shelf = Shelf()
    shelf.take("page", make_entry("Same", abstract="The very same text."))
    shelf.take("preprints", make_entry("Same", arxiv_id=ARXIV, abstract="An early text."))
    changes = shelf.take("index", make_entry("Same", arxiv_id=ARXIV, abstract="The very same text.", version=2))
    assert list(changes.unions) == [f"arxiv:{ARXIV}"]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_three_sources_in_any_order_give_one_paper(order: tuple[int, ...]) -> None:
    told = [("preprints", PREPRINT), ("journal", ARTICLE), ("index", BOTH)]
    shelf = Shelf()
    for place in order:
        shelf.take(told[place][0], told[place][1])
    (paper,) = shelf.papers
    assert (paper.arxiv_id, paper.doi, paper.version) == (ARXIV, DOI, 1)


# Each number is a work; what a source says of its ids differs.
ANNOUNCED = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from(["arxiv", "doi", "both"])),
    max_size=8,
    unique=True,
)


def work_entry(number: int, ids: str) -> Entry:
    return make_entry(
        f"Work {number}, by {ids}",
        arxiv_id=f"2603.0{number}000" if ids != "doi" else None,
        doi=f"10.1000/{number}" if ids != "arxiv" else None,
    )


@given(ANNOUNCED.flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_the_grouping_does_not_depend_on_the_order(
    told: tuple[list[tuple[str, int, str]], list[tuple[str, int, str]]],
) -> None:
    groups = []
    for order in told:
        shelf = Shelf()
        for source, number, ids in order:
            shelf.take(source, work_entry(number, ids))
        groups.append(shelf.groups)
        assert len(shelf.papers) == len(shelf.groups)
    assert groups[0] == groups[1]


@given(ANNOUNCED)
def test_all_at_once_groups_like_one_by_one(told: list[tuple[str, int, str]]) -> None:
    single, together = Shelf(), Shelf()
    for source, number, ids in sorted(told):
        single.take(source, work_entry(number, ids))
    for source in sorted({source for source, *_ in told}):
        together.take(source, *(work_entry(number, ids) for one, number, ids in sorted(told) if one == source))
    assert single.groups == together.groups


# Announce types and versions


def test_the_strongest_announcement_of_an_entry_is_kept() -> None:
    shelf = Shelf()
    shelf.take("arxiv", make_entry(arxiv_id=ARXIV, announce_type=CROSS))
    shelf.take("arxiv", make_entry(arxiv_id=ARXIV, announce_type=NEW, categories=("cs.AI",)))
    again = shelf.take("arxiv", make_entry(arxiv_id=ARXIV, announce_type=REPLACE, categories=("cs.AI", "cs.LG")))
    assert again.sightings[0].entry.announce_type is NEW
    assert again.papers[0].categories == ("cs.AI", "cs.LG")


def test_a_weaker_announcement_alone_is_no_change() -> None:
    shelf = Shelf()
    shelf.take("arxiv", make_entry(arxiv_id=ARXIV, announce_type=CROSS))
    for weaker in (REPLACE_CROSS, None):
        again = shelf.take("arxiv", make_entry(arxiv_id=ARXIV, announce_type=weaker))
        assert again.decisions[0].outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("versions", list(permutations((1, 2, 3))), ids=str)
def test_versions_in_any_order_end_at_the_newest(versions: tuple[int, ...]) -> None:
    shelf = Shelf()
    for version in versions:
        text = f"Text of version {version}."
        shelf.take("arxiv", make_entry(f"Title {version}", arxiv_id=ARXIV, version=version, abstract=text))
    (paper,) = shelf.papers
    assert (paper.version, paper.title, paper.abstract) == (3, "Title 3", "Text of version 3.")


# Withdrawals


def test_a_withdrawn_paper_keeps_the_text_it_had() -> None:
    paper = make_paper("A title", abstract="A text.", version=1, authors=("Ana Ruiz",))
    stub = make_entry("Withdrawn", abstract="This paper was withdrawn.", version=2, withdrawn=True)
    gone = merge(paper, stub, Rights.FULL)
    assert gone.withdrawn
    assert (gone.title, gone.abstract, gone.version) == ("A title", "A text.", 2)


@pytest.mark.parametrize(("version", "withdrawn"), [(None, True), (2, True), (3, True), (1, False)])
def test_what_is_withdrawn_is_the_newest_version_or_the_work(version: int | None, withdrawn: bool) -> None:
    paper = make_paper(version=2)
    assert merge(paper, make_entry(version=version, withdrawn=True), Rights.FULL).withdrawn is withdrawn


@pytest.mark.parametrize(("version", "withdrawn"), [(None, True), (2, True), (3, False)])
def test_only_a_new_version_brings_it_back(version: int | None, withdrawn: bool) -> None:
    gone = make_paper(version=2, withdrawn=True)
    assert merge(gone, make_entry(version=version), Rights.FULL).withdrawn is withdrawn


def test_who_took_it_back_may_put_it_there_again_and_others_may_not() -> None:
    shelf = Shelf()
    shelf.take("list", make_entry(arxiv_id=ARXIV, withdrawn=True))
    shelf.take("other", make_entry(arxiv_id=ARXIV))
    assert shelf.papers[0].withdrawn
    shelf.take("list", make_entry(arxiv_id=ARXIV))
    assert not shelf.papers[0].withdrawn


def test_what_is_known_only_as_withdrawn_is_withdrawn() -> None:
    shelf = Shelf()
    shelf.take("list", make_entry(arxiv_id=ARXIV, withdrawn=True))
    assert shelf.papers[0].withdrawn


# Mentions


def test_mentions_count_our_sources_from_the_second_on() -> None:
    shelf = Shelf()
    entry = make_entry(arxiv_id=ARXIV, signals=(Observation(kind=SignalKind.UPVOTES, value=3),))
    id_ = PaperId(f"arxiv:{ARXIV}")
    assert mentions(shelf.take("one", entry)) == []
    assert mentions(shelf.take("two", entry)) == [(id_, 2)]
    assert mentions(shelf.take("two", entry)) == []
    assert mentions(shelf.take("two", make_entry("Once more", arxiv_id=ARXIV))) == []
    third = shelf.take("three", entry)
    assert mentions(third) == [(id_, 3)]
    assert {one.source_id for one in third.signals if one.kind is SignalKind.MENTIONS} == {MENTIONS_BY}


def test_a_paper_that_became_one_with_another_has_the_mentions_of_both() -> None:
    shelf = Shelf()
    shelf.take("preprints", PREPRINT)
    shelf.take("journal", ARTICLE)
    assert mentions(shelf.take("index", BOTH)) == [(PaperId(f"arxiv:{ARXIV}"), 3)]
