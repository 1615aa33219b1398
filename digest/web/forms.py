"""Forms as they come back: read within bounds, and told from those that programs send."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Awaitable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

T = TypeVar("T")
LARGEST_BODY = 64 * 1024
MOST_FIELDS, LONGEST_FIELD = 300, 4096
SLOWEST = timedelta(seconds=10)
# Faster than anybody types, or older than anybody leaves a page open.
TOO_SOON, TOO_LATE = timedelta(seconds=2), timedelta(hours=24)
TRAP, STAMP = "homepage", "opened"


async def read(request: Request) -> FormData:
    """Return a form, urlencoded or multipart, without files. Raises HTTPException 400, 408, 413, 415."""
    if "charset" in request.headers.get("content-type", "").lower().replace("charset=utf-8", ""):
        # Python knows codecs that no form needs, and some of them make texts that cannot be encoded again.
        raise HTTPException(415)
    bounded = Request(request.scope, _bounded(request))
    return await _in_time(bounded.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD))


async def drain(request: Request) -> None:
    """Take a body in without looking at it. Raises HTTPException 408, 413."""
    await _in_time(Request(request.scope, _bounded(request)).body())


def text(form: FormData, name: str) -> str:
    """Return a field's text; one that is not there is empty."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str)]


def stamp(secret: str, now: datetime) -> str:
    """Return what a form carries to show when it was opened."""
    at = str(int(now.timestamp()))
    return f"{at}-{_mac(secret, at)}"


def by_hand(form: FormData, secret: str, now: datetime) -> bool:
    """Say whether a person may have filled the form: its trap is empty, its stamp ours and of a likely age."""
    at, _, mac = text(form, STAMP).partition("-")
    if text(form, TRAP) or not hmac.compare_digest(mac.encode(), _mac(secret, at).encode()):
        return False
    age = timedelta(seconds=now.timestamp() - int(at))
    return TOO_SOON <= age <= TOO_LATE


def _mac(secret: str, at: str) -> str:
    key = hmac.digest(secret.encode(), b"digest form", sha256)
    return hmac.digest(key, at.encode(), sha256).hex()[:32]


async def _in_time(body: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(SLOWEST.total_seconds()):
            return await body
    except TimeoutError as error:
        raise HTTPException(408) from error


def _bounded(request: Request) -> Receive:
    """Return the request's `receive`, which refuses a body that is too large when it is announced, or once it is."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            raise HTTPException(413)
        return message

    announced = request.headers.get("content-length", "0")
    if not re.fullmatch("[0-9]{1,9}", announced) or int(announced) > LARGEST_BODY:
        raise HTTPException(413)
    return receive
