"""Hostile input of any size, in shapes that cost a careless reader the square of it."""

from __future__ import annotations

import json
from collections.abc import Callable

Shape = Callable[[int], str]

OPEN = "<rss><channel><item><title>"
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom">'
_CLOSE = "</title></item></channel></rss>"


def _over(before: str, again: str, after: str = "") -> Shape:
    """Return a shape that repeats a text between two others."""
    return lambda size: before + again * (size // len(again)) + after


def _numbered(before: str, again: str, after: str = "") -> Shape:
    return lambda size: before + "".join(again.format(n) for n in range(size // (len(again) + 3))) + after


def _line(**paper: object) -> str:
    return json.dumps(paper)


SHAPES: dict[str, Shape] = {
    "angle brackets": _over("<rss>", "<"),
    "ampersands": _over(OPEN, "&"),
    "unknown entities": _over(OPEN, "&abc;"),
    "open sections": _over(OPEN, "<![CDATA["),
    "open comments": _over("<rss>", "<!--"),
    "open instructions": _over("<rss>", "<?"),
    "open declarations": _over("<rss>", "<!a"),
    "open elements": _over("<rss>", "<a>"),
    "open items": _over("<rss><channel>", "<item><title>x</title>"),
    "nested channels": _over("<rss>", "<channel>"),
    "attributes": _numbered("<rss><a ", 'a{}="x" ', "/></rss>"),
    "namespaces": _numbered("<rss ", 'xmlns:a{}="x" ', "></rss>"),
    "names": _numbered("<rss><channel><item><title>x</title>", "<a{}/>", "</item></channel></rss>"),
    "doctype": _numbered("<!DOCTYPE rss [", '<!ENTITY a{} "x">', f"]>{OPEN}x{_CLOSE}"),
    "elements of an item": _over("<rss><channel><item><title>x</title>", "<link/>", "</item></channel></rss>"),
    "items alike": _over("<rss><channel>", "<item><title>x</title><guid>x</guid></item>", "</channel></rss>"),
    "items of one id": _numbered("<rss><channel>", "<item><title>x{}</title><guid>x</guid></item>", "</channel></rss>"),
    "one author": _over(f"{OPEN}x</title><author>", "a", "</author></item></channel></rss>"),
    "addresses of authors": _over(f"{OPEN}x</title><author>", "a@", "</author></item></channel></rss>"),
    "brackets in authors": _over(f"{OPEN}x</title><guid>arXiv:2611.01230</guid><author>", "a (b,", "</author>"),
    "commas in authors": _over(f"{OPEN}x</title><guid>arXiv:2611.01230</guid><dc:creator>", "a b, ", "</dc:creator>"),
    "a date": _over(f"{OPEN}x</title><pubDate>", "1 ", "</pubDate></item></channel></rss>"),
    "blanks": _over(OPEN, " ", _CLOSE),
    "marks": _over(OPEN, "\u0301\u0323", _CLOSE),
    "joiners": _over(OPEN, "\u200d", _CLOSE),
    "one word": _over(OPEN, "x", _CLOSE),
    "words": _over(f"{OPEN}x</title><description>", "word ", "</description></item></channel></rss>"),
    "open tags of HTML": _over(f"{OPEN}x</title><description>", "&lt;a ", "</description></item></channel></rss>"),
    "scripts": _over(f"{OPEN}x</title><description>", "&lt;script>", "</description></item></channel></rss>"),
    "open quotes": _over(f"{OPEN}x</title><description>", "&lt;a b=&quot;", "</description></item></channel></rss>"),
    "equal signs": _over(f"{OPEN}x</title><description>&lt;a ", "=", "</description></item></channel></rss>"),
    "nested markup": _over(f'{ATOM}<entry><title type="xhtml">', "<b>"),
    "dollars": _over(OPEN, "$a", _CLOSE),
    "formulas": _numbered(OPEN, "$\\alpha_{}$ ", _CLOSE),
    "open braces": _over(OPEN, "\\a{", _CLOSE),
    "arguments": _over(f"{OPEN}\\a", "{x}", _CLOSE),
    "back quotes": _over(OPEN, "``a", _CLOSE),
    "links of a text": _over(f"{OPEN}x</title><description>", "github.com/a ", "</description></item></channel></rss>"),
    "pages of a text": _over(f"{OPEN}x</title><description>", "project page http", "</description></item>"),
    "a long base": lambda size: (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://a/{"x/" * (size // 4)}">'
        + "<entry><title>x</title><link href='a'/></entry>" * (size // 100)
    ),
    "bases": _over(f"{ATOM}", '<entry xml:base="a/"><title>x</title><link href="b" xml:base="c/"/></entry>', "</feed>"),
    "base64": _over(f'{ATOM}<entry><title mode="base64">', "eHg=", "</title></entry></feed>"),
    "nested lists of JSON": _over("", "["),
    "nested objects of JSON": _over("", '{"a":'),
    "a feed of JSON": _over(
        '{"version": "https://jsonfeed.org/version/1", "items": [', '{"title": "x"},', '{"title": "x"}]}'
    ),
    "digits of JSON": _over('{"title": "x", "upvotes": ', "9", "}"),
    "lines": _over("", _line(title="x" * 130) + "\n"),
    "broken lines": _over('{"title": "x"}\n', "{\n"),
    "authors of a line": lambda size: _line(title="x", authors=["a b"] * (size // 7)),
    "links of a page": _over("<!doctype html>", '<link type="application/rss+xml" '),
    "open tags of a page": _over("<!doctype html>", "<link "),
    "OAI records": _over(
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>',
        "<record><header/>",
        "</ListRecords></OAI-PMH>",
    ),
    "BibTeX braces": _over("@article{a, title = ", "{"),
    "BibTeX entries": _numbered("", "@article{{a{}, title = {{x}}}}\n"),
    "open BibTeX entries": _over("", "@article{a, title = {x\n"),
    "BibTeX joined": _over('@article{a, title = "x"', ' # "x"', "}"),
    "BibTeX authors": _over("@article{a, title = {x}, author = {", "A and ", "}}"),
    "RIS authors": _over("TY  - JOUR\nTI  - x\n", "AU  - a\n", "ER  - \n"),
    "open RIS entries": _over("", "TY  - JOUR\nTI  - x\n"),
}
"""Each makes a text of about so many characters."""
