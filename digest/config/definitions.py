"""Topics and sources as TOML: the seeds, `import` and `export`. What is written reads back as the same value."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
import tomli_w

from digest.config.checks import duration
from digest.errors import ConfigError
from digest.model import Source, Topic, Value
from digest.text.subjects import check_subject

Defined = TypeVar("Defined", Topic, Source)

_HIDDEN = {"owner"}
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def read_topics(text: str, name: str) -> list[Topic]:
    """Return the topics of a TOML text; `name` is the file's, for messages. Raises ConfigError with every problem."""
    return _read(text, name, "topic", Topic)


def read_sources(text: str, name: str, kinds: Collection[str] = ()) -> list[Source]:
    """Return the sources of a TOML text; `name` is the file's, for messages. Raises ConfigError with every problem.

    A kind that is not among `kinds` is one, if these are given: the sources know them, which stand above this module.
    """
    return _read(text, name, "source", Source, kinds)


def write_topics(topics: Iterable[Topic]) -> str:
    """Return topics as TOML, leaving out what is at its default."""
    return tomli_w.dumps({"topic": [_written(topic, Topic) for topic in topics]}, multiline_strings=False)


def write_sources(sources: Iterable[Source]) -> str:
    """Return sources as TOML, leaving out what is at its default."""
    return tomli_w.dumps({"source": [_written(source, Source) for source in sources]}, multiline_strings=False)


def topic_of(table: Mapping[str, Any], where: str) -> Topic:
    """Return one topic from its fields. Raises ConfigError."""
    return _one(table, where, Topic)


def source_of(table: Mapping[str, Any], where: str, kinds: Collection[str] = ()) -> Source:
    """Return one source from its fields; `kinds` as in `read_sources`. Raises ConfigError."""
    return _one(table, where, Source, kinds)


def varied(topic: Topic, text: str, name: str) -> Topic:
    """Return a topic with other weights, or other fields, as a TOML text gives them. Raises ConfigError."""
    changed = _one({**_written(topic, Topic), **_tables(text, name)}, name, Topic)
    return msgspec.structs.replace(changed, id=topic.id, owner=topic.owner)


def _tables(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}") from error


def _read(text: str, name: str, table: str, kind: type[Defined], kinds: Collection[str] = ()) -> list[Defined]:
    tables = _tables(text, name)
    found, problems = [], [f"{name}: unknown table [{key}]: use [[{table}]]" for key in tables if key != table]
    given = tables.get(table, [])
    for number, fields in enumerate(given if isinstance(given, list) else [given], 1):
        label = fields.get("id", f"number {number}") if isinstance(fields, dict) else f"number {number}"
        try:
            found.append(_one(fields, f"{name}, {table} {label}", kind, kinds))
        except ConfigError as error:
            problems.append(error.message)
    problems += [f"{name}: two {table}s have the id {id_!r}" for id_ in _twice(one.id for one in found)]
    if problems:
        raise ConfigError("\n".join(problems), hint=f"seeds/{table}s.toml explains every field")
    return found


def _twice(ids: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [id_ for id_ in ids if id_ in seen or seen.add(id_)]  # type: ignore[func-returns-value]


def _one(fields: Any, where: str, kind: type[Defined], kinds: Collection[str] = ()) -> Defined:
    if not isinstance(fields, dict):
        raise ConfigError(f"{where}: not a table")
    names = _names(kind)
    problems = [f"{where}: unknown field {key}{_near(key, names)}" for key in fields if key not in names]
    try:
        made = msgspec.convert(
            _spans({key: fields[key] for key in fields if key in names}), kind, builtin_types=(timedelta,)
        )
        problems += [f"{where}: {problem}" for problem in _faults(made, kinds)]
    except (msgspec.ValidationError, ValueError) as error:
        problems.append(f"{where}: {str(error)[:1].lower()}{str(error)[1:]}")
    if problems:
        raise ConfigError("\n".join(problems))
    return made


def _spans(given: dict[str, Any]) -> dict[str, Any]:
    """Read a span such as "48h". Raises ValueError."""
    if isinstance(given.get("half_life"), str):
        given["half_life"] = duration(given["half_life"])
    return given


def _names(kind: type[Value]) -> list[str]:
    return [name for name in kind.__struct_encode_fields__ if name not in _HIDDEN]


def _near(key: str, names: list[str]) -> str:
    near = difflib.get_close_matches(key, names, 1)
    return f": did you mean {near[0]}?" if near else f": use {', '.join(names)}"


def _faults(made: Topic | Source, kinds: Collection[str]) -> list[str]:
    faults = (
        [] if _SLUG.fullmatch(made.id) else [f"id {made.id!r} must be lower-case letters, digits and single dashes"]
    )
    if not made.name.strip():
        faults.append("name is empty")
    if isinstance(made, Topic):
        faults += _topic_faults(made)
    else:
        faults += _source_faults(made, kinds)
    return faults


def _source_faults(source: Source, kinds: Collection[str]) -> list[str]:
    faults = []
    if kinds and source.kind not in kinds:
        faults.append(f"unknown kind {source.kind}{_near(source.kind, sorted(kinds))}")
    if source.url and not source.url.startswith(("https://", "http://")):
        faults.append(f"url {source.url!r} must start with https:// or http://")
    return faults


def _topic_faults(topic: Topic) -> list[str]:
    faults = []
    if not (topic.should or topic.must or topic.categories or topic.authors or topic.examples):
        faults.append("it matches nothing: give should, must, categories, authors or examples")
    if not topic.periods:
        faults.append('periods is empty: give "day", "week" or "month"')
    if not 1 <= topic.limit <= 200:
        faults.append(f"limit is {topic.limit}: use 1 to 200")
    if not 0 <= topic.min_score <= 1:
        faults.append(f"min_score is {topic.min_score:g}: use 0 to 1")
    if topic.half_life is not None and topic.half_life < timedelta(hours=1):
        faults.append("half_life must be at least 1h")
    if topic.weights and min(msgspec.structs.astuple(topic.weights)) < 0:
        faults.append("a weight is below 0")
    if topic.crowd is not None and not 0 <= topic.crowd <= 1:
        faults.append(f"crowd is {topic.crowd:g}: use 0 (votes have no say) to 1")
    if topic.crowd is not None and topic.weights:
        faults.append("crowd and weights exclude each other: give one")
    return [*faults, *_subject_faults(topic.subject)]


def _subject_faults(pattern: str) -> list[str]:
    try:
        check_subject(pattern)
    except ValueError as error:
        return [f"subject: {error}"]
    return []


def _written(one: Topic | Source, kind: type[Value]) -> dict[str, Any]:
    return {
        field.encode_name: _plain(value)
        for field in msgspec.structs.fields(kind)
        if field.name not in _HIDDEN and (value := getattr(one, field.name)) != field.default and value is not None
    }


def _plain(value: object) -> Any:
    if isinstance(value, timedelta):
        return f"{value // timedelta(hours=1)}h"
    return msgspec.to_builtins(value)
