"""Every mail in a browser: each layout, and the letters, at the widths of a telephone, of a mail program and of a desk.

With a folder in DIGEST_PICTURES each of them leaves its picture there, light and dark, for somebody to look at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route

from digest.model import Edition, Post, Sister, Withdrawal
from digest.render.letters import LetterKind, letter
from digest.render.mail import compose, html_for
from digest.render.press import LAYOUTS
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.integration.test_accessible import AXE, JUDGE, RULES
from tests.integration.test_look import FLAWS, rich_edition
from tests.pages import ENV, make_envelope, make_picks

pytestmark = pytest.mark.browser
Scheme = Literal["light", "dark"]
SITE = make_site(contact="hello@digest.example", postal="Digest, 1 Example Street, 12345 Town")
POST = Post(sender="digest@digest.example", letters="confirm@digest.example")
READER = make_envelope()
WIDTHS: tuple[int, ...] = (320, 600, 1200)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PICTURES = os.environ.get("DIGEST_PICTURES", "")
ADDRESS = "https://digest.example/mail"


def rich() -> list[Edition]:
    """A digest with all that has ever stretched a layout: three sections, the last of more papers than fit."""
    twin = Sister(id=make_paper("Twin").id, title="A paper much like it", url="https://arxiv.org/abs/2")
    gone = Withdrawal(paper_id=make_paper("Gone").id, title="A paper that is gone", label="2026-11-12")
    vision = make_edition(make_pick(make_paper("A twin of another"), also=(twin,)), topic=VISION, withdrawn=(gone,))
    return [rich_edition(), vision, make_edition(*make_picks(150), topic=make_topic("agents", name="Agents"))]


VISION = make_topic("vision", name="Vision")


def mail(layout: str, *editions: Edition) -> str:
    return html_for(compose(ENV, SITE, editions, layout=layout), READER)


def documents() -> dict[str, str]:
    """Every mail by a name that can be a file's."""
    found = {layout: mail(layout, *rich()) for layout in LAYOUTS}
    found |= {f"{layout}-alone": mail(layout, make_edition(*make_picks(3), considered=40)) for layout in LAYOUTS}
    found["empty"] = mail("cards", make_edition(label="2026-11-19", considered=31))
    found |= {
        f"letter-{kind}": letter(ENV, SITE, kind, f"https://digest.example/{kind}/key").html for kind in LetterKind
    }
    # Gmail drops a style element that it cannot read, and some programs drop each.
    bare = {f"{layout}-without-style": without_style(found[layout]) for layout in LAYOUTS}
    return {**found, **bare}


def without_style(html: str) -> str:
    return re.sub("<style.*?</style>", "", html, flags=re.DOTALL)


MAILS = documents()


class Opened:
    """A mail open in a browser, with what it asked of others."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.asked = page, list[str]()
        self._body = MAILS[name]
        page.route("**/*", self._answer)
        page.goto(ADDRESS)

    def _answer(self, route: Route) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(body=self._body, content_type="text/html; charset=utf-8")
        else:
            self.asked.append(route.request.url)
            route.abort()

    def as_seen(self, width: int, scheme: Scheme) -> Page:
        self.page.emulate_media(color_scheme=scheme)
        self.page.set_viewport_size({"width": width, "height": 900})
        return self.page


@pytest.fixture(scope="module", params=sorted(MAILS))
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[str, Opened]]:
    page = browser.new_page()
    yield request.param, Opened(page, request.param)
    page.close()


def test_a_mail_asks_nothing_of_anybody_when_it_is_opened(opened: tuple[str, Opened]) -> None:
    assert opened[1].asked == []


def test_nothing_has_to_be_scrolled_sideways(opened: tuple[str, Opened]) -> None:
    needed = {width: opened[1].as_seen(width, "light").evaluate(WIDTH_NEEDED) for width in WIDTHS}
    assert [width for width in WIDTHS if needed[width] > width] == []


WIDTH_NEEDED = "document.documentElement.scrollWidth"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_text_is_large_and_clear_enough_and_keeps_nobody_out(opened: tuple[str, Opened], scheme: Scheme) -> None:
    page = opened[1].as_seen(WIDTHS[0], scheme)
    assert page.evaluate(FLAWS) == []
    if AXE.is_file():
        page.add_script_tag(path=AXE)
        assert page.evaluate(JUDGE, RULES) == []


def test_the_dark_ground_is_not_the_light_one(opened: tuple[str, Opened]) -> None:
    name, mail = opened
    grounds = [mail.as_seen(600, scheme).evaluate(GROUND) for scheme in SCHEMES]
    assert (grounds[0] == grounds[1]) is name.endswith("-without-style")


GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_leaves_its_picture_where_one_is_wanted(opened: tuple[str, Opened], scheme: Scheme, tmp_path: Path) -> None:
    name, mail = opened
    folder = Path(PICTURES) if PICTURES else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS if PICTURES else WIDTHS[:1]:
        picture = folder / f"mail-{name}-{width}-{scheme}.png"
        # Four screens: all that differs, and no picture as tall as a house.
        page = mail.as_seen(width, scheme)
        height = min(page.evaluate("document.documentElement.scrollHeight"), 3600)
        page.screenshot(path=picture, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
        assert picture.read_bytes().startswith(b"\x89PNG")
