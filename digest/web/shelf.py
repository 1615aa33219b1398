"""Pages and feeds in memory: rendered when the store's topics or released editions changed, answered by look-up.

Each file is kept as it is and gzipped, each with its own strong entity tag made from its bytes (RFC 9110, 8.8.3): the
same content has the same tag after a restart, and on every machine.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from threading import Lock

from starlette.types import ASGIApp, Receive, Scope, Send

from digest.app import App
from digest.model import EditionId, Topic
from digest.render.paths import FEED_FORMATS
from digest.render.templates import render
from digest.web.headers import SECURITY, Headers, completed
from digest.work.publishing import site_files

FORMS_STYLE = "forms.css"
_READING = frozenset({"GET", "HEAD"})
_LONGEST_ACCEPT = 200  # bytes of an Accept-Encoding that are looked at, and may be kept in a cache
_MAX_AGE = b"public, max-age=600"
_TYPES = {"html": "text/html", "css": "text/css", **FEED_FORMATS}
_TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


@dataclass(frozen=True, slots=True)
class Coding:
    """A file in one content coding, with the headers of a 200 and of a 304."""

    tag: bytes
    body: bytes
    fresh: Headers
    known: Headers


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it is answered. `modified` is when its content last changed, as far as the data say."""

    modified: datetime | None
    plain: Coding
    gzipped: Coding | None

    @property
    def codings(self) -> tuple[Coding, ...]:
        return (self.plain, self.gzipped) if self.gzipped else (self.plain,)


class Shelf:
    """All published files by path. `refresh` may be called from any thread; a look-up waits for nobody."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = Lock()
        self._seen: tuple[dict[EditionId, datetime], list[Topic]] | None = None
        self._sheets: dict[str, Sheet] = {}

    def get(self, path: str) -> Sheet | None:
        return self._sheets.get(path)

    def refresh(self) -> bool:
        """Render anew if anything that is published changed. Raises StoreError, RenderError; the old files then stay.

        The look at the store comes before the files are made: what changes in between is seen the next time.
        """
        with self._lock:
            seen = (self._app.store.releases(), self._app.store.topics())
            if seen == self._seen:
                return False
            self._sheets = self._made(seen[0])
            self._seen = seen
            return True

    def _made(self, releases: Mapping[EditionId, datetime]) -> dict[str, Sheet]:
        files = dict(site_files(self._app))
        files[FORMS_STYLE] = render(self._app.templates, f"web/{FORMS_STYLE}").encode()
        dates = _dates(releases)
        made = {f"/{path}": self._sheet(path, body, dates) for path, body in files.items()}
        return {**made, **{path.removesuffix("index.html"): one for path, one in made.items() if _is_index(path)}}

    def _sheet(self, path: str, body: bytes, dates: Mapping[str, datetime]) -> Sheet:
        """Return a file; the one on the shelf if it has not changed."""
        held = self._sheets.get(f"/{path}")
        if held and held.plain.body == body:
            return held
        modified = dates.get(_dated_by(path))
        if held and held.modified and modified and modified <= held.modified:
            # A renamed topic changes its pages without any edition being released.
            modified = self._app.now()
        return sheet(path, body, modified)


class Published:
    """Answers for what is on the shelf before anything else looks at the request."""

    def __init__(self, app: ASGIApp, shelf: Shelf) -> None:
        self._app, self._shelf = app, shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._shelf.get(scope["path"]) if scope["type"] == "http" and scope["method"] in _READING else None
        if found is None:
            await self._app(scope, receive, send)
            return
        status, coding = chosen(found, scope["headers"])
        headers = coding.fresh if status == 200 else coding.known
        body = coding.body if status == 200 and scope["method"] == "GET" else b""
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def sheet(path: str, body: bytes, modified: datetime | None) -> Sheet:
    """Return a file ready to be answered; gzipped too if that makes it smaller by a tenth."""
    digest = sha256(body).hexdigest()[:32]
    packed = gzip.compress(body, 9, mtime=0)
    shared = [(b"cache-control", _MAX_AGE), (b"vary", b"accept-encoding")]
    if modified:
        shared.append((b"last-modified", format_datetime(modified, usegmt=True).encode()))
    extension = path.rpartition(".")[2]
    if extension in FEED_FORMATS:
        # Readers that run in a browser are on other sites; nothing in a feed is anybody's own.
        shared += [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]
    kind = f"{_TYPES[extension]}; charset=utf-8".encode()
    return Sheet(
        modified=modified,
        plain=_coding(f'"{digest}"', body, shared, [(b"content-type", kind)]),
        gzipped=_coding(f'"{digest}-gzip"', packed, shared, [(b"content-type", kind), (b"content-encoding", b"gzip")])
        if len(packed) < 0.9 * len(body)
        else None,
    )


def chosen(found: Sheet, headers: Headers) -> tuple[int, Coding]:
    """Return the status, 200 or 304, and the coding that answers a request (RFC 9110, 12.5.3 and 13.2.2)."""
    accept, since = b"", b""
    match: list[bytes] = []
    for name, value in headers:
        if name == b"if-none-match":
            match.append(value)
        elif name == b"if-modified-since":
            since = value
        elif name == b"accept-encoding":
            accept += b"," + value
    coding = found.gzipped if found.gzipped and accepts_gzip(accept[:_LONGEST_ACCEPT]) else found.plain
    if match:
        # A reader may hold the other coding: the answer then names the one it holds.
        named = _named(b",".join(match), (coding, *found.codings))
        return (304, named) if named else (200, coding)
    if since and found.modified and _not_since(since, found.modified):
        return 304, coding
    return 200, coding


@lru_cache(1024)
def accepts_gzip(accept: bytes) -> bool:
    """Say whether an Accept-Encoding takes gzip, by its own name or by `*`, at more than no weight."""
    weights = {}
    for item in accept.decode("latin-1").lower().split(","):
        if found := _CODING.fullmatch(item):
            weights[found[1]] = float(found[2] or 1)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _named(match: bytes, codings: tuple[Coding, ...]) -> Coding | None:
    """Return the coding that an If-None-Match names, by weak comparison."""
    if match.strip() == b"*":
        return codings[0]
    tags = set(_TAG.findall(match))
    return next((coding for coding in codings if coding.tag in tags), None)


def _not_since(since: bytes, modified: datetime) -> bool:
    try:
        return modified <= parsedate_to_datetime(since.decode("latin-1"))
    except (ValueError, TypeError, OverflowError):
        # Not a date, or one without a zone: then it is as if nothing had been asked.
        return False


def _coding(tag: str, body: bytes, shared: Headers, own: Headers) -> Coding:
    known = completed([(b"etag", tag.encode()), *shared], SECURITY)
    fresh = [*known, *own, (b"content-length", str(len(body)).encode())]
    return Coding(tag=tag.encode(), body=body, fresh=fresh, known=known)


def _dates(releases: Mapping[EditionId, datetime]) -> dict[str, datetime]:
    """Return when each topic's latest edition was released, and under "" when the latest of all was.

    All that stands under a topic is dated by its latest edition: a page of its archive links to its neighbours.
    """
    dates: dict[str, datetime] = {}
    for edition, released in releases.items():
        for name in ("", edition.partition("/")[0]):
            dates[name] = max(released, dates.get(name, released))
    return dates


def _dated_by(path: str) -> str:
    first, _, rest = path.partition("/")
    return rest.partition("/")[0] if first == "topics" else "" if path == "index.html" else path


def _is_index(path: str) -> bool:
    return path.endswith("/index.html")
