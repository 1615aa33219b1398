"""The doors in a browser: by keyboard alone, without scripts, at any width, in light and dark."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from digest.app import App
from digest.tokens import Purpose
from digest.web import serve_until
from digest.web.server import address_of, listening
from digest.work import subscribing
from digest.work.personal import own
from tests.doors import ADA, Clock, letters, link, reader, site, states
from tests.integration.test_accessible import AXE, JUDGE, RULES
from tests.integration.test_look import FLAWS
from tests.integration.test_web_mailed import link as link_to_mail
from tests.integration.test_web_mailed import send

pytestmark = pytest.mark.browser
BOB = "bob@example.org"
PICTURES = os.environ.get("DIGEST_PICTURES", "")


class Served:
    """A site that listens, with two readers: Ada who has not confirmed yet, and Bob."""

    def __init__(self, app: App, clock: Clock, address: str) -> None:
        self.app, self.clock, self.address = app, clock, address
        for mailbox in (ADA, BOB):
            subscribing.join(
                app, address=mailbox, topics=["kv-cache", "vision"], cadence="daily", hour="7", zone="Europe/Berlin"
            )
        subscribing.confirm(app, reader(app, BOB).id)
        send(app, reader(app, BOB))

    def doors(self) -> dict[str, str]:
        ada, bob = (reader(self.app, mailbox).id for mailbox in (ADA, BOB))
        return {
            "subscribe": "/subscribe?topic=vision",
            "confirm": link(self.app, Purpose.CONFIRM, ada, days=7),
            "leave": link(self.app, Purpose.LEAVE, ada),
            "preferences": link(self.app, Purpose.PREFERENCES, bob, hours=1),
            "ask": "/preferences/",
            "mailed": link_to_mail(reader(self.app, BOB)),
            "ended": link(self.app, Purpose.CONFIRM, ada, days=-1),
            "nowhere": "/nowhere",
        }


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with site() as (app, clock), listening("127.0.0.1", 0) as ours, _running(app, ours):
        yield Served(app, clock, address_of(ours))


@contextmanager
def _running(app: App, ours: object) -> Iterator[None]:
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    serving = threading.Thread(target=loop.run_until_complete, args=[serve_until(app, ours, stop)])  # type: ignore[arg-type]
    serving.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        serving.join()
        loop.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A page without scripts, on the site."""
    context = browser.new_context(base_url=served.address, java_script_enabled=False)
    yield context.new_page()
    context.close()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_reader_joins_by_keyboard_alone_and_without_scripts(served: Served, page: Page) -> None:
    page.goto("/subscribe")
    served.clock.turn(seconds=30)
    press(page, *["Tab"] * 4)  # past the link to the content, the name of the site and the other language
    page.keyboard.type("carol@example.org")
    press(page, "Tab", "Space", "Tab", "Tab", "ArrowDown", "Tab")  # the first topic, then weekly
    page.keyboard.type("18")
    press(page, "Tab")
    page.keyboard.type("Tokyo")
    press(page, "Tab", "Enter")
    page.get_by_role("heading", name="Look into your mailbox").wait_for()
    who = reader(served.app, "carol@example.org")
    assert (who.cadence, who.send_hour, who.zone) == ("weekly", 18, "Asia/Tokyo")
    assert states(served.app, "carol@example.org") == {"kv-cache": "pending"}
    assert len(letters(served.app, "carol@example.org")) == 1
    page.goto(link(served.app, Purpose.CONFIRM, who.id, days=7))
    press(page, "Tab", "Tab", "Tab", "Enter")
    page.get_by_role("heading", name="You are subscribed").wait_for()
    assert states(served.app, "carol@example.org") == {"kv-cache": "active"}
    page.get_by_role("link", name="Change topics").click()
    page.get_by_label("Vision").check()
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text() == "Saved."
    page.get_by_role("link", name="Leave altogether").click()
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_role("heading", name="You have left").wait_for()
    assert states(served.app, "carol@example.org") == {"kv-cache": "ended", "vision": "ended"}


def test_the_trap_is_met_by_nobody_who_sees_or_hears_the_page(page: Page) -> None:
    page.goto("/subscribe")
    assert "Leave this empty" not in page.locator("form").aria_snapshot()
    box = page.locator("[name=homepage]").bounding_box()
    assert box
    assert box["x"] < 0


def test_every_door_is_clear_and_whole_at_any_width_in_light_and_dark(browser: Browser, served: Served) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    page = browser.new_page(base_url=served.address)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    for door, path in served.doors().items():
        page.goto(path)
        for width in (320, 900):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, door
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            assert [flaw for flaw in page.evaluate(FLAWS) if "Leave this empty" not in flaw] == [], door
        assert [size for size in page.evaluate(TARGETS) if size < 24] == [], door
    # A browser says of each answer that is no 200 that it failed.
    assert [one for one in complaints if "status of" not in one] == []
    page.close()


TARGETS = """() => [...document.querySelectorAll("main button, main input:not([type=hidden]), main select")]
    .filter(e => !e.closest(".trap")).map(e => (e.closest("label") ?? e).getBoundingClientRect().height)"""


def test_a_form_that_is_not_filled_in_is_not_sent(served: Served, page: Page) -> None:
    page.goto("/subscribe")
    page.get_by_role("button", name="Subscribe").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Get papers by mail"
    page.get_by_label("Mail address").fill("dora@example.org")
    served.clock.turn(seconds=9)
    page.get_by_role("button", name="Subscribe").click()
    assert page.get_by_role("alert").get_by_role("link").all_inner_texts() == ["Choose at least one topic."]


def test_a_paper_of_a_mail_is_chosen_and_taken_back_by_keyboard_alone(served: Served, page: Page) -> None:
    who = reader(served.app, BOB)
    page.goto(link_to_mail(who))
    more, less = (page.get_by_role("button", name=f"{way} like this: Paper 2") for way in ("More", "Less"))
    less.focus()
    press(page, "Shift+Tab")
    assert more.evaluate("e => e === document.activeElement")
    press(page, "Enter")
    assert "now prefers papers like “Paper 2”" in page.get_by_role("status").inner_text()
    assert page.get_by_role("status").evaluate("e => e.closest('li').querySelector('h3').innerText") == "Paper 2"
    assert [paper.title for paper in own(served.app, who.id).more] == ["Paper 2"]
    page.get_by_role("button", name="Undo: more like this: Paper 2").focus()
    press(page, "Enter")
    page.get_by_text("Taken back: ").wait_for()
    assert own(served.app, who.id).empty


def test_the_page_of_a_mail_keeps_nobody_out(served: Served, browser: Browser) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: name the folder that holds it in DIGEST_NODE_MODULES")
    context = browser.new_context(base_url=served.address, bypass_csp=True)
    page = context.new_page()
    page.goto(link_to_mail(reader(served.app, BOB)))
    page.add_script_tag(path=AXE)
    for scheme, width in (("light", 1200), ("dark", 320)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # both are
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(JUDGE, RULES) == []
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"page-of-mail-{width}-{scheme}.png", full_page=True)
    context.close()
