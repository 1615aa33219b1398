"""What a Postfix says of its mails: a listing of its queue (postqueue(1)) and its log (cleanup(8), qmgr(8)). Pure.

A Message-ID is logged before the text has ended; only what the queue manager speaks of has been taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import DecodeError, json
from msgspec.structs import replace

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


class Wanted(Value):
    """What is looked for in a log; where all mail has one sender, that alone says nothing."""

    message_ids: frozenset[str]
    senders: frozenset[str]
    recipients: frozenset[str]


class Log(Value):
    """What a log has of mails that are looked for, and its first time stamp."""

    mails: list[Queued]
    oldest: datetime | None


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


def wanted(message_ids: Iterable[str], senders: Iterable[str], recipients: Iterable[str]) -> Wanted:
    """Return what to look for."""
    return Wanted(
        message_ids=frozenset(one.strip("<>") for one in message_ids),
        senders=frozenset(senders),
        recipients=frozenset(one.lower() for one in recipients),
    )


def stamp(line: str) -> datetime | None:
    """Return when a line was logged; None without an ISO time stamp."""
    found = _STAMP.match(line)
    return datetime.fromisoformat(found[0]) if found else None


def reaches(oldest: datetime | None, since: datetime | None) -> bool:
    """Say whether a log that begins then has all that came since a mail began."""
    return oldest is not None and since is not None and oldest <= since - _SLACK


def read_log(lines: Iterable[str], looked_for: Wanted) -> Log:
    """Read a log, as syslog or Postfix itself writes it, the oldest line first, and keep what is looked for."""
    oldest, reading = None, _Reading(looked_for)
    for line in lines:
        oldest = oldest or stamp(line)
        if said := _LINE.search(line):
            reading.hear(said, line)
    return Log(mails=reading.taken(), oldest=oldest)


class _Reading:
    """The mails of a log that may be among the wanted ones. Postfix gives the id of one that is gone to another."""

    def __init__(self, looked_for: Wanted) -> None:
        self._wanted = looked_for
        self._under_way: dict[str, Queued] = {}
        self._taken: dict[str, Queued] = {}
        self._gone: list[Queued] = []

    def hear(self, said: re.Match[str], line: str) -> None:
        fields = dict(_FIELD.findall(said["what"]))
        if said["who"] == "cleanup" and "message-id" in fields:
            self._came(said["id"], fields["message-id"])
        elif said["who"] == "qmgr":
            self._held(said["id"], fields.get("from"), line)
        self._addressed(said["id"], {fields[name].lower() for name in ("to", "orig_to") if name in fields})

    def taken(self) -> list[Queued]:
        return [*self._gone, *self._taken.values()]

    def _came(self, id_: str, message_id: str) -> None:
        self._leave(id_)
        if message_id in self._wanted.message_ids:
            self._under_way[id_] = Queued(sender="", recipients=frozenset(), message_id=message_id)

    def _held(self, id_: str, sender: str | None, line: str) -> None:
        """Note that a text ended: before, the queue manager does not know of it."""
        if id_ in self._taken:
            return self._leave(id_) if "removed" in line else None
        known = self._under_way.pop(id_, None)
        if known or sender in self._wanted.senders:
            message_id = known.message_id if known else None
            self._taken[id_] = Queued(
                sender=sender or "", recipients=frozenset(), message_id=message_id, at=stamp(line)
            )
        return None

    def _addressed(self, id_: str, recipients: set[str]) -> None:
        mail = self._taken.get(id_)
        if mail and (more := recipients & self._wanted.recipients):
            self._taken[id_] = replace(mail, recipients=mail.recipients | more)

    def _leave(self, id_: str) -> None:
        self._under_way.pop(id_, None)
        mail = self._taken.pop(id_, None)
        if mail and (mail.message_id or mail.recipients):
            self._gone.append(mail)


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
