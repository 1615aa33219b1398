"""What is answered from a file that is kept: all of it, only what is new in it, or that nothing is.

What a request wants a file in (unpacked, in brotli, only the new entries) is made when it is first asked for, and kept
while there is room.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from digest.edition import Calendar
from digest.render.deltas import newest
from digest.web.conditions import Held, Question, entered_at, held, not_since, preferred, question
from digest.web.headers import Headers, lines
from digest.web.lasting import lasts
from digest.web.sheets import Sheet, content_headers, extension, lasting_headers, sheet

ROOM = 64 * 1024 * 1024
_OVERHEAD = 2048  # bytes of the headers and such beside a body
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Reply(NamedTuple):
    """A whole answer; `head` are its headers as they are sent."""

    status: int
    headers: Headers
    body: bytes
    head: bytes


class Form:
    """A file in one coding. `whole` is the answer to who does not have it, `known` to who has; good until `until`."""

    __slots__ = ("_content", "_lasting", "body", "fresh", "known", "size", "tag", "until", "whole")

    def __init__(self, one: Sheet, coding: str) -> None:
        self.tag, self.body = one.entity_tag(coding), one.coded(coding)
        self.size = _OVERHEAD + (len(self.body) if self.body is not one.body else 0)
        self.until = _LONG_AGO
        self._lasting = lasting_headers(one, coding)
        self._content = content_headers(one, coding, len(self.body))

    def date(self, dates: Headers, until: datetime) -> None:
        known, self.until = [*self._lasting, *dates], until
        self.known, self.whole = reply(304, known), reply(200, [*known, *self._content], self.body)


class Answers:
    """Answers requests for files by the book. Asked in one thread."""

    def __init__(self, calendar: Calendar, *, room: int = ROOM) -> None:
        self._calendar, self._room = calendar, room
        self._forms: OrderedDict[tuple[str, str, str], Form] = OrderedDict()
        self._size = 0

    def to(self, headers: Headers, one: Sheet, now: datetime) -> Reply:
        """Return the answer to a GET: 200, 304, or 226 (RFC 3229) to who asks for a feed's new entries only."""
        asked = question(headers)
        coding = preferred(asked.accept)[0] if one.packed else ""
        form = self._form(one, coding, now)
        if asked.match is not None:
            if asked.match == form.tag:
                return form.known
            return self._unless_held(one, coding, asked, now)
        if asked.since is not None and one.modified and not_since(asked.since, one.modified):
            return form.known
        return form.whole

    def good_for(self, one: Sheet, now: datetime) -> timedelta:
        """Return how long an answer may be kept before it is asked for again."""
        return lasts(one.feed, one.modified, self._calendar, now)

    def _unless_held(self, one: Sheet, coding: str, asked: Question, now: datetime) -> Reply:
        tags = held(asked.match or b"")
        for has in tags:
            if has.tag in {one.tag, ""}:
                # A reader may hold another coding: the answer then names the one it holds.
                named = has.coding if has.tag and has.coding in one.codings else coding
                return self._form(one, named, now).known
        delta = self._delta(one, coding, tags, now) if asked.delta else None
        return delta or self._form(one, coding, now).whole

    def _delta(self, one: Sheet, coding: str, tags: list[Held], now: datetime) -> Reply | None:
        """Return the entries that came after the newest document that a reader holds, if it lacks some of them only."""
        ours = [(at, has) for has in tags if (at := entered_at(has.tag)) is not None]
        if not ours or one.feed is None:
            return None
        at, base = max(ours, key=lambda item: item[0])
        cut = _cut(one, one.feed.entered - at)
        if cut is None:
            return None
        form = self._form(cut, coding if cut.packed else "", now)
        own = {
            b"etag": one.entity_tag(coding),
            b"vary": b"accept-encoding, a-im, if-none-match",
            # A cache that knows nothing of deltas would take this for the whole feed.
            b"cache-control": b"no-store, im, max-age=%d" % self._seconds(one, now),
        }
        headers = [(name, own.get(name, value)) for name, value in form.whole.headers]
        return reply(226, [*headers, (b"im", b"feed"), (b"delta-base", base.entity_tag)], form.body)

    def _seconds(self, one: Sheet, now: datetime) -> int:
        return int(self.good_for(one, now).total_seconds())

    def _form(self, one: Sheet, coding: str, now: datetime) -> Form:
        key = (one.path, one.tag, coding)
        form = self._forms.get(key)
        if form is None:
            form = self._keep(key, Form(one, coding))
        else:
            self._forms.move_to_end(key)
        if now >= form.until:
            form.date(_dates(one, self._seconds(one, now), now), now + timedelta(seconds=1))
        return form

    def _keep(self, key: tuple[str, str, str], form: Form) -> Form:
        self._forms[key] = form
        self._size += form.size
        while self._size > self._room and len(self._forms) > 1:
            _, old = self._forms.popitem(last=False)
            self._size -= old.size
        return form


def reply(status: int, headers: Headers, body: bytes = b"") -> Reply:
    """Return a whole answer."""
    return Reply(status, headers, body, lines(headers))


@lru_cache(256)
def _cut(one: Sheet, keep: int) -> Sheet | None:
    """Return a feed with its first entries only, or None if there are no others, or none to keep."""
    body = newest(one.plain, extension(one.path), keep) if keep > 0 else None
    return sheet(one.path, body, one.modified, feed=one.feed, links=one.links) if body else None


def _dates(one: Sheet, seconds: int, now: datetime) -> Headers:
    """Return for how long an answer may be kept, in the words of HTTP/1.1 and of HTTP/1.0."""
    who = "private, " if one.private else ""
    final = ", immutable" if one.feed and one.feed.final else ""
    expires = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    return [(b"cache-control", f"{who}max-age={seconds}{final}".encode()), (b"expires", expires.encode())]
