"""What a Postfix says of its mails: a listing of its queue (postqueue(1)) and its log (cleanup(8), qmgr(8)). Pure.

A Message-ID is logged before the text has ended; only what the queue manager speaks of has been taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import DecodeError, json

from digest.model import Value

_LINE = re.compile(r"postfix[\w/-]*/(?P<who>\w+)\[\d+\]: (?P<id>\w+): (?P<what>.*)")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)")
_FIELD = re.compile(r"(message-id|from|to|orig_to)=<(.*?)>(?:,|$)")
# Clocks are read to the second, and the relay's is its own.
_SLACK = timedelta(seconds=2)


class Queued(Value):
    """A mail that was taken. What is not known of it is None; `at` is when it came, at the latest."""

    sender: str
    recipients: frozenset[str]
    message_id: str | None = None
    at: datetime | None = None


def read_queue(listing: bytes) -> list[Queued]:
    """Read what `postqueue -j` prints. Raises ValueError for what it does not."""
    return [_queued(line) for line in listing.splitlines() if line.strip()]


def _queued(line: bytes) -> Queued:
    try:
        found = json.decode(line)
        return Queued(
            sender=found["sender"],
            recipients=frozenset(one["address"].lower() for one in found["recipients"]),
            at=datetime.fromtimestamp(found["arrival_time"], UTC),
        )
    except (DecodeError, KeyError, TypeError) as error:
        raise ValueError(f"postqueue -j says {line[:80]!r}") from error


def read_log(text: str) -> list[Queued]:
    """Read the mails that were taken from a log, as syslog or Postfix itself writes it."""
    fields: dict[str, dict[str, set[str]]] = {}
    taken: dict[str, datetime | None] = {}
    for line in text.splitlines():
        said = _LINE.search(line)
        if not said:
            continue
        mail = fields.setdefault(said["id"], {})
        for name, value in _FIELD.findall(said["what"]):
            mail.setdefault("to" if name == "orig_to" else name, set()).add(value)
        if said["who"] == "qmgr" and said["id"] not in taken:
            stamp = _STAMP.match(line)
            taken[said["id"]] = datetime.fromisoformat(stamp[0]) if stamp else None
    return [_logged(fields[id_], at) for id_, at in taken.items()]


def _logged(fields: dict[str, set[str]], at: datetime | None) -> Queued:
    return Queued(
        sender=next(iter(fields.get("from", ())), ""),
        recipients=frozenset(one.lower() for one in fields.get("to", ())),
        message_id=next(iter(fields.get("message-id", ())), None),
        at=at,
    )


def has(mails: Iterable[Queued], *, message_id: str, sender: str, recipient: str, since: datetime | None) -> bool:
    """Say whether a mail is among them: by its Message-ID, or else by who sent what to whom since it began."""
    plain = message_id.strip("<>")
    return any(
        (one.message_id is not None and one.message_id.strip("<>") == plain)
        or (one.sender == sender and recipient.lower() in one.recipients and _since(one, since))
        for one in mails
    )


def _since(mail: Queued, since: datetime | None) -> bool:
    # The reader's digest of yesterday looks the same but for its time: without one it proves nothing.
    return mail.at is not None and since is not None and mail.at >= since - _SLACK
