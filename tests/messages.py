"""All that we say to readers, found where it is said: in templates, and where code says, keeps or notes a message."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes

from digest.web.views import REGIONS, SENTENCES, WRONG
from tests.pages import ENV, SOURCES

PACKAGE = Path(__file__).parents[1] / "digest"
SAYING = frozenset(("say", "message", "phrase", "noted"))

Message = tuple[str, str | None]  # with the one for where `n` is not one


def messages() -> set[Message]:
    """Return every message of templates and code. What the command line says is for operators, and English."""
    files = [path for path in PACKAGE.rglob("*.py") if "cli" not in path.parts]
    found = {one for path in files for one in _in_code(ast.parse(path.read_text("utf-8")))}
    found |= {one for name in SOURCES for one in _in_template(ENV.parse(SOURCES[name]))}
    told = [text for pair in (*SENTENCES.values(), WRONG) for text in pair]
    return found | {(text, None) for text in (*told, *REGIONS)}


def _in_template(tree: nodes.Template) -> Iterator[Message]:
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            texts = [one.value for one in call.args if isinstance(one, nodes.Const)]
            yield texts[0], texts[1] if len(texts) > 1 else None


def _in_code(tree: ast.Module) -> Iterator[Message]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _name(call.func) in SAYING:
            texts = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if texts:
                yield texts[0], texts[1] if len(texts) > 1 else None


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
