"""Each rule has mails that break it, and each of them breaks that rule and no other, unless the table says so."""

from __future__ import annotations

import pytest

from digest.render.lint import RULES, Profile, findings
from digest.render.lint.message import Mail
from tests import spoiled_bodies, spoiled_heads
from tests.mails import HEAD, LETTER_HEAD, Spoil, assembled

BREAKING = {**spoiled_heads.BREAKING, **spoiled_bodies.BREAKING}
CASES = [(name, spoil, also) for name, spoils in BREAKING.items() for spoil, also in spoils]


def broken(raw: bytes) -> set[str]:
    return {finding.rule for finding in findings(raw)}


@pytest.mark.parametrize(("name", "spoil", "also"), CASES, ids=[name for name, _, _ in CASES])
def test_a_mail_that_breaks_a_rule_is_caught_and_for_nothing_else(name: str, spoil: Spoil, also: str) -> None:
    found = broken(spoil())
    assert name in found
    assert found <= {name, *also.split()}


def test_every_rule_has_a_mail_that_breaks_it_and_a_name_of_its_own() -> None:
    names = [rule.id for rule in RULES]
    assert sorted(names) == sorted(BREAKING)
    assert len(names) > 60


def test_every_rule_says_what_it_asks_for_and_where_that_comes_from() -> None:
    for rule in RULES:
        assert rule.sentence.endswith(".")
        assert rule.source
        assert not rule.source.endswith(".")


def test_nothing_is_found_in_a_good_mail_or_a_good_letter() -> None:
    assert broken(assembled()) == broken(assembled(LETTER_HEAD)) == set()
    assert Mail(assembled()).profile is Profile.LIST
    assert Mail(assembled(LETTER_HEAD)).profile is Profile.LETTER


@pytest.mark.parametrize("name", ["Subject", "Date", "Auto-Submitted", "To"])
def test_a_letter_has_headers_it_cannot_do_without(name: str) -> None:
    assert broken(assembled({each: value for each, value in LETTER_HEAD.items() if each != name})) == {"header-missing"}


def test_the_order_of_headers_does_not_matter() -> None:
    assert broken(assembled(dict(reversed(HEAD.items())))) == set()
