"""What a relay's answer means, and when to try again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.publish.answers import Verdict, answer, next_try
from tests.factories import NOON


@pytest.mark.parametrize(
    ("code", "text", "verdict", "no_mailbox", "closes"),
    [
        (250, "2.0.0 queued", Verdict.SENT, False, False),
        (251, "will forward", Verdict.SENT, False, False),
        (421, "4.7.0 try later", Verdict.TEMPORARY, False, True),
        (450, "4.2.0 greylisted", Verdict.TEMPORARY, False, False),
        (451, "4.7.1 come back", Verdict.TEMPORARY, False, False),
        (452, "4.2.2 mailbox full", Verdict.TEMPORARY, False, False),
        (454, "4.7.0 TLS not available", Verdict.TEMPORARY, False, False),
        (550, "5.1.1 no such user", Verdict.REFUSED, True, False),
        (550, "5.1.10 null MX", Verdict.REFUSED, True, False),
        (550, "5.2.1 mailbox disabled", Verdict.REFUSED, True, False),
        (551, "5.1.6 moved", Verdict.REFUSED, True, False),
        (550, "5.7.1 blocked by policy", Verdict.REFUSED, False, False),
        (550, "5.7.26 not authenticated", Verdict.REFUSED, False, False),
        (550, "no reason given", Verdict.REFUSED, False, False),
        (552, "5.2.2 over quota", Verdict.REFUSED, False, False),
        (554, "5.7.1 spam", Verdict.REFUSED, False, False),
        (554, "5.1.1 in the text of another code", Verdict.REFUSED, False, False),
        (354, "go on", Verdict.TEMPORARY, False, True),
        (0, "nonsense", Verdict.TEMPORARY, False, True),
        (999, "nonsense", Verdict.TEMPORARY, False, True),
    ],
)
def test_codes_and_enhanced_codes_say_what_to_do(
    code: int, text: str, verdict: Verdict, no_mailbox: bool, closes: bool
) -> None:
    found = answer(code, text)
    assert (found.verdict, found.no_mailbox, found.closes) == (verdict, no_mailbox, closes)


def test_a_reply_is_one_line_of_bounded_length() -> None:
    assert answer(250, "a\r\nb" + "x" * 9000).reply.startswith("250 a b")
    assert len(answer(250, "x" * 9000).reply) == 500


def test_tries_come_after_5_15_30_60_minutes_then_hourly() -> None:
    ends = NOON + timedelta(days=2)
    waits = [next_try(n, now=NOON, ends=ends, jitter=0) for n in (1, 2, 3, 4, 5, 20)]
    assert [at and (at - NOON) // timedelta(minutes=1) for at in waits] == [5, 15, 30, 60, 60, 60]


def test_jitter_only_adds_and_at_most_a_fifth() -> None:
    assert next_try(1, now=NOON, ends=NOON + timedelta(days=1), jitter=1.0) == NOON + timedelta(minutes=6)


def test_there_is_no_try_after_the_end() -> None:
    assert next_try(1, now=NOON, ends=NOON + timedelta(minutes=5), jitter=0) is None
