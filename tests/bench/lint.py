"""What the linter costs: `python -m tests.bench.lint [KILOBYTES]`. A mail of 50 KB, and hostile ones of twice the size.

The budget of a hostile shape is 2.5 times the cost for twice the length.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time

from digest.render.lint import RULES, findings
from digest.render.lint.message import Mail
from tests.mails import HEAD, HTML, STYLE, TEXT, assembled

ROUNDS = 5
BUDGET = 2.5
PAPER = f"""<h3 class="title" style="{STYLE}">
<a href="https://papers.example/%d" style="color: #1c5e4b">Paper %d</a></h3>
<table role="presentation"><tbody><tr>
<td class="foot" style="{STYLE}">{"What it says, and why. " * 12}</td>
</tr></tbody></table>"""
SAID = "Paper %d\nhttps://papers.example/%d\n" + "What it says, and why.\n" * 12

Shape = Callable[[int], bytes]


def mail_of(papers: int) -> bytes:
    numbers = range(papers)
    html = "".join(PAPER % (number, number) for number in numbers)
    text = "".join(SAID % (number, number) for number in numbers)
    return assembled(
        text=TEXT.replace("-----", f"{text}-----", 1),
        html=HTML.replace('<p class="foot"', f'{html}<p class="foot"', 1),
    )


def _html(again: str, before: str = "") -> Shape:
    return lambda size: assembled(html=HTML.replace("Why", before + again * (size // len(again))))


def _css(again: str) -> Shape:
    return lambda size: assembled(html=HTML.replace("<style>", "<style>" + again * (size // len(again))))


def _style(again: str) -> Shape:
    return lambda size: assembled(html=HTML.replace("padding: 8px 0 0;", again * (size // len(again)), 1))


def _text(again: str) -> Shape:
    return lambda size: assembled(text=TEXT.replace("Why", again * (size // len(again))))


def _head(name: str, again: str, before: str = "") -> Shape:
    return lambda size: assembled({**HEAD, name: before + again * (size // len(again))})


def _body(again: bytes) -> Shape:
    return lambda size: assembled().replace(b"NUMBERS", again * (size // len(again)), 1)


SHAPES: dict[str, Shape] = {
    "open tags": _html("<a "),
    "open quotes": _html("<a href='"),
    "open comments": _html("<!--"),
    "angle brackets": _html("<"),
    "ampersands": _html("&"),
    "nested elements": _html('<div class="title">'),
    "nested links": _html('<a href="https://a.example/">x'),
    "headings": _html("<h3>no such thing</h3>"),
    "closing tags": _html("</div>"),
    "attributes": _html("a='1' ", before="<b "),
    "slashes": _html("/", before="<b "),
    "classes": _html("<b class='title x'>y</b>"),
    "raw elements": _html("<textarea>"),
    "addresses": _html("<a href='https://192.0.2.1:1:1/'>a.a.a.a</a>"),
    "a long host": _html(":", before="<a href='https://"),
    "dark queries": _css("@media "),
    "open braces": _css("@media (prefers-color-scheme: dark) {p{"),
    "dark rules": _css("@media (prefers-color-scheme: dark) { .title p { color: #fff !important } }"),
    "css comments": _css("/*"),
    "css addresses": _css("url(  "),
    "declarations": _style("font: 1px;"),
    "blanks of a style": _style("url( "),
    "words": _text("word "),
    "one word": _text("x"),
    "links of a text": _text("https://a.example/ "),
    "tags of a text": _text("<a "),
    "lines": _text("\n"),
    "a header": _head("Subject", "x"),
    "quotes of a name": _head("From", '"'),
    "brackets of a name": _head("From", "<"),
    "blanks of a name": _head("From", "a ", before="Digest "),
    "encoded words": _head("Subject", "=?utf-8?q?a?= "),
    "open words": _head("Subject", "=?"),
    "ways to leave": _head("List-Unsubscribe", "<https://a.example/>, "),
    "parameters": _head("Content-Type", "; a=b", before="multipart/alternative"),
    "open parameters": _head("Content-Type", '; a="', before="multipart/alternative"),
    "labels": _head("List-Id", "a.", before="<"),
    "headers": _head("Comments", "a\r\nComments: "),
    "bare line ends": _body(b"\r"),
    "delimiters": _body(b"\r\n--=_b\r\n"),
    "equal signs": _body(b"="),
    "blanks": _body(b" "),
}
"""Each makes a message of about so many bytes more."""


def cost(data: bytes) -> float:
    """Return the least of several times, in milliseconds of processor time."""
    times = []
    for _ in range(ROUNDS):
        begun = process_time()
        findings(data)
        times.append(process_time() - begun)
    return min(times) * 1000


def main(kilobytes: int) -> None:
    raw = mail_of(55)
    print(
        f"a mail of {len(raw):,} bytes, {len(Mail(raw).page.elements)} elements: {cost(raw):.1f} ms, {len(RULES)} rules"
    )
    size = kilobytes * 1000
    print(f"{'shape':28} {'ms':>9} {'twice':>9} {'ratio':>6}")
    for name, shape in SHAPES.items():
        once, twice = cost(shape(size)), cost(shape(2 * size))
        print(f"{name:28} {once:9.1f} {twice:9.1f} {twice / once:6.2f}{' over' if twice / once > BUDGET else ''}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
