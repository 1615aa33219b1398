"""The site for those who do not see it, or use no mouse, or allow no scripts.

axe-core judges pages where it is installed: in the folder that DIGEST_NODE_MODULES names, or in tests/node_modules.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from digest.app import App
from tests.integration.test_look import PAGES, WIDTHS
from tests.web import URL, all_pages, fill, look, published

pytestmark = pytest.mark.browser
FOLDER = Path(os.environ.get("DIGEST_NODE_MODULES") or Path(__file__).parents[1] / "node_modules")
AXE = FOLDER / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGE = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(found => found.violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 120)}`)))"""


class Web:
    """The site as a browser finds it, with what was asked of others and what is not there."""

    def __init__(self, app: App) -> None:
        self._app, self._pages = app, all_pages(app)
        self.missed: list[str] = []

    def answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        address = f"{url.path}?{url.query}" if url.query else url.path
        ours = f"{url.scheme}://{url.netloc}" == URL
        body = (self._pages.get(url.path) or look(self._app, address)) if ours else None
        if body is None:
            self.missed.append(route.request.url)
        kind = "text/css" if url.path.endswith(".css") else "text/html; charset=utf-8"
        route.fulfill(body=body or b"", content_type=kind, status=200 if body else 404)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with published() as app:
        fill(app)
        yield Web(app)


def context(browser: Browser, web: Web, **how: Any) -> BrowserContext:
    found = browser.new_context(base_url=URL, **how)
    found.route("**/*", web.answer)
    return found


@pytest.fixture(scope="module")
def judged(browser: Browser, web: Web) -> Iterator[Page]:
    """A page in which axe-core can be asked."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: name the folder that holds it in DIGEST_NODE_MODULES")
    found = context(browser, web, bypass_csp=True)
    yield found.new_page()
    found.close()


@pytest.fixture
def page(browser: Browser, web: Web) -> Iterator[Page]:
    """A page without scripts."""
    found = context(browser, web, java_script_enabled=False)
    yield found.new_page()
    found.close()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_on_a_page_keeps_anybody_out(judged: Page, name: str) -> None:
    schemes: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", WIDTHS[-1]), ("dark", WIDTHS[0]))
    judged.goto(PAGES[name])
    judged.add_script_tag(path=AXE)
    for scheme, width in schemes:
        judged.emulate_media(color_scheme=scheme)
        judged.set_viewport_size({"width": width, "height": 900})
        assert judged.evaluate(JUDGE, RULES) == []


def focused(page: Page) -> str:
    """Return the name of what has the focus: of a field its label, else its text; of the parts of a field nothing."""
    found = page.locator(":focus")
    return found.aria_snapshot() if found.count() else ""


def tab_to(page: Page, name: str) -> None:
    """Walk on by the keyboard until something of that name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if name in focused(page):
            return
    raise AssertionError(f"no tab stop is called {name}")


def test_a_search_is_made_by_keyboard_alone_and_without_scripts(page: Page) -> None:
    page.goto("/")
    tab_to(page, "Search all papers")
    page.keyboard.type('"keys and values" caching')
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Newest first").wait_for()
    tab_to(page, "Caching keys and values, part 7")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Caching keys and values, part 7").wait_for()
    assert urlsplit(page.url).path == "/papers/text/caching-keys-and-values~2c-part-7/"


def test_a_search_is_narrowed_by_keyboard_alone(page: Page) -> None:
    page.goto("/search")
    tab_to(page, "Words")
    page.keyboard.type("caching")
    tab_to(page, "Narrow it")
    page.keyboard.press("Enter")
    tab_to(page, "Category")
    page.keyboard.type("cs.LG")
    tab_to(page, "Only papers with code")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Newest first").wait_for()
    assert urlsplit(page.url).query == "q=caching&category=cs.LG&source=&since=&until=&code=yes"
    assert page.locator("ol > li").count() == 1


def test_a_reader_comes_to_a_topic_and_to_its_mail_by_keyboard_alone(page: Page, web: Web) -> None:
    page.goto("/topics/")
    tab_to(page, "The KV cache")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="The KV cache").wait_for()
    tab_to(page, "Get this by mail")
    with page.expect_request("**/subscribe?topic=kv-cache"):
        page.keyboard.press("Enter")


def test_a_day_of_the_past_is_found_in_the_calendar_by_keyboard_alone(page: Page) -> None:
    page.goto("/archive/")
    tab_to(page, '"18"')
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Wednesday, 18 November 2026").wait_for()


def test_what_has_the_focus_is_seen(page: Page) -> None:
    page.goto("/")
    pictures = []
    for _ in range(6):
        page.keyboard.press("Tab")
        pictures.append(page.screenshot())
    assert len(set(pictures)) == len(pictures)


def test_nothing_is_asked_of_others(browser: Browser, web: Web) -> None:
    found = context(browser, web)
    page = found.new_page()
    web.missed.clear()
    for path in PAGES.values():
        page.goto(path)
    found.close()
    assert web.missed == []
