"""HTML to plain text in one linear pass.

A parser would build a tree only to throw it away, nests as deep as a hostile page likes, and reads `$a<b$` as an
element. Here only names that HTML has are tags; whatever else stands in angle brackets is text, such as `<think>`.
"""

from __future__ import annotations

import html
import re

from digest.text import tex

_UNSPOKEN = "script|style|template|iframe|object|noframes|noembed|textarea|select|svg"
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp small span "
    "strike strong sub sup time tt u var wbr math mi mn mo mrow mstyle msub msup mtext semantics".split()
)
_BLOCK = frozenset(
    "address area article aside audio base basefont blink blockquote body br button canvas caption center col "
    "colgroup dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 "
    "h5 h6 head header hgroup hr html img input legend li link main map marquee menu meta meter nav noscript ol "
    "optgroup option output p param picture pre progress sec section source summary table tbody td tfoot th thead "
    "title tr track ul video".split()
) | frozenset(_UNSPOKEN.split("|"))

# Every alternative ends somewhere whatever follows, if need be at the end of the text: no start is scanned twice.
_MARKUP = re.compile(
    rf"""
      <!--.*?(?:-->|\Z)
    | <(?P<unspoken>{_UNSPOKEN})(?=[\s/>]).*?(?:</(?P=unspoken)(?=[\s/>])[^<>]*+>?|\Z)
    | <!\[CDATA\[|\]\]>|<!doctype[^<>]*+>|<\?[^<>]*+>
    | <su(?P<script>[bp])>(?P<figure>[-+0-9n]{{1,12}}+)</su(?P=script)>
    | </?(?:[a-z]+:)?(?P<name>[a-z][a-z0-9]*+)(?=[\s/>])(?:[^<>=]++|=\s*"[^"]*"|=\s*'[^']*'|=){{0,2000}}(?P<end>>?)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"</?(?:[a-z]+:)?([a-z][a-z0-9]*+)(?:\s[^<>]*+)?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});|<!--", re.IGNORECASE)


def looks_like_html(text: str) -> bool:
    """Say whether `text` holds a tag that HTML has, a comment, or an entity."""
    if "<" not in text and "&" not in text:
        return False
    return _ENTITY.search(text) is not None or any(_is_tag(tag[1]) for tag in _TAG.finditer(text))


def strip_tags(markup: str) -> str:
    """Return the words of an HTML fragment: no tags, comments, scripts or styles; entities decoded; blocks apart."""
    words = _MARKUP.sub(_spoken, markup) if "<" in markup else markup
    return html.unescape(words) if "&" in words else words


def _spoken(token: re.Match[str]) -> str:
    if token["figure"]:
        return tex.lowered(token["figure"]) if token["script"] in "bB" else tex.raised(token["figure"])
    if not token["name"]:
        return " "
    if not token["end"] or not _is_tag(token["name"]):
        return token[0]
    return "" if token["name"].lower() in _INLINE else " "


def _is_tag(name: str) -> bool:
    return (lower := name.lower()) in _INLINE or lower in _BLOCK
