"""The pages of papers, searches and sources."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from digest.errors import RenderError
from digest.model import (
    AnnounceType,
    Condition,
    Links,
    Paper,
    PaperId,
    Period,
    Rights,
    Search,
    Sighting,
    Signal,
    SignalKind,
    SourceId,
    SourceState,
    SubscriberId,
)
from digest.render.charts import Bar
from digest.render.pages import (
    TOPICS_SHOWN,
    Frame,
    Standing,
    edition_page,
    front_page,
    paper_page,
    search_page,
    sources_page,
)
from digest.render.pages.papers import appearance
from tests.factories import NOON, make_edition, make_entry, make_paper, make_pick, make_site, make_source, make_topic
from tests.pages import ENV, SVG, links, parsed, part, texts

FRAME = Frame(ENV, make_site(), search=True, by_mail=True)
DAY = timedelta(days=1)
PAPER = make_paper(
    "Caching",
    abstract="First we cache. Then we find x² ≤ 1.",
    authors=("Ada Ruiz", "Bo Li"),
    links=Links(abstract="https://arxiv.org/abs/2611.00010", pdf="https://arxiv.org/pdf/2611.00010"),
    arxiv_id="2611.00010",
    version=2,
    categories=("cs.LG",),
    submitted=NOON - DAY,
    listed=NOON,
)


def page(paper: Paper = PAPER, **changes: Any) -> Element:
    return parsed(paper_page(FRAME, paper, **changes))


def signals(*values: int, kind: SignalKind = SignalKind.UPVOTES, source: str = "list") -> list[Signal]:
    return [
        Signal(paper_id=PAPER.id, kind=kind, source_id=SourceId(source), at=NOON + n * DAY, value=value)
        for n, value in enumerate(values)
    ]


def facts(root: Element) -> dict[str, str]:
    return dict(zip(texts(root, ".//dl/dt"), texts(root, ".//dl/dd"), strict=True))


def test_a_paper_shows_what_is_known_of_it() -> None:
    root = page()
    assert texts(root, ".//h1") == ["Caching"]
    assert texts(root, ".//p[@class='abstract']") == [PAPER.abstract]
    assert texts(root, ".//p[@class='byline']") == ["Ada Ruiz and Bo Li"]
    assert facts(root) == {
        "arXiv": "2611.00010",
        "Version": "2",
        "Categories": "cs.LG",
        "Submitted": "19 Nov 2026",
        "Listed": "20 Nov 2026",
        "First seen": "20 Nov 2026",
    }
    assert {"https://arxiv.org/abs/2611.00010", "../../../search?category=cs.LG"} <= set(links(root))


def test_reference_managers_find_its_tags_and_people_its_bibtex() -> None:
    root = page()
    authors = [meta.attrib["content"] for meta in root.iterfind(".//meta[@name='citation_author']")]
    assert authors == ["Ada Ruiz", "Bo Li"]
    assert part(root, ".//pre").text.startswith("@misc{ruiz2026caching,")  # type: ignore[union-attr]
    assert "../../../papers/text/caching/cite.bib" in links(root)


@pytest.mark.parametrize(("rights", "shown"), [(Rights.FULL, True), (Rights.EXCERPT, False), (Rights.LINK, False)])
def test_of_an_abstract_as_much_is_shown_as_its_source_permits(rights: Rights, shown: bool) -> None:
    long = replace(PAPER, abstract="We propose a cache. " + "More words follow here. " * 40, rights=rights)
    body = paper_page(FRAME, long).decode()
    assert (body.count("More words follow here.") > 30) is shown
    assert ("We propose a cache." in body) is (rights is not Rights.LINK)
    assert ('citation_abstract"' in body) is shown


def test_a_withdrawn_paper_has_a_tombstone() -> None:
    root = page(replace(PAPER, withdrawn=True), series=signals(1, 2), similar=[])
    assert "was withdrawn by its authors" in texts(root, ".//p[@class='lead']")[0]
    assert part(root, ".//meta[@name='robots']").attrib["content"] == "noindex"
    assert root.find(".//pre") is root.find(".//meta[@name='citation_title']") is root.find(f".//{SVG}svg") is None
    assert str(PAPER.abstract) not in " ".join(root.itertext())


def test_votes_over_time_are_drawn_and_said() -> None:
    root = page(series=[*signals(2, 9, 14), *signals(3, 5, source="other"), *signals(7, kind=SignalKind.STARS)])
    assert texts(root, ".//figure/figcaption") == [
        "Upvotes 14 upvotes on 22 Nov 2026, from 2 on 20 Nov 2026.",
        "Stars 7 stars on 20 Nov 2026.",
    ]
    assert texts(root, f".//{SVG}title") == ["Upvotes over time"]


def test_versions_and_announcements_are_told_by_source() -> None:
    entries = [
        make_entry("v1", version=1, announce_type=AnnounceType.NEW),
        make_entry("v2", version=2, announce_type=AnnounceType.REPLACE, source_id=SourceId("gone")),
        make_entry("v3", withdrawn=True),
    ]
    seen = [Sighting(entry=entry, paper_id=PAPER.id, first_seen=NOON) for entry in entries]
    root = page(announced=seen, names={SourceId("list"): "The list"})
    assert texts(root, ".//section[@aria-labelledby='announced']/ul/li") == [
        "The list 20 Nov 2026, version 1, new",
        "gone 20 Nov 2026, version 2, revised",
        "The list 20 Nov 2026, withdrawn",
    ]


def test_a_paper_says_why_and_where_it_was_picked() -> None:
    pick, late = make_pick(PAPER, rank=13), make_pick(PAPER)
    edition = make_edition(*[make_pick(make_paper(str(n))) for n in range(12)], pick)
    told = [appearance(edition, pick), appearance(make_edition(late=(late,)), late)]
    section = part(page(appearances=told), ".//section[@aria-labelledby='editions']")
    assert texts(section, "ul/li/p") == [
        "Matches “KV cache”.",
        "Number 13 of 13 in The KV cache, Friday, 20 November 2026",
        "Matches “KV cache”.",
        "A late bloomer in The KV cache, Friday, 20 November 2026",
    ]
    assert links(section)[0] == "../../../topics/kv-cache/2026-11-20/page/2/#text-caching"


def test_no_paper_tells_of_a_personal_topic() -> None:
    pick = make_pick(PAPER)
    with pytest.raises(RenderError, match="personal"):
        appearance(make_edition(pick, topic=make_topic(owner=SubscriberId("s1"))), pick)


def test_similar_papers_lead_to_their_pages() -> None:
    section = part(page(similar=[make_paper("Like it")]), ".//section[@aria-labelledby='similar']")
    assert links(section) == ["../../../papers/text/like-it/"]


def test_three_thousand_authors_are_cut() -> None:
    crowd = replace(PAPER, authors=tuple(f"Author {n}" for n in range(3303)))
    assert texts(page(crowd), ".//p[@class='byline']")[0].endswith("Author 58 and 3,244 more")
    assert len(paper_page(FRAME, crowd)) < 50_000


def test_an_id_without_an_address_has_no_page() -> None:
    with pytest.raises(ValueError, match="too long"):
        paper_page(FRAME, replace(PAPER, id=PaperId("doi:" + "x" * 999)))


# Searches


def found(search: Search, *papers: Paper, **changes: Any) -> Element:
    return parsed(search_page(FRAME, search, papers, **changes))


def test_a_search_repeats_what_was_asked_and_offers_a_feed_of_it() -> None:
    asked = Search(words='"KV cache" <b>', category="cs.LG", source=SourceId("list"), since=NOON.date(), code=True)
    root = found(asked, PAPER, sources=[make_source("list", name="The list"), make_source("b", name="B")])
    fields = {field.get("name"): field.get("value") for field in root.iterfind(".//input")}
    assert (fields["q"], fields["category"], fields["since"]) == ('"KV cache" <b>', "cs.LG", "2026-11-20")
    assert texts(root, ".//option[@selected]") == ["The list"]
    assert texts(root, ".//ol/li/h3") == ["Caching"]
    feed = "search/feed.atom?q=%22KV+cache%22+%3Cb%3E&category=cs.LG&source=list&since=2026-11-20&code=yes"
    assert f"./{feed}" in links(part(root, ".//main"))
    alternates = [link.attrib["href"] for link in root.iterfind(".//link[@rel='alternate']")]
    assert f"https://digest.example/{feed}" in alternates


def test_a_search_is_never_indexed_and_each_field_has_a_label() -> None:
    root = found(Search(words="cache"))
    assert part(root, ".//meta[@name='robots']").attrib["content"] == "noindex"
    labelled = {label.get("for") for label in root.iterfind(".//label")}
    fields = [*root.iterfind(".//main//input"), *root.iterfind(".//main//select")]
    assert {field.get("id") for field in fields if field.get("type") != "checkbox"} <= labelled


def test_pages_of_results_lead_to_one_another() -> None:
    turn = found(Search(words="cache"), PAPER, number=2, more=True).findall(".//main//nav/a")
    assert [link.attrib["href"] for link in turn] == ["./search?q=cache", "./search?q=cache&page=3"]
    assert [
        link.attrib["href"] for link in found(Search(words="x"), PAPER, number=50, more=True).findall(".//nav/a")
    ] == ["./search?q=x&page=49"]


def test_nothing_found_says_so_and_what_was_not_understood_is_told_beside_its_field() -> None:
    root = found(Search(words="cache"), problems={"since": "This is no day."})
    assert texts(root, ".//main/section/h2") == ["Nothing found"]
    field = part(root, ".//input[@name='since']")
    assert part(root, f".//span[@id='{field.attrib['aria-describedby']}']").text == "This is no day."


def test_an_empty_search_is_only_its_form() -> None:
    root = found(Search())
    assert root.find(".//main/section") is None
    assert root.find(".//main/form") is not None


# Sources


def test_sources_say_how_they_stand_and_what_they_brought() -> None:
    source = make_source("a", name="A feed", url="https://a.example/?key=secret")
    standing = Condition(source_id=source.id, name="A feed", state=SourceState.FAILED, behind=True, since=NOON - DAY)
    days = tuple(Bar(day=(NOON - n * DAY).date(), all=n, part=n, late=n == 0) for n in (2, 1, 0))
    shown = [
        Standing(source=source, condition=standing, entries=1234, last_new=NOON - DAY, days=days),
        Standing(source=make_source("b", name="Files")),
        Standing(source=make_source("c", name="Off", url="https://c.example/", enabled=False)),
    ]
    body = sources_page(FRAME, shown, now=NOON, zone=ZoneInfo("UTC"))
    root = parsed(body)
    assert texts(root, ".//h2") == ["A feed failed", "Files files", "Off off"]
    assert texts(root, ".//main/ul/li[1]/p") == [
        "A feed could not be reached since Thursday 12:00.",
        "1,234 announcements in all; last news 19 Nov 2026; abstracts may be shown",
    ]
    said = "18 Nov 2026 to 20 Nov 2026; 3 announcements; most on 18 Nov 2026, 2; 1 day without what was due."
    assert texts(root, f".//{SVG}desc") == [said]
    assert "1 of 3 is behind." in texts(root, ".//p[@class='about']")[0]
    # An address may hold a key.
    assert b"secret" not in body


def test_a_page_stays_small_in_any_script_and_with_any_number_of_authors() -> None:
    han = "研究者们提出了一种新的缓存方法，用于大型语言模型的高效推理。"
    papers = [
        make_paper(
            f"{han * 8}{number}",
            id=f"text:{number}",
            abstract=han * 400,
            authors=tuple(f"王小明{place}" for place in range(3303)),
            categories=tuple(f"cs.{place}" for place in range(50)),
        )
        for number in range(7)
    ]
    editions = [
        make_edition(*(make_pick(one, rank=rank) for rank, one in enumerate(papers, 1)), topic=make_topic(f"t{number}"))
        for number in range(20)
    ]
    found = [
        paper_page(FRAME, papers[0], similar=papers[1:]),
        search_page(FRAME, Search(words="缓存"), papers * 3),
        edition_page(FRAME, editions[0]),
        front_page(FRAME, Period.parse("2026-11-20"), editions[:TOPICS_SHOWN], first=True),
    ]
    assert [len(body) for body in found if len(body) >= 50_000] == []
    assert len(found[0]) > 20_000
