"""The pages of topics and their editions, read back as a browser reads them."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from digest.errors import RenderError
from digest.model import Edition, Links, Mode, Period, Rights, SubscriberId, Weights
from digest.render.charts import Bar
from digest.render.pages import (
    Frame,
    edition_page,
    edition_pages,
    error_page,
    front_page,
    relative,
    stylesheet,
    topic_archive_page,
    topic_page,
    topics_page,
)
from tests.factories import NOON, make_edition, make_paper, make_pick, make_site, make_topic
from tests.pages import ENV, SVG, foreign, links, make_picks, parsed, part, texts

SITE = make_site(description="Papers, topic by topic.", contact="hello@digest.example")
FRAME = Frame(ENV, SITE, search=True, by_mail=True)
FILES = Frame(ENV, SITE)
MINE = make_topic("mine", name="My own", owner=SubscriberId("s1"))
WEIGHTS = Weights(relevance=0.5, freshness=0.3, trend=0.2)
DAY, WEEK = Period.parse("2026-11-20"), Period.parse("2026-W47")


def full_edition(number: int = 3, **changes: Any) -> Edition:
    links = Links(abstract="https://arxiv.org/abs/1", pdf="https://arxiv.org/pdf/1")
    picks = [
        make_pick(make_paper(f"Paper {rank}", links=links, authors=("A. Ruiz", "B. Li")), rank=rank)
        for rank in range(1, number + 1)
    ]
    return make_edition(*picks, **{"considered": 112, "matched": number, **changes})


def test_a_paper_shows_its_title_authors_reason_and_links_and_leads_to_its_page() -> None:
    paper = part(parsed(edition_page(FRAME, full_edition())), ".//li[@id='text-paper-2']")
    assert texts(paper, "h2") == ["Paper 2"]
    assert part(paper, "h2/a").attrib["href"] == "../../../papers/text/paper-2/"
    assert texts(paper, "p") == [
        "A. Ruiz and B. Li",
        "What Paper 2 says.",
        "Why Matches “KV cache”.",
        "first seen 20 Nov 2026",
    ]
    assert texts(paper, "div/p/a") == ["Abstract", "PDF"]


def test_a_paper_shows_how_its_parts_make_the_score() -> None:
    details = part(parsed(edition_page(FRAME, full_edition())), ".//details")
    assert texts(details, "table/tbody/tr") == ["relevance0.800× 0.60.480", "freshness0.500× 0.250.125"]
    assert texts(details, "table/tfoot/tr") == ["Score0.605"]


def test_an_edition_leads_to_its_neighbours() -> None:
    newer, older = Period.parse("2026-11-21"), Period.parse("2026-11-19")
    turn = parsed(edition_page(FRAME, full_edition(), newer=newer, older=older)).findall(".//main/nav/a")
    assert [(link.attrib["rel"], link.attrib["href"]) for link in turn] == [
        ("prev", "../../../topics/kv-cache/2026-11-19/"),
        ("next", "../../../topics/kv-cache/2026-11-21/"),
    ]


def test_a_long_edition_stands_on_several_pages_each_paper_on_one() -> None:
    edition = make_edition(*make_picks(30), late=make_picks(1))
    assert edition_pages(30) == 3
    pages = [parsed(edition_page(FRAME, edition, number=number)) for number in (1, 2, 3)]
    shown = [title for page in pages for title in texts(page, ".//ol/li/h2")]
    assert shown == [f"Paper {rank}" for rank in range(1, 31)]
    assert [len(page.findall(".//section")) for page in pages] == [1, 0, 0]
    assert [link.attrib["href"] for link in pages[1].findall(".//main/nav/a")] == [
        "../../../../../topics/kv-cache/2026-11-20/",
        "../../../../../topics/kv-cache/2026-11-20/page/3/",
    ]


def test_an_empty_edition_says_so_and_leads_on() -> None:
    root = parsed(edition_page(FRAME, make_edition(label="2026-11-19", considered=31)))
    assert "Nothing new: none of the 31 papers we saw fits this topic." in texts(root, ".//main/p")
    assert root.find(".//ol") is None
    assert "../../../topics/kv-cache/" in links(root)


def test_note_and_health_line_are_shown() -> None:
    root = parsed(edition_page(FRAME, full_edition(note="Read <b>both</b>.", health="1 source was behind")))
    assert {"Read <b>both</b>.", "1 source was behind."} <= set(texts(root, ".//main/p"))


def test_late_bloomers_stand_under_their_own_heading_with_their_numbers() -> None:
    late = make_pick(make_paper("Blooming"), reasons=("2 upvotes on its first day, 90 now",))
    section = part(parsed(edition_page(FRAME, full_edition(late=(late,)))), ".//section")
    assert texts(section, "h2") == ["Late bloomers"]
    assert texts(section, "ul/li/h3") == ["Blooming"]
    assert "Why 2 upvotes on its first day, 90 now." in texts(section, "ul/li/p")


def test_what_a_source_reserves_is_not_republished() -> None:
    paper = make_paper("Reserved", abstract="All of it.", rights=Rights.LINK)
    assert b"All of it." not in edition_page(FRAME, make_edition(make_pick(paper)))


def test_a_site_below_a_path_needs_no_other_links() -> None:
    frames = [Frame(ENV, make_site(url=url)) for url in ("https://digest.example", "https://a.example/digest/")]
    at_root, below = (edition_page(frame, full_edition()) for frame in frames)
    assert links(part(parsed(below), "body")) == links(part(parsed(at_root), "body"))
    assert b'rel="canonical" href="https://a.example/digest/topics/kv-cache/2026-11-20/"' in below


def test_a_topic_shows_its_latest_edition_and_names_the_last_ones_newest_first() -> None:
    labels = ("2026-11-18", "2026-11-20", "2026-W47", "2026-10")
    orders = permutations(map(Period.parse, labels))
    pages = {topic_page(FRAME, make_topic(), full_edition(), order, weights=WEIGHTS) for order in orders}
    assert len(pages) == 1
    root = parsed(pages.pop())
    assert texts(root, ".//section/ol/li/h3") == ["Paper 1", "Paper 2", "Paper 3"]
    named = ["Week 47, 2026", "Fri 20 Nov 2026", "Wed 18 Nov 2026", "October 2026"]
    assert texts(root, ".//main/nav/ul/li") == named


def test_a_topic_says_what_it_looks_for_and_what_counts_how_much() -> None:
    topic = make_topic(must=("cache",), not_=("web cache",), authors=("Ada",), mode=Mode.TRENDING)
    root = parsed(topic_page(FRAME, topic, None, (), weights=WEIGHTS))
    asked = dict(zip(texts(root, ".//dt"), texts(root, ".//dd"), strict=True))
    assert asked == {
        "Speaks for a paper": "“KV cache”",
        "Must be there, one of": "“cache”",
        "Rules a paper out": "“web cache”",
        "Followed authors": "Ada",
        "Weights": "relevance 0.5, freshness 0.3 and trend 0.2",
    }
    assert "What is talked about now first. How picks are made" in texts(root, ".//main/section/p")


def test_a_topic_draws_how_much_fitted_day_by_day() -> None:
    volume = [Bar(day=(NOON - timedelta(days=n)).date(), all=7, part=3) for n in (2, 1, 0)]
    figure = part(parsed(topic_page(FRAME, make_topic(), None, (), weights=WEIGHTS, volume=volume)), ".//figure")
    assert texts(figure, "figcaption") == ["21 papers fitted in 3 days, of which 9 were picked."]
    assert texts(figure, f"{SVG}svg/{SVG}title") == ["Papers on The KV cache in 3 days"]


def test_the_archive_is_a_calendar_in_which_each_edition_is_a_link() -> None:
    periods = [Period.parse(label) for label in ("2026-10-31", "2026-11-20", "2026-11-01", "2026-W46", "2026-10")]
    root = parsed(topic_archive_page(FRAME, make_topic(), periods))
    assert texts(root, ".//caption") == ["November 2026", "October 2026"]
    assert texts(root, ".//table//a") == ["1", "W46", "20", "October 2026", "31"]
    assert [len(row) for row in root.iterfind(".//table/tbody/tr")] == [8] * 11


def test_the_archive_of_several_years_shows_one_and_leads_to_the_others() -> None:
    periods = [Period.parse(label) for label in ("2025-12-31", "2026-W01", "2026-01-02")]
    newest, older = (parsed(topic_archive_page(FRAME, make_topic(), periods, year=year)) for year in (None, 2025))
    assert texts(newest, ".//caption") == ["January 2026"]
    assert texts(older, ".//caption") == ["December 2025"]
    # A week belongs to both of its years.
    assert [texts(root, ".//table//a") for root in (newest, older)] == [["W1", "2"], ["W1", "31"]]
    assert texts(newest, ".//main/nav/a") == ["2026", "2025"]


def test_all_topics_are_listed_with_their_latest_edition_a_hundred_a_page() -> None:
    listed = [(make_topic(f"t{n:03}", name=f"Topic {n}"), DAY if n else None) for n in range(150)]
    first, second = (parsed(topics_page(FRAME, [*listed, (MINE, DAY)], number=number)) for number in (1, 2))
    assert texts(first, ".//main/ul/li/h2") == [f"Topic {n}" for n in range(100)]
    assert texts(second, ".//main/ul/li/h2") == [f"Topic {n}" for n in range(100, 150)]
    assert "No edition yet" in texts(first, ".//main/ul/li[1]/p")[0]
    assert "Friday, 20 November 2026" in texts(first, ".//main/ul/li[2]/p")[0]


@pytest.mark.parametrize(("frame", "there"), [(FRAME, True), (FILES, False)])
def test_search_and_mail_are_offered_where_they_are_there(frame: Frame, there: bool) -> None:
    found = links(parsed(topic_page(frame, make_topic(), None, (), weights=WEIGHTS)))
    assert ("../../search" in found) is there
    assert ("../../subscribe?topic=kv-cache" in found) is there


def test_a_personal_topic_has_no_page() -> None:
    with pytest.raises(RenderError, match="personal"):
        edition_page(FRAME, full_edition(topic=MINE))
    with pytest.raises(RenderError, match="personal"):
        topic_page(FRAME, MINE, None, (), weights=WEIGHTS)
    with pytest.raises(RenderError, match="personal"):
        topic_archive_page(FRAME, MINE, (DAY, WEEK))


def test_an_error_page_leads_home_and_is_not_for_search_engines() -> None:
    root = parsed(error_page(ENV, SITE, title="There is no such page", message="It may have moved."))
    assert texts(root, ".//h1") == ["There is no such page"]
    assert "https://digest.example/" in links(root)
    assert part(root, ".//meta[@name='robots']").attrib["content"] == "noindex"


def test_the_stylesheet_asks_nothing_of_others() -> None:
    sheet = stylesheet(ENV)
    assert b"url(" not in sheet
    assert b"@import" not in sheet
    assert len(sheet) < 20_000


def test_the_same_edition_gives_the_same_bytes() -> None:
    assert edition_page(FRAME, full_edition()) == edition_page(FRAME, full_edition())


@pytest.mark.parametrize(
    ("path", "target", "link"),
    [
        ("/", "/", "./"),
        ("/", "/topics/a/", "./topics/a/"),
        ("/search?q=a/b", "/search?q=c", "./search?q=c"),
        ("/topics/a/", "/", "../../"),
        ("/topics/a/2026-11/", "/style.css", "../../../style.css"),
    ],
)
def test_a_relative_link_climbs_to_the_root_and_down(path: str, target: str, link: str) -> None:
    assert relative(path, target) == link


HOSTILE = """</title><script>alert(1)</script>" onmouseover="x" '><img src=x onerror=y>{{ 7*7 }}"""


def test_the_words_of_operators_are_only_ever_text() -> None:
    topic = make_topic(name=HOSTILE[:70], description=HOSTILE, should=(HOSTILE,), categories=(HOSTILE,))
    edition = make_edition(topic=topic, note=HOSTILE, health=HOSTILE)
    frame = Frame(ENV, make_site(title=HOSTILE, description=HOSTILE), search=True, by_mail=True)
    pages = (
        edition_page(frame, edition),
        topic_page(frame, topic, edition, (DAY,), weights=WEIGHTS),
        topic_archive_page(frame, topic, (DAY,)),
        topics_page(frame, [(topic, DAY)]),
        front_page(frame, DAY, [edition], others=[(topic, DAY)]),
        error_page(ENV, frame.site, title=HOSTILE, message=HOSTILE),
    )
    assert [list(foreign(parsed(page))) for page in pages] == [[]] * 6
