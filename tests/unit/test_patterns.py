"""Every regular expression of the package, looked at from outside."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined] # what a pattern was parsed into has no other name
from typing import Any

import pytest

import digest

# Python 3.11.2 forgets where such a repetition stood when there was a choice inside: its matches are wrong. What
# repeats one character of a set has a code of its own, which is right.
_DOUBTFUL = {_constants.POSSESSIVE_REPEAT, _constants.ATOMIC_GROUP}
_ONE_CHARACTER = {_constants.IN, _constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY}


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for module in pkgutil.walk_packages(digest.__path__, "digest."):
        if not module.name.endswith(("__main__", "lenient")):
            found = vars(importlib.import_module(module.name))
            yield from ((f"{module.name}.{name}", each) for name, each in found.items() if isinstance(each, re.Pattern))


def doubtful(parsed: Any) -> Iterator[str]:
    for operation, given in parsed:
        if operation in _DOUBTFUL:
            inside = given if operation is _constants.ATOMIC_GROUP else given[2]
            if [each for each, _ in inside if each not in _ONE_CHARACTER] or len(inside) != 1:
                yield str(operation)
        yield from (each for part in _parts(given) for each in doubtful(part))


def _parts(given: Any) -> Iterator[Any]:
    if isinstance(given, _parser.SubPattern):
        yield given
    elif isinstance(given, tuple | list):
        for each in given:
            yield from _parts(each)


def test_no_possessive_group_holds_a_choice() -> None:
    found = dict(patterns())
    assert len(found) > 30
    wrong = {name: [*doubtful(_parser.parse(each.pattern, each.flags))] for name, each in found.items()}
    assert {name: each for name, each in wrong.items() if each} == {}


@pytest.mark.parametrize("pattern", ["(?:ab|c)*+", "x(?:ab?c){2,3}+", "(?>ab|c)", "(?:y|(?:ab|c)?+)", "(?:ab)++"])
def test_a_possessive_group_would_be_found(pattern: str) -> None:
    assert [*doubtful(_parser.parse(pattern))]


@pytest.mark.parametrize("pattern", ["[ab]*+", "(?:a|b)*", "a++b", ".?+", "(?:[a-c]++|d)*"])
def test_one_character_may_be_repeated_possessively(pattern: str) -> None:
    assert not [*doubtful(_parser.parse(pattern))]
