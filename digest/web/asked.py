"""What is rendered when somebody asks: papers, sources, searches, a reader's own feed, and the archive's depths.

It is kept for a minute, in little memory. Only so many are rendered at once, so that whoever reads what is published
does not wait; and nobody may have them rendered without end.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from digest.app import App
from digest.model import SubscriberId
from digest.render import paths
from digest.render.paths import FEED_FORMATS
from digest.web.answers import Answers, Reply
from digest.web.front import READING
from digest.web.printing import pack
from digest.web.sheets import Sheet, extension, sheet
from digest.web.shelf import Shelf
from digest.web.visitors import Buckets, visitor
from digest.work import feeds, looking, pages
from digest.work.census import File
from digest.work.publishing import ARCHIVED, find

KEPT, KEPT_FOR = 16 * 1024 * 1024, timedelta(minutes=1)
AT_ONCE, WAITING = 2, 30  # under way, and with those that wait
LONGEST_QUERY = 1000
# One person clicks through a handful of papers; whoever takes them all may do it slowly.
FROM_ONE, ONE_EVERY = 40, timedelta(seconds=1)
FROM_ALL, ALL_EVERY = 200, timedelta(milliseconds=100)

Make = Callable[[], "feeds.Document | File | bytes | None"]
_LIVE = (paths.SEARCH, paths.SOURCES, "/papers/")


class Kept(NamedTuple):
    """What was rendered, None if nothing is there, and until when it is good."""

    sheet: Sheet | None
    until: datetime

    @property
    def size(self) -> int:
        return 1024 + (len(self.sheet.body) if self.sheet else 0)


class Asked:
    """Renders on demand and answers by the same book as the shelf."""

    def __init__(self, app: App, shelf: Shelf, answers: Answers) -> None:
        self._app, self._shelf, self._answers = app, shelf, answers
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._size = 0
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._from_one, self._from_all = Buckets(FROM_ONE, ONE_EVERY), Buckets(FROM_ALL, ALL_EVERY)

    def routes(self) -> list[Route]:
        return [
            Route("/search/feed.{extension}", self.search_feed),
            Route("/my/{token}/feed.{extension}", self.own_feed),
        ]

    async def search_feed(self, request: Request) -> Response:
        query = _query(request.scope)
        search, _ = looking.search_of(query)
        path = f"/search/feed.{_format(request)}"
        return await self._answer(request.scope, path, lambda: feeds.search_document(self._app, search), query)

    async def own_feed(self, request: Request) -> Response:
        """A reader's own feed: for nobody else, and in no cache but the reader's. Raises TokenError, NotFoundError."""
        token = request.path_params["token"]
        reader = await run_in_threadpool(feeds.reader_of, self._app, token)
        path = f"/my/{token}/feed.{_format(request)}"
        make = partial(feeds.reader_document, self._app, token)
        return await self._answer(request.scope, path, make, reader=reader)

    async def page(self, scope: Scope) -> Response | None:
        """Return what is rendered on demand; None if nothing like it stands at the path. Raises HTTPException 405."""
        path = scope["path"]
        archived = path in self._shelf.resting or ARCHIVED.fullmatch(path)
        if not (archived or path.startswith(_LIVE)):
            return None
        if scope["method"] not in READING:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        if archived:
            make = partial(find, self._app, path, self._shelf.resting.get(path))
            return await self._answer(scope, path, make)
        if paths.paper_at(f"{path}/"):
            return RedirectResponse(f"{path.rpartition('/')[2]}/", 308)
        query = _query(scope) if path == paths.SEARCH else {}
        return await self._answer(scope, path, lambda: pages.live(self._app, path, query), query)

    async def _answer(
        self,
        scope: Scope,
        path: str,
        make: Make,
        query: Mapping[str, str] = MappingProxyType({}),
        *,
        reader: SubscriberId | None = None,
    ) -> Response:
        """Return the answer, 404 if there is nothing. Raises HTTPException 404, 429, 503."""
        key, now = f"{path}?{urlencode(query)}", self._app.now()
        kept = self._kept.get(key)
        if kept is None or now >= kept.until:
            self._ration(scope, reader)
            kept = self._keep(key, Kept(await self._made(path, make), now + KEPT_FOR))
        if kept.sheet is None:
            raise HTTPException(404)
        return Replied(self._answers.to(scope["headers"], kept.sheet, now), body=scope["method"] == "GET")

    async def _made(self, path: str, make: Make) -> Sheet | None:
        """Render when there is room for it. Raises HTTPException 503 if too many wait for that."""
        if self._waiting >= WAITING:
            raise HTTPException(503, headers={"Retry-After": "5"})
        self._waiting += 1
        try:
            async with self._room:
                return await run_in_threadpool(_sheet, self._app, path, make)
        finally:
            self._waiting -= 1

    def _ration(self, scope: Scope, reader: SubscriberId | None) -> None:
        """Ration whoever asks: a reader, whose feeds a service may fetch for many from one address, else the address.

        Raises HTTPException 429.
        """
        wait = self._from_one.take(reader or visitor(scope, self._app.settings.web.trusted_proxies))
        wait = wait or (0 if reader else self._from_all.take(""))
        if wait:
            raise HTTPException(429, headers={"Retry-After": str(int(wait) + 1)})

    def _keep(self, key: str, kept: Kept) -> Kept:
        if old := self._kept.pop(key, None):
            self._size -= old.size
        self._kept[key] = kept
        self._size += kept.size
        while self._size > KEPT:
            _, old = self._kept.popitem(last=False)
            self._size -= old.size
        return kept


class Replied(Response):
    """A whole answer as Starlette sends it."""

    def __init__(self, reply: Reply, *, body: bool) -> None:
        super().__init__(status_code=reply.status)
        self.body, self.raw_headers = reply.body if body else b"", reply.headers


def _sheet(app: App, path: str, make: Make) -> Sheet | None:
    found = make()
    private = path.startswith("/my/")
    if isinstance(found, File):
        return pack(app, found, found.make())
    if isinstance(found, feeds.Document):
        return sheet(path, found.bodies[extension(path)], found.changed, private=private)
    return None if found is None else sheet(path, found)


def _format(request: Request) -> str:
    """Return the format of a feed that is asked for. Raises HTTPException 404."""
    wanted = str(request.path_params["extension"])
    if wanted not in FEED_FORMATS:
        raise HTTPException(404)
    return wanted


def _query(scope: Scope) -> dict[str, str]:
    """Return what is asked for; of a name that comes twice the last. Raises HTTPException 414."""
    if len(scope["query_string"]) > LONGEST_QUERY:
        raise HTTPException(414)
    return dict(QueryParams(scope["query_string"]))
