"""What a setting may say: each check raises ValueError with the way out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import date, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from digest.text.subjects import check_subject


def duration(text: str) -> timedelta:
    """Read `30s`, `15m`, `48h`, `90d` or `2w`. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,5})\s*([smhdw])", text.strip())
    if not found:
        raise ValueError('use a number and s, m, h, d or w, such as "48h"')
    return int(found[1]) * _UNITS[found[2]]


_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def rate(text: str) -> float | None:
    """Read `14/s`, `600/m`, `300/h` or `20000/d` as a number a second; empty is None. Raises ValueError."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,7})\s*/\s*([smhd])", text.strip())
    if not found or not int(found[1]):
        raise ValueError('use a number of mails for s, m, h or d, such as "14/s"')
    return int(found[1]) / _UNITS[found[2]].total_seconds()


def day(text: str) -> date | None:
    """Read `2026-12-01`; empty is None. Raises ValueError."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ValueError('use a date such as "2026-12-01"') from error


def hours(text: str) -> tuple[time, time] | None:
    """Read `22:00-06:00`; empty is None. Raises ValueError."""
    if not text:
        return None
    begins, dash, ends = text.partition("-")
    if not dash or clock_time(begins) == clock_time(ends):
        raise ValueError('use two times, such as "22:00-06:00"')
    return clock_time(begins), clock_time(ends)


def clock_time(text: str) -> time:
    """Read `05:00`. Raises ValueError."""
    if not re.fullmatch(r"[0-2]\d:[0-5]\d", text):
        raise ValueError('use hours and minutes, such as "05:00"')
    return time.fromisoformat(text)


def repeat_after(text: str) -> timedelta | None:
    """Read the repeat horizon: None is for ever. Raises ValueError."""
    return None if text == "never" else duration(text)


def _url(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('use an address such as "https://papers.example.org"')


def _zone(text: str) -> None:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('use an IANA name such as "Europe/Berlin"') from error


def _tag(text: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9.@-]+,\d{4}(-\d\d(-\d\d)?)?", text):
        raise ValueError('use a name and a date, such as "papers.example.org,2026"')


def _language(text: str) -> None:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise ValueError('use a language tag such as "en"')


def _poll_every(text: str) -> None:
    if duration(text) < timedelta(minutes=15):
        raise ValueError('be patient: use "15m" or more')


def _patience(text: str) -> None:
    if not timedelta(seconds=1) <= duration(text) <= timedelta(minutes=10):
        raise ValueError('use "1s" to "10m"')


def _relay(text: str) -> None:
    parts = urlsplit(text)
    if text and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
        raise ValueError('use "smtp://user:password@relay.example.org:587" or "smtps://..."')


def _writer(text: str) -> None:
    if text:
        _url(text)


def _licence(text: str) -> None:
    if text:
        _url(text)


def _hubs(text: str) -> None:
    for address in text.split():
        _url(address)


def _contact(text: str) -> None:
    if text and not re.fullmatch(r"[^\s@<>,;:\"]+@[A-Za-z0-9.-]+", text):
        raise ValueError('use "name@example.org"')


def _addresses(text: str) -> None:
    for address in text.split():
        _contact(address)


def _warm_up_rate(text: str) -> None:
    if rate(text) is None:
        raise ValueError('use a number of mails for s, m, h or d, such as "100/h"')


def _returns(text: str) -> None:
    _contact(text)
    if len(text.partition("@")[0]) > 64 - 45:  # RFC 5321, 4.5.3.1.1, less "+" and a token
        raise ValueError('use a name of at most 19 characters, such as "bounce@example.org"')


def _one_line(text: str) -> None:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("use one line without control characters")


def _asker(text: str) -> None:
    _one_line(text)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError("close each quote, or leave quotes out") from error
    if text and not words:
        raise ValueError('use "postfix", "postfix:/var/log/mail.log" or a command; leave it empty to ask nobody')


CHECKS: dict[str, Callable[[str], object]] = {
    "site.url": _url,
    "site.zone": _zone,
    "site.tag": _tag,
    "site.language": _language,
    "site.contact": _contact,
    "site.title": _one_line,
    "site.description": _one_line,
    "site.postal": _one_line,
    "site.rights": _one_line,
    "site.licence": _licence,
    "web.hubs": _hubs,
    "mail.subject": check_subject,
    "smtp.url": _relay,
    "smtp.fallback": _relay,
    "smtp.ask": _asker,
    "smtp.sender": _contact,
    "smtp.letters": _contact,
    "smtp.returns": _returns,
    "smtp.complaints": _contact,
    "smtp.rate": rate,
    "smtp.relay_rate": rate,
    "smtp.receiver_rate": rate,
    "smtp.warm_up": day,
    "smtp.warm_up_rate": _warm_up_rate,
    "smtp.vanguard": _addresses,
    "smtp.vanguard_lead": duration,
    "smtp.timeout": duration,
    "smtp.lease": duration,
    "fetch.poll_every": _poll_every,
    "fetch.timeout": _patience,
    "schedule.compose_at": clock_time,
    "schedule.compose_by": clock_time,
    "schedule.release_by": clock_time,
    "schedule.quiet": hours,
    "summary.url": _writer,
    "summary.model": _one_line,
    "summary.key": _one_line,
    "summary.timeout": _patience,
    "rank.refit_every": duration,
    "limits.repeat_after": repeat_after,
}
