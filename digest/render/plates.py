"""Printing plates of a mail: its templates compiled to print quoted-printable, with their styles written in.

What never changes is then inlined and encoded once, not for each paper; only values are encoded as they come. A
template for which that is not exact, say one with a macro, is printed the long way, to the same text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer
from markupsafe import escape

from digest.model import Site
from digest.render.quoted import quoted
from digest.render.styles import STYLE, inlined, styled
from digest.render.templates import Templates, escaped, mistakes, render
from digest.render.views import EditionView, Link, PaperView

# What prints into a text that is printed once more, and would be encoded twice; and what takes parts from elsewhere.
_INDIRECT = (nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock, nodes.ScopedEvalContextModifier)
_ELSEWHERE = (nodes.Extends, nodes.Block, nodes.Import, nodes.FromImport)
# Unicode's noncharacters (23.7), which no cleaned text holds, around a name.
_MARK = re.compile("(\ufdd0[a-z]+\ufdd1)")
_EACH = "each of "
_BRACES = re.compile(r"\{(?![{%#])")  # of a style sheet
# Names that are safe to read of anything, and are read a hundred times a mail.
_FIELDS = frozenset(name for view in (EditionView, PaperView, Link, Site) for name in view.__struct_fields__)


class Mark(str):
    """A text that stands for another, with the piece that it is printed as."""

    __slots__ = ("piece",)
    piece: str


@lru_cache(maxsize=64)
def mark(name: str) -> Mark:
    """Return what is given to a template to be found in what it prints, and replaced there."""
    found = Mark(f"\ufdd0{name}\ufdd1")
    found.piece = quoted(found)
    return found


_SEAM = mark("seam")


def printed(env: Templates, name: str, **values: object) -> str:
    """Return what a mail's template prints, in quoted-printable; a mark is a piece of its own.

    Raises RenderError with the name and the line of the template or partial at fault.
    """
    plates = _plates(env)
    return render(plates, name, **values) if plates.exact(name) else _long_way(env, plates.css, name, **values)


def printed_each(env: Templates, name: str, papers: Sequence[object]) -> list[str]:
    """Return what `printed` would for each paper: in one rendering, which saves a tenth."""
    plates = _plates(env)
    if not plates.exact(name):
        return [_long_way(env, plates.css, name, paper=paper) for paper in papers]
    return render(plates, _EACH + name, papers=papers, seam=_SEAM).split(_SEAM.piece)[:-1]


def _long_way(env: Templates, css: str, name: str, **values: object) -> str:
    text = render(env, name, **values)
    whole = inlined(text, css) if name.endswith(".html") else text
    return "".join(map(quoted, _MARK.split(whole)))


class _Engraver(CodeGenerator):
    """Generates code that prints pieces: constants are encoded now, values as they come."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        return quoted(str(super()._output_child_to_const(node, frame, finalize)))

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("environment.piece_of_html(" if frame.eval_ctx.autoescape else "environment.piece_of_text(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """A field of a view is read at once, unless there is none: half the price of a paper."""
        if node.attr not in _FIELDS:
            super().visit_Getattr(node, frame)
            return
        self.write("(_v if (_v := getattr(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, missing)) is not missing else ")
        super().visit_Getattr(node, frame)
        self.write(")")


class _Inclusion(NodeTransformer):
    """Puts a part that is nothing but text in the place where it is included: a template of its own is dear."""

    def __init__(self, env: Templates) -> None:
        self._env = env

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802 - Jinja's name
        text = self._env.sources[node.template.value] if isinstance(node.template, nodes.Const) else "{"
        if "{" in _BRACES.sub("", text):
            return node
        return nodes.Output([nodes.TemplateData(text)], lineno=node.lineno)


class Plates(Templates):
    """The templates of `plain` once more: each text and each value they print is a piece of quoted-printable."""

    code_generator_class = _Engraver

    def __init__(self, plain: Templates) -> None:
        super().__init__(plain.sources, plain.languages, plain.language)
        self._plain = plain
        self._sources: dict[str, str | None] = {}
        self.css = render(plain, STYLE) if STYLE in plain.sources else ""

    def _generate(self, source: nodes.Template, *given: Any, **named: Any) -> str:
        return super()._generate(_Inclusion(self).visit(source), *given, **named)

    def exact(self, name: str) -> bool:
        """Say whether a template can be printed here. Raises RenderError for one that is missing or wrong."""
        if name not in self._sources:
            with mistakes(name):
                self._sources[name] = self._engraved(name)
        return self._sources[name] is not None

    def source(self, name: str) -> tuple[str, str, None] | None:
        own, many = name.removeprefix(_EACH), name.startswith(_EACH)
        text = self._sources[own] or ""
        return (f"{{% for paper in papers %}}{text}{{{{ seam }}}}{{% endfor %}}" if many else text), own, None

    @staticmethod
    def piece_of_html(value: Any) -> str:
        # A Markup would escape, and look for what is to be escaped, in each step to come.
        if type(value) is str:
            return quoted(escaped(value))
        return value.piece if type(value) is Mark else quoted(str(escape(value)))

    @staticmethod
    def piece_of_text(value: Any) -> str:
        return value.piece if type(value) is Mark else quoted(str(value))

    def _engraved(self, name: str) -> str | None:
        self._plain.get_template(name)
        source = self.sources[name]
        if not self._direct(self._plain.parse(source, name, name)):
            return None
        return styled(source, self.css) if name.endswith(".html") else source

    def _direct(self, template: nodes.Template) -> bool:
        """Say whether all that a template prints goes straight to the page, and none of it could meet other styles."""
        names = {name.name for name in template.find_all(nodes.Name)}
        parts = [part.template for part in template.find_all(nodes.Include)]
        return (
            not any(template.find_all((*_INDIRECT, *_ELSEWHERE)))
            and not names & {"self", "super", "caller"}
            and not any(loop.recursive for loop in template.find_all(nodes.For))
            and all(isinstance(part, nodes.Const) and self._is_text(part.value) for part in parts)
        )

    def _is_text(self, name: Any) -> bool:
        return isinstance(name, str) and not name.endswith(".html") and self.exact(name)


# One for each language of the application, and a few of tests; an environment is known by its identity.
_plates = lru_cache(maxsize=32)(Plates)
