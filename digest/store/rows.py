"""Rows and values: a column is named like the field it holds, and a name means the same in every table.

Instants are UTC text of one width (2026-11-21T05:00:00Z), so that they sort as text; they are kept to the second.
Days are ISO text, flags 0 or 1, and whatever is made of parts is JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from msgspec import convert, json
from msgspec.structs import asdict

from digest.model import Edition, Entry, Paper, PaperId, Pick, Sighting, Topic, Value

Cell = str | int | float | bytes | None
V = TypeVar("V", bound=Value)

# By exact type, as a flag is an int too, and a member of an enumeration a str.
_AS_THEY_ARE = frozenset((str, int, float, bytes, type(None)))

_READ: dict[str, Callable[[Any], object]] = {
    **dict.fromkeys(("authors", "categories", "links", "signals", "edition_ids", "numbers"), json.decode),
    **dict.fromkeys(("withdrawn", "enabled", "paused", "unknown"), bool),
    **dict.fromkeys(("topics", "pause", "rhythm"), json.decode),
}


def instant(moment: datetime) -> str:
    """Return an instant as text. Raises ValueError for one without a zone, which could mean any moment."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat()[:19] + "Z"


def moment(text: str) -> datetime:
    """Read an instant back."""
    return datetime.fromisoformat(text)


def cell(value: object) -> Cell:
    """Return what a column holds of a value."""
    if type(value) in _AS_THEY_ARE:
        return cast(Cell, value)
    match value:
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case bool():
            return int(value)
        case Enum():
            return str(value.value)
        case _:
            return json.encode(value).decode()


def cells(fields: Mapping[str, Any]) -> dict[str, Cell]:
    """Return what the columns of a row hold."""
    return {name: value if type(value) in _AS_THEY_ARE else cell(value) for name, value in fields.items()}


def read(kind: type[V], row: Mapping[str, object]) -> V:
    """Return the value whose fields a row holds."""
    made = {name: _READ[name](row[name]) for name in _made_of(kind) if name in row}
    return convert({**row, **made} if made else row, kind)


@cache
def _made_of(kind: type[Value]) -> frozenset[str]:
    """Return the fields that a column does not hold as they are."""
    return frozenset(_READ.keys() & kind.__struct_fields__)


def of_value(value: Value) -> dict[str, object]:
    return asdict(value)


def of_paper(paper: Paper) -> dict[str, object]:
    return {**asdict(paper), "fresh_from": paper.fresh_from}


def of_sighting(sighting: Sighting) -> dict[str, object]:
    return {**asdict(sighting.entry), "paper_id": sighting.paper_id, "first_seen": sighting.first_seen}


def sighting(row: Mapping[str, Any]) -> Sighting:
    entry = read(Entry, {name: row[name] for name in Entry.__struct_fields__})
    return Sighting(entry=entry, paper_id=row["paper_id"], first_seen=convert(row["first_seen"], datetime))


def of_topic(topic: Topic) -> dict[str, object]:
    return {"id": topic.id, "owner": topic.owner, "enabled": topic.enabled, "definition": topic}


def of_edition(edition: Edition) -> dict[str, object]:
    return {
        "id": edition.id,
        "topic_id": edition.topic.id,
        "kind": edition.period.kind,
        "start": edition.period.start,
        "state": edition.state,
        "cut": edition.cut,
        "as_of": edition.as_of,
        "released": edition.released,
        "content": edition,
    }


def of_picks(edition: Edition) -> list[dict[str, object]]:
    """Return a row for each paper an edition names: a sister stands with the pick that it is named beside."""
    return [
        {
            "edition_id": edition.id,
            "topic_id": edition.topic.id,
            "kind": edition.period.kind,
            "start": edition.period.start,
            "paper_id": paper_id,
            "rank": pick.rank,
            "score": pick.score,
        }
        for paper_id, pick in _named(edition).items()
    ]


def of_notices(edition: Edition) -> list[dict[str, object]]:
    given = {"edition_id": edition.id, "topic_id": edition.topic.id, "kind": edition.period.kind}
    return [{**given, "paper_id": one.paper_id} for one in edition.withdrawn]


def _named(edition: Edition) -> dict[PaperId, Pick]:
    shown = (*edition.late, *edition.picks)
    beside = {sister.id: pick for pick in shown for sister in pick.also}
    return beside | {pick.paper.id: pick for pick in shown}
