"""The site's pages, read back as a browser reads them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import permutations
from posixpath import normpath
from typing import Any

import pytest

from digest.errors import RenderError
from digest.model import Edition, Links, Rights, Site, SubscriberId, Topic
from digest.render import paths
from digest.render.pages import STYLE_PATH, edition_page, error_page, index_page, relative, stylesheet, topic_page
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.pages import ENV, foreign, links, outline_is_sound, parsed, part, texts

SITE = make_site(description="Papers, topic by topic.", contact="hello@digest.example")
MINE = make_topic("mine", name="My own", owner=SubscriberId("s1"))


def full_edition(number: int = 3, **changes: Any) -> Edition:
    links = Links(abstract="https://arxiv.org/abs/1", pdf="https://arxiv.org/pdf/1")
    picks = [
        make_pick(make_paper(f"Paper {rank}", links=links, authors=("A. Ruiz", "B. Li")), rank=rank)
        for rank in range(1, number + 1)
    ]
    return make_edition(*picks, **{"considered": 112, "matched": number, **changes})


PAGES = {
    "/topics/kv-cache/2026-11-20/": edition_page(
        ENV, SITE, full_edition(), newer=make_edition(label="2026-11-21"), older=make_edition(label="2026-11-19")
    ),
    "/topics/kv-cache/2026-11-19/": edition_page(ENV, SITE, make_edition(label="2026-11-19", considered=31)),
    "/topics/kv-cache/": topic_page(ENV, SITE, make_topic(), [full_edition(), make_edition(label="2026-W47")]),
    "/topics/new/": topic_page(ENV, SITE, make_topic("new"), []),
    "/": index_page(ENV, SITE, [(make_topic(), full_edition()), (make_topic("new"), None)]),
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_heading_above_all_others_and_skips_no_level(path: str) -> None:
    assert outline_is_sound(parsed(PAGES[path]))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_its_landmarks_and_a_way_past_the_first(path: str) -> None:
    root = parsed(PAGES[path])
    assert [len(root.findall(f".//{name}")) for name in ("main", "footer")] == [1, 1]
    assert part(root, "./body/a").attrib["href"] == "#main"
    assert part(root, ".//main").attrib["id"] == "main"
    assert root.attrib["lang"] == "en"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_made_of_what_our_templates_use_and_asks_nothing_of_others(path: str) -> None:
    root = parsed(PAGES[path])
    assert list(foreign(root)) == []
    assert not [element for element in root.iter() if "style" in element.attrib]
    loaded = [link.attrib["href"] for link in root.iterfind(".//link") if link.attrib["rel"] == "stylesheet"]
    assert loaded == [relative(path, STYLE_PATH)]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_what_it_is_to_other_programs(path: str) -> None:
    root = parsed(PAGES[path])
    found = {meta.get("property") or meta.get("name"): meta.get("content") for meta in root.iterfind(".//meta")}
    canonical = part(root, ".//link[@rel='canonical']").attrib["href"]
    assert canonical == found["og:url"] == f"https://digest.example{path}"
    assert found["og:title"]
    assert found["og:description"] == found["description"] != ""
    assert found["og:site_name"] == "Digest"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_leads_programs_to_all_three_feeds(path: str) -> None:
    alternates = parsed(PAGES[path]).findall(".//link[@rel='alternate']")
    topic = "new" if path == "/topics/new/" else "kv-cache"
    found = {(link.attrib["type"], link.attrib["href"]) for link in alternates}
    assert found >= {
        (media_type, f"https://digest.example/topics/{topic}/feed.{name}")
        for name, media_type in paths.FEED_FORMATS.items()
    }


@pytest.mark.parametrize("path", PAGES)
def test_links_within_the_site_are_relative_and_lead_to_its_paths(path: str) -> None:
    known = re.compile(r"/|/style\.css|/topics/[a-z-]+/(feed\.(rss|atom|json)|2026-(\d\d-\d\d|W\d\d)/)?")
    for link in links(part(parsed(PAGES[path]), "body")):
        assert not link.startswith((SITE.url, "/"))
        if link.startswith("."):
            target = normpath(path + link) + ("/" if link.endswith("/") else "")
            assert known.fullmatch(target.replace("//", "/")), link


def test_a_site_below_a_path_needs_no_other_links() -> None:
    sites = [make_site(), make_site(url="https://a.example/digest/")]
    at_root, below = (edition_page(ENV, site, full_edition()) for site in sites)
    assert links(part(parsed(below), "body")) == links(part(parsed(at_root), "body"))
    assert b'rel="canonical" href="https://a.example/digest/topics/kv-cache/2026-11-20/"' in below


def test_a_paper_shows_its_title_authors_reason_and_links() -> None:
    root = parsed(PAGES["/topics/kv-cache/2026-11-20/"])
    paper = part(root, ".//li[@id='text-paper-2']")
    assert texts(paper, "h2") == ["Paper 2"]
    assert texts(paper, "p") == [
        "A. Ruiz and B. Li",
        "What Paper 2 says.",
        "Why Matches “KV cache”.",
        "first seen 20 Nov 2026",
    ]
    assert texts(paper, "div/p/a") == ["Abstract", "PDF"]


def test_a_paper_shows_how_its_parts_make_the_score() -> None:
    details = part(parsed(PAGES["/topics/kv-cache/2026-11-20/"]), ".//details")
    assert texts(details, "table/tbody/tr") == ["relevance0.800× 0.60.480", "freshness0.500× 0.250.125"]
    assert texts(details, "table/tfoot/tr") == ["Score0.605"]


def test_an_edition_leads_to_its_neighbours() -> None:
    turn = parsed(PAGES["/topics/kv-cache/2026-11-20/"]).findall(".//nav/a")
    assert [(link.attrib["rel"], link.attrib["href"]) for link in turn] == [
        ("prev", "../../../topics/kv-cache/2026-11-19/"),
        ("next", "../../../topics/kv-cache/2026-11-21/"),
    ]


def test_an_empty_edition_says_so_and_leads_on() -> None:
    root = parsed(PAGES["/topics/kv-cache/2026-11-19/"])
    assert "Nothing new: none of the 31 papers we saw fits this topic." in texts(root, ".//main/p")
    assert root.find(".//ol") is None
    assert "../../../topics/kv-cache/" in links(root)


def test_note_and_health_line_are_shown() -> None:
    root = parsed(edition_page(ENV, SITE, full_edition(note="Read <b>both</b>.", health="1 source was behind")))
    assert {"Read <b>both</b>.", "1 source was behind."} <= set(texts(root, ".//main/p"))


def test_what_a_source_reserves_is_not_republished() -> None:
    paper = make_paper("Reserved", abstract="All of it.", rights=Rights.LINK)
    assert b"All of it." not in edition_page(ENV, SITE, make_edition(make_pick(paper)))


def test_a_topic_shows_its_latest_edition_whatever_the_order_it_is_given() -> None:
    topic = make_topic()
    editions = [
        full_edition(number, label=label) for number, label in enumerate(("2026-11-18", "2026-11-20", "2026-W47"), 1)
    ]
    pages = {topic_page(ENV, SITE, topic, order) for order in permutations(editions)}
    assert len(pages) == 1
    assert "Week 47, 16 to 22 November 2026" in texts(parsed(pages.pop()), ".//main/section/p")


def test_the_archive_is_by_month_newest_first_then_weeks_then_months() -> None:
    labels = ("2026-10-31", "2026-11-20", "2026-11-01", "2026-W46", "2026-10")
    editions = [full_edition(number, label=label) for number, label in enumerate(labels)]
    archive = part(parsed(topic_page(ENV, SITE, make_topic(), editions)), ".//nav")
    assert texts(archive, "h3") == ["November 2026", "October 2026", "Weeks of 2026", "Months of 2026"]
    assert texts(archive, "ul/li") == [
        "Fri 20 1 paper",
        "Sun 1 2 papers",
        "Sat 31 empty",
        "Week 46 3 papers",
        "October 4 papers",
    ]


def test_the_index_shows_the_first_papers_of_each_topic_with_their_reasons() -> None:
    root = parsed(index_page(ENV, SITE, [(make_topic(), full_edition(9))]))
    assert texts(root, ".//ol/li/h3") == ["Paper 1", "Paper 2", "Paper 3"]
    assert texts(root, ".//ol/li/p") == ["Why Matches “KV cache”."] * 3
    assert "All 9 papers" in texts(root, ".//section/div/p")


def test_a_site_without_topics_has_a_first_page() -> None:
    assert "There is no topic yet" in index_page(ENV, SITE, []).decode()


def test_personal_topics_stand_on_no_page() -> None:
    edition = make_edition(topic=MINE)
    assert b"My own" not in index_page(ENV, SITE, [(make_topic(), None), (MINE, edition)])
    with pytest.raises(RenderError, match="topic 'mine' is personal"):
        edition_page(ENV, SITE, edition)
    with pytest.raises(RenderError, match="topic 'mine' is personal"):
        topic_page(ENV, SITE, MINE, [edition])


def test_an_error_page_works_at_any_address_and_stays_out_of_search_engines() -> None:
    root = parsed(error_page(ENV, SITE, title="No such page", message="It may have moved."))
    assert texts(root, ".//h1") == ["No such page"]
    assert all(link.startswith(("https://digest.example/", "mailto:", "#")) for link in links(root))
    assert root.find(".//meta[@name='robots']") is not None
    assert root.find(".//link[@rel='canonical']") is None


def test_the_same_edition_gives_the_same_bytes() -> None:
    assert edition_page(ENV, SITE, full_edition()) == edition_page(ENV, SITE, full_edition())


def test_a_full_page_with_its_style_is_small() -> None:
    assert len(edition_page(ENV, SITE, full_edition(10))) + len(stylesheet(ENV)) < 50_000


def test_a_year_of_editions_is_no_burden_to_a_topic() -> None:
    days = [date(2026, 11, 20) - timedelta(days=back) for back in range(365)]
    page = topic_page(ENV, SITE, make_topic(), [full_edition(10, label=day.isoformat()) for day in days])
    assert len(page) < 60_000


def test_the_style_asks_nothing_of_others() -> None:
    style = stylesheet(ENV).decode()
    assert "@import" not in style
    assert "url(" not in style


@pytest.mark.parametrize(
    ("path", "target", "link"),
    [
        ("/", "/", "./"),
        ("/", "/topics/a/", "./topics/a/"),
        ("/topics/a/", "/", "../../"),
        ("/topics/a/2026-11/", "/style.css", "../../../style.css"),
    ],
)
def test_a_relative_link_climbs_to_the_root_and_down(path: str, target: str, link: str) -> None:
    assert relative(path, target) == link


HOSTILE = """</title><script>alert(1)</script>" onmouseover="x" '><img src=x onerror=y>{{ 7*7 }}"""


def test_text_from_a_source_is_only_ever_text() -> None:
    paper = make_paper(HOSTILE, abstract=HOSTILE, authors=(HOSTILE,))
    root = parsed(edition_page(ENV, SITE, make_edition(make_pick(paper))))
    assert list(foreign(root)) == []
    assert texts(root, ".//li/h2") == [HOSTILE]


def test_the_words_of_operators_are_only_ever_text_too() -> None:
    topic: Topic = make_topic(name=HOSTILE[:70], description=HOSTILE)
    site: Site = make_site(title=HOSTILE, description=HOSTILE)
    pages = (
        index_page(ENV, site, [(topic, make_edition(topic=topic, note=HOSTILE, health=HOSTILE))]),
        topic_page(ENV, site, topic, [make_edition(topic=topic, note=HOSTILE, health=HOSTILE)]),
        error_page(ENV, site, title=HOSTILE, message=HOSTILE),
    )
    assert [list(foreign(parsed(page))) for page in pages] == [[], [], []]
