"""What a relay says, in replies. Pure: bytes in, replies out, and no more of them kept than a reply may hold."""

from __future__ import annotations

import re
from functools import lru_cache

from digest.model import Value

LONGEST_LINE, MOST_LINES = 8192, 100  # RFC 5321, 4.5.3.1.5 promises 512 bytes a line; real relays say more
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_KEPT = 500


class Reply(Value):
    """A code (RFC 5321, 4.2) and its words, a line after the other."""

    code: int
    text: str


class Replies:
    """Groups what comes into replies. `broken` says why no more can be read: what follows could be anything's answer.

    A last line that does not end is as good as its code; the rest of it is words.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = 0
        self.broken: str | None = None

    def read(self, data: bytes) -> list[Reply]:
        """Return the replies that are whole with these bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = [reply for line in lines if (reply := self._line(line))]
        if len(self._rest) > LONGEST_LINE and not self.broken:
            found += [reply] if (reply := self._line(self._rest)) else []
            self._break("a line without end")
        return found

    def _line(self, line: bytes) -> Reply | None:
        if not self._lines and not self.broken and (whole := _alone(line)):
            return whole
        shape = None if self.broken else _LINE.fullmatch(line.removesuffix(b"\r"))
        if shape is None:
            return self._break("a line that is no reply")
        code = int(shape[1])
        if self._lines and code != self._code:
            return self._break("a reply with two codes")
        self._code = code
        self._lines.append((shape[3] or b"")[:_KEPT])
        if shape[2] != b"-":
            return self._whole(code)
        return self._break("a reply without end") if len(self._lines) >= MOST_LINES else None

    def _whole(self, code: int) -> Reply:
        lines, self._lines = self._lines, []
        return _reply(code, b" ".join(lines))

    def _break(self, why: str) -> Reply | None:
        self.broken = self.broken or why
        self._rest = b""
        return None


@lru_cache(maxsize=64)
def _alone(line: bytes) -> Reply | None:
    """Return the reply that a line is by itself. Relays say the same again and again."""
    shape = _LINE.fullmatch(line.removesuffix(b"\r"))
    return _reply(int(shape[1]), (shape[3] or b"")[:_KEPT]) if shape and shape[2] != b"-" else None


def _reply(code: int, words: bytes) -> Reply:
    text = words.decode("utf-8", "replace")
    # It is shown in terminals, where a control character is a command.
    return Reply(code=code, text=text if text.isprintable() else "".join(map(_printable, text)))


def _printable(sign: str) -> str:
    return sign if sign.isprintable() else " "
