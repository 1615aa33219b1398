"""Papers and editions in words: what is shown, what is cut, what is left out because nobody knows it."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Links, PaperId, Part, Rights, SignalKind, Sister, SubscriberId
from digest.render import words
from digest.render.views import NOTE, PaperView, edition_view, lead, paper_view
from tests.factories import make_edition, make_paper, make_pick, make_topic
from tests.pages import make_picks

NAMES = ("A. Ruiz", "B. Li", "C. Wei", "D. Kim", "E. Cho", "F. Ito", "G. Roy")
LONG = "We show one thing. " * 40


def shown(title: str = "A paper", **changes: Any) -> PaperView:
    return paper_view(make_pick(make_paper(title, **changes)))


@pytest.mark.parametrize(
    ("known", "line"),
    [
        (0, ""),
        (1, "A. Ruiz"),
        (2, "A. Ruiz and B. Li"),
        (5, "A. Ruiz, B. Li, C. Wei, D. Kim and E. Cho"),
        (6, "A. Ruiz, B. Li, C. Wei, D. Kim and 2 more"),
        (7, "A. Ruiz, B. Li, C. Wei, D. Kim and 3 more"),
    ],
)
def test_authors_are_cut_but_never_for_the_sake_of_one(known: int, line: str) -> None:
    assert words.series(shown(authors=NAMES[:known]).people) == line


def test_three_thousand_authors_make_one_short_line() -> None:
    assert words.series(shown(authors=NAMES * 472).people) == "A. Ruiz, B. Li, C. Wei, D. Kim and 3,300 more"


@pytest.mark.parametrize("rights", [Rights.FULL, Rights.EXCERPT])
def test_a_summary_is_a_few_whole_sentences(rights: Rights) -> None:
    summary = shown(abstract=LONG, rights=rights).summary
    assert summary == ("We show one thing. " * 3).strip()


def test_what_a_machine_wrote_is_labelled_and_never_shown_of_a_link_only_source() -> None:
    pick = make_pick(summary="It is small.", summarised_by="mini-1")
    assert paper_view(pick).summary == "It is small. (Written by a machine: mini-1.)"
    withheld = make_pick(make_paper(rights=Rights.LINK), summary="It is small.", summarised_by="mini-1")
    assert paper_view(withheld).summary == ""


def test_the_sisters_of_a_pick_are_named_with_safe_addresses_only() -> None:
    sisters = (
        Sister(id=PaperId("a"), title="Two", url="https://arxiv.org/abs/2"),
        Sister(id=PaperId("b"), title="Three", url="javascript:alert(1)"),
    )
    assert [(one.label, one.target) for one in paper_view(make_pick(also=sisters)).also] == [
        ("Two", "https://arxiv.org/abs/2"),
        ("Three", ""),
    ]


def test_a_source_that_permits_links_only_gets_no_summary() -> None:
    assert shown(abstract=LONG, rights=Rights.LINK).summary == ""


def test_no_abstract_is_no_summary() -> None:
    assert shown(abstract=None).summary == ""


def test_the_reason_is_a_sentence() -> None:
    pick = make_pick(reasons=("matches “KV cache”", "in cs.LG", "listed in the last day"))
    assert paper_view(pick).reason == "Matches “KV cache”; in cs.LG; listed in the last day."


def test_without_reasons_there_is_no_sentence() -> None:
    assert paper_view(make_pick(reasons=())).reason == ""


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        ({}, ""),
        ({SignalKind.UPVOTES: 41, SignalKind.COMMENTS: 3}, "41 upvotes · 3 comments"),
        ({SignalKind.COMMENTS: 1, SignalKind.UPVOTES: 1}, "1 upvote · 1 comment"),
        ({SignalKind.STARS: 12345, SignalKind.CITATIONS: 0}, "12,345 stars"),
        ({SignalKind.READER_VOTES: 2, SignalKind.MENTIONS: 1}, "1 mention · 2 reader votes"),
    ],
)
def test_numbers_are_words_and_a_zero_is_not_worth_one(numbers: dict[SignalKind, int], line: str) -> None:
    assert paper_view(make_pick(numbers=numbers)).numbers == line


NOV_19, NOV_12 = datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 12, 23, 30, tzinfo=UTC)


def test_dates_say_when_a_paper_was_listed_and_submitted() -> None:
    assert shown(listed=NOV_19, submitted=NOV_12).dates == "listed 19 Nov 2026 · submitted 12 Nov 2026"


def test_a_date_that_is_not_known_is_not_shown() -> None:
    assert shown().dates == "first seen 20 Nov 2026"
    assert shown(submitted=NOV_12).dates == "first seen 20 Nov 2026 · submitted 12 Nov 2026"


def test_a_listing_from_the_future_is_not_believed() -> None:
    assert shown(listed=datetime(2026, 11, 30, tzinfo=UTC)).dates == "first seen 20 Nov 2026"


def test_a_day_is_the_same_whatever_the_offset_it_was_written_with() -> None:
    far = NOV_12.astimezone(timezone(timedelta(hours=9)))
    assert shown(submitted=far).dates.endswith("submitted 12 Nov 2026")


def test_links_come_in_one_order_and_each_address_once() -> None:
    first, second, third = "https://a.example/1", "https://a.example/1.pdf", "https://code.example/1"
    view = shown(links=Links(code=third, pdf=second, abstract=first, project=third))
    assert [(link.label, link.target) for link in view.links] == [
        ("Abstract", first),
        ("PDF", second),
        ("Code", third),
    ]
    assert view.url == first


def test_the_title_leads_to_what_there_is() -> None:
    assert shown(links=Links(pdf="https://a.example/1.pdf")).url == "https://a.example/1.pdf"
    assert shown(links=Links()).url is None


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//no.scheme", "data:text/html,x", "https://u:p@a.example/"])
def test_an_address_that_could_act_is_no_link(url: str) -> None:
    assert shown(links=Links(abstract=url)).links == ()


def test_the_parts_shown_add_up_to_the_score_shown() -> None:
    parts = (
        Part(name="relevance", value=0.8125, weight=0.6, detail="2 of 3 words"),
        Part(name="trend", value=1 / 3, weight=0.15),
    )
    view = paper_view(make_pick(parts=parts, score=sum(part.value * part.weight for part in parts)))
    assert [(part.value, part.weight, part.product) for part in view.parts] == [
        ("0.812", "0.6", "0.487"),
        ("0.333", "0.15", "0.050"),
    ]
    assert view.parts[0].detail == "2 of 3 words"
    assert float(view.score) == pytest.approx(sum(float(part.product) for part in view.parts), abs=1e-3)


@pytest.mark.parametrize(
    ("picks", "counts", "sentence"),
    [
        (9, (112, 23), "9 papers picked from the 112 we saw."),
        (9, (9, 9), "9 papers."),
        (1, (1, 1), "1 paper."),
        (2, (31, 2), "A quiet day: 2 of the 31 papers we saw fit this topic."),
        (1, (31, 1), "A quiet day: 1 of the 31 papers we saw fits this topic."),
        (2, (1200, 6), "A quiet day: 2 papers picked from the 1,200 we saw."),
        (0, (31, 0), "Nothing new: none of the 31 papers we saw fits this topic."),
        (0, (1, 0), "Nothing new: the one paper we saw does not fit this topic."),
        (0, (31, 4), "Nothing new: none of the 31 papers we saw made it into this edition."),
        (0, (0, 0), "Nothing new: our sources listed no papers."),
    ],
)
def test_the_lead_is_honest_about_how_much_there_is(picks: int, counts: tuple[int, int], sentence: str) -> None:
    considered, matched = counts
    assert lead(make_edition(*make_picks(picks), considered=considered, matched=matched)) == sentence


def test_two_papers_are_no_quiet_day_for_a_topic_that_wants_two() -> None:
    edition = make_edition(*make_picks(2), topic=make_topic(limit=2), considered=31, matched=9)
    assert lead(edition) == "2 papers picked from the 31 we saw."


def test_a_thin_week_is_a_quiet_week() -> None:
    assert lead(make_edition(*make_picks(1), label="2026-W47", considered=9, matched=1)).startswith("A quiet week: ")


@pytest.mark.parametrize(
    ("label", "period"),
    [
        ("2026-11-20", "Friday, 20 November 2026"),
        ("2026-W47", "Week 47, 16 to 22 November 2026"),
        ("2026-W49", "Week 49, 30 November to 6 December 2026"),
        ("2026-W53", "Week 53, 28 December 2026 to 3 January 2027"),
        ("2026-11", "November 2026"),
    ],
)
def test_a_period_is_said_in_words(label: str, period: str) -> None:
    assert edition_view(make_edition(label=label)).period == period


def test_an_edition_brings_its_note_its_health_line_and_its_feeds() -> None:
    view = edition_view(make_edition(note="Read these together.", health="1 of 5 sources was behind"))
    assert (view.note, view.health) == ("Read these together.", "1 of 5 sources was behind.")
    assert [feed.target for feed in view.feeds] == [f"/topics/kv-cache/feed.{name}" for name in ("rss", "atom", "json")]
    assert view.path == "/topics/kv-cache/2026-11-20/"


def test_a_personal_topic_has_no_address_on_the_site() -> None:
    view = edition_view(make_edition(topic=make_topic(owner=SubscriberId("s1"))))
    assert (view.path, view.topic_path, view.feeds) == (None, None, ())


def test_papers_keep_the_order_and_numbers_of_the_ranking() -> None:
    view = edition_view(make_edition(*make_picks(3)))
    assert [(paper.number, paper.title) for paper in view.papers] == [(1, "Paper 1"), (2, "Paper 2"), (3, "Paper 3")]


@given(st.text(max_size=2000))
def test_whatever_was_typed_shows_as_one_bounded_line(text: str) -> None:
    paper = make_paper(text, authors=(text,))
    view = edition_view(make_edition(make_pick(paper, reasons=(text,)), topic=make_topic(name=text), note=text))
    pick = view.papers[0]
    for line in (view.topic, view.note, pick.title, *pick.people, pick.reason):
        assert len(line) <= NOTE + len(".")
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line)


@pytest.mark.parametrize("title", ["", " ", "\u200b"])
def test_a_paper_without_a_title_can_still_be_read_out(title: str) -> None:
    assert shown(title).title == "Untitled"


def test_words_join_as_a_sentence_does() -> None:
    assert [words.series(NAMES[:number]) for number in range(4)] == [
        "",
        "A. Ruiz",
        "A. Ruiz and B. Li",
        "A. Ruiz, B. Li and C. Wei",
    ]
