"""RSS and Atom: what an item says, in whichever element and spelling it says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digest import sources
from digest.errors import SourceError
from digest.model import AnnounceType, Batch, Entry
from tests.factories import make_source

NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:arxiv="http://arxiv.org/schemas/atom"'
)


def read(feed: str, url: str | None = None) -> Batch:
    return sources.read(feed.encode(), source=make_source(url=url), name="feed.xml")


def rss(*items: str, url: str | None = None) -> Batch:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return read(f'<rss version="2.0" {NAMESPACES}><channel><title>Feed</title>{inside}</channel></rss>', url)


def atom(*entries: str, url: str | None = None) -> Batch:
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return read(f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}><title>Feed</title>{inside}</feed>', url)


def only(batch: Batch) -> Entry:
    assert len(batch.entries) == 1, batch.problems
    return batch.entries[0]


def test_an_item_without_a_title_is_a_problem_and_the_others_are_read() -> None:
    batch = rss("<title>One</title>", "<title> &#8203; </title><description>Text.</description>", "<guid>x</guid>")
    assert [entry.title for entry in batch.entries] == ["One"]
    assert batch.problems == ("item 2: no title", "item 3: no text")


def test_the_id_is_the_guid_else_the_link_else_made_of_the_content() -> None:
    link = "<link>https://example.org/1</link>"
    assert only(rss(f"<title>One</title><guid isPermaLink='false'>tag:1</guid>{link}")).external_id == "tag:1"
    assert only(rss(f"<title>One</title>{link}")).external_id == "https://example.org/1"
    assert only(rss("<title>One</title>")).external_id == only(rss("<title>One</title>")).external_id != ""


def test_an_id_too_long_to_be_one_is_not_taken() -> None:
    entry = only(rss(f"<title>One</title><guid>{'x' * 5000}</guid><link>https://example.org/1</link>"))
    assert entry.external_id == "https://example.org/1"


def test_a_guid_is_a_link_unless_it_says_that_it_is_none() -> None:
    assert only(rss("<title>One</title><guid>https://example.org/1</guid>")).links.abstract == "https://example.org/1"
    assert only(rss('<title>One</title><guid isPermaLink="false">https://example.org/1</guid>')).links.abstract is None


def test_relative_links_start_from_the_base_in_force_or_the_source() -> None:
    item = '<title>One</title><link xml:base="b/">c</link>'
    assert only(rss(item, url="https://example.org/a/feed.xml")).links.abstract == "https://example.org/a/b/c"
    assert only(rss(item)).links.abstract is None


def test_a_link_that_is_no_http_address_is_not_kept() -> None:
    assert only(rss("<title>One</title><link>javascript:alert(1)</link>")).links.abstract is None


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("<pubDate>Fri, 20 Nov 2026 10:00:00 +0100</pubDate>", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("<pubDate>20 Nov 26 10:00 EST</pubDate>", datetime(2026, 11, 20, 15, tzinfo=UTC)),
        ("<pubDate>Fri, 20 Nov 2026</pubDate>", datetime(2026, 11, 20, tzinfo=UTC)),
        ("<dc:date>2026-11-20T10:14Z</dc:date>", datetime(2026, 11, 20, 10, 14, tzinfo=UTC)),
        ("<dc:date>2026-11</dc:date>", datetime(2026, 11, 1, tzinfo=UTC)),
        ("<pubDate>2026-11-20 23:59:60 UTC</pubDate>", datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)),
        ("<pubDate>yesterday</pubDate>", None),
        ("<pubDate>Mon, 01 Jan 0001 00:00:00 GMT</pubDate>", None),
        ("<pubDate>1763632800</pubDate>", None),
        ("", None),
    ],
)
def test_the_date_of_an_item_is_when_the_source_listed_it(date: str, instant: datetime | None) -> None:
    entry = only(rss(f"<title>One</title>{date}"))
    assert (entry.listed, entry.announced, entry.submitted) == (instant, None, None)


def test_an_atom_entry_was_announced_when_published_and_listed_when_updated() -> None:
    dates = "<published>2026-11-18T09:00:00Z</published><updated>2026-11-20T09:00:00Z</updated>"
    entry = only(atom(f"<title>One</title><id>x</id>{dates}"))
    assert (entry.announced, entry.listed) == (
        datetime(2026, 11, 18, 9, tzinfo=UTC),
        datetime(2026, 11, 20, 9, tzinfo=UTC),
    )
    assert entry.submitted is None


def test_published_in_arxivs_search_is_when_the_paper_was_submitted() -> None:
    dates = "<published>2026-11-18T09:00:00Z</published><updated>2026-11-20T09:00:00Z</updated>"
    entry = only(atom(f"<title>One</title><id>http://arxiv.org/abs/2611.01230v2</id>{dates}"))
    assert entry.submitted == datetime(2026, 11, 18, 9, tzinfo=UTC)
    assert entry.announced is None
    assert (entry.arxiv_id, entry.version) == ("2611.01230", 2)


def test_arxivs_line_in_front_of_the_abstract_is_read_and_removed() -> None:
    line = "arXiv:2611.01230v3 Announce Type: replace \nAbstract: We study."
    entry = only(rss(f"<title>One</title><description>{line}</description>"))
    assert entry.abstract == "We study."
    assert (entry.arxiv_id, entry.version, entry.announce_type) == ("2611.01230", 3, AnnounceType.REPLACE)


def test_a_kind_of_announcement_that_is_new_to_us_is_unknown() -> None:
    line = "arXiv:2611.01230v3 Announce Type: absonly Abstract: We study."
    entry = only(rss(f"<title>One</title><description>{line}</description>"))
    assert entry.announce_type is None
    assert entry.abstract == "We study."


@pytest.mark.parametrize(
    ("creators", "authors"),
    [
        ("Ana Ruiz (Acme, Inc., Lima), Bo Li", ("Ana Ruiz", "Bo Li")),
        ("Ana Ruiz (unclosed, Bo Li", ("Ana Ruiz (unclosed", "Bo Li")),
        (r"Andr\'e Weil, Ana Ruiz, Ana Ruiz", ("André Weil", "Ana Ruiz")),
        ("", ()),
    ],
)
def test_arxivs_one_element_of_authors_is_split_outside_of_brackets(creators: str, authors: tuple[str, ...]) -> None:
    guid = "<guid>oai:arXiv.org:2611.01230v1</guid>"
    assert only(rss(f"<title>One</title>{guid}<dc:creator>{creators}</dc:creator>")).authors == authors


def test_elsewhere_a_comma_in_an_author_is_part_of_the_name() -> None:
    creators = "<dc:creator>Ruiz, Ana</dc:creator><dc:creator>Li, Bo</dc:creator>"
    assert only(rss(f"<title>One</title>{creators}")).authors == ("Ruiz, Ana", "Li, Bo")


@pytest.mark.parametrize("author", ["ana@example.org (Ana Ruiz)", "Ana Ruiz &lt;ana@example.org&gt;", "Ana Ruiz"])
def test_an_author_is_a_name_without_its_mail_address(author: str) -> None:
    assert only(rss(f"<title>One</title><author>{author}</author>")).authors == ("Ana Ruiz",)


def test_arxivs_error_in_the_form_of_a_feed_is_an_error() -> None:
    error = "<id>http://arxiv.org/api/errors#incorrect_id_format</id><title>Error</title><summary>bad id: x</summary>"
    with pytest.raises(SourceError, match="arXiv answered with an error: bad id: x"):
        atom(error)


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("<title>a &lt;b&gt; c</title>", "a <b> c"),
        ('<title type="html">a &lt;b&gt;bold&lt;/b&gt; word</title>', "a bold word"),
        ('<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">x &lt; <i>y</i></div></title>', "x < y"),
        ("<title>in<b>valid</b> markup</title>", "invalid markup"),
        ('<title type="html">H&lt;sub&gt;2&lt;/sub&gt;O &amp;amp; $O(n^2)$</title>', "H₂O & O(n²)"),
        ('<title mode="base64">RGVlcCBSb3V0ZXJz</title>', "Deep Routers"),
    ],
)
def test_an_atom_title_means_what_its_type_says(title: str, plain: str) -> None:
    assert only(atom(f"<id>x</id>{title}")).title == plain


def test_the_page_is_the_link_and_the_pdf_is_not() -> None:
    links = (
        '<link rel="self" href="https://example.org/1.atom"/>'
        '<link rel="alternate" type="application/json" href="https://example.org/1.json"/>'
        '<link href="https://example.org/1"/>'
        '<link rel="related" type="application/pdf" href="https://example.org/1.pdf"/>'
    )
    entry = only(atom(f"<title>One</title><id>x</id>{links}"))
    assert entry.links.abstract == "https://example.org/1"
    assert entry.links.pdf == "https://example.org/1.pdf"


def test_elements_of_other_namespaces_are_not_the_items_own() -> None:
    other = '<x:title xmlns:x="https://example.org/ns">Wrong</x:title><media><title>Wrong</title></media>'
    assert only(rss(f"{other}<title>Right</title>")).title == "Right"


def test_an_empty_feed_is_no_error_for_arxiv_has_holidays() -> None:
    batch = rss()
    assert (batch.title, batch.entries, batch.problems) == ("Feed", (), ())


def test_a_doi_of_a_journal_is_kept_and_arxivs_own_is_the_arxiv_id() -> None:
    journal = "<dc:identifier>doi:10.1000/ABC</dc:identifier>"
    own = "<dc:identifier>https://doi.org/10.48550/arXiv.2611.01230</dc:identifier>"
    assert only(rss(f"<title>One</title>{journal}")).doi == "10.1000/abc"
    assert (only(rss(f"<title>One</title>{own}")).doi, only(rss(f"<title>One</title>{own}")).arxiv_id) == (
        None,
        "2611.01230",
    )
