"""Pages in a browser, and mails under every hostile text we know: how they look is a promise too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Route

from digest.model import Edition, Links, Post, SignalKind
from digest.render import paths
from digest.render.mail import compose, html_for, text_for
from digest.render.mime import encode, message
from digest.render.pages import STYLE_PATH, error_page, stylesheet
from tests.factories import NOON, make_edition, make_paper, make_pick, make_site, make_topic
from tests.pages import ENV, foreign, make_envelope, parsed
from tests.web import all_pages, asked, fill, published, rich_papers

SITE = make_site(contact="hello@digest.example", postal="Digest, 1 Example Street", description="Papers by topic.")
FLAWS = """() => {
  const luminance = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const [low, high] = [luminance(style.color), luminance(behind(element))].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${text}`);
    if (size < 14) found.push(`size ${size}: ${text}`);
    const lines = parseFloat(style.lineHeight) / size;
    if (lines < 1.5 - 0.01 && !element.closest("h1, h2, h3")) found.push(`line height ${lines}: ${text}`);
  }
  return found;
}"""


def rich_edition() -> Edition:
    """An edition with all that has ever stretched a layout."""
    known = Links(abstract="https://arxiv.org/abs/1", pdf="https://arxiv.org/pdf/1", code="https://github.com/a/b")
    dates = {"listed": NOON, "submitted": NOON}
    papers = [
        make_paper(
            "A title of ordinary length about caching keys and values", links=known, authors=("A. Ruiz",), **dates
        ),
        make_paper("Very " * 50 + "long", links=known, abstract="A sentence of some words. " * 40, **dates),
        make_paper("Observation", authors=tuple(f"Author {number}" for number in range(3303)), links=known, **dates),
        make_paper("ذاكرة النماذج الكبيرة", authors=("محمد علي", "שרה לוי", "A. Ruiz"), abstract="نقترح طريقة جديدة."),
        make_paper("Donaudampfschifffahrt" * 12, authors=("X" * 200,), abstract="https://example.org/" + "a" * 280),
        make_paper("Nothing is known", abstract=None),
        make_paper("Withdrawn", withdrawn=True),
    ]
    numbers = {SignalKind.UPVOTES: 1234, SignalKind.COMMENTS: 1}
    picks = [make_pick(paper, rank=rank, numbers=numbers) for rank, paper in enumerate(papers, 1)]
    return make_edition(*picks, considered=131, matched=20, note="Read them in order.", health="1 source was behind")


RICH = rich_edition()
READER = make_envelope()
POST = Post(sender="digest@digest.example", letters="confirm@digest.example")


# What is looked at, and where it stands.
PAGES = {
    "front": "/",
    "week": "/archive/2026-W46/",
    "topic": "/topics/kv-cache/",
    "new topic": "/topics/new/",
    "topic's archive": "/topics/kv-cache/archive/",
    "topics": "/topics/",
    "edition": "/topics/kv-cache/2026-11-20/",
    "its second page": "/topics/kv-cache/2026-11-20/page/2/",
    "empty edition": "/topics/kv-cache/2026-11-19/",
    "archive": "/archive/",
    "about": "/about/",
    "sources": "/sources/",
    "search": "/search?q=caching&code=yes",
    "nothing found": "/search?q=nothing+like+it&since=never",
    **{f"paper {number}": paths.paper_path(paper.id) or "" for number, paper in enumerate(rich_papers()[:7], 1)},
}
WIDTHS = (320, 600, 768, 1200, 1440)


class Visit:
    """A document open in a browser, with what it asked for and what it complained about."""

    def __init__(self, browser: Browser, path: str, document: bytes) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._answers = {SITE.url + path: (document, "text/html; charset=utf-8")}
        self._answers[SITE.url + STYLE_PATH] = (stylesheet(ENV), "text/css")
        self.page.route("**/*", self._answer)
        self.page.goto(SITE.url + path)

    def _answer(self, route: Route) -> None:
        body, content_type = self._answers.get(route.request.url, (b"", ""))
        if not body:
            self.asked.append(route.request.url)
        route.fulfill(body=body, content_type=content_type, status=200 if body else 404)

    def width_needed(self, width: int) -> int:
        self.page.set_viewport_size({"width": width, "height": 900})
        needed: int = self.page.evaluate("document.documentElement.scrollWidth")
        return needed

    def flaws(self, scheme: Literal["light", "dark"]) -> list[str]:
        self.page.emulate_media(color_scheme=scheme)
        found: list[str] = self.page.evaluate(FLAWS)
        return found

    def background(self, scheme: Literal["light", "dark"]) -> str:
        self.page.emulate_media(color_scheme=scheme)
        colour: str = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return colour


@pytest.fixture(scope="module")
def documents() -> dict[str, tuple[str, bytes]]:
    """Every document by its name: where it stands, and its bytes."""
    with published() as app:
        fill(app)
        there = all_pages(app)
        found = {name: (path, there.get(path) or asked(app, path)) for name, path in PAGES.items()}
    error = error_page(ENV, SITE, title="There is no such page", message="It may have moved.")
    return {**found, "error": ("/nowhere/at/all", error)}


@pytest.fixture(scope="module", params=[*PAGES, "error"])
def visit(browser: Browser, documents: dict[str, tuple[str, bytes]], request: pytest.FixtureRequest) -> Iterator[Visit]:
    found = Visit(browser, *documents[request.param])
    yield found
    found.page.close()


@pytest.mark.browser
def test_nothing_has_to_be_scrolled_sideways(visit: Visit) -> None:
    assert [width for width in WIDTHS if visit.width_needed(width) > width] == []


@pytest.mark.browser
def test_nothing_is_asked_of_others_and_nothing_goes_wrong(visit: Visit) -> None:
    assert (visit.asked, visit.complaints) == ([], [])


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_is_large_and_clear_enough(visit: Visit, scheme: Literal["light", "dark"]) -> None:
    assert visit.flaws(scheme) == []


@pytest.mark.browser
def test_the_dark_ground_is_not_the_light_one(browser: Browser, documents: dict[str, tuple[str, bytes]]) -> None:
    visit = Visit(browser, *documents["edition"])
    assert visit.background("light") != visit.background("dark")
    visit.page.close()


@pytest.mark.browser
def test_the_first_tab_stop_leads_past_the_head(browser: Browser, documents: dict[str, tuple[str, bytes]]) -> None:
    visit = Visit(browser, *documents["edition"])
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    assert visit.page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    visit.page.close()


# Hostile text


def hostile_texts(shared: Path) -> list[str]:
    attacks = (shared / "corpora" / "xss" / "payloads.jsonl").read_text("utf-8").splitlines()
    naughty = (shared / "corpora" / "blns" / "strings.jsonl").read_text("utf-8").splitlines()
    return [*(json.loads(line)["payload"] for line in attacks), *map(json.loads, naughty)]


def hostile_editions(shared: Path) -> list[Edition]:
    """Every hostile text as title, abstract, author, reason and link, 100 papers to an edition."""
    papers = [
        make_paper(text, abstract=text, authors=(text,), links=Links(abstract=text)) for text in hostile_texts(shared)
    ]
    picks = [
        make_pick(paper, reasons=(paper.title,), parts=(), score=0.0, rank=rank) for rank, paper in enumerate(papers, 1)
    ]
    return [
        make_edition(*picks[start : start + 100], topic=make_topic(f"t{start}", name=papers[start].title))
        for start in range(0, len(picks), 100)
    ]


@pytest.mark.shared
def test_hostile_text_is_inert_in_every_mail(shared: Path) -> None:
    for edition in hostile_editions(shared):
        core = compose(ENV, SITE, [edition])
        assert list(foreign(parsed(html_for(core, READER)))) == []
        assert READER.unsubscribe_url in text_for(core, READER)


@pytest.mark.shared
def test_hostile_text_opens_no_header(shared: Path) -> None:
    core = replace(compose(ENV, SITE, [RICH]), text=(b"text",), html=(b"html",))
    for text in hostile_texts(shared):
        hostile = replace(core, subject=text, list=replace(core.list, name=text))
        head = message(encode(hostile, SITE, POST), READER).partition(b"\r\n\r\n")[0]
        names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
        assert len(names) == len(set(names)) == 21
