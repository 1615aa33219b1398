"""What a relay's answer means for a mail, and when to try again. Pure.

Codes: RFC 5321, 4.2; enhanced status codes: RFC 3463. 5.1.1 and its kin say that a mailbox is not there, which ends
mail to it; 5.7.x is policy about this mail or this sender, and says nothing of the mailbox.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

from digest.model import Value

# 5, 15, 30, 60 minutes, then hourly: sooner than RFC 5321's half hour, because greylisting answers after 5 (RFC 6647).
STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60))
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_NO_MAILBOX = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)}


class Verdict(StrEnum):
    """How a try ended. `uncertain`: the text was begun and no answer came, so the mail may have arrived."""

    SENT = "sent"
    REFUSED = "refused"
    TEMPORARY = "temporary"
    UNCERTAIN = "uncertain"


class Answer(Value):
    """A verdict with the relay's words. `no_mailbox`: they say the address is dead; `closes`: the connection ends."""

    verdict: Verdict
    reply: str
    no_mailbox: bool = False
    closes: bool = False


def answer(code: int, text: str) -> Answer:
    """Return what a reply code and its text mean."""
    reply = f"{code} {' '.join(text.split())}"[:500]
    if 200 <= code < 300:
        return Answer(verdict=Verdict.SENT, reply=reply)
    if 500 <= code < 600:
        return Answer(verdict=Verdict.REFUSED, reply=reply, no_mailbox=_no_mailbox(code, text))
    # 421 closes the connection, not the mail; a code that is none is a relay in trouble.
    return Answer(verdict=Verdict.TEMPORARY, reply=reply, closes=code == 421 or not 400 <= code < 500)


def _no_mailbox(code: int, text: str) -> bool:
    status = _STATUS.search(text)
    return code in {550, 551, 553} and bool(status) and (int(status[2]), int(status[3])) in _NO_MAILBOX  # type: ignore[index]


def next_try(attempts: int, *, now: datetime, ends: datetime, jitter: float) -> datetime | None:
    """Return when to try again after so many attempts, None if past `ends`; `jitter` (0 to 1) adds up to 20 %."""
    step = STEPS[min(attempts, len(STEPS)) - 1] if attempts else STEPS[0]
    at = now + step * (1 + 0.2 * jitter)
    return at.replace(microsecond=0) if at < ends else None
