"""Answers for what is on the shelf before anything else looks at the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from digest.web.answers import Answers, Reply, reply
from digest.web.headers import DEFAULTS, Headers
from digest.web.sheets import Sheet
from digest.web.shelf import Shelf
from digest.web.visitors import Buckets, behind_a_stranger, visitor

READING = frozenset({"GET", "HEAD"})
# A feed asked for whole, again and again: so often at once, then no more often than it changes, or once an hour.
AT_ONCE, AT_MOST = 10, timedelta(hours=1)
_VISITORS = 50_000
_TOO_OFTEN = (
    b"This feed was asked for too often without saying which one you have. Please send its ETag as If-None-Match, "
    b"and heed Cache-Control.\n"
)


class Front:
    """Answers GET and HEAD for published files; everything else is not its business."""

    def __init__(
        self,
        shelf: Shelf,
        answers: Answers,
        *,
        now: Callable[[], datetime],
        trusted_proxies: int = 0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._shelf, self._answers, self._now, self._trusted = shelf, answers, now, trusted_proxies
        self._rations = Buckets(AT_ONCE, AT_MOST, names=_VISITORS, clock=clock)

    def reply(self, scope: Mapping[str, Any]) -> Reply | None:
        """Return the answer to a request, None if it is not for a published file."""
        one = self._shelf.get(scope["path"]) if scope["method"] in READING else None
        if one is None:
            return None
        found = self._answers.to(scope["headers"], one, self._now())
        if found.status == 200 and one.feed and not one.feed.final and scope["method"] == "GET":
            return self._refused(scope, one) or found
        return found

    def _refused(self, scope: Mapping[str, Any], one: Sheet) -> Reply | None:
        """Return a refusal to who asks for the whole feed again and again, and says nothing of having it."""
        if any(name in _VALIDATORS for name, _ in scope["headers"]):
            return None
        if behind_a_stranger(scope, self._trusted):
            return None
        every = min(self._answers.good_for(one, self._now()), AT_MOST)
        wait = self._rations.take(f"{visitor(scope, self._trusted)} {one.path}", every)
        return _too_often(wait) if wait else None


_VALIDATORS = frozenset({b"if-none-match", b"if-modified-since"})


def _too_often(wait: float) -> Reply:
    own: Headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(_TOO_OFTEN)).encode()),
        (b"retry-after", str(int(wait) + 1).encode()),
    ]
    return reply(429, [*DEFAULTS, *own], _TOO_OFTEN)


class Published:
    """The application behind a front."""

    def __init__(self, app: ASGIApp, front: Front) -> None:
        self._app, self._front = app, front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._front.reply(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        body = found.body if scope["method"] == "GET" else b""
        await send({"type": "http.response.start", "status": found.status, "headers": found.headers})
        await send({"type": "http.response.body", "body": body})
