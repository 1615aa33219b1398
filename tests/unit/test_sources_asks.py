"""What one poll asks of each kind of source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from digest import sources
from digest.sources import ADAPTERS, Ask, Reach
from digest.sources.arxivservers import sets_of
from tests.factories import NOON, make_source

WEEK = Reach(since=NOON - timedelta(days=7), now=NOON)
MISSED = Reach(since=NOON - timedelta(days=9), now=NOON, gap=True)


def asks(kind: str, url: str, reach: Reach = WEEK) -> tuple[Ask, ...]:
    return sources.requests(make_source(kind=kind, url=url), reach)


def queries(found: tuple[Ask, ...], name: str) -> list[str]:
    return [parse_qs(urlsplit(ask.url).query).get(name, [""])[0] for ask in found]


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
@pytest.mark.parametrize("url", ["https://[", "https://x?y=%FF&;=&&", "http://a.example/" + "b" * 5000])
def test_no_address_makes_an_adapter_raise(kind: str, url: str) -> None:
    for gap in (False, True):
        assert asks(kind, url, Reach(since=WEEK.since, now=NOON, gap=gap))


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
def test_a_source_without_an_address_is_asked_nothing(kind: str) -> None:
    assert sources.requests(make_source(kind=kind), MISSED) == ()


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
def test_the_same_reach_asks_the_same_and_only_the_source_s_own_server(kind: str) -> None:
    url = "http://mirror.example:8080/arxiv/cs.CL"
    assert asks(kind, url, MISSED) == asks(kind, url, MISSED)
    assert {urlsplit(ask.url).netloc for ask in asks(kind, url, MISSED)} == {"mirror.example:8080"}


def test_an_arxiv_feed_is_one_request_until_a_day_was_missed() -> None:
    url = "https://rss.arxiv.org/rss/cs.CL+hep-th"
    assert asks("arxiv-feed", url) == (Ask(url=url),)
    feed, *harvests = asks("arxiv-feed", url, MISSED)
    assert feed == Ask(url=url)
    assert [ask.url for ask in harvests] == [
        f"https://oaipmh.arxiv.org/oai?verb=ListRecords&metadataPrefix=arXivRaw&set={name}&from=2026-11-11"
        for name in ("cs:cs:CL", "physics:hep-th")
    ]
    assert all(ask.whole for ask in harvests)


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ("cs.CL+cs.LG", ("cs:cs:CL", "cs:cs:LG")),
        ("cs", ("cs",)),
        ("q-bio", ("q-bio",)),
        ("q-bio.NC", ("q-bio:q-bio:NC",)),
        ("hep-th", ("physics:hep-th",)),
        ("astro-ph.GA", ("physics:astro-ph:GA",)),
        ("physics", ("physics:physics",)),
        ("physics.optics%2Bquant-ph", ("physics:physics:optics", "physics:quant-ph")),
        ("<script>", ()),
    ],
)
def test_categories_have_their_sets(categories: str, expected: tuple[str, ...]) -> None:
    assert sets_of(f"https://rss.arxiv.org/atom/{categories}") == expected


def test_a_search_is_limited_to_the_days_of_submission_and_a_week_for_those_held_back() -> None:
    (ask,) = asks("arxiv-search", "https://export.arxiv.org/api/query?search_query=abs:%22KV%20cache%22+OR+ti:moe")
    assert queries((ask,), "search_query") == [
        '(abs:"KV cache" OR ti:moe) AND submittedDate:[202611060000 TO 202611202359]'
    ]
    assert queries((ask,), "sortBy") == ["submittedDate"]
    assert ask.whole


def test_a_search_is_asked_under_the_same_address_all_day() -> None:
    url = "https://export.arxiv.org/api/query?search_query=cat:cs.CL"
    later = Reach(since=WEEK.since + timedelta(hours=1), now=NOON + timedelta(hours=1))
    assert asks("arxiv-search", url) == asks("arxiv-search", url, later)


def test_a_search_that_names_its_papers_or_days_keeps_to_them() -> None:
    for given in ("id_list=2611.01230", "search_query=submittedDate:%5B202601010000%20TO%20202601312359%5D"):
        (ask,) = asks("arxiv-search", f"https://export.arxiv.org/api/query?{given}")
        assert "20261120" not in ask.url


def test_a_long_gap_is_searched_in_windows_that_meet_because_a_query_ends_at_ten_thousand() -> None:
    reach = Reach(since=NOON - timedelta(days=60), now=NOON, gap=True)
    windows = [
        query.partition("[")[2] for query in queries(asks("arxiv-search", "https://a.example/q", reach), "search_query")
    ]
    assert windows == [
        "202610230000 TO 202611202359]",
        "202609250000 TO 202610232359]",
        "202609140000 TO 202609252359]",
    ]


def test_a_harvest_asks_each_set_from_the_last_complete_day() -> None:
    found = asks("arxiv-oai", "https://oaipmh.arxiv.org/oai?set=cs:cs:CL&set=math&metadataPrefix=arXiv")
    assert queries(found, "set") == ["cs:cs:CL", "math"]
    assert queries(found, "from") == ["2026-11-13", "2026-11-13"]
    assert queries(found, "metadataPrefix") == ["arXiv", "arXiv"]
    assert "set=" not in asks("arxiv-oai", "https://oaipmh.arxiv.org/oai")[0].url


def test_the_daily_list_is_asked_for_now_and_for_each_day_back_but_never_for_the_future() -> None:
    current, *days = asks("daily-papers", "https://huggingface.co/api/daily_papers")
    assert current == Ask(url="https://huggingface.co/api/daily_papers?limit=100", whole=True)
    assert queries(tuple(days), "date") == [f"2026-11-{day}" for day in (19, 18, 17, 16, 15, 14, 13)]
    assert [ask.whole for ask in days] == [True] + [False] * 6
    assert all(ask.whole for ask in asks("daily-papers", "https://huggingface.co/api/daily_papers", MISSED))


@pytest.mark.parametrize(
    ("days", "name", "first", "last"),
    [
        (15, "date", "2026-11-19", "2026-11-05"),
        (40, "week", "2026-W47", "2026-W41"),
        (100, "month", "2026-11", "2026-08"),
    ],
)
def test_a_long_time_back_is_asked_by_longer_lists(days: int, name: str, first: str, last: str) -> None:
    reach = Reach(since=NOON - timedelta(days=days), now=NOON, gap=True)
    found = queries(asks("daily-papers", "https://huggingface.co/api/daily_papers", reach)[1:], name)
    assert (found[0], found[-1], len(found)) == (first, last, len(set(found)))


def test_a_list_of_one_week_or_one_person_is_asked_for_alone() -> None:
    for given in ("week=2026-W47", "month=2026-11", "date=2026-11-20", "submitter=mlfan"):
        (ask,) = asks("daily-papers", f"https://huggingface.co/api/daily_papers?{given}")
        assert ask.url == f"https://huggingface.co/api/daily_papers?{given}&limit=100"


def test_preprint_servers_are_asked_by_padded_days_from_the_first_page_on() -> None:
    reach = Reach(since=datetime(2026, 3, 1, tzinfo=UTC), now=datetime(2026, 3, 8, tzinfo=UTC))
    (ask,) = asks("biorxiv", "https://api.biorxiv.org/details/medrxiv/?category=oncology", reach)
    assert ask == Ask(
        url="https://api.biorxiv.org/details/medrxiv/2026-03-01/2026-03-08/0?category=oncology", whole=True
    )


def test_indexes_that_lag_are_asked_for_two_weeks_more() -> None:
    (found,) = asks("openalex", "https://api.openalex.org/works?search=moe&filter=type:article")
    assert queries((found,), "filter") == [
        "type:article,from_publication_date:2026-10-30,to_publication_date:2026-11-20"
    ]
    assert queries((found,), "cursor") == ["*"]
    (found,) = asks("semantic-scholar", "https://api.semanticscholar.org/graph/v1/paper/search/bulk?query=moe")
    assert queries((found,), "publicationDateOrYear") == ["2026-10-30:"]
    assert "externalIds" in queries((found,), "fields")[0]
