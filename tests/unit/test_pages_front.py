"""The first page and the days before it, the page about the site, and what crawlers are told."""

from __future__ import annotations

from datetime import timedelta

from lxml import etree

from digest.model import Edition, Mode, Period, PeriodKind, SubscriberId, Weights
from digest.render.pages import Frame, Making, about_page, archive_page, front_page, robots, sitemaps
from digest.render.pages.crawlers import A_FILE
from tests.factories import NOON, make_edition, make_site, make_topic
from tests.pages import ENV, make_picks, parsed, part, texts

SITE = make_site(description="Papers, topic by topic.")
FRAME = Frame(ENV, SITE, search=True, by_mail=True)
DAY, WEEK, MONTH = map(Period.parse, ("2026-11-20", "2026-W47", "2026-11"))


def edition(name: str, papers: int = 9) -> Edition:
    return make_edition(*make_picks(papers), topic=make_topic(name.lower(), name=name), considered=50)


def test_the_first_page_is_the_day_with_the_first_papers_of_each_topic() -> None:
    root = parsed(front_page(FRAME, DAY, [edition("Caches"), edition("Agents", 1)], first=True))
    assert texts(root, ".//h1") == ["Friday, 20 November 2026"]
    assert texts(root, ".//section/h2") == ["Caches", "Agents"]
    assert texts(root, ".//section[1]/ol/li/h3") == [f"Paper {n}" for n in range(1, 6)]
    assert texts(root, ".//section/div/p[1]") == ["All 9 papers on Caches", "The whole edition on Agents"]
    assert part(root, ".//link[@rel='canonical']").attrib["href"] == "https://digest.example/"


def test_the_more_topics_the_fewer_papers_of_each() -> None:
    shown = [
        len(parsed(front_page(FRAME, DAY, [edition(f"T{n}") for n in range(topics)])).findall(".//ol/li"))
        for topics in (1, 4, 12, 24)
    ]
    assert shown == [5, 20, 24, 24]


def test_a_day_leads_to_the_days_beside_it_and_to_the_latest_week_and_month() -> None:
    newest = {PeriodKind.DAY: DAY, PeriodKind.WEEK: WEEK, PeriodKind.MONTH: MONTH}
    page = front_page(FRAME, DAY, [edition("Caches")], newest=newest, older=Period.parse("2026-11-19"))
    navs = parsed(page).findall(".//main//nav")
    assert [[link.attrib["href"] for link in nav.iterfind("a")] for nav in navs] == [
        ["../../archive/2026-11-20/", "../../archive/2026-W47/", "../../archive/2026-11/"],
        ["../../archive/2026-11-19/"],
    ]
    assert [link.get("aria-current") for link in navs[0]] == ["true", None, None]


def test_topics_without_papers_here_are_named_with_their_latest_edition() -> None:
    others = [(make_topic("a", name="A"), WEEK), (make_topic("b", name="B"), None)]
    root = parsed(front_page(FRAME, DAY, [edition("Caches")], others=others))
    assert texts(root, ".//section[@aria-labelledby='others']/ul/li") == ["A latest: Week 47, 2026", "B no edition yet"]


def test_a_site_without_editions_has_a_first_page() -> None:
    root = parsed(front_page(FRAME, None, [], first=True, others=[(make_topic(), None)]))
    assert texts(root, ".//h1") == ["Digest"]
    assert "Nothing has been published yet. The first papers will stand here." in texts(root, ".//main//p")


def test_a_personal_topic_stands_on_no_front_page() -> None:
    mine = make_topic("mine", name="My own", owner=SubscriberId("s1"))
    page = front_page(FRAME, DAY, [make_edition(topic=mine)], others=[(mine, DAY)])
    assert b"My own" not in page


def test_the_archive_leads_to_days_weeks_and_months() -> None:
    root = parsed(archive_page(FRAME, [DAY, WEEK, MONTH]))
    found = [link.attrib["href"] for link in root.iterfind(".//table//a")]
    assert found == [f"../archive/{label}/" for label in ("2026-11", "2026-W47", "2026-11-20")]


def test_a_year_of_days_is_small() -> None:
    days = {Period.containing(kind, (NOON - n * timedelta(days=1)).date()) for n in range(366) for kind in PeriodKind}
    assert len(archive_page(FRAME, days, year=2026)) < 50_000


MAKING = Making(
    weights={Mode.FRESH: Weights(relevance=0.5, freshness=0.3, trend=0.2)},
    compose_at="05:00",
    compose_by="07:00",
    zone="Europe/Berlin",
    by_hand=True,
    repeats="no topic shows a paper twice",
    machine="",
    per_author=3,
)


def test_the_site_says_how_picks_are_made_and_what_it_keeps_of_readers() -> None:
    root = parsed(about_page(FRAME, MAKING))
    said = " ".join(texts(root, ".//main//p"))
    assert "relevance 0.5, freshness 0.3 and trend 0.2" in texts(root, ".//dd")
    for words in ("05:00 (Europe/Berlin)", "until 07:00", "An editor looks at it", "no cookie", "your address"):
        assert words in said
    assert "What we keep of readers" in texts(root, ".//h2")


def test_crawlers_are_kept_from_what_is_a_readers_own_and_from_searches() -> None:
    lines = robots(SITE).decode().splitlines()
    assert {"Disallow: /my/", "Disallow: /leave/", "Disallow: /preferences/", "Disallow: /search"} <= set(lines)
    assert "Sitemap: https://digest.example/sitemap.xml" in lines


def test_a_sitemap_names_pages_and_when_they_changed() -> None:
    (path, body), *rest = sitemaps(SITE, [("/", NOON), ("/topics/?a&b", None)])
    found = [element.text for element in etree.fromstring(body).iter("{*}loc", "{*}lastmod")]
    assert (path, rest) == ("/sitemap.xml", [])
    assert found == ["https://digest.example/", "2026-11-20T12:00:00Z", "https://digest.example/topics/?a&b"]


def test_a_large_site_has_several_sitemaps_and_a_list_of_them() -> None:
    found = dict(sitemaps(SITE, [("/", None)] * (A_FILE + 1)))
    assert list(found) == ["/sitemap-1.xml", "/sitemap-2.xml", "/sitemap.xml"]
    listed = [element.text for element in etree.fromstring(found["/sitemap.xml"]).iter("{*}loc")]
    assert listed == ["https://digest.example/sitemap-1.xml", "https://digest.example/sitemap-2.xml"]
