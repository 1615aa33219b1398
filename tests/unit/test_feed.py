"""Which picks a topic's feed holds, and what each item says, before any format."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from digest.model import Edition, EditionState, Links, Origin, Paper, PaperId, Part, Pick, Rights
from digest.render import feed as feed_module
from digest.render.feed import ARXIV_SCHEME, NEVER, Category, Feed, Item
from digest.render.legal import legal, one_line
from tests.factories import NOON, make_edition, make_paper, make_pick, make_site, make_topic
from tests.feeds import ENV, feed_of, feed_with

LINKS = Links(
    abstract="https://arxiv.org/abs/2611.01234",
    pdf="https://arxiv.org/pdf/2611.01234",
    code="https://github.com/someone/something",
    discussion="https://news.example/item/7",
)


def feed_over(*editions: Edition, **options: Any) -> Feed:
    return feed_of(make_site(), make_topic(), editions, ENV, **options)


def item_of(paper: Paper) -> Item:
    return feed_with(paper).items[0]


def item_with(paper: Paper | None = None, **options: Any) -> Item:
    return item_of_pick(make_pick(paper or make_paper()), **options)


def item_of_pick(pick: Pick, **options: Any) -> Item:
    return feed_module.item_of(make_site(), ENV, pick, at=NOON, **options)


def edition_of(*titles: str, **changes: Any) -> Edition:
    return make_edition(*[make_pick(make_paper(title), rank=rank) for rank, title in enumerate(titles, 1)], **changes)


def titles(feed: Feed) -> list[str]:
    return [item.title for item in feed.items]


def test_items_come_by_edition_then_by_rank() -> None:
    newer = make_edition(make_pick(make_paper("B"), rank=2), make_pick(make_paper("A"), rank=1), label="2026-11-20")
    older = edition_of("C", label="2026-11-19")
    assert titles(feed_over(newer, older)) == ["A", "B", "C"]


def test_the_limit_counts_items_over_all_editions() -> None:
    editions = edition_of("A", "B", label="2026-11-20"), edition_of("C", "D", label="2026-11-19")
    assert titles(feed_over(*editions, limit=3)) == ["A", "B", "C"]


def test_a_paper_picked_twice_is_an_item_once_where_it_was_first() -> None:
    feed = feed_over(edition_of("A", "B", label="2026-11-20"), edition_of("A", "C", label="2026-11-19"))
    assert titles(feed) == ["B", "A", "C"]
    assert [item.published.day for item in feed.items] == [21, 20, 20]


def test_late_bloomers_come_behind_the_picks_of_their_edition() -> None:
    late = make_pick(make_paper("Late"), reasons=("3 upvotes on its first day, 40 now",))
    feed = feed_over(edition_of("A", "B", late=(late,)))
    assert titles(feed) == ["A", "B", "Late"]


def test_items_are_dated_by_their_edition_a_second_apart_in_order_of_rank() -> None:
    released = datetime(2026, 11, 21, 6, 30, 0, 123456, tzinfo=UTC)
    feed = feed_over(edition_of("A", "B", "C", released=released))
    whole = released.replace(microsecond=0)
    assert feed.updated == whole
    assert [item.published for item in feed.items] == [whole - timedelta(seconds=place) for place in range(3)]
    assert all(item.updated == item.published for item in feed.items)


def test_an_item_keeps_its_date_when_newer_editions_come() -> None:
    old = edition_of("A", "B", label="2026-11-19")
    assert feed_over(edition_of("C"), old).items[1:] == feed_over(old).items


def test_a_draft_is_dated_by_its_cut() -> None:
    draft = edition_of("A", state=EditionState.DRAFT, released=None)
    assert feed_over(draft).items[0].published == draft.cut


def test_a_feed_without_editions_says_so_and_has_a_fixed_date() -> None:
    feed = feed_over()
    assert (feed.items, feed.updated) == ((), NEVER)
    assert feed.description.endswith("No edition has been released yet.")


def test_the_feed_knows_its_page_and_its_address_in_each_format() -> None:
    feed = feed_over(hubs=["https://hub.example/"])
    assert feed.id == "tag:digest.example,2026:topic:kv-cache"
    assert feed.title == "The KV cache – Digest"
    assert feed.home == "https://digest.example/topics/kv-cache/"
    assert feed.addresses == {
        extension: f"https://digest.example/topics/kv-cache/feed.{extension}" for extension in ("rss", "atom", "json")
    }
    assert feed.hubs == ("https://hub.example/",)


def test_a_full_edition_needs_no_words() -> None:
    topic = make_topic(limit=1, description="Caches, mostly")
    feed = feed_of(make_site(), topic, [edition_of("A", topic=topic)], ENV)
    assert feed.description == "Caches, mostly."


@pytest.mark.parametrize(
    ("edition", "said"),
    [
        (edition_of("A", considered=410, matched=1), "Latest edition (2026-11-20): A quiet day: 1 of the 410 papers"),
        (edition_of(considered=410), "Latest edition (2026-11-20): Nothing new: none of the 410 papers"),
        (edition_of("A", health="arXiv is behind"), "arXiv is behind."),
    ],
)
def test_the_description_is_honest_about_the_newest_edition(edition: Edition, said: str) -> None:
    assert said in feed_over(edition, edition_of("B", label="2026-11-19")).description


def test_an_id_is_the_papers_own_whatever_the_topic_and_the_version() -> None:
    first = feed_with(make_paper("A", id=PaperId("arxiv:2611.01234"), version=1))
    later = feed_with(make_paper("A!", id=PaperId("arxiv:2611.01234"), version=2), topic=make_topic("other"))
    assert first.items[0].id == later.items[0].id == "tag:digest.example,2026:paper:arxiv:2611.01234"


@pytest.mark.parametrize(
    ("paper_id", "written"),
    [
        ("doi:10.1000/(a);b", "doi:10.1000/(a);b"),
        ("text:é #1?", "text:%C3%A9%20%231?"),
        ("text:100%", "text:100%25"),
        ("text:\ud800", "text:%ED%A0%80"),
    ],
)
def test_an_id_has_only_the_characters_that_rfc_4151_allows(paper_id: str, written: str) -> None:
    assert item_of(make_paper(id=PaperId(paper_id))).id == f"tag:digest.example,2026:paper:{written}"


def test_a_click_leads_to_the_abstract_page() -> None:
    item = item_of(make_paper(links=LINKS))
    assert item.url == item.external_url == LINKS.abstract


def test_what_came_of_a_personal_topic_leads_to_no_page_of_the_topic() -> None:
    topic = make_topic("secret", owner="reader-id-000000")
    edition = edition_of("A", topic=topic)
    item = feed_of(make_site(), topic, [edition], ENV).items[0]
    assert "secret" not in item.url + item.html


def test_a_click_leads_to_the_edition_where_no_abstract_page_is_known() -> None:
    item = item_of(make_paper(id=PaperId("text:a b"), links=Links(pdf=LINKS.pdf)))
    assert item.url == "https://digest.example/topics/kv-cache/2026-11-20/#text-a-b"
    assert item.external_url is None


def test_links_are_typed() -> None:
    links = item_of(make_paper(links=LINKS)).links
    assert [(link.rel, link.type, link.href) for link in links] == [
        ("related", "application/pdf", LINKS.pdf),
        ("related", "text/html", LINKS.code),
        ("replies", "text/html", LINKS.discussion),
    ]


ABSTRACT = f"We show it. It is {'very ' * 80}good."


@pytest.mark.parametrize(
    ("rights", "summary"), [(Rights.FULL, ABSTRACT), (Rights.EXCERPT, "We show it."), (Rights.LINK, None)]
)
def test_rights_bound_what_is_republished(rights: Rights, summary: str | None) -> None:
    item = item_of(make_paper(abstract=ABSTRACT, rights=rights))
    assert item.abstract == summary
    assert ("very" in item.html) is (rights is Rights.FULL)
    assert ("We show it" in item.html) is (rights is not Rights.LINK)


def test_arxiv_categories_have_their_scheme_and_others_none() -> None:
    item = item_of(make_paper(categories=("cs.CL", "hep-th", "cond-mat.mes-hall", "agents", "cs.CL extra")))
    assert item.categories == (
        *(Category(term=term, scheme=ARXIV_SCHEME) for term in ("cs.CL", "hep-th", "cond-mat.mes-hall")),
        *(Category(term=term) for term in ("agents", "cs.CL extra")),
    )


def test_the_html_says_why_and_where_to_read_on() -> None:
    html = item_of(make_paper(authors=("Ana García",), links=LINKS)).html
    assert '<p>Why: <span class="why-reason">matches “KV cache”</span></p>' in html
    assert "<p>Ana García</p>" in html
    assert "first seen 20 Nov 2026" in html
    for name, address in (("Abstract", LINKS.abstract), ("PDF", LINKS.pdf), ("Code", LINKS.code)):
        assert f'<a href="{address}">{name}</a>' in html


def test_the_html_is_inert_and_keeps_tex() -> None:
    html = item_of(make_paper(abstract="If $a<b$ then <script>alert(1)</script>", authors=("<b onclick=x>",))).html
    assert "If $a&lt;b$ then &lt;script&gt;" in html
    assert "<script" not in html
    assert "<b onclick" not in html


def test_a_withdrawn_paper_is_said_to_be() -> None:
    assert "Withdrawn" in item_of(make_paper(withdrawn=True)).html


def test_the_score_its_parts_and_the_numbers_travel_along() -> None:
    pick = make_pick()
    item = feed_over(make_edition(pick)).items[0]
    assert (item.score, item.parts, item.reasons, item.numbers) == (pick.score, pick.parts, pick.reasons, pick.numbers)


ORIGIN = Origin(name="arXiv cs.CL", url="https://rss.arxiv.org/rss/cs.CL?key=secret", seen=NOON)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (ORIGIN.url, "https://rss.arxiv.org/rss/cs.CL"),
        ("https://user:word@feeds.example:8443/a", "https://feeds.example:8443/a"),
        ("http://127.0.0.1/feed", None),
        ("http://[::1]/feed", None),
        ("http://intranet/feed", None),
    ],
)
def test_where_a_paper_came_from_is_told_without_keys_and_never_of_a_private_host(url: str, told: str | None) -> None:
    found = item_with(origin=replace(ORIGIN, url=url)).origin
    assert (found and found.url) == told


def test_a_brief_item_holds_a_summary_in_place_of_the_abstract() -> None:
    item = item_with(make_paper(abstract=ABSTRACT), brief=True)
    assert item.abstract is None
    assert "very" not in item.html
    assert item.summary == "We show it."
    assert "<p>We show it.</p>" in item.html


def test_what_a_machine_wrote_says_so_beside_the_abstract() -> None:
    pick = make_pick(make_paper(abstract=ABSTRACT), summary="It is shown.", summarised_by="a-model")
    html = item_of_pick(pick).html
    assert "It is shown. (Written by a machine: a-model.)" in html
    assert "very" in html


def test_a_reason_and_the_numbers_of_the_score_can_be_read_by_programs() -> None:
    part = Part(name="relevance", value=1 / 3, weight=0.1 + 0.2)
    html = item_of_pick(make_pick(parts=(part,), score=part.value * part.weight, reasons=("a <b>", "b"))).html
    assert '<span class="why-reason">a &lt;b&gt;</span>; <span class="why-reason">b</span>' in html
    assert f'<abbr class="why-value" title="{1 / 3}">0.333</abbr>' in html
    assert '<abbr class="why-weight" title="0.30000000000000004">0.3</abbr>' in html


def test_a_very_long_abstract_is_cut_between_words_and_a_crowd_of_authors_counted() -> None:
    paper = make_paper(abstract="word " * 5000, authors=tuple(f"A. Author{n}" for n in range(3000)))
    item = item_of(paper)
    assert item.abstract is not None
    assert item.abstract.endswith("word …")
    assert len(item.abstract) <= 3002
    assert (len(item.authors), item.authors[-1]) == (100, "2,901 more")


@pytest.mark.parametrize(
    ("title", "published"),
    [
        ("control\x00\x1f \x7f\x9fcharacters", "control characters"),
        ("lone \ud800\udfffsurrogates\ufffe\uffff", "lone surrogates"),
        (" two\r\n lines\u2028\u00a0", "two lines"),
        ("\x00 \n", "Untitled"),
        ("שלום \U0001f600 $a<b$ x</y", "שלום \U0001f600 $a<b$ x</y"),
        ("<b>bold</b>", "<b>bold< /b>"),
    ],
)
def test_what_is_published_is_legal_on_one_line_not_blank_and_closes_no_tag(title: str, published: str) -> None:
    item = feed_with(make_paper(title, authors=(title, "\x01"), abstract=title)).items[0]
    assert item.title == published
    assert all(author and author.isprintable() for author in item.authors)
    assert not set("\x00\x1f\x7f\x9f\ud800\udfff\ufffe") & set(f"{item.summary}{item.abstract}{item.html}")


@pytest.mark.parametrize("text", ["plain", "a\x00b", "</p>", "\ud800", " two\nlines "])
def test_what_is_legal_stays_as_it_is(text: str) -> None:
    assert legal(legal(text)) == legal(text)
    assert one_line(one_line(text)) == one_line(text)
