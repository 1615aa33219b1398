"""The web application put together, and the server that runs it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from digest.app import App
from digest.errors import ConfigError, DigestError, NotFoundError, RenderError, StoreError, TokenError
from digest.web.doors import PACE, Doors
from digest.web.guard import Guard
from digest.web.shelf import Published, Shelf
from digest.web.views import Views

LOOK_EVERY = timedelta(seconds=5)
FINISH_WITHIN = timedelta(seconds=10)

log = structlog.get_logger()


def create_app(app: App, *, pace: timedelta = PACE, look_every: timedelta = LOOK_EVERY) -> Starlette:
    """Return the web application with all pages rendered; it looks for new ones every `look_every` while it runs.

    Raises ConfigError without a secret, StoreError, RenderError.
    """
    if not app.settings.site.secret:
        raise ConfigError("site.secret is empty: readers' links cannot be signed", hint="`digest init` writes one")
    shelf, views = Shelf(app), Views(app)
    shelf.refresh()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        looking = asyncio.create_task(_keep_fresh(shelf, look_every))
        yield
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking

    errors = Errors(views)
    web = Starlette(
        routes=Doors(app, views, pace=pace).routes(),
        middleware=[Middleware(Published, shelf=shelf), Middleware(Guard, views=views)],
        exception_handlers={
            HTTPException: errors.refused,
            TokenError: errors.wrong_link,
            NotFoundError: errors.gone,
            StoreError: errors.store,
        },
        lifespan=lifespan,
    )
    web.router.redirect_slashes = False
    web.router.default = Elsewhere(shelf)
    web.state.shelf = shelf
    return web


async def _keep_fresh(shelf: Shelf, every: timedelta) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            if await run_in_threadpool(shelf.refresh):
                log.info("site_rendered")
        except (StoreError, RenderError) as error:
            # What is there stays, and the next look may do better.
            log.warning("site_not_rendered", code=error.code)


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

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if self._shelf.get(path):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        if self._shelf.get(f"{path}/") or path == "/preferences":
            # Relative, and made of a name we know: it leads nowhere else.
            await RedirectResponse(f"{path.rpartition('/')[2]}/", 308)(scope, receive, send)
            return
        raise HTTPException(404)


def serve(app: App, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C, and finish what is under way.

    Raises DigestError when nothing can listen there, ConfigError, StoreError, RenderError.
    """
    with listening(host, port) as ours:
        log.info("listening", url=address_of(ours))
        with asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory()) as runner:
            runner.run(_serve_until_signal(app, ours))


async def serve_until(app: App, ours: socket.socket, stop: asyncio.Event) -> None:
    """Serve on a listening socket until `stop` is set, and finish what is under way.

    Raises ConfigError, StoreError, RenderError.
    """
    server = Server(
        uvicorn.Config(
            await asyncio.to_thread(create_app, app),
            # A proxy's word about the visitor is ours to judge, and its log would hold readers' links.
            proxy_headers=False,
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=int(FINISH_WITHIN.total_seconds()),
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[ours]))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        server.should_exit = True
        await serving


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
