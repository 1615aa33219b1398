"""The site as a whole: every page of it, as it is published and as it is rendered on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import normpath
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from digest.app import App
from digest.model import EditionState, Links, Paper, TopicId
from digest.render import archives, icons, paths
from digest.render import pages as printing
from digest.render.pages.papers import appearance
from digest.work import feeds, looking, pages
from tests.factories import make_edition, make_paper, make_pick, make_topic
from tests.pages import foreign, links, outline_is_sound, parsed, part
from tests.web import all_pages, asked, fill, look, published, reader, rich_papers

SEARCHES = (
    "/search",
    "/search?q=caching&code=yes",
    "/search?q=nothing+like+it",
    "/search?since=never&category=%25&page=1",
)
LIMIT = 50_000


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with published() as found:
        fill(found)
        yield found


@pytest.fixture(scope="module")
def site(app: App) -> dict[str, bytes]:
    """Every page by its address, searches and papers among them."""
    found = all_pages(app)
    papers = [path for paper in rich_papers() if (path := paths.paper_path(paper.id))]
    return {**found, **{address: asked(app, address) for address in (*papers, "/sources/", *SEARCHES)}}


def html(site: dict[str, bytes]) -> dict[str, bytes]:
    return {path: body for path, body in site.items() if "." not in path.rpartition("/")[2]}


def leads_to(page: str, link: str) -> str:
    """Return the path on the site that a relative link leads to."""
    path = urlsplit(link).path
    joined = normpath(page.partition("?")[0].rpartition("/")[0] + "/" + path).replace("//", "/")
    return joined + "/" if path.endswith("/") and joined != "/" else joined


def test_every_page_has_one_heading_above_all_others_and_skips_no_level(site: dict[str, bytes]) -> None:
    assert [path for path, body in html(site).items() if not outline_is_sound(parsed(body))] == []


def test_every_page_has_its_landmarks_a_language_and_a_way_past_the_head(site: dict[str, bytes]) -> None:
    for path, body in html(site).items():
        root = parsed(body)
        assert [len(root.findall(f".//{name}")) for name in ("main", "header", "footer")] == [1, 1, 1], path
        assert (part(root, "./body/a").attrib["href"], root.attrib["lang"]) == ("#main", "en")


def test_every_page_is_made_of_what_our_templates_use_and_asks_nothing_of_others(site: dict[str, bytes]) -> None:
    for path, body in html(site).items():
        root = parsed(body)
        assert list(foreign(root)) == [], path
        assert not [element for element in root.iter() if "style" in element.attrib]


def test_every_page_says_what_it_is_to_other_programs(site: dict[str, bytes]) -> None:
    for path, body in html(site).items():
        root = parsed(body)
        found = {meta.get("property") or meta.get("name"): meta.get("content") for meta in root.iterfind(".//meta")}
        canonical = part(root, ".//link[@rel='canonical']").attrib["href"]
        assert canonical == found["og:url"]
        assert canonical.startswith("https://digest.example/"), path
        assert all(found[name] for name in ("og:title", "og:description", "og:site_name", "description")), path


def test_every_page_leads_programs_to_feeds_in_all_three_formats(site: dict[str, bytes]) -> None:
    for path, body in html(site).items():
        types = [link.attrib["type"] for link in parsed(body).iterfind(".//link[@rel='alternate']")]
        assert sorted(set(types)) == sorted(paths.FEED_FORMATS.values()), path


def test_no_id_stands_twice_on_a_page_and_every_fragment_is_there(site: dict[str, bytes]) -> None:
    for path, body in html(site).items():
        root = parsed(body)
        ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        assert len(ids) == len(set(ids)), path
        assert {link[1:] for link in links(root) if link.startswith("#")} <= set(ids)


def test_every_link_within_the_site_leads_somewhere(app: App, site: dict[str, bytes]) -> None:
    channels = {f"{channel.stem}.{name}" for channel in feeds.channels(app) for name in paths.FEED_FORMATS}
    doors = {"/subscribe", "/search", archives.OPML, *map(icons.path, icons.SIZES)}
    searched = {f"/search/feed.{name}" for name in paths.FEED_FORMATS}
    there = {*site, *channels, *doors, *searched}
    for path, body in html(site).items():
        for link in links(part(parsed(body), "body")):
            if link.startswith("."):
                target = leads_to(path, link)
                assert target in there or look(app, target) is not None, (path, link)


def test_what_is_exported_has_no_dead_link_and_no_search(app: App) -> None:
    found = all_pages(app, served=False)
    channels = {f"{channel.stem}.{name}" for channel in feeds.channels(app) for name in paths.FEED_FORMATS}
    there = {*found, *channels, "/subscribe", archives.OPML}
    for path, body in html(found).items():
        dead = {leads_to(path, link) for link in links(part(parsed(body), "body")) if link.startswith(".")} - there
        assert dead == set(), path


def test_no_page_is_large(site: dict[str, bytes]) -> None:
    assert {path: len(body) for path, body in html(site).items() if len(body) > LIMIT} == {}


def test_the_same_store_gives_the_same_bytes(app: App, site: dict[str, bytes]) -> None:
    assert {path: body for path, body in all_pages(app).items() if site[path] != body} == {}


def test_the_sitemap_names_what_is_there(app: App, site: dict[str, bytes]) -> None:
    named = re.findall(r"<loc>https://digest\.example([^<]*)</loc>", site["/sitemap.xml"].decode())
    papers = {path for path in named if path.startswith("/papers/")}
    assert papers
    assert {path for path in papers if pages.live(app, path, {}) is None} == set()
    assert {path for path in named if path not in site} <= papers
    assert {"/", "/topics/kv-cache/", "/topics/kv-cache/2026-11-20/", "/archive/2026-W46/"} <= set(named)


# What changes what


def keys(app: App) -> dict[str, object]:
    return {leaf.path: leaf.key for bundle in pages.bundles(app) for leaf in bundle.leaves()}


def test_a_leaf_keeps_its_key_while_nothing_in_it_changes() -> None:
    with published() as app:
        fill(app)
        before, bodies = keys(app), all_pages(app)
        app.store.save_edition(make_edition(label="2026-11-21", topic=app.store.topic(TopicId("kv-cache"))))
        after, then = keys(app), all_pages(app)
    assert {path for path in before if bodies[path] != then[path] and before[path] == after[path]} == set()
    assert before["/topics/kv-cache/2026-11-18/"] == after["/topics/kv-cache/2026-11-18/"]


def test_a_new_edition_moves_the_first_page_on() -> None:
    with published() as app:
        fill(app)
        app.store.save_edition(make_edition(make_pick(make_paper("Newest")), label="2026-11-21"))
        page = all_pages(app)["/"].decode()
    assert "Saturday, 21 November 2026" in page
    assert "Newest" in page


def test_drafts_and_topics_that_are_switched_off_are_nowhere() -> None:
    with published() as app:
        fill(app)
        app.store.put_topics([make_topic("off", name="Switched off", enabled=False)])
        app.store.save_edition(make_edition(topic=make_topic("off", name="Switched off")))
        draft = make_edition(make_pick(make_paper("Unready")), label="2026-11-21", state=EditionState.DRAFT)
        app.store.save_edition(replace(draft, released=None))
        found = b"".join(all_pages(app).values())
    assert b"Switched off" not in found
    assert b"Unready" not in found


def test_a_personal_topic_is_in_no_public_byte() -> None:
    with published() as app:
        papers = fill(app)
        topic = make_topic("mine", name="Xylophonics", owner=reader(app), description="xylophonics")
        app.store.put_topics([topic])
        app.store.save_edition(make_edition(make_pick(papers[0]), topic=topic, note="xylophonics"))
        every = [*all_pages(app).values(), *all_pages(app, served=False).values()]
        lived = [asked(app, str(paths.paper_path(papers[0].id))), asked(app, "/search?q=xylophonics&page=1")]
        assert look(app, "/topics/mine/") is None
    assert not [body for body in (*every, lived[0]) if b"ylophonic" in body]
    assert b"Nothing found" in lived[1]


# On demand


def test_a_paper_is_found_under_the_id_it_had_before_it_was_united_with_another(app: App) -> None:
    old, new = make_paper("Old name"), make_paper("New name")
    app.store.save_papers([old, new])
    app.store.unite_papers({old.id: new.id})
    body = asked(app, str(paths.paper_path(old.id)))
    assert part(parsed(body), ".//link[@rel='canonical']").attrib["href"].endswith("/papers/text/new-name/")


def test_similar_papers_are_found_by_their_words(app: App) -> None:
    paper = rich_papers()[-1]
    titles = [other.title for other in looking.similar_to(app, paper)]
    assert len(titles) == looking.SIMILAR
    assert all(title.startswith("Caching keys and values") for title in titles)


def test_the_bibtex_of_a_paper_stands_beside_it_unless_it_was_withdrawn(app: App) -> None:
    papers = {paper.title: str(paths.paper_path(paper.id)) for paper in rich_papers()}
    assert asked(app, papers["Nothing is known"] + "cite.bib").startswith(b"@misc{")
    assert look(app, papers["Withdrawn"] + "cite.bib") is None


@pytest.mark.parametrize(
    "address",
    [
        "/papers/text/unknown/",
        "/papers/",
        "/papers/text/",
        "/sources/page/9/",
        "/sources/x",
        "/search?page=51&q=a",
        "/x",
    ],
)
def test_where_nothing_stands_there_is_no_page(app: App, address: str) -> None:
    assert look(app, address) is None


def test_the_pages_of_a_search_hold_each_paper_once() -> None:
    with published() as app:
        fill(app, [make_paper(f"Cache {n}") for n in range(45)])
        found = [parsed(asked(app, f"/search?q=cache&page={page}")) for page in (1, 2, 3)]
    titles = [title.text for page in found for title in page.iterfind(".//ol/li/h3/a")]
    assert len(titles) == len(set(titles)) == 45


@settings(max_examples=150, deadline=None)
@given(
    query=st.dictionaries(
        st.sampled_from(["q", "category", "source", "since", "until", "code", "page"]), st.text(max_size=60), max_size=7
    )
)
def test_no_query_breaks_a_search(app: App, query: dict[str, str]) -> None:
    body = pages.live(app, paths.SEARCH, query)
    if body is not None:
        assert list(foreign(parsed(body))) == []


# Hostile text


def hostile_texts(shared: Path) -> list[str]:
    attacks = (shared / "corpora" / "xss" / "payloads.jsonl").read_text("utf-8").splitlines()
    naughty = (shared / "corpora" / "blns" / "strings.jsonl").read_text("utf-8").splitlines()
    return [*(json.loads(line)["payload"] for line in attacks), *map(json.loads, naughty)]


@pytest.mark.shared
def test_hostile_text_is_inert_on_a_papers_page(shared: Path) -> None:
    texts = hostile_texts(shared)
    with published() as app:
        around = pages.frame(app)
        for start in range(0, len(texts), 25):
            some = texts[start : start + 25]
            like = [hostile(number, text) for number, text in enumerate(some)]
            paper = replace(like[0], title=" ".join(some), abstract=" ".join(some), authors=tuple(some), doi=some[0])
            shown = [make_pick(paper, reasons=(text,)) for text in some]
            told = [appearance(make_edition(pick, topic=make_topic(name=pick.reasons[0])), pick) for pick in shown]
            first = printing.paper_page(around, paper, appearances=told[:13], similar=like)
            for body in (first, printing.paper_page(around, make_paper("After"), appearances=told[13:])):
                assert list(foreign(parsed(body))) == []


@pytest.mark.shared
def test_hostile_papers_are_inert_wherever_they_are_listed(shared: Path) -> None:
    texts = hostile_texts(shared)
    for start in range(0, len(texts), 500):
        papers = [hostile(number, text) for number, text in enumerate(texts[start : start + 500])]
        picks = [make_pick(paper, parts=(), score=0.0, rank=rank) for rank, paper in enumerate(papers, 1)]
        with published() as app:
            app.store.save_papers(papers)
            app.store.put_topics([make_topic(name=papers[0].title, description=papers[1].title)])
            app.store.save_edition(make_edition(*picks, late=picks[:2], note=texts[start], health=texts[start]))
            found = {**all_pages(app), "/search": asked(app, "/search?q=findme")}
        for path, body in html(found).items():
            if b"findme" in body:
                assert list(foreign(parsed(body))) == [], path


def hostile(number: int, text: str) -> Paper:
    return make_paper(
        f"{text} findme",
        id=f"text:{number}",
        abstract=text,
        authors=(text,),
        links=Links(abstract=text),
        categories=(text,),
        arxiv_id=text,
    )
