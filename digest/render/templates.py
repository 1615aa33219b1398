"""The one Jinja environment. Templates come as a mapping of names to sources: this module reads no file."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import DictLoader, Environment, StrictUndefined, TemplateError, TemplateSyntaxError, select_autoescape

from digest.errors import RenderError


def environment(sources: Mapping[str, str]) -> Environment:
    """Return an environment over `sources` (`mail/digest.html`, ...): undefined names are errors, HTML is escaped."""
    return Environment(
        loader=DictLoader(dict(sources)),
        autoescape=select_autoescape(enabled_extensions=("html", "xml"), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(env: Environment, name: str, **values: object) -> str:
    """Render a template. Raises RenderError with the template's name and line."""
    try:
        return env.get_template(name).render(**values)
    except TemplateSyntaxError as error:
        raise RenderError(f"template {error.name or name}, line {error.lineno}: {error.message}") from error
    except TemplateError as error:
        line = _line_in_template(error)
        raise RenderError(f"template {name}{line}: {error.message or type(error).__name__}") from error


def _line_in_template(error: TemplateError) -> str:
    """Return the line at fault: Jinja gives template frames in a traceback the template's own lines."""
    line, trace = 0, error.__traceback__
    while trace:
        if "__jinja_template__" in trace.tb_frame.f_globals:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""
