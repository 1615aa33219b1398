"""Mails written by hand, in which no rule finds anything, and short ways to spoil them."""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Callable, Mapping

TOKEN = "k3Y0fReader7Qx_-" + "a" * 28
LEAVE = f"https://digest.example/leave/{TOKEN}"
HEAD = {
    "To": "reader@example.org",
    "Date": "Fri, 20 Nov 2026 07:00:00 +0100",
    "Message-ID": "<1.daily@digest.example>",
    "List-Unsubscribe": f"<{LEAVE}>,\r\n <mailto:hello@digest.example?subject=unsubscribe>",
    "From": "Digest <digest@digest.example>",
    "Subject": "=?utf-8?b?U2Now7ZuZSBaYWhsZW4=?=",
    "List-Id": "Numbers <numbers.digest.example>",
    "List-Help": "<https://digest.example/>",
    "List-Owner": "<mailto:hello@digest.example>",
    "List-Archive": "<https://digest.example/topics/numbers/>",
    "Archived-At": "<https://digest.example/topics/numbers/2026-11-20/>",
    "List-Post": "NO",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "Feedback-ID": "numbers:daily:digest",
    "CFBL-Address": "complaints@digest.example; report=arf",
    "Auto-Submitted": "auto-generated",
    "Precedence": "bulk",
    "X-Auto-Response-Suppress": "OOF, AutoReply",
    "Content-Language": "en",
    "MIME-Version": "1.0",
    "Content-Type": 'multipart/alternative;\r\n boundary="=_b"',
}
TEXT = f"""2 papers picked from the 52 we saw.

Digest
https://digest.example/

NUMBERS

 1. Schöne Zahlen

    Why: 61 upvotes.
    PDF: https://papers.example/1.pdf

 2. A & B are letters

    Why: 7 upvotes; it asks "why?".

------------------------------------------------------------------------
Unsubscribe: {LEAVE}
Preferences: https://digest.example/preferences/
Questions: hello@digest.example
"""
DARK = """@media (prefers-color-scheme: dark) {
  body { background-color: #131715 !important; }
  p, .title { color: #e3e8e4 !important; }
  .foot a, .title a { color: #8cc7ae !important; }
}"""
STYLE = "padding: 8px 0 0; font: 16px/1.6 Georgia, serif; color: #1c211e;"
HTML = f"""<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>Schöne Zahlen</title>
<style>{DARK}</style>
</head>
<body style="margin: 0; background-color: #fbfcfa;">
<table role="presentation" width="100%"><tbody><tr><td>
<p style="{STYLE}">2 papers picked from the 52 we saw.</p>
<h1 class="title" style="{STYLE}"><a href="https://digest.example/" style="color: #1c5e4b;">Digest</a></h1>
<h2 class="title" style="{STYLE}">Numbers</h2>
<h3 class="title" style="{STYLE}">1. Schöne Zahlen</h3>
<p style="{STYLE}">Why: 61 upvotes. <br><a href="https://papers.example/1.pdf">PDF</a></p>
<h3 class="title" style="{STYLE}">2. A &amp; B are letters</h3>
<p style="{STYLE}">Why: 7 upvotes; it asks "why?".</p>
<p class="foot" style="{STYLE}"><a href="{LEAVE}" style="color: #1c5e4b;">Unsubscribe</a>
<a href="https://digest.example/preferences/" style="color: #1c5e4b;">Preferences</a></p>
<p class="foot" style="{STYLE}">Questions: <a href="mailto:hello@digest.example">hello@digest.example</a></p>
</td></tr></tbody></table>
</body>
</html>
"""
LETTER_HEAD = {
    name: value for name, value in HEAD.items() if not name.startswith(("List-", "Archived", "Prec", "Feed"))
}

Spoil = Callable[[], bytes]


def assembled(head: Mapping[str, str] = HEAD, text: str = TEXT, html: str = HTML) -> bytes:
    """Return a message of headers and two parts."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    body = b"--=_b\r\n" + part("plain", text) + b"\r\n--=_b\r\n" + part("html", html) + b"\r\n--=_b--\r\n"
    return lines.encode("utf-8", "surrogateescape") + b"\r\n" + body


def part(subtype: str, text: str) -> bytes:
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + b2a_qp(text.encode("utf-8", "surrogatepass"), istext=True).replace(b"\n", b"\r\n")


def head(**changed: str | None) -> Spoil:
    """Put other values into headers (`_` in a name is `-`); None takes a header away."""
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    known = {name.lower(): name for name in HEAD}
    wanted = {**HEAD, **{known.get(name.lower(), name): value for name, value in names.items()}}
    return lambda: assembled({name: value for name, value in wanted.items() if value is not None})


def html(old: str, new: str) -> Spoil:
    """Put something else in place of a piece of the HTML."""
    return lambda: assembled(html=_replaced(HTML, old, new))


def text(old: str, new: str) -> Spoil:
    """Put something else in place of a piece of the text."""
    return lambda: assembled(text=_replaced(TEXT, old, new))


def both(old: str, new: str, *, escaped: str | None = None) -> Spoil:
    """Put something else in place of a piece of both forms."""
    shown = new if escaped is None else escaped
    return lambda: assembled(text=_replaced(TEXT, old, new), html=_replaced(HTML, old, shown))


def raw(old: bytes, new: bytes, *, count: int = 1) -> Spoil:
    """Put other bytes in place of the first such bytes of the message."""
    whole = assembled()
    assert old in whole, old
    return lambda: whole.replace(old, new, count)


def _replaced(whole: str, old: str, new: str) -> str:
    assert old in whole, old
    return whole.replace(old, new, 1)
