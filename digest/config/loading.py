"""Read `digest.toml`, then the environment; all problems are told together, each with where and the way out."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from digest.config.checks import CHECKS
from digest.config.settings import SECTIONS, Setting, Settings, declared
from digest.errors import ConfigError


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read settings from `path` (None: defaults) and `environ`.

    Raises ConfigError with every problem, a line each: where, what, and the way out.
    """
    text = _read(path) if path else ""
    tables = _parse(text, path)
    problems: list[str] = []
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for where, section, name, value in _given(tables, text, path, environ, problems):
        setting = _find(section, name)
        if setting is None:
            problems.append(f"{where}: unknown setting {section}.{name}{_near(section, name)}")
            continue
        try:
            values[section][name] = _convert(setting, value, strict=not where.startswith("DIGEST_"))
        except ValueError as error:
            shown = "(hidden)" if setting.secret else json.dumps(value, default=str)
            problems.append(f"{where}: {section}.{name} is {shown}: {error}")
    if problems:
        raise ConfigError("\n".join(problems), hint="`digest config` lists every setting")
    sections = {section: kind(**values[section]) for section, kind in SECTIONS.items()}
    return Settings(**cast(Any, sections), folder=path.parent if path else Path())


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is not there", hint="`digest init` writes one, or name it by --config") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _parse(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}", hint="text values stand in quotes") from error


def _given(
    tables: Mapping[str, Any], text: str, path: Path | None, environ: Mapping[str, str], problems: list[str]
) -> Iterator[tuple[str, str, str, Any]]:
    """Yield (where, section, name, value): the file's settings first, so that the environment wins."""
    for section, table in tables.items():
        if section not in SECTIONS or not isinstance(table, dict):
            near = difflib.get_close_matches(section, SECTIONS, 1)
            what = f"did you mean [{near[0]}]?" if near else f"use [{'], ['.join(SECTIONS)}]"
            problems.append(f"{path}, line {_line(text, section)}: unknown table [{section}]: {what}")
            continue
        for name, value in table.items():
            yield f"{path}, line {_line(text, section, name)}", section, name, value
    yield from _from_environment(environ, problems)


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[tuple[str, str, str, Any]]:
    for variable in sorted(environ):
        prefix, _, rest = variable.partition("_")
        section, _, name = rest.lower().partition("_")
        if prefix != "DIGEST" or section not in SECTIONS or not name:
            continue
        setting = _find(section, name.removesuffix("_file"))
        if setting and setting.secret and name.endswith("_file"):
            try:
                yield variable, section, setting.name, Path(environ[variable]).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{variable}: the file cannot be read: {error}")
        else:
            yield variable, section, name, environ[variable]


def _find(section: str, name: str) -> Setting | None:
    return next((known for known in declared() if (known.section, known.name) == (section, name)), None)


def _near(section: str, name: str) -> str:
    names = [known.name for known in declared() if known.section == section]
    near = difflib.get_close_matches(name, names, 1)
    return f": did you mean {near[0]}?" if near else f": [{section}] has {', '.join(names)}"


def _convert(setting: Setting, value: Any, *, strict: bool) -> Any:
    """Return the value in its type. Raises ValueError in words for the operator."""
    try:
        converted = msgspec.convert(value, setting.type, strict=strict)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).lower()) from error
    check = CHECKS.get(f"{setting.section}.{setting.name}")
    if check:
        check(converted)
    return converted


def _line(text: str, section: str, name: str | None = None) -> int | str:
    """Return the line on which a table or a setting stands; "?" for spellings this simple scan does not follow."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*\"?([^\]\"]+?)\"?\s*\]", line)
        current = header[1] if header else current
        if name is None and re.match(rf"\s*(\[\s*)?\"?{re.escape(section)}\"?\s*[\]=.]", line):
            return number
        if name and current == section and re.match(rf"\s*\"?{re.escape(name)}\"?\s*=", line):
            return number
        if name and re.match(rf"\s*{re.escape(section)}\s*\.\s*{re.escape(name)}\s*=", line):
            return number
    return "?"
