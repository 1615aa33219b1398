"""The web application put together, and the server that runs it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from time import monotonic

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from digest.app import App
from digest.errors import ConfigError, DigestError, NotFoundError, StoreError, TokenError
from digest.render import paths
from digest.web.answers import Answers
from digest.web.asked import Asked
from digest.web.doors import PACE, Doors
from digest.web.front import Front, Published
from digest.web.guard import Guard
from digest.web.printing import Printer
from digest.web.shelf import Shelf
from digest.web.supply import can_be_apart, fill, from_apart, from_here
from digest.web.views import Views
from digest.web.wire import Lobby, Wire

LOOK_EVERY = timedelta(seconds=5)
FINISH_WITHIN = timedelta(seconds=10)
# A small site is all there when it answers for the first time; a large one says for a while what it has not got yet.
FILLED_WITHIN = timedelta(seconds=15)

log = structlog.get_logger()


class Web:
    """The web application: published files first, then the doors. `refresh` looks for what is new at once."""

    def __init__(self, app: App, *, pace: timedelta = PACE) -> None:
        if not app.settings.site.secret:
            raise ConfigError("site.secret is empty: readers' links cannot be signed", hint="`digest init` writes one")
        self.shelf, self.printer = Shelf(), Printer(app)
        answers = Answers(app.calendar)
        self.front = Front(self.shelf, answers, now=app.now, trusted_proxies=app.settings.web.trusted_proxies)
        self.asked = Asked(app, self.shelf, answers)
        self._published = Published(_doors(app, self.shelf, self.asked, pace), self.front)

    def refresh(self) -> int:
        """Render what has changed. Returns how many files that were."""
        return fill(self.shelf, self.printer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._published(scope, receive, send)


def create_app(app: App, *, pace: timedelta = PACE) -> Web:
    """Return the web application with all pages rendered. Raises ConfigError without a secret."""
    web = Web(app, pace=pace)
    web.refresh()
    return web


def _doors(app: App, shelf: Shelf, asked: Asked, pace: timedelta) -> Starlette:
    views = Views(app)
    errors = Errors(views)
    doors = Starlette(
        routes=[*Doors(app, views, pace=pace).routes(), *asked.routes()],
        middleware=[Middleware(Guard, views=views)],
        exception_handlers={
            HTTPException: errors.refused,
            TokenError: errors.wrong_link,
            NotFoundError: errors.gone,
            StoreError: errors.store,
        },
    )
    doors.router.redirect_slashes = False
    doors.router.default = Elsewhere(shelf, asked)
    return doors


class Errors:
    """Errors as pages."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        page = self._views.error(request, error.status_code)
        headers = dict(error.headers or {})
        if "Allow" in headers:
            headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        page.headers.update(headers)
        return page

    async def wrong_link(self, request: Request, error: Exception) -> Response:
        """A link that was cut or forged, or that is too old."""
        assert isinstance(error, TokenError)
        if not error.expired:
            return self._views.page(request, "wrong", status=403, again=None)
        again = "/preferences/" if request.url.path.startswith("/preferences/") else "/subscribe"
        return self._views.page(request, "wrong", status=410, again=again)

    async def gone(self, request: Request, error: Exception) -> Response:
        """A good link, and nothing behind it: ended, or erased."""
        return self._views.page(request, "wrong", status=410, again="/subscribe")

    async def store(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, StoreError)
        log.warning("store_failed", code=error.code)
        page = self._views.error(request, 503)
        page.headers["Retry-After"] = "30"
        return page


class Elsewhere:
    """Answers for every address that is no door and cannot be read from the shelf."""

    def __init__(self, shelf: Shelf, asked: Asked) -> None:
        self._shelf, self._asked = shelf, asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = await self._asked.page(scope) or self._missing(scope["path"])
        await found(scope, receive, send)

    def _missing(self, path: str) -> Response:
        """Return where a page is that was asked for without its slash. Raises HTTPException 404, 405, 410, 503."""
        if self._shelf.get(path):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        if self._shelf.get(f"{path}/") or f"{path}/" in self._shelf.resting or path in _SLASHED:
            # Relative, and made of a name we know: it leads nowhere else.
            return RedirectResponse(f"{path.rpartition('/')[2]}/", 308)
        if self._shelf.ended(path):
            raise HTTPException(410)
        raise HTTPException(404) if self._shelf.complete else HTTPException(503, headers={"Retry-After": "5"})


_SLASHED = {paths.PREFERENCES.rstrip("/"), paths.SOURCES.rstrip("/")}


def serve(app: App, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C, and finish what is under way.

    Raises DigestError when nothing can listen there, ConfigError, StoreError, RenderError.
    """
    with listening(host, port) as ours:
        log.info("listening", url=address_of(ours))
        with quick_runner() as runner:
            runner.run(_serve_until_signal(app, ours))


def quick_runner() -> asyncio.Runner:
    """Return a runner of the fastest event loop there is."""
    return asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory())


async def serve_until(app: App, ours: socket.socket, stop: asyncio.Event) -> None:
    """Serve on a listening socket until `stop` is set, and finish what is under way. Raises ConfigError, StoreError."""
    web = Web(app)
    lobby = Lobby(web.front)
    tasks = [asyncio.create_task(_supplied(app, web)), asyncio.create_task(lobby.keep())]
    stopped = asyncio.create_task(stop.wait())
    server = Server(config_of(web, lobby))
    try:
        await _filled(web.shelf, stop)
        serving = asyncio.create_task(server.serve(sockets=[ours]))
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        for task in (stopped, *tasks):
            task.cancel()
        await asyncio.gather(stopped, *tasks, return_exceptions=True)


def config_of(web: Web, lobby: Lobby) -> uvicorn.Config:
    """Return how uvicorn is to serve."""
    return uvicorn.Config(
        web,
        http=partial(Wire, lobby=lobby),  # type: ignore[arg-type]  # called as a class is
        # A proxy's word about the visitor is ours to judge, and its log would hold readers' links.
        proxy_headers=False,
        access_log=False,
        log_config=None,
        server_header=False,
        ws="none",
        lifespan="off",
        timeout_keep_alive=int(lobby.patience.silent),
        timeout_graceful_shutdown=int(FINISH_WITHIN.total_seconds()),
    )


async def _supplied(app: App, web: Web) -> None:
    if can_be_apart(app):
        await from_apart(web.shelf, app.settings, LOOK_EVERY)
    else:
        await from_here(web.shelf, web.printer, LOOK_EVERY)


async def _filled(shelf: Shelf, stop: asyncio.Event) -> None:
    ends = monotonic() + FILLED_WITHIN.total_seconds()
    while not (shelf.complete or stop.is_set() or monotonic() > ends):
        await asyncio.sleep(0.02)


async def _serve_until_signal(app: App, ours: socket.socket) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve_until(app, ours, stop)


class Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it: in one process with others it is not the one to end it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is any that is free. Raises DigestError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        ours = socket.socket(family, kind, protocol)
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            ours.bind(address)
            ours.listen(1024)
        except OSError:
            ours.close()
            raise
    except OSError as error:
        raise DigestError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}",
            hint="choose another with --port or web.port",
        ) from error
    return ours


def address_of(ours: socket.socket) -> str:
    """Return the address a browser on this machine takes."""
    host, port = ours.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"
