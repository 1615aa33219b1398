"""What a relay's answer means, and when to try again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.publish.answers import STEPS, Cause, Verdict, answer, next_try
from tests.factories import NOON

SENT, REFUSED, LATER = Verdict.SENT, Verdict.REFUSED, Verdict.TEMPORARY
PERMANENT, TEMPORARY, POLICY = Cause.PERMANENT, Cause.TEMPORARY, Cause.POLICY
GREYLIST, THROTTLE = Cause.GREYLIST, Cause.THROTTLE
GONE, CLOSES = "no_mailbox", "closes"

# Code, text, verdict, cause, and what else it says. Texts are shortened from what servers send.
REPLIES: list[tuple[int, str, Verdict, Cause | None, str]] = [
    (250, "2.0.0 queued", SENT, None, ""),
    (251, "will forward", SENT, None, ""),
    # Nothing to be done: the address or the mail.
    (550, "5.1.1 no such user", REFUSED, PERMANENT, GONE),
    (550, "5.1.1 The email account that you tried to reach does not exist", REFUSED, PERMANENT, GONE),
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound", REFUSED, PERMANENT, GONE),
    (556, "5.1.10 Recipient address has null MX", REFUSED, PERMANENT, GONE),
    (553, "5.1.3 bad address syntax", REFUSED, PERMANENT, GONE),
    (550, "5.1.2 host unknown", REFUSED, PERMANENT, GONE),
    (550, "5.2.1 mailbox disabled", REFUSED, PERMANENT, GONE),
    (551, "5.1.6 moved", REFUSED, PERMANENT, GONE),
    (550, "Requested action not taken: no reason given", REFUSED, PERMANENT, ""),
    (550, "5.0.0 rejected", REFUSED, PERMANENT, ""),
    (550, "5.5.0 Requested action not taken: mailbox unavailable", REFUSED, PERMANENT, ""),
    (550, "5.4.1 Recipient address rejected: Access denied", REFUSED, PERMANENT, ""),
    (552, "5.2.2 over quota", REFUSED, PERMANENT, ""),
    (552, "5.3.4 message too big", REFUSED, PERMANENT, ""),
    (554, "5.6.0 message content is malformed", REFUSED, PERMANENT, ""),
    (554, "5.1.1 in the text of another code", REFUSED, PERMANENT, ""),
    (550, "rejected by the host at 5.1.1.9", REFUSED, PERMANENT, ""),
    (550, "4.1.1 a status of another class", REFUSED, PERMANENT, ""),
    (550, "5.2.1 The user you are trying to contact is receiving mail too quickly", REFUSED, PERMANENT, ""),
    # A rule of the receiver's.
    (550, "5.7.1 blocked by policy", REFUSED, POLICY, ""),
    (550, "5.7.26 not authenticated", REFUSED, POLICY, ""),
    (550, "5.7.515 Access denied, sending domain does not meet the required level", REFUSED, POLICY, ""),
    (550, "5.7.1 part of their network is on our block list (S3140)", REFUSED, POLICY, ""),
    (554, "5.7.9 Message not accepted for policy reasons", REFUSED, POLICY, ""),
    (554, "Blocked - see the list of the spam house", REFUSED, POLICY, ""),
    (550, "5.1.1 rejected, your host is on a blacklist", REFUSED, POLICY, ""),
    (553, "5.1.8 sender's domain does not exist", REFUSED, POLICY, ""),
    (451, "4.7.29 this mail was sent without TLS", LATER, POLICY, ""),
    (450, "4.7.23 the sending address has no PTR record", LATER, POLICY, ""),
    (421, "4.7.32 From is not aligned", LATER, POLICY, CLOSES),
    (454, "4.7.0 TLS not available", LATER, POLICY, ""),
    # A stranger's first try.
    (450, "4.2.0 greylisted", LATER, GREYLIST, ""),
    (451, "4.7.1 come back", LATER, GREYLIST, ""),
    (450, "4.7.1 Recipient address rejected: Greylisted, see the manual", LATER, GREYLIST, ""),
    (451, "Graylisted, please try again in 300 seconds", LATER, GREYLIST, ""),
    (421, "[GL01] Message temporarily deferred", LATER, GREYLIST, CLOSES),
    (451, "This host is not yet authorized to deliver mail here. Please try later.", LATER, GREYLIST, ""),
    # Too fast.
    (421, "4.7.0 try later", LATER, THROTTLE, CLOSES),
    (421, "closing", LATER, THROTTLE, CLOSES),
    (421, "4.7.28 an unusual rate of mail from your address", LATER, THROTTLE, CLOSES),
    (450, "4.7.28 an unusual rate of mail from your address", LATER, THROTTLE, ""),
    (421, "4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume", LATER, THROTTLE, CLOSES),
    (451, "4.7.650 temporarily rate limited due to IP reputation", LATER, THROTTLE, ""),
    (451, "4.7.500 Server busy. Please try again later", LATER, THROTTLE, ""),
    (421, "RP-001 Unfortunately, some mails were not sent: exceeded the rate limit", LATER, THROTTLE, CLOSES),
    (454, "Throttling failure: Maximum sending rate exceeded.", LATER, THROTTLE, ""),
    (454, "Throttling failure: Daily message quota exceeded.", LATER, THROTTLE, ""),
    (421, "4.7.0 Error: too many connections", LATER, THROTTLE, CLOSES),
    (450, "4.7.1 Error: too much mail from 192.0.2.1", LATER, THROTTLE, ""),
    (452, "4.5.3 too many recipients", LATER, THROTTLE, ""),
    # Passing trouble.
    (421, "4.3.2 Service shutting down", LATER, TEMPORARY, CLOSES),
    (421, "4.4.2 Timeout while waiting for a command", LATER, TEMPORARY, CLOSES),
    (421, "4.3.0 Temporary System Problem. Try again later", LATER, TEMPORARY, CLOSES),
    (452, "4.2.2 mailbox full", LATER, TEMPORARY, ""),
    (452, "4.3.1 Insufficient system storage", LATER, TEMPORARY, ""),
    (
        450,
        "4.2.1 The user you are trying to contact is receiving mail at a rate that is too high",
        LATER,
        TEMPORARY,
        "",
    ),
    (451, "Temporary local problem - please try later", LATER, TEMPORARY, ""),
    (451, "4.4.3 name server timeout", LATER, TEMPORARY, ""),
    (450, "4.1.8 Sender address rejected: Domain not found", LATER, TEMPORARY, ""),
    # A relay in trouble.
    (354, "go on", LATER, TEMPORARY, CLOSES),
    (0, "nonsense", LATER, TEMPORARY, CLOSES),
    (999, "nonsense", LATER, TEMPORARY, CLOSES),
]


@pytest.mark.parametrize(("code", "text", "verdict", "cause", "flags"), REPLIES)
def test_codes_and_words_say_what_to_do(
    code: int, text: str, verdict: Verdict, cause: Cause | None, flags: str
) -> None:
    found = answer(code, text)
    said = {GONE: found.no_mailbox, CLOSES: found.closes}
    assert (found.verdict, found.cause, {name for name, value in said.items() if value}) == (
        verdict,
        cause,
        set(flags.split()),
    )


@pytest.mark.parametrize(
    ("code", "text", "minutes"),
    [
        (421, "4.7.28 an unusual rate of mail", 10),
        (451, "4.7.650 temporarily rate limited", 10),
        (421, "4.7.28 try again in 2 hours", 120),
        (421, "4.7.28 try again in 5 minutes", 10),
        (454, "Throttling failure: Daily message quota exceeded.", 60),
        (451, "Greylisted for 900 seconds", 15),
        (451, "4.7.1 Greylisted, retry in 00:04:30", 4.5),
        (451, "Greylisted for 99999 hours", 240),
        (421, "4.7.0 try later", None),
        (450, "4.2.2 mailbox full, try again in 3 hours", None),
    ],
)
def test_a_receiver_may_say_how_long_to_hold_back(code: int, text: str, minutes: float | None) -> None:
    assert answer(code, text).wait == (None if minutes is None else timedelta(minutes=minutes))


@given(st.integers(500, 599), st.text(max_size=80))
def test_no_refusal_is_ever_tried_again(code: int, text: str) -> None:
    assert answer(code, text).verdict is REFUSED


@given(st.integers(400, 499), st.text(max_size=80))
def test_nobody_is_suppressed_for_what_passes(code: int, text: str) -> None:
    found = answer(code, text)
    assert (found.verdict, found.no_mailbox) == (LATER, False)


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


def tries(text: str, *, jitter: float = 0, count: int = 12) -> list[float]:
    """Minutes after the first try at which the next ones come."""
    now, found = NOON, []
    for attempt in range(1, count + 1):
        at = next_try(attempt, now=now, ends=NOON + timedelta(days=9), jitter=jitter, after=answer(451, text))
        assert at
        now = at
        found.append((now - NOON) / timedelta(minutes=1))
    return found


@pytest.mark.parametrize("jitter", [0.0, 1.0])
@pytest.mark.parametrize("wait", [1, 5, 10, 15, 30, 60])
def test_who_was_greylisted_is_back_within_ten_minutes_after_the_wait(wait: int, jitter: float) -> None:
    assert any(wait <= at <= wait + 10 for at in tries("4.7.1 greylisted", jitter=jitter))
    assert wait <= tries(f"greylisted for {wait} minutes", jitter=jitter)[0] <= max(wait, 5) + 10


def test_a_throttled_mail_does_not_pay_for_the_others() -> None:
    assert tries("4.7.0 throttled", count=4) == [5, 10, 15, 20]
    assert tries("4.7.28 slow down", count=2) == [10, 20]


def test_tries_go_on_for_two_days_and_no_longer() -> None:
    now, ends, made = NOON, NOON + timedelta(hours=48), 0
    while at := next_try(made + 1, now=now, ends=ends, jitter=0.5):
        now, made = at, made + 1
    assert timedelta(hours=46) < now - NOON < timedelta(hours=48)
    assert made > len(STEPS) + 40
