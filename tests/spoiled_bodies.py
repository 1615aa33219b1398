"""Mails that break the rules of MIME, sizes, structure, links, privacy, accessibility and likeness, by rule.

Each stands with the other rules that it cannot but break.
"""

from __future__ import annotations

from tests.mails import HTML, LEAVE, STYLE, TEXT, Spoil, assembled, both, head, html, raw, text

PIXEL = '<img src="cid:a" alt="" width="1" height="1">'
REMOTE = '<img src="//cdn.example/a.png" alt="A">'
P = f'<p style="{STYLE}">'
LAST = f'<h3 class="title" style="{STYLE}">2'
NO_TEXT = "leave-missing-text preferences-missing-text"
UNDECODED = "leave-missing-text links-other numbers-other titles-other words-other"


def swapped() -> bytes:
    """The two parts the other way round."""
    front, plain, rich, end = assembled().split(b"--=_b")
    return b"--=_b".join((front, rich, plain, end))


def lone(said: str) -> Spoil:
    """Another text altogether."""
    return lambda: assembled(text=said)


def styled(old: str, new: str) -> Spoil:
    """Another piece in every inlined style."""
    assert old in HTML
    return lambda: assembled(html=HTML.replace(old, new))


def linked(url: str, words: str = "PDF") -> Spoil:
    """Let both forms link elsewhere."""
    old = '<a href="https://papers.example/1.pdf">PDF</a>'
    return lambda: assembled(
        text=TEXT.replace("https://papers.example/1.pdf", url).replace("PDF:", f"{words}:"),
        html=HTML.replace(old, f'<a href="{url}">{words}</a>'),
    )


BREAKING: dict[str, list[tuple[Spoil, str]]] = {
    # mime
    "mime-version": [(head(MIME_Version="1.1"), "")],
    "content-type-form": [
        (head(Content_Type="multipart/alternative; boundary"), "parts-order"),
        (raw(b"Content-Type: text/plain; charset=utf-8", b"Content-Type: plain"), "parts-order"),
    ],
    "multipart-alternative": [(head(Content_Type='multipart/mixed;\r\n boundary="=_b"'), "")],
    "multipart-encoding": [(head(Content_Transfer_Encoding="quoted-printable"), "")],
    "boundary-form": [(head(Content_Type="multipart/alternative"), "parts-order")],
    "boundary-near": [(raw(b"NUMBERS", b"NUMBERS\r\n--=_boundary"), "quoted-form words-other")],
    "multipart-open": [(raw(b"\r\n--=_b--\r\n", b"\r\n"), "")],
    "multipart-before": [(raw(b"\r\n\r\n--=_b\r\n", b"\r\n\r\nHello\r\n--=_b\r\n"), "")],
    "multipart-behind": [(raw(b"--=_b--\r\n", b"--=_b--\r\nHello\r\n"), "")],
    "parts-order": [(swapped, ""), (raw(b"text/plain", b"text/x"), f"attachment {NO_TEXT}")],
    "attachment": [
        (raw(b"\r\n--=_b--\r\n", b"\r\n--=_b\r\nContent-Type: image/png\r\n\r\nx\r\n--=_b--\r\n"), ""),
        (raw(b"Content-Type: text/html", b"Content-Disposition: attachment\r\nContent-Type: text/html"), ""),
    ],
    "part-headers": [
        (raw(b"Content-Type: text/html", b"Subject: x\r\nContent-Type: text/html"), ""),
        (raw(b"Content-Type: text/html", b"Content-Type: text/html\r\nContent-Type: text/html"), "charset"),
        (raw(b"Content-Type: text/html", b"no header\r\nContent-Type: text/html"), ""),
    ],
    "part-empty": [(lone("\n"), "leave-missing-text preferences-missing-text")],
    "charset": [
        (raw(b"text/plain; charset=utf-8", b"text/plain; charset=us-ascii"), ""),
        (raw(b"text/plain; charset=utf-8", b"text/plain"), ""),
    ],
    "charset-broken": [(raw(b"Sch=C3=B6ne", b"Sch=F6ne"), "titles-other")],
    "encoding-known": [(raw(b"Encoding: quoted-printable", b"Encoding: quoted"), UNDECODED)],
    "encoding-quoted": [
        (
            raw(
                b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
                b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
            ),
            UNDECODED,
        )
    ],
    "base64-form": [(raw(b"Encoding: quoted-printable", b"Encoding: base64"), "encoding-quoted part-empty")],
    "quoted-form": [(raw(b"Sch=C3=B6ne", b"Sch=c3=b6ne"), ""), (raw(b"NUMBERS", b"NUM=ZERS"), "titles-other")],
    "quoted-line": [
        (raw(b"NUMBERS", b"NUMBERS" + b" numbers" * 9), "text-wide words-other"),
        (raw(b"NUMBERS", b" " * 70 + b"NUMBERS"), ""),
    ],
    "quoted-blank": [(raw(b"NUMBERS", b"NUMBERS "), "")],
    "text-control": [(both("upvotes", "up\x1bvotes"), ""), (text("NUMBERS", "\ufdd0NUMBERS"), "")],
    "text-override": [(both("upvotes", "up\u202evotes"), "")],
    # sizes
    "html-large": [(html("</body>", "<p></p>" * 14_000 + "</body>"), "")],
    "style-large": [(html("<style>", "<style>" + "/* a comment */" * 1100), "")],
    "head-large": [(head(Comments="\r\n ".join(["x" * 60] * 140)), "")],
    # structure
    "html-doctype": [
        (html("<!doctype html>\n", ""), ""),
        (html("<!doctype html>", '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">'), ""),
    ],
    "html-unbalanced": [
        (html("</h2>", ""), "titles-other"),
        (html("</td></tr>", ""), ""),
        (html("</tr>", "</div></tr>"), ""),
        (html("</html>", "</html"), ""),
        (html("</h1>", ""), "titles-other"),
    ],
    "html-nesting": [
        (html("</td></tr>", f"<tr><td>{P}Why</p></td></tr></td></tr>"), ""),
        (html("Why: 61", '<table role="presentation"></table>Why: 61'), ""),
        (html("Unsubscribe</a>", '<a href="https://digest.example/">Digest</a> Unsubscribe</a>'), ""),
    ],
    "html-frame": [(html("</body>", "</body><body></body>"), ""), (html("<head>", "<head></head><head>"), "")],
    "html-element": [(html("Why", "<blink>Why</blink>"), "line-tight"), (html("<br>", "<svg></svg><br>"), "")],
    "html-attribute-twice": [(html('dir="ltr"', 'dir="ltr" dir="rtl"'), "")],
    "html-id-twice": [(html("<br>", '<b id="a"></b><b id="a"></b><br>'), "")],
    "html-unescaped": [
        (html("A &amp; B", "A & B"), ""),
        (both("papers picked", "papers < 3 picked"), ""),
        (linked("https://papers.example/?a=1&b=2"), ""),
    ],
    "html-comment": [(html("<body", "<!--[if mso]><b></b><![endif]--><body"), ""), (html("<br>", "<!--x--><br>"), "")],
    "html-lang": [(html(' lang="en"', ""), ""), (html('lang="en"', 'lang="english_"'), "language-other")],
    "html-dir": [(html(' dir="ltr"', ""), "")],
    "html-dir-known": [(html("<h2", '<h2 dir="left"'), "")],
    "html-title": [(html("<title>Schöne Zahlen</title>", "<title> </title>"), "")],
    "html-charset": [
        (html('<meta charset="utf-8">\n', ""), ""),
        (html('charset="utf-8"', 'charset="latin-1"'), ""),
        (html("<head>", f"<head {'x' * 1000}>"), ""),
    ],
    "html-viewport": [(html('name="viewport"', 'name="view"'), "")],
    "html-zoom": [(html("initial-scale=1", "maximum-scale=1, user-scalable=no"), "")],
    "html-colour-schemes": [
        (html('<meta name="color-scheme" content="light dark">\n', ""), ""),
        (html('<meta name="supported-color-schemes" content="light dark">\n', ""), ""),
    ],
    "html-dark": [(html("prefers-color-scheme: dark", "max-width: 420px"), "")],
    "style-place": [(html("<body", "<style></style><body"), ""), (html("<h2", "<style></style><h2"), "")],
    "style-broken": [(html("}</style>", "</style>"), "")],
    # links
    "link-form": [
        (linked("https://papers.example/a|b"), ""),
        (linked("https://papers.example/ü"), ""),
        (linked("https://[papers.example/"), ""),
        (html('href="https://papers.example/1.pdf"', 'href=""'), "link-relative links-other"),
    ],
    "link-scheme": [
        (html("https://papers.example/1.pdf", "javascript:alert(1)"), "links-other link-relative"),
        (html("https://papers.example/1.pdf", "ftp://papers.example/1.pdf"), "links-other"),
    ],
    "link-relative": [
        (html("https://papers.example/1.pdf", "/1.pdf"), "links-other"),
        (html("https://papers.example/1.pdf", "//papers.example/1.pdf"), "links-other"),
    ],
    "link-credentials": [(linked("https://me:secret@papers.example/"), "")],
    "link-numeric": [(linked("https://192.0.2.1/"), ""), (linked("https://[2001:db8::1]/"), "")],
    "link-shortener": [(linked("https://bit.ly/abc"), ""), (linked("https://www.tinyurl.com/abc"), "")],
    "link-tracking": [(linked("https://papers.example/1?utm_source=x"), "")],
    "link-insecure": [(linked("http://digest.example/topics/numbers/"), "")],
    "link-text": [(linked("https://papers.example/1.pdf", "click here"), ""), (html(">PDF<", "><"), "")],
    "link-misleads": [(linked("https://papers.example/1.pdf", "bank.test"), "")],
    "leave-missing": [(html(LEAVE, "https://digest.example/"), "links-other")],
    "leave-missing-text": [(text(f"Unsubscribe: {LEAVE}", "Unsubscribe:"), "links-other")],
    "leave-other": [
        (html(f'<a href="{LEAVE}"', f'<a href="{LEAVE[:-1]}b">No more</a> <a href="{LEAVE}"'), "links-other")
    ],
    "preferences-missing": [(html("https://digest.example/preferences/", "https://digest.example/"), "links-other")],
    "preferences-missing-text": [(text("https://digest.example/preferences/", "-"), "links-other")],
    "key-early": [
        (html(LAST, f'<p style="{STYLE}"><a href="{LEAVE}">Unsubscribe</a></p>{LAST}'), ""),
        (text("NUMBERS", f"Unsubscribe: {LEAVE}\n\nNUMBERS"), ""),
    ],
    # privacy
    "remote-resource": [
        (html("<br>", f"{REMOTE}<br>"), ""),
        (html("<table ", '<table background="https://cdn.example/a.png" '), ""),
        (html("<br>", '<img srcset="https://cdn.example/a.png 2x" alt="A"><br>'), ""),
    ],
    "remote-style": [
        (html("<style>", "<style>@import 'https://cdn.example/a.css';"), ""),
        (styled("padding: 8px", "background-image: url( 'https://cdn.example/a.png' ); padding: 8px"), ""),
    ],
    "remote-font": [(html("<style>", "<style>@font-face { font-family: A }"), "")],
    "link-element": [(html("<style>", '<link rel="stylesheet" href="a.css"><style>'), "")],
    "base-element": [(html("<style>", '<base href="https://digest.example/"><style>'), "")],
    "refresh": [(html("<style>", '<meta http-equiv="refresh" content="0"><style>'), "")],
    "pixel": [
        (html("<br>", f"{PIXEL}<br>"), ""),
        (html("<br>", '<img src="cid:a" alt="" style="width: 1px"><br>'), ""),
    ],
    "image-embedded": [
        (html("<br>", '<img src="data:image/png;base64,AAAA" alt="A"><br>'), ""),
        (html("<style>", "<style>p { background: url(data:image/png;base64,AAAA) }"), ""),
    ],
    "script": [(html("</body>", "<script>alert(1)</script></body>"), "")],
    "handler": [(html("<h2", '<h2 onclick="x()"'), "")],
    "form": [(html("<br>", '<form><input name="a"></form><br>'), "")],
    "foreign-frame": [(html("</body>", "<iframe></iframe></body>"), "")],
    "reader-repeated": [
        (both("papers picked", "papers for reader@example.org picked"), ""),
        (head(Feedback_ID="reader@example.org:digest"), ""),
        (linked("https://papers.example/?for=Reader%40example.org"), ""),
    ],
    # accessibility
    "heading-one": [
        (styled("h1", "h2"), ""),
        (styled("h2", "h1"), "heading-order"),
        (styled("h1", "h4"), ""),
    ],
    "heading-order": [
        (html(f'<h2 class="title" style="{STYLE}">Numbers</h2>', ""), ""),
        (styled("h3", "h4"), ""),
    ],
    "heading-empty": [(html("<h2", "<h2></h2><h2"), "")],
    "table-role": [(html(' role="presentation"', ""), "")],
    "image-alt": [(html("<br>", '<img src="cid:a"><br>'), "")],
    "font-small": [
        (html(f"{P}Why", f"{P.replace('16px/1.6', '13px/1.6')}Why"), ""),
        (html(f"{P}Why", f"{P.replace('16px/1.6', '10pt/1.6')}Why"), ""),
        (html("Why", '<b style="font-size: 80%;">Why</b>'), ""),
    ],
    "line-tight": [
        (html(f"{P}Why", f"{P.replace('16px/1.6', '16px/1.2')}Why"), ""),
        (html(f"{P}Why", f"{P.replace('16px/1.6', '16px/20px')}Why"), ""),
        (html(f"{P}Why", f"{P.replace('16px/1.6', '16px')}Why"), ""),
    ],
    "contrast-light": [
        (html(f"{P}Why", f"{P.replace('#1c211e', '#999')}Why"), ""),
        (html(f"{P}Why", f"{P.replace('#1c211e', 'rgb(150, 150, 150)')}Why"), ""),
        (html("#fbfcfa", "#444"), ""),
    ],
    "contrast-dark": [
        (html(" p, .title {", " .title {"), ""),
        (html(".foot a, .title a {", ".title a {"), ""),
        (html(f"{P}Why", f"{P.replace('color: #1c211e', 'background: white; color: black')}Why"), ""),
    ],
    "hidden-text": [
        (html("Why", '<b style="display: none">Why</b>'), ""),
        (html("Why", '<b style="visibility:hidden">Why</b>'), ""),
        (html("Why", "<b hidden>Why</b>"), ""),
        (html("Why", '<b style="opacity: 0">Why</b>'), ""),
        (html("Why", '<b style="max-height:0">Why</b>'), ""),
        (html("Why", '<b style="font-size: 0">Why</b>'), "font-small"),
        (html("<style>", "<style>.a { display: none }"), ""),
    ],
    "layout-modern": [
        (html("<h2", '<div style="display: flex"></div><h2'), ""),
        (html("<h2", '<div style="float:left"></div><h2'), ""),
        (html("<style>", "<style>.a { position: absolute }"), ""),
    ],
    "style-variable": [
        (styled("color: #1c211e", "color: var(--ink)"), ""),
        (html("<style>", "<style>p { --a: 1 }"), ""),
    ],
    "margin": [(html(f"{P}Why", f"{P.replace('padding', 'margin')}Why"), "")],
    # likeness
    "title-other": [(html("<title>Schöne Zahlen", "<title>Numbers"), ""), (head(Subject="Numbers"), "")],
    "language-other": [(head(Content_Language="de"), ""), (html('lang="en"', 'lang="de"'), "")],
    "titles-other": [
        (text("1. Schöne Zahlen", "1. Schoene Zahlen"), ""),
        (
            lambda: assembled(
                text=TEXT.replace("1. Schöne Zahlen", "?")
                .replace("2. A & B are letters", "1. Schöne Zahlen")
                .replace("?\n", "2. A & B are letters\n", 1)
            ),
            "",
        ),
    ],
    "links-other": [
        (text("https://papers.example/1.pdf", "https://papers.example/2.pdf"), ""),
        (text("Why: 7", "https://elsewhere.example/\nWhy: 7"), ""),
        (html("https://papers.example/1.pdf", "https://papers.example/1.pdf?"), ""),
    ],
    "mail-links-other": [(html("mailto:hello@", "mailto:other@"), "")],
    "numbers-other": [(text("61 upvotes", "62 upvotes"), ""), (html("the 52 we", "the 1,052 we"), "lead-other")],
    "words-other": [(text("it asks", "some other words that are not in it at all,\nand that are many, ask"), "")],
    "lead-other": [(text("2 papers picked from the 52 we saw.", "From the 52 we saw 2 papers picked."), "")],
    "text-wide": [(both("upvotes.", "upvotes, top 15 % of its day; new; matches Numbers, and then it is of all"), "")],
    "text-markup": [(text("NUMBERS", "<p>NUMBERS</p>"), "")],
    "text-entity": [
        (text("A & B", "A &amp; B"), "titles-other"),
        (head(Subject="A &amp; B"), "title-other"),
    ],
    "html-escaped-twice": [(html('asks "why', "asks &amp;quot;why"), "")],
    "template-left": [(text("NUMBERS", "NUMBERS {{ topic }}"), ""), (html("Why", "Why {% if %}"), "")],
}
