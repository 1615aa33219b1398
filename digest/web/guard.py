"""What stands around every handler: complete headers, one line of log, and a page for what nobody expected."""

from __future__ import annotations

import traceback
from secrets import token_hex
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digest.errors import RenderError
from digest.render.languages import ENGLISH, noted
from digest.web.headers import completed
from digest.web.views import Views

_FRAMES = 6  # of a traceback, the innermost

log = structlog.get_logger()


class Guard:
    """The outermost shell of the doors. Neither an address nor a token gets into its log: no path, no message."""

    def __init__(self, app: ASGIApp, views: Views) -> None:
        self._app, self._views = app, views

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = completed(message["headers"])
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except ClientDisconnect:
            status = 499
        except Exception as error:
            name = token_hex(4)
            log.error("request_failed", id=name, error=type(error).__name__, at=_place(error))
            if status:
                # Half an answer is out: the connection can only be cut.
                raise
            await self._sorry(scope, name)(scope, receive, guarded)
        # Never the path itself, which may be a reader's link.
        path = getattr(scope.get("route"), "path", "other")
        log.info("request", method=scope["method"], path=path, status=status, ms=_since(began))

    def _sorry(self, scope: Scope, name: str) -> ASGIApp:
        said = noted("This is our fault, and nothing has been changed. If you write to us, name it: {name}.")
        try:
            language = self._views.speaking(None).language
            told = {"title": language.say("Something went wrong"), "message": language.say(*said, name=name)}
            return self._views.error(Request(scope), 500, **told)
        except RenderError:
            return PlainTextResponse(f"{ENGLISH.say(*said, name=name)}\n", 500)


def _place(error: BaseException) -> str:
    """Return where an error came from, innermost last, without a word of what it says."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)


def _since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 1)
