"""A headless Chromium from the system, for tests that look at pages as a person does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@contextmanager
def chromium(play: Playwright) -> Iterator[Browser]:
    """Start the system's Chromium; skip the test where there is none."""
    path = os.environ.get("DIGEST_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("there is no Chromium; name one in DIGEST_CHROMIUM")
    browser = play.chromium.launch(executable_path=path, args=ARGUMENTS)
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play, chromium(play) as found:
        yield found
