"""JSON that others wrote: decoded safely, and asked for values of the type one needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, TypeGuard, TypeVar

from digest.errors import SourceError

Made = TypeVar("Made")

BEFORE = b"\xef\xbb\xbf \t\r\n"
"""What may stand in front of a document: a byte order mark, and blanks."""

_LARGEST = 2**53


class NotJsonError(Exception):
    """The bytes are not JSON; the message says why."""


def decoded(data: bytes) -> Any:
    """Return the value in `data`. Raises NotJsonError, for nesting too deep as well.

    The standard library's decoder, because it lets half a surrogate pair through, which is what JavaScript leaves of
    an emoji at the end of a shortened text. What JSON does not know (NaN, Infinity) is refused.
    """
    try:
        return json.loads(data, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise NotJsonError("it is not UTF-8") from None
    except RecursionError:
        raise NotJsonError("it is nested too deep") from None
    except ValueError as error:
        raise NotJsonError(str(error)) from None


def answer(data: bytes, name: str) -> Any:
    """Return the value in `data`, which came from `name`. Raises SourceError if it is not whole."""
    try:
        return decoded(data)
    except NotJsonError as error:
        raise SourceError(f"cannot read {name}: broken JSON: {error}", hint="fetch it again") from None


def opens(data: bytes, bracket: bytes) -> bool:
    """Say whether the first character of a document is this one."""
    return data[:100].lstrip(BEFORE).startswith(bracket)


def drafted(items: Iterable[Any], draft: Callable[[dict[str, Any], str], Made]) -> Iterator[Made | str]:
    """Yield what `draft` makes of each item and its name in messages, or a problem line where it is no object."""
    for number, item in enumerate(items, 1):
        where = f"item {number}"
        yield draft(item, where) if isinstance(item, dict) else f"{where}: not an object"


def string(found: Any, *keys: str) -> str:
    """Return the first of these members that is a text and not blank, or ""."""
    members = (found.get(key) for key in keys) if isinstance(found, dict) else ()
    return next((member for member in members if isinstance(member, str) and member.strip()), "")


def member(found: Any, *path: str) -> Any:
    """Return what stands at the end of a path of members, None if it breaks off."""
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def is_count(found: Any) -> TypeGuard[int]:
    """Say whether this is a number of things: whole, not negative, and exact in every program."""
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found < _LARGEST


def number(found: Any) -> int | None:
    """Return a count, also one that is written as a text ("2"); None if it is none."""
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 16:
        return int(found)
    return found if is_count(found) else None


def items_of(found: Any, *keys: str) -> list[Any]:
    """Return the first of these members that is a list; an empty one if none is."""
    members = (found.get(key) for key in keys) if isinstance(found, dict) else ()
    return next((member for member in members if isinstance(member, list)), [])


def lost_zero(number: object) -> str:
    """Return why an id that came as a number is refused: 2603.01230 and 2603.0123 are one number, but two papers."""
    return f"an id must be text: {number} may have lost a zero"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
