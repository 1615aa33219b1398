"""What a batch of entries changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from digest.identity import keys, mint
from digest.model import Entry, Links, Observation, Paper, Rights, SignalKind
from digest.watch import Changes, Known, Outcome, decide, merge
from tests.factories import NOON, make_entry, make_paper, make_source

LATER = NOON + timedelta(hours=6)


def after(*batches: Changes) -> Known:
    """What a store would hold once the batches are saved."""
    known = Known()
    for batch in batches:
        known = Known(
            sightings={**known.sightings, **{one.entry.external_id: one for one in batch.sightings}},
            owners={**batch.keys, **known.owners},
            papers={**known.papers, **{paper.id: paper for paper in batch.papers}},
        )
    return known


def take(*entries: Entry, known: Known | None = None, now: datetime = NOON, rights: Rights = Rights.FULL) -> Changes:
    return decide(entries, known or Known(), source=make_source(rights=rights), now=now)


def outcomes(changes: Changes) -> list[Outcome]:
    return [decision.outcome for decision in changes.decisions]


def only(changes: Changes) -> Paper:
    assert len(changes.papers) == 1
    return changes.papers[0]


def test_a_first_announcement_makes_a_paper_seen_now() -> None:
    entry = make_entry(arxiv_id="2603.01230", listed=NOON - timedelta(days=2))
    changes = take(entry)
    paper = only(changes)
    assert (paper.id, paper.first_seen, paper.listed) == (mint(entry), NOON, entry.listed)
    assert outcomes(changes) == [Outcome.NEW]
    assert set(changes.keys) == set(keys(entry))


def test_the_same_batch_again_changes_nothing() -> None:
    entries = [make_entry("One", arxiv_id="2603.01230"), make_entry("Two", abstract="Text of two.")]
    first = take(*entries)
    again = take(*entries, known=after(first), now=LATER)
    assert outcomes(again) == [Outcome.UNCHANGED, Outcome.UNCHANGED]
    assert (again.papers, again.sightings, again.keys, again.signals) == ((), (), {}, ())


def test_another_place_in_the_list_is_no_change() -> None:
    first = take(make_entry(abstract="Text.", place="3 of 78"))
    again = take(make_entry(abstract="Text.", place="4 of 79"), known=after(first))
    assert outcomes(again) == [Outcome.UNCHANGED]


def test_an_edited_entry_is_a_change_and_keeps_its_first_sight() -> None:
    first = take(make_entry("A title", external_id="x"))
    again = take(make_entry("A better title", external_id="x"), known=after(first), now=LATER)
    assert outcomes(again) == [Outcome.CHANGED]
    assert again.sightings[0].first_seen == NOON


def test_a_second_source_merges_by_id_and_fills_what_is_unknown() -> None:
    first = take(make_entry(external_id="a", arxiv_id="2603.01230"))
    second = take(
        make_entry(
            external_id="b", arxiv_id="2603.01230", abstract="Now with text.", links=Links(code="https://c.example/r")
        ),
        known=after(first),
        now=LATER,
    )
    paper = only(second)
    assert outcomes(second) == [Outcome.MERGED]
    assert second.decisions[0].why == "arxiv:2603.01230"
    assert (paper.abstract, paper.links.code, paper.first_seen) == ("Now with text.", "https://c.example/r", NOON)


def test_saved_pages_merge_by_text() -> None:
    one, two = (make_entry("Same", external_id=id_, abstract="The same text.") for id_ in ("a", "b"))
    assert outcomes(take(one, two)) == [Outcome.NEW, Outcome.MERGED]


def test_a_title_alone_never_merges_two_abstracts() -> None:
    one = make_entry("Same", external_id="a", abstract="About cats.")
    two = make_entry("Same", external_id="b", abstract="About dogs.")
    changes = take(one, two)
    assert outcomes(changes) == [Outcome.NEW, Outcome.NEW]
    assert len({paper.id for paper in changes.papers}) == 2


def test_a_title_and_its_first_author_merge_within_a_year_only() -> None:
    first = take(make_entry("Same", external_id="a", authors=("Ana Ruiz",), abstract="One.", listed=NOON))
    near = make_entry("Same", external_id="b", authors=("A. Ruiz",), abstract="Two.", listed=NOON + timedelta(days=90))
    far = make_entry(
        "Same", external_id="c", authors=("Ana Ruiz",), abstract="Three.", listed=NOON + timedelta(days=800)
    )
    assert outcomes(take(near, known=after(first))) == [Outcome.MERGED]
    distant = take(far, known=after(first))
    assert outcomes(distant) == [Outcome.NEW]
    assert only(distant).id not in after(first).papers


def test_two_arxiv_ids_are_two_papers_however_alike_the_text() -> None:
    one = make_entry("Same", external_id="a", abstract="The same text.", arxiv_id="2603.01230")
    two = make_entry("Same", external_id="b", abstract="The same text.", arxiv_id="2603.01231")
    assert outcomes(take(one, two)) == [Outcome.NEW, Outcome.NEW]


def test_an_id_learnt_later_keeps_the_papers_own_id() -> None:
    first = take(make_entry("Same", external_id="a", abstract="The same text."))
    second = take(
        make_entry("Same", external_id="b", abstract="The same text.", arxiv_id="2603.01230"), known=after(first)
    )
    assert only(second).id == only(first).id
    assert only(second).arxiv_id == "2603.01230"
    assert second.keys["arxiv:2603.01230"] == only(first).id


def test_a_new_version_replaces_the_text_and_an_old_one_does_not() -> None:
    paper = make_paper("Old title", abstract="Old text.", version=1)
    newer = merge(paper, make_entry("New title", abstract="New text.", version=2), Rights.FULL)
    assert (newer.title, newer.abstract, newer.version) == ("New title", "New text.", 2)
    older = merge(newer, make_entry("Old title", abstract="Old text.", version=1), Rights.FULL)
    assert older == newer


def test_the_text_with_the_freest_rights_is_kept() -> None:
    paper = make_paper(abstract="A publisher's text.", rights=Rights.LINK)
    freed = merge(paper, make_entry(abstract="The authors' text."), Rights.FULL)
    assert (freed.abstract, freed.rights) == ("The authors' text.", Rights.FULL)
    assert merge(freed, make_entry(abstract="A publisher's text."), Rights.LINK).abstract == "The authors' text."


def test_the_earliest_of_each_date_is_kept_and_unknown_stays_unknown() -> None:
    paper = make_paper(listed=NOON)
    merged = merge(paper, make_entry(listed=NOON - timedelta(days=1)), Rights.FULL)
    assert merged.listed == NOON - timedelta(days=1)
    assert (merged.submitted, merged.announced) == (None, None)


def test_numbers_are_observed_when_the_source_says_else_now() -> None:
    then = datetime(2026, 11, 19, 8, tzinfo=UTC)
    votes = [Observation(kind=SignalKind.UPVOTES, value=14, at=then), Observation(kind=SignalKind.COMMENTS, value=2)]
    changes = take(make_entry(signals=tuple(votes)))
    assert [(one.kind, one.at, one.value) for one in changes.signals] == [
        (SignalKind.UPVOTES, then, 14),
        (SignalKind.COMMENTS, NOON, 2),
    ]
    assert changes.sightings[0].entry.signals == ()
