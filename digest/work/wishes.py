"""What a reader may ask for: read from the texts of a form or a file, and refused field by field. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email

from digest.errors import DigestError
from digest.model import CADENCE_OF, Cadence, Phrase, Topic, TopicId, Value, phrase
from digest.render.languages import ENGLISH
from digest.render.press import LAYOUTS
from digest.text import shorten, tidy

LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class RefusedError(DigestError):
    """What was asked for cannot be had; `problems` says why, by the field at fault."""

    def __init__(self, problems: Mapping[str, Phrase | str]) -> None:
        super().__init__("\n".join(f"{field}: {ENGLISH.of(why)}" for field, why in problems.items()))
        self.problems = dict(problems)


class Wishes(Value):
    """What a reader wants, and when."""

    topics: tuple[TopicId, ...]
    cadence: Cadence
    hour: int
    zone: str


class Form(Value):
    """How a reader's mail is made."""

    language: str
    layout: str


def wishes(*, topics: Iterable[str], cadence: str, hour: str, zone: str, offered: Sequence[Topic]) -> Wishes:
    """Read what is wanted of the topics on offer. Raises RefusedError with every problem."""
    return Wishes(**_read(_checks(topics, cadence, hour, zone, offered)))


def application(
    *, address: str, topics: Sequence[str], cadence: str, hour: str, zone: str, offered: Sequence[Topic]
) -> tuple[str, Wishes]:
    """Read a whole subscription form: the address, and the wishes for at least one topic.

    Raises RefusedError with every problem.
    """
    checks = {"address": lambda: _mailbox(address), **_checks(topics, cadence, hour, zone, offered)}
    if not topics:
        checks["topics"] = _no_topic
    found = _read(checks)
    return found.pop("address"), Wishes(**found)


def form_of(*, language: str, layout: str) -> Form:
    """Read the form of a mail. Raises RefusedError."""
    return Form(**_read({"language": lambda: _language(language), "layout": lambda: _layout(layout)}))


def mailbox_of(text: str) -> str:
    """Return an address as it is stored: the domain as A-labels, the name before it as it was typed.

    What needs SMTPUTF8 is refused: not every relay could pass it on. Raises RefusedError.
    """
    found: str = _read({"address": lambda: _mailbox(text)})["address"]
    return found


def cadence_of(text: str) -> Cadence:
    """Raises ValueError."""
    if text not in set(Cadence):
        raise ValueError(phrase("choose {options}", options=", ".join(Cadence)))
    return Cadence(text)


def hour_of(text: str) -> int:
    """Raises ValueError."""
    if not re.fullmatch("[0-9]{1,2}", text) or int(text) > 23:
        raise ValueError(phrase("choose an hour from 0 to 23"))
    return int(text)


def zone_of(text: str) -> str:
    """Raises ValueError."""
    if text not in zones():
        raise ValueError(phrase("choose a time zone such as Europe/Berlin"))
    return text


def topics_of(ids: Iterable[str], offered: Sequence[Topic], cadence: str) -> tuple[TopicId, ...]:
    """Return the topics meant, in the order they are offered.

    Raises ValueError for one that is not offered, or that has no edition of that cadence: its mail would never come.
    """
    wanted = set(ids)
    known = {topic.id for topic in offered}
    strangers = sorted(wanted - known)
    if strangers:
        raise ValueError(phrase("there is no topic {topic:quoted}", topic=shorten(tidy(strangers[0]), 40)))
    meant = [topic for topic in offered if topic.id in wanted]
    missing = [topic.name for topic in meant if cadence in set(Cadence) and cadence not in cadences(topic)]
    if missing:
        raise ValueError(_no_edition(Cadence(cadence), shorten(tidy(missing[0]), 80)))
    return tuple(topic.id for topic in meant)


def _no_edition(cadence: Cadence, topic: str) -> Phrase:
    match cadence:
        case Cadence.DAILY:
            return phrase("there is no daily edition of {topic:quoted}", topic=topic)
        case Cadence.WEEKLY:
            return phrase("there is no weekly edition of {topic:quoted}", topic=topic)
        case Cadence.MONTHLY:
            return phrase("there is no monthly edition of {topic:quoted}", topic=topic)


def cadences(topic: Topic) -> tuple[Cadence, ...]:
    """Return how often a topic can be mailed, most often first."""
    found = {CADENCE_OF[kind] for kind in topic.periods}
    return tuple(cadence for cadence in Cadence if cadence in found)


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones that this machine knows."""
    return frozenset(available_timezones())


def _checks(
    topics: Iterable[str], cadence: str, hour: str, zone: str, offered: Sequence[Topic]
) -> dict[str, Callable[[], Any]]:
    return {
        "topics": lambda: topics_of(topics, offered, cadence),
        "cadence": lambda: cadence_of(cadence),
        "hour": lambda: hour_of(hour),
        "zone": lambda: zone_of(zone),
    }


def _no_topic() -> None:
    raise ValueError(phrase("choose at least one topic"))


def _language(text: str) -> str:
    if not re.fullmatch("[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise ValueError(phrase("give a language tag such as en"))
    return text


def _layout(text: str) -> str:
    if text not in LAYOUTS:
        raise ValueError(phrase("choose {options}", options=", ".join(LAYOUTS)))
    return text


def _mailbox(text: str) -> str:
    text = text.strip(" ")
    if not text:
        raise ValueError(phrase("give your mail address"))
    if len(text) > LONGEST_ADDRESS:
        raise ValueError(phrase("an address has at most {most} characters", most=LONGEST_ADDRESS))
    if _CONTROL.search(text):
        raise ValueError(phrase("an address holds no line breaks and no control characters"))
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise ValueError(_unsound(text)) from error
    assert found.ascii_email is not None
    return found.ascii_email


def _unsound(text: str) -> Phrase:
    if not text.rpartition("@")[0].isascii():
        return phrase("before the @ only plain letters, digits and signs can be used")
    return phrase("this is no mail address such as name@example.org")


def _read(checks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Run every check; raise what all of them found."""
    found, problems = {}, {}
    for field, check in checks.items():
        try:
            found[field] = check()
        except ValueError as error:
            problems[field] = error.args[0]
    if problems:
        raise RefusedError(problems)
    return found
