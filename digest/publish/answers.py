"""What a relay's answer means for a mail, and when to try again. Pure.

Codes: RFC 5321, 4.2; enhanced status codes: RFC 3463, which stand first in a reply (RFC 2034). 5.1.1 and its kin say
that a mailbox is not there, which ends mail to it; 5.7.x is policy about this mail or this sender, and says nothing of
the mailbox. Words count where providers say in words only what they mean.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

from digest.model import Value

# 5, 15, 30, 60 minutes, then hourly: sooner than RFC 5321's half hour, because greylisting answers after 5 (RFC 6647).
STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60))
# Who is greylisted tries this often for a while: then no try comes more than ten minutes after the wait is over.
GREYLIST_STEP, GREYLIST_TRIES = timedelta(minutes=8), 8
LATEST_JITTER = timedelta(minutes=10)
# What Gmail asks for after 4.7.28 (its guidelines for senders): no mail for ten minutes at least.
REST = timedelta(minutes=10)
# A quota for the day is not there again in ten minutes.
LONG_REST = timedelta(hours=1)
# However long a server asks for: a slip must not end a mail.
LONGEST_WAIT = timedelta(hours=4)

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_NO_MAILBOX = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)}
_NO_MAILBOX_CODES = {550, 551, 553, 556}
# The sender's address, which is no fault of the reader's.
_SENDER = {(1, 7), (1, 8)}
_RESTING = {(7, 28), (7, 650)}
# TLS, PTR, SPF, DKIM, DMARC as Gmail numbers them.
_UNPROVEN = {(7, number) for number in (23, 25, 26, 27, 29, 30, 31, 32)}


def _words(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_GREYLISTED = _words(r"gr[ae]y.?list|\[GL\d\d\]|not yet authori[sz]ed")
_COME_BACK = _words(r"try|retry|come back|later|delayed|deferred")
_TOO_FAST = _words(
    r"throttl|rate.?limit|(?:sending|message|connection) (?:rate|limit)|too (?:many|much|fast|frequent)|unusual rate"
    r"|server (?:is )?(?:too )?busy|unexpected volume|exceeded the \w+ limit|quota exceeded|\bTSS?\d\d\b|slow down"
)
_BUSY_READER = _words(r"(?:user|mailbox|recipient|account)\b.*(?:receiving mail (?:at a rate|too)|quota|full)")
_RESTS = _words(r"\bTSS?\d\d\b|unusual rate|reputation")
_DAILY = _words(r"(?:daily|24.hour|per day)\b.*(?:quota|limit)")
_TROUBLE = _words(r"shut(?:ting)? ?down|maintenance|time.?out|timed out|system (?:problem|error)|local problem")
_POLICY = _words(
    r"spam|block(?:ed|.?list)|black.?list|\b(?:dns|r)bl\b|reputation|policy|policies|\b(?:spf|dkim|dmarc)\b|authenticated"
)
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_WAIT = _words(r"(?:in|for|after|least)\s+(\d{1,5})\s*(s|m|h)(?:ec(?:ond)?s?|in(?:ute)?s?|(?:ou)?rs?)?\b")
_WAIT_CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):([0-5]\d):([0-5]\d)(?![\d:])")


class Verdict(StrEnum):
    """How a try ended. `uncertain`: the text was begun and no answer came, so the mail may have arrived."""

    SENT = "sent"
    REFUSED = "refused"
    TEMPORARY = "temporary"
    UNCERTAIN = "uncertain"


class Cause(StrEnum):
    """Why a mail was not taken: the address or the mail, a passing trouble, a rule of the receiver's about mails or
    senders, a stranger's first try, or that mails come too fast.
    """

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    POLICY = "policy"
    GREYLIST = "greylist"
    THROTTLE = "throttle"


class Answer(Value):
    """A verdict with the relay's words and, unless it is good, their cause.

    `no_mailbox`: they say the address is dead; `closes`: the connection ends; `wait`: how long to hold back, if they
    say so or the provider does elsewhere; `of_receiver`: they are a provider's that receives, not the relay's own.
    """

    verdict: Verdict
    reply: str
    no_mailbox: bool = False
    closes: bool = False
    cause: Cause | None = None
    wait: timedelta | None = None
    of_receiver: bool = False


def answer(code: int, text: str) -> Answer:
    """Return what a reply code and its text mean."""
    words = " ".join(text.split())
    reply = f"{code} {words}"[:500]
    if 200 <= code < 300:
        return Answer(verdict=Verdict.SENT, reply=reply)
    if 500 <= code < 600:
        return _refused(code, words, reply)
    cause = _passing(code, words)
    return Answer(
        verdict=Verdict.TEMPORARY,
        reply=reply,
        # 421 closes the connection, not the mail; a code that is none is a relay in trouble.
        closes=code == 421 or not 400 <= code < 500,
        cause=cause,
        wait=_wait(cause, code, words),
        of_receiver=cause is Cause.THROTTLE and _rests(code, words),
    )


def next_try(
    attempts: int, *, now: datetime, ends: datetime, jitter: float, after: Answer | None = None
) -> datetime | None:
    """Return when to try again after so many attempts, None if past `ends`.

    `jitter` (0 to 1) adds up to 20 %; `after` is the last answer, for what it says of waiting.
    """
    step = max(_step(attempts, after.cause if after else None), (after and after.wait) or timedelta())
    at = now + step + min(0.2 * step, LATEST_JITTER) * jitter
    return at.replace(microsecond=0) if at < ends else None


def _step(attempts: int, cause: Cause | None) -> timedelta:
    # It was not this mail that came too fast.
    known = STEPS[0] if cause is Cause.THROTTLE else STEPS[min(max(attempts, 1), len(STEPS)) - 1]
    return min(known, GREYLIST_STEP) if cause is Cause.GREYLIST and attempts <= GREYLIST_TRIES else known


def _refused(code: int, words: str, reply: str) -> Answer:
    status = _status(code, words)
    policy = status is not None and (status[0] == 7 or status in _SENDER)
    # Some say 5.1.1 or 5.2.1 of senders that they block and of readers who get too much: such mailboxes are alive.
    said = bool(_POLICY.search(words)) or bool(_BUSY_READER.search(words))
    return Answer(
        verdict=Verdict.REFUSED,
        reply=reply,
        no_mailbox=code in _NO_MAILBOX_CODES and status in _NO_MAILBOX and not said,
        cause=Cause.POLICY if policy or _POLICY.search(words) else Cause.PERMANENT,
    )


def _passing(code: int, words: str) -> Cause:
    status = _status(code, words)
    if _GREYLISTED.search(words):
        return Cause.GREYLIST
    if _BUSY_READER.search(words) or not 400 <= code < 500:
        return Cause.TEMPORARY
    if status in _UNPROVEN:
        return Cause.POLICY
    if _TOO_FAST.search(words) or status in _RESTING or (code == 421 and not _in_trouble(status, words)):
        return Cause.THROTTLE
    if status == (7, 1) and code in {450, 451} and not _POLICY.search(words) and _COME_BACK.search(words):
        return Cause.GREYLIST
    return Cause.POLICY if status and status[0] == 7 else Cause.TEMPORARY


def _in_trouble(status: tuple[int, int] | None, words: str) -> bool:
    """Say whether a server that closes has troubles of its own: 4.3 is its system, 4.4 its network."""
    return (status is not None and status[0] in {3, 4}) or bool(_TROUBLE.search(words))


def _wait(cause: Cause, code: int, words: str) -> timedelta | None:
    if cause not in {Cause.GREYLIST, Cause.THROTTLE}:
        return None
    said = _said_wait(words)
    if cause is Cause.THROTTLE and _DAILY.search(words):
        return max(said or LONG_REST, LONG_REST)
    if cause is Cause.THROTTLE and _rests(code, words):
        return max(said or REST, REST)
    return said


def _rests(code: int, words: str) -> bool:
    """Say whether a provider wants rest from a sender: Gmail, Microsoft, Yahoo."""
    return _status(code, words) in _RESTING or bool(_RESTS.search(words))


def _said_wait(words: str) -> timedelta | None:
    if found := _WAIT.search(words):
        return min(int(found[1]) * _UNITS[found[2].lower()], LONGEST_WAIT)
    if found := _WAIT_CLOCK.search(words):
        hours, minutes, seconds = map(int, found.groups())
        return min(timedelta(hours=hours, minutes=minutes, seconds=seconds), LONGEST_WAIT)
    return None


def _status(code: int, words: str) -> tuple[int, int] | None:
    """Return subject and detail of the enhanced code, if there is one of the reply's own class."""
    found = _STATUS.search(words)
    return (int(found[2]), int(found[3])) if found and int(found[1]) == code // 100 else None
