"""Meters: what services are asked about papers, and which numbers their answers hold."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.model import Links, Paper, PaperId, SignalKind
from digest.sources.signals import METERS, Meter, Numbers, Question, Subject
from digest.sources.signals.github import GitHub
from digest.sources.signals.hackernews import HackerNews
from digest.sources.signals.huggingface import HuggingFace
from digest.sources.signals.openalex import OpenAlex
from digest.sources.signals.semanticscholar import SemanticScholar
from tests.factories import NOON, make_paper

TINY = make_paper("Tiny", arxiv_id="2611.01230", links=Links(code="https://github.com/Acme/Tiny"))
LARGE = make_paper("Large", doi="10.1101/2026.11.20.1", links=Links(abstract="https://www.biorxiv.org/content/x.v1/"))
LARGEST = 2**53


def asked(meter: Meter, *papers: Paper, at_once: int | None = None) -> tuple[Question, ...]:
    subjects = [subject for paper in papers if (subject := meter.subject(paper))]
    return meter.questions(subjects, now=NOON, at_once=at_once or meter.at_once)


def counted(numbers: Numbers) -> dict[PaperId, dict[SignalKind, int]]:
    return {id_: {one.kind: one.value for one in found} for id_, found in numbers.items()}


def answered(meter: Meter, answer: Any, *papers: Paper) -> dict[PaperId, dict[SignalKind, int]]:
    (question,) = asked(meter, *papers)
    return counted(meter.parse(json.dumps(answer).encode(), question))


# GitHub


@pytest.mark.parametrize(
    ("code", "handle"),
    [
        ("https://github.com/Acme/Tiny", "acme/tiny"),
        ("https://github.com/acme/tiny.git", "acme/tiny"),
        ("https://github.com/acme/tiny/tree/main/src?x=1", "acme/tiny"),
        ("http://www.github.com/acme/tiny.js/", "acme/tiny.js"),
        ("https://gitlab.com/acme/tiny", None),
        ("https://github.com/acme", None),
        ("https://github.com/acme/..", None),
        ("https://notgithub.com/acme/tiny", None),
        ("https://github.com/acme/ti%2Fny", None),
        (None, None),
    ],
)
def test_a_repository_is_read_from_the_address_of_its_code(code: str | None, handle: str | None) -> None:
    subject = GitHub().subject(make_paper(links=Links(code=code)))
    assert (subject.handle if subject else None) == handle


def test_one_question_is_asked_for_two_papers_with_one_repository() -> None:
    other = make_paper("Other", links=Links(code="https://github.com/acme/tiny"))
    (question,) = asked(GitHub(), TINY, other)
    assert question.url == "https://api.github.com/repos/acme/tiny"
    stars = {SignalKind.STARS: 41}
    assert answered(GitHub(), {"stargazers_count": 41}, TINY, other) == {TINY.id: stars, other.id: stars}


def test_a_key_is_shown_where_the_service_reads_it() -> None:
    (question,) = asked(GitHub(), TINY)
    assert GitHub().with_key(question, "k").headers == (("Authorization", "Bearer k"),)
    assert SemanticScholar().with_key(question, "k").headers == (("x-api-key", "k"),)
    assert OpenAlex().with_key(question, "k&x").url == f"{question.url}&api_key=k%26x"
    assert HackerNews().with_key(question, "k") == question


# Hugging Face


def test_votes_come_from_a_papers_own_page() -> None:
    (question,) = asked(HuggingFace(), TINY)
    assert question.url == "https://huggingface.co/api/papers/2611.01230"
    assert answered(HuggingFace(), {"upvotes": 41, "numComments": 3, "githubStars": 7}, TINY)[TINY.id] == {
        SignalKind.UPVOTES: 41, SignalKind.COMMENTS: 3, SignalKind.STARS: 7
    }  # fmt: skip
    assert answered(HuggingFace(), {"upvotes": 0, "comments": [{}, {}]}, TINY)[TINY.id] == {
        SignalKind.UPVOTES: 0, SignalKind.COMMENTS: 2
    }  # fmt: skip
    assert HuggingFace().subject(LARGE) is None


# Hacker News


def test_one_question_asks_for_all_papers_of_a_host() -> None:
    other = make_paper("Other", arxiv_id="2611.00001")
    questions = asked(HackerNews(), TINY, LARGE, other)
    assert [len(question.about) for question in questions] == [2, 1]
    assert "query=arxiv.org&restrictSearchableAttributes=url" in questions[0].url
    assert "query=biorxiv.org&" in questions[1].url
    since = int((NOON - timedelta(days=30)).timestamp())
    assert f"created_at_i%3E{since}" in questions[0].url


def test_of_several_stories_about_a_paper_the_one_with_most_points_counts() -> None:
    stories = [
        {"url": "https://arxiv.org/pdf/2611.01230v2", "points": 5, "num_comments": 9},
        {"url": "http://arxiv.org/abs/2611.01230", "points": 120, "num_comments": 44},
        {"url": "https://arxiv.org/abs/2611.99999", "points": 500, "num_comments": 1},
        {"url": None, "points": 900},
        "no story",
    ]
    other = make_paper("Other", arxiv_id="2611.00001")
    found = answered(HackerNews(), {"hits": stories}, TINY, other)
    assert found == {TINY.id: {SignalKind.UPVOTES: 120, SignalKind.COMMENTS: 44}, other.id: {}}


def test_a_page_without_an_arxiv_id_is_known_by_its_address() -> None:
    story = {"url": "https://biorxiv.org/content/x.v1?utm=1", "points": 12, "num_comments": None}
    assert answered(HackerNews(), {"hits": [story]}, LARGE) == {LARGE.id: {SignalKind.UPVOTES: 12}}


# Citations


def test_a_batch_is_answered_in_its_order_with_null_for_the_unknown() -> None:
    other = make_paper("Other", arxiv_id="2611.00010")
    (question,) = asked(SemanticScholar(), TINY, LARGE, other)
    assert json.loads(question.body or b"") == {
        "ids": ["ARXIV:2611.01230", "DOI:10.1101/2026.11.20.1", "ARXIV:2611.00010"]
    }
    answer = [{"citationCount": 3}, None, {"citationCount": 0}]
    assert answered(SemanticScholar(), answer, TINY, LARGE, other) == {
        TINY.id: {SignalKind.CITATIONS: 3}, other.id: {SignalKind.CITATIONS: 0}
    }  # fmt: skip


@pytest.mark.parametrize("meter", [SemanticScholar(), OpenAlex()])
def test_batches_are_bounded_and_none_is_lost(meter: Meter) -> None:
    papers = [make_paper(f"Paper {n}", arxiv_id=f"2611.{n:05}") for n in range(250)]
    questions = asked(meter, *papers)
    assert max(len(question.about) for question in questions) == meter.at_once
    assert [subject.paper_id for question in questions for subject in question.about] == [one.id for one in papers]
    assert all(len(question.about) == 1 for question in asked(meter, *papers, at_once=1))


def test_openalex_is_asked_by_doi_and_its_answer_has_any_order() -> None:
    (question,) = asked(OpenAlex(), TINY, LARGE)
    assert question.url.endswith("filter=doi:10.48550%2Farxiv.2611.01230%7C10.1101%2F2026.11.20.1")
    works = [
        {"doi": "https://doi.org/10.1101/2026.11.20.1", "cited_by_count": 2},
        {"doi": "https://doi.org/10.48550/arXiv.2611.01230", "cited_by_count": 5},
        {"doi": None, "cited_by_count": 9},
        7,
    ]
    assert answered(OpenAlex(), {"results": works}, TINY, LARGE) == {
        TINY.id: {SignalKind.CITATIONS: 5}, LARGE.id: {SignalKind.CITATIONS: 2}
    }  # fmt: skip
    assert OpenAlex().subject(make_paper(doi="10.1/a,b")) is None


# All of them


@pytest.mark.parametrize("value", [None, -1, LARGEST, 10**400, True, 1.5, "7", [], {}])
def test_what_is_no_count_is_not_known(value: Any) -> None:
    assert answered(GitHub(), {"stargazers_count": value}, TINY) == {TINY.id: {}}


@pytest.mark.parametrize("meter", METERS, ids=lambda meter: meter.name)
@pytest.mark.parametrize("data", [b"", b"<html>", b"nothing", b"7", b'"', b"\xff\xfe", b"[" * 100_000, b"null"])
def test_an_answer_that_is_none_is_refused(meter: Meter, data: bytes) -> None:
    question = Question(url="https://service.example", about=(Subject(paper_id=TINY.id, handle="a"),))
    with pytest.raises(SourceError):
        meter.parse(data, question)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "hits results url doi points num_comments citationCount cited_by_count upvotes comments "
                "numComments githubStars stargazers_count".split()
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_answer_is_read_or_refused(answer: Any) -> None:
    data = json.dumps(answer).encode()
    for meter in METERS:
        for question in asked(meter, TINY):
            try:
                found = counted(meter.parse(data, question))
            except SourceError:
                continue
            assert found.keys() <= {TINY.id}
            assert all(0 <= value < LARGEST for counts in found.values() for value in counts.values())


def test_a_meter_is_asked_slower_than_its_service_allows() -> None:
    most = {"github": 60, "hackernews": 10_000, "huggingface": 6_000, "semantic_scholar": 3_600, "openalex": 100}
    hour = timedelta(hours=1)
    for meter in METERS:
        limit = meter.limit(keyed=False)
        assert limit.burst + hour / limit.every < most[meter.name]
    keyed = GitHub().limit(keyed=True)
    assert keyed.burst + hour / keyed.every < 5_000
