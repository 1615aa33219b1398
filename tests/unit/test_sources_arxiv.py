"""arXiv as it answers in bad weather: errors that look like papers, empty pages, stale feeds, papers taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest import sources
from digest.errors import SourceError
from digest.model import AnnounceType, Batch
from digest.sources import arxiv
from tests.factories import make_source

QUERY = "https://export.arxiv.org/api/query?search_query=cat:cs.CL&max_results=2"
HARVEST = "https://oaipmh.arxiv.org/oai?verb=ListRecords&metadataPrefix=arXivRaw&set=cs:cs:CL&from=2026-11-13"
GOLDEN = Path(__file__).parents[1] / "golden" / "sources"


def read(document: str, name: str) -> Batch:
    return sources.read(document.encode(), source=make_source(url=name), name=name)


def results(entries: int, *, total: int, start: int = 0) -> str:
    items = "".join(
        f"<entry><id>http://arxiv.org/abs/2611.{start + number:05}v1</id><title>Paper {start + number}</title></entry>"
        for number in range(entries)
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"<opensearch:totalResults>{total}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>{items}</feed>"
    )


def harvest(inside: str) -> str:
    return f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{inside}</OAI-PMH>'


def test_a_search_goes_on_where_a_page_ends_until_all_results_were_read() -> None:
    assert read(results(2, total=5), QUERY).next == f"{QUERY}&start=2"
    assert read(results(1, total=5, start=2), f"{QUERY}&start=2").next == f"{QUERY}&start=3"
    assert read(results(2, total=5, start=3), f"{QUERY}&start=3").next is None


def test_an_empty_page_of_a_search_is_an_error_before_the_end_and_none_behind_it() -> None:
    with pytest.raises(SourceError, match="an empty page, though there are 5 results"):
        read(results(0, total=5, start=2), f"{QUERY}&start=2")
    assert read(results(0, total=0), QUERY) == Batch(format="atom")


def test_counts_that_are_none_lead_nowhere() -> None:
    broken = results(1, total=5).replace(">5<", ">many<")
    assert read(broken, QUERY).next is None


def test_an_error_that_comes_as_an_entry_is_an_error() -> None:
    answer = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>ArXiv Query</title><entry><title>Error</title>'
        "<id>http://arxiv.org/api/errors#incorrect_id_format_for_1</id>"
        "<summary>incorrect id format for 1</summary></entry></feed>"
    )
    with pytest.raises(SourceError, match="incorrect id format for 1"):
        read(answer, QUERY)


def test_a_feed_of_an_unknown_category_is_an_error_and_an_empty_one_is_a_holiday() -> None:
    feed = "<rss version='2.0'><channel><title>{}</title></channel></rss>"
    with pytest.raises(SourceError, match="Feed error for query"):
        read(feed.format('Feed error for query "cs.XX"'), "https://rss.arxiv.org/rss/cs.XX")
    assert read(feed.format("cs.CL updates on arXiv.org"), "https://rss.arxiv.org/rss/cs.CL").entries == ()


@pytest.mark.parametrize(
    "note",
    [
        "This paper has been withdrawn by the author due to a crucial error",
        "The manuscript was withdrawn.",
        "This submission is temporarily withdrawn",
        "12 pages; this paper has been withdrawn",
        "Withdrawn by the author",
        "withdrawn",
        "Has been withdrawn because of a sign error.",
    ],
)
def test_a_comment_says_that_a_paper_was_taken_back(note: str) -> None:
    assert arxiv.withdrawn("We study things.", note)


@pytest.mark.parametrize(
    "note",
    [
        "12 pages, supersedes arXiv:2601.00001 which has been withdrawn",
        "We study why a paper is withdrawn",
        "This paper replaces the withdrawn version",
        "Withdrawn patients were left out",
        "This paper is not withdrawn",
        "",
    ],
)
def test_what_only_speaks_of_withdrawal_withdraws_nothing(note: str) -> None:
    assert not arxiv.withdrawn(note, note)


def test_an_abstract_counts_where_it_begins_and_nowhere_else() -> None:
    assert arxiv.withdrawn("This paper has been withdrawn by the author.")
    assert not arxiv.withdrawn("We follow a drug. This paper has been withdrawn, say 7 of 9 leaflets.")


def test_no_records_is_an_empty_harvest_and_a_dead_token_an_error() -> None:
    nothing = harvest('<error code="noRecordsMatch">The combination has no records</error>')
    assert read(nothing, HARVEST) == Batch(format="oai-pmh")
    dead = harvest('<error code="badResumptionToken">It &lt;b&gt;died&lt;/b&gt;</error>')
    with pytest.raises(SourceError, match="the server answers badResumptionToken: It"):
        read(dead, HARVEST)


def test_a_harvest_goes_on_by_its_token_alone_at_the_server_it_came_from() -> None:
    part = harvest("<ListRecords><resumptionToken cursor='0'>6511260|1001&amp;x</resumptionToken></ListRecords>")
    url = "http://mirror.example/oai?verb=ListRecords&metadataPrefix=arXivRaw"
    assert read(part, url).next == "http://mirror.example/oai?verb=ListRecords&resumptionToken=6511260%7C1001%26x"
    assert sources.read(part.encode(), source=make_source(), name="saved.xml").next is None


def test_a_harvest_that_breaks_off_or_defines_entities_is_refused_whole() -> None:
    whole = (GOLDEN / "arxiv-oai-raw.xml").read_text("utf-8")
    with pytest.raises(SourceError, match="its XML is broken"):
        read(whole[:-40], HARVEST)
    bomb = '<!DOCTYPE OAI-PMH [<!ENTITY a "aaaaaaaa">]>' + harvest("<ListRecords>&a;</ListRecords>")
    with pytest.raises(SourceError, match="its XML is broken"):
        read(bomb, HARVEST)


def test_a_replaced_paper_keeps_the_day_of_its_first_version() -> None:
    entry = read((GOLDEN / "arxiv-oai-raw.xml").read_text("utf-8"), HARVEST).entries[0]
    assert (entry.version, entry.announce_type) == (2, AnnounceType.REPLACE)
    assert [str(when)[:10] for when in (entry.submitted, entry.listed)] == ["2026-11-17", "2026-11-18"]


def test_three_thousand_authors_are_read_one_by_one() -> None:
    people = ", ".join(f"A{number} Ruiz (Lab {number}, Lima)" for number in range(3000))
    item = (
        "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><item><title>All of Us</title>"
        "<guid>oai:arXiv.org:2611.01230v1</guid>"
        f"<dc:creator>{people}</dc:creator></item></channel></rss>"
    )
    (entry,) = read(item, "https://rss.arxiv.org/rss/hep-ex").entries
    assert (len(entry.authors), entry.authors[0], entry.authors[-1]) == (3000, "A0 Ruiz", "A2999 Ruiz")
