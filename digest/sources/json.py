"""JSON that others wrote: decoded safely, and asked for values of the type one needs."""

from __future__ import annotations

import json
from typing import Any, NoReturn


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


def string(found: Any, *keys: str) -> str:
    """Return the first of these members that is a text and not blank, or ""."""
    members = (found.get(key) for key in keys) if isinstance(found, dict) else ()
    return next((member for member in members if isinstance(member, str) and member.strip()), "")


def items_of(found: Any, *keys: str) -> list[Any]:
    """Return the first of these members that is a list; an empty one if none is."""
    members = (found.get(key) for key in keys) if isinstance(found, dict) else ()
    return next((member for member in members if isinstance(member, list)), [])


def lost_zero(number: object) -> str:
    """Return why an id that came as a number is refused: 2603.01230 and 2603.0123 are one number, but two papers."""
    return f"an id must be text: {number} may have lost a zero"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
