"""The readers on a hundred thousand inputs that were changed at random: read or refused, never a bug, always clean."""

from __future__ import annotations

import pytest

from digest import sources
from tests.mutations import REFUSED, fate, mutation, survey

MUTATIONS = 100_000


def test_no_changed_input_is_a_bug_or_leaves_a_text_or_link_unclean() -> None:
    found = survey(range(MUTATIONS))
    print(f"\n{found.read} read, {found.refused} refused, longest {found.slowest * 1000:.0f} ms")
    assert found.bugs == ()
    assert found.read > MUTATIONS / 4
    assert found.refused > MUTATIONS / 10


def test_a_mutation_is_the_same_whenever_it_is_made() -> None:
    assert mutation(7) == mutation(7) != mutation(8)


def test_a_bug_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "READERS", ())
    assert fate(b"<rss/>") == REFUSED
    monkeypatch.setattr(sources, "READERS", (None,))
    assert fate(b"<rss/>").startswith("AttributeError")


# What mutations found before it was mended, in short.
FOUND = {
    "an address grows beyond its limit when it is rebuilt": (
        f"<rss><item><title>One</title><link>https://a.example/{'<b>' * 700}</link></item></rss>"
    ),
    "a record seems to begin, but its tag is followed by a space of another kind": "TY  -\xa0JOUR\nTI  - Tiny Runs",
}


@pytest.mark.parametrize("crash", FOUND)
def test_what_was_found_once_stays_mended(crash: str) -> None:
    assert fate(FOUND[crash].encode()) in ("", REFUSED)
