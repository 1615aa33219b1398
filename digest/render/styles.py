"""Styles written into a mail template's source, once, so that what it renders needs no inlining any more.

css-inline says which style each element gets; the source stays as it is but for that attribute, so that errors still
name its lines. Done only where it is exact: in a template whose elements and classes do not depend on what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from css_inline import InlineError, inline, inline_fragment

from digest.errors import RenderError

STYLE = "mail/style.css"
_ASIDE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<!--.*?-->", re.DOTALL)
_BRANCH = re.compile(r"\{%[-+]?\s*(if|for|elif|else|endif|endfor)\b")
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>")
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_OWN_STYLE = re.compile(r"\sstyle=(\"[^\"]*\")")
_PLACE = re.compile(r"\sdata-place=\"(\d+)\"")
# Selectors that look at an element's neighbours or attributes, which a source does not show as they will be.
_UNSURE = re.compile(r"[+~\[]|:(?:first|last|nth|only|empty|has|not)\b")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())

Tags = Sequence[re.Match[str]]


def inlined(html: str, css: str) -> str:
    """Return a whole mail, or a part of one, with its styles inlined. Raises RenderError for a wrong style sheet."""
    try:
        if "<html" in html:
            return inline(html, keep_style_tags=True, extra_css=css, load_remote_stylesheets=False)
        return inline_fragment(html, css=css, load_remote_stylesheets=False)
    except InlineError as error:
        raise RenderError(f"template {STYLE}: {error}") from error


def styled(source: str, css: str) -> str | None:
    """Return a template's source with its styles written in; None where only what it renders can tell them."""
    bare = _ASIDE.sub(lambda aside: re.sub(r"\S", " ", aside[0]), source)
    tags = list(_TAG.finditer(bare))
    if _UNSURE.search(_selectors(css)) or not (_fixed(source, tags) and _closed(source, tags)):
        return None
    opening = [tag for tag in tags if not tag[1]]
    styles = _styles(bare, opening, css)
    return _written(source, opening, styles) if len(styles) == len(opening) else None


def _selectors(css: str) -> str:
    return re.sub(r"\{[^}]*\}", "", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))


def _fixed(source: str, tags: Tags) -> bool:
    """Say whether a tag depends on what is shown at most in values of attributes that no style goes by."""
    for tag in tags:
        now, was = tag[0], source[tag.start() : tag.end()]
        for found in reversed(list(_ATTRIBUTE.finditer(now))):
            if found[1] not in {"class", "id", "style"}:
                now, was = (text[: found.start()] + text[found.end() :] for text in (now, was))
        if was != now:
            return False
    return True


def _closed(source: str, tags: Tags) -> bool:
    """Say whether each branch of a template closes the elements that it opens."""
    steps = {branch.start(): branch[1] for branch in _BRANCH.finditer(source)}
    steps |= {tag.start(): tag[1] or "<" for tag in tags if not (tag[4] or tag[2].lower() in _VOID)}
    depth, entered = 0, list[int]()
    for _, step in sorted(steps.items()):
        if step in {"if", "for"}:
            entered.append(depth)
        elif step in {"<", "/"}:
            depth += 1 if step == "<" else -1
        elif not entered or depth != entered[-1]:
            return False
        elif step.startswith("end"):
            entered.pop()
    return depth == 0


def _styles(bare: str, opening: Tags, css: str) -> dict[int, str]:
    """Return what follows `style=` for each tag, by its place; nothing for one without a style."""
    for place, tag in reversed(list(enumerate(opening))):
        bare = f'{bare[: tag.end(2)]} data-place="{place}"{bare[tag.end(2) :]}'
    found = [(_PLACE.search(tag[3]), _OWN_STYLE.search(tag[3])) for tag in _TAG.finditer(inlined(bare, css))]
    return {int(place[1]): style[1] if style else "" for place, style in found if place}


def _written(source: str, opening: Tags, styles: dict[int, str]) -> str:
    for place, tag in reversed(list(enumerate(opening))):
        rest = _OWN_STYLE.sub("", source[tag.start(3) : tag.end(3)])
        style = f" style={styles[place]}" if styles[place] else ""
        source = f"{source[: tag.start(3)]}{rest}{style}{source[tag.end(3) :]}"
    return source
