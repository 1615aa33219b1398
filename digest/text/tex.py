"""TeX in titles and abstracts to Unicode: only the spans that are TeX, never the running text around them.

pylatexenc reads a bare percent sign as the start of a comment and drops the rest of the line, so it is given one
span at a time, with its percent signs escaped.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

_DROPPED = "begin|end|label|ref|eqref|cite[a-z]*"
_ARGUMENT = r"(?:\s?\[[^][{}]{0,80}\])?\s?\{(?:[^{}]|\{[^{}]*+\}){0,400}\}"
# What a backslash makes of a sign: a space, nothing, else the sign itself.
_ESCAPES = {**dict.fromkeys(" ,;:\\", " "), **dict.fromkeys("!/-", "")}
# Each alternative stops at the next opening mark, so that hostile repetition is scanned once; the first character
# stands before them all, because that is what makes the search fast. A pair of dollars is mathematics if there is TeX
# between them; else as pandoc has it: no blank inside either, no digit behind the second. What looks like the escapes
# of other languages (it\'s, \x3E, \n) stays: accents stand on vowels or inside words, no digit follows a name. TeX
# has nine arguments at most.
_SPAN = re.compile(
    rf"""[$\\`{{~](?:
      (?<=\$)(?:
          \$(?P<display>[^$]{{1,600}}+)\$\$
        | (?<!\$\$)(?=[^\s$])(?: (?P<inline>[^$\\^_]{{0,200}}+[\\^_](?:\\\$|[^$]){{0,400}}) (?<![\s\\])\$
                             | (?P<plain>[^$\\^_]{{1,400}}+) (?<![\s/-])\$(?![0-9]) ) )
    | (?<=\\)(?:
          \((?P<round>(?:[^\\]|\\[^()]){{1,400}})\\\)
        | \[(?P<square>(?:[^\\]|\\[^][]){{1,600}})\\\]
        | (?:url|path)\{{(?P<url>[^{{}}]{{1,2000}}+)\}}
        | href\s?\{{(?P<target>[^{{}}]{{1,2000}}+)\}}\s?\{{(?P<words>[^{{}}]{{0,400}}+)\}}
        | (?P<silent>(?:{_DROPPED})\*?{_ARGUMENT})
        | (?: ["'`^~=.]\s?(?:\{{\\?[A-Za-z]{{1,2}}\}}|\\[ij](?![A-Za-z])|[AEIOUYaeiouy])
            | ['`^~=.][A-Za-z](?=[A-Za-z])
            | [cvH]\s[A-Za-z]
            | [A-Za-z]++(?![0-9])\*?(?:{_ARGUMENT}){{0,9}} )(?P<tie>~?)
        | (?P<escape>[%&#${{}}\ ,;:!/-]|_(?=\w)|\\(?=\s)) )
    | (?<=`)`(?P<quoted>(?:[^`']|'(?!')){{1,400}})''
    | (?<=\{{)(?P<group>\\(?:[^{{}}]|\{{[^{{}}]*+\}}){{1,400}}\}})
    | (?<=~)(?P<reference>\\(?:{_DROPPED})\*?{_ARGUMENT})
    )""",
    re.VERBOSE,
)
_FORMULAS = ("display", "inline", "plain", "round", "square")
_RAISED = re.compile(r"\^(?:\{([-+0-9n]+)\}|([0-9n]))")
_LOWERED = re.compile(r"_(?:\{([-+0-9]+)\}|([0-9]))")
_DEGREES = re.compile(r"\^(?:\{\\circ\}|\\circ(?![A-Za-z]))")
_RAISE = str.maketrans("-+0123456789n", "⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ")
_LOWER = str.maketrans("-+0123456789", "₋₊₀₁₂₃₄₅₆₇₈₉")
_BARE_PERCENT = re.compile(r"(?<!\\)%")
# Commands that set type and say nothing.
_SILENT = frozenset(
    "it bf em rm tt sc sl sf cal left right middle big Big bigg Bigg bigl bigr Bigl Bigr displaystyle textstyle limits "
    "nolimits tiny small normalsize large Large xspace par noindent newline linebreak protect centering bm boldsymbol "
    "operatorname mathop hbox mathsf mathtt mathit mathbf".split()
)

# A span costs about 0.3 ms. No abstract has this many; a text that does keeps the rest as it is.
_SPANS_CONVERTED = 300


def has_tex(text: str) -> bool:
    """Say whether `text` may contain TeX at all: a cheap gate, true for every text that `to_unicode` would change."""
    return "\\" in text or "$" in text or "`" in text


def to_unicode(text: str) -> str:
    """Return `text` with its TeX spans as Unicode; all else, the bare percent sign too, stays as it is."""
    left = _SPANS_CONVERTED

    def convert(span: re.Match[str]) -> str:
        nonlocal left
        simple: str | None = _simple(span)
        if simple is not None:
            return simple
        left -= 1
        return _converted(span) if left >= 0 else span[0]

    return _SPAN.sub(convert, text)


def raised(text: str) -> str:
    """Return digits, signs and n as superscripts."""
    return text.translate(_RAISE)


def lowered(text: str) -> str:
    """Return digits and signs as subscripts."""
    return text.translate(_LOWER)


def _simple(span: re.Match[str]) -> Any:
    """Return what needs no TeX reader: escapes, addresses, quotation marks, commands that print nothing."""
    match span.lastgroup:
        case "escape":
            return _ESCAPES.get(span["escape"], span["escape"])
        case "url":
            return span["url"]
        case "words":
            return f"{span['words']} ({span['target']})"
        case "quoted":
            return f"“{span['quoted']}”"
        case "silent" | "reference":
            return ""
    return None


def _converted(span: re.Match[str]) -> str:
    if span.lastgroup in _FORMULAS:
        return _read(f"${_with_scripts(span[span.lastgroup])}$")
    command = span[0].removesuffix("~")
    return _read(command) + " " * (len(span[0]) - len(command))


def _with_scripts(formula: str) -> str:
    """Return a formula with those exponents and indices that Unicode has."""
    formula = _RAISED.sub(lambda script: raised(script[1] or script[2]), _DEGREES.sub("°", formula))
    return _LOWERED.sub(lambda script: lowered(script[1] or script[2]), formula)


@lru_cache(maxsize=4096)
def _read(source: str) -> str:
    """Return one span as text; what cannot be read stays as it is."""
    try:
        text: str = _reader().latex_to_text(_BARE_PERCENT.sub(r"\\%", source))
    # pylatexenc 2.11 documents its own error only, but macros with wrong arguments end as these.
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return source
    # A macro without its arguments comes out as its format, an accent without its letter as a loose mark.
    unfinished = "%s" in text or "%(" in text or unicodedata.combining((text.strip() or " ")[0])
    return source if unfinished else text


@cache
def _reader() -> Any:
    """Return the converter, imported on first use: most texts hold no TeX."""
    from pylatexenc import latex2text, latexwalker

    # It would print a line on stderr for each thing it cannot read; a pure module stays silent.
    latex2text.logger.disabled = latexwalker.logger.disabled = True
    known = latex2text.get_default_latex_context_db()
    footnote = latex2text.MacroTextSpec("footnote", simplify_repl=" (%(2)s)")
    known.add_context_category("digest", macros=[footnote], prepend=True)
    known.set_unknown_macro_spec(latex2text.MacroTextSpec("", simplify_repl=_unknown))
    return latex2text.LatexNodes2Text(math_mode="text", latex_context=known)


def _unknown(node: Any, l2tobj: Any) -> str:
    r"""Return an author's own macro as its argument (`\ours{Quest}`), else as its name (`\ours beats it`).

    The name of the second parameter is pylatexenc's: it passes itself there.
    """
    if node.nodeargd and node.nodeargd.argnlist:
        return "".join(l2tobj.nodelist_to_text([part]) for part in node.nodeargd.argnlist if part is not None)
    end = node.pos + node.len
    if node.parsing_state.s[end : end + 1] == "{" or node.macroname in _SILENT:
        return ""
    return str(node.macroname) if len(node.macroname) > 1 else rf"\{node.macroname}"
