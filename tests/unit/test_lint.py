"""The linter itself: it reads any bytes, says little and safely, and sees what a mail program would."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.render.lint import RULES, Severity, findings
from digest.render.lint.addresses import mailbox, opaque, related
from digest.render.lint.markup import read_page
from digest.render.lint.message import Mail
from digest.render.lint.rules import FEW, printable
from digest.render.lint.styles import contrast, looks
from tests.mails import HEAD, HTML, TEXT, assembled

GOOD = assembled()
TOKENS = (
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b";", b"=", b"<", b">", b'"', b"&", b"--=_b"),
    *(b"=?utf-8?b?", b"?=", b"=\r\n", b"=3D", b"&#99999999999;", b"&#xD800;", b"<!--", b"<style>", b"<a href='"),
    *(b"\xff", b"\xc3", b"https://[", b"https://a:99999999/", b"@media (prefers-color-scheme: dark) {p{", b"}}"),
    *(b"style='font: 1.1.1px/9'", b"#fff", b"Content-Type: text/html; charset=\xff", b"9" * 5000, b"From: "),
)


# Any bytes will do


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert findings(data)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 60), st.sampled_from(TOKENS)), max_size=6))
def test_no_change_of_a_mail_makes_it_raise(changes: list[tuple[int, int, bytes]]) -> None:
    data = GOOD
    for place, length, token in changes:
        data = data[:place] + token + data[place + length :]
    for finding in findings(data):
        assert finding.what.isprintable()


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="<>/!-=\"' \nabphtdr&#;{}:.@", max_size=300))
def test_no_markup_and_no_style_makes_it_raise(soup: str) -> None:
    findings(assembled(html=HTML.replace("<style>", f"<style>{soup}").replace("Why", soup)))


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"\r\n\r\n", b":", b"\n\n\n", b"--", b"Content-Type: a/b; boundary=\r\n\r\n--"]
)
def test_what_is_no_mail_has_findings(data: bytes) -> None:
    assert any(finding.severity is Severity.ERROR for finding in findings(data))


# What it says


def test_a_rule_says_a_few_things_and_no_more() -> None:
    found = [finding.rule for finding in findings(GOOD.replace(b"\r\n", b"\n"))]
    assert found == ["line-end-bare"] * FEW


def test_what_it_says_does_nothing_to_a_terminal() -> None:
    assert printable("a\x1b[31m\u202eb\n\u2028") == "a\\x1b[31m\\u202eb\\n\\u2028"
    assert printable("Größe 数 é") == "Größe 数 é"
    assert len(printable("x" * 1000)) == 120


def test_findings_come_in_the_order_of_the_rules() -> None:
    names = [rule.id for rule in RULES]
    found = [names.index(finding.rule) for finding in findings(b"From: a\n\n")]
    assert found == sorted(found)


# How it reads


def test_headers_are_unfolded_and_decoded() -> None:
    mail = Mail(b"SUBJECT: =?utf-8?q?a_b?=\r\n =?utf-8?b?IGM=?= d\r\nX: 1\r\nx: 2\r\n\r\nbody")
    assert mail.decoded("Subject") == "a b c d"
    assert mail.value("X") == "1"
    assert mail.body == b"body"


def test_a_message_that_begins_with_an_empty_line_has_no_headers() -> None:
    mail = Mail(b"\r\nSubject: a\r\n\r\nbody")
    assert mail.headers == ()
    assert mail.body == b"Subject: a\n\nbody"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("a@b.example", "a@b.example"),
        ("Digest <a@b.example>", "a@b.example"),
        ('"A, <b>" <a@b.example>', "a@b.example"),
        ("a@b.example, c@d.example", None),
        ("A: a@b.example;", None),
        ("a@b@c.example", None),
        ("", None),
    ],
)
def test_a_mailbox_is_one_address_and_nothing_else(value: str, address: str | None) -> None:
    found = mailbox(value)
    assert (found.address if found else None) == address


def test_the_key_of_a_link_is_its_longest_part_that_nobody_guesses() -> None:
    assert opaque(f"https://a.example/leave/{'x' * 44}?to=list") == "x" * 44
    assert opaque("https://a-very-long-name-of-some-host.example/leave/42") == ""


def test_hosts_are_related_by_their_last_two_labels() -> None:
    assert related("mail.digest.example", "digest.example")
    assert not related("digest.example", "other.example")
    assert not related("localhost", "digest.example")


def test_a_page_is_read_as_it_stands_with_its_faults() -> None:
    page = read_page('<!doctype html><p title="a>b" TITLE=c>one<br>two <b>three</b><!-- x --></p></i><td>four')
    assert [element.tag for element in page.elements] == ["p", "br", "b", "td"]
    assert page.elements[0].attributes == {"title": "a>b"}
    assert page.shown == "one two three four"
    assert page.unbalanced == ["</i> closes nothing", "<td> is never closed"]
    assert (page.twice, page.comments) == (["title"], [" x "])


def test_what_is_no_text_is_not_shown() -> None:
    page = read_page("<head><title>a &amp; b</title><style>p {}</style></head><script>x < y</script>c &lt; d")
    assert page.shown == "c < d"
    assert page.title() == "a & b"
    assert page.sheets() == ["p {}"]


def test_a_look_is_inherited_and_dark_rules_count_if_important() -> None:
    style = "@media (prefers-color-scheme: dark) { .a p { color: #eee !important; font-size: 9px } p { color: red } }"
    page = read_page(
        f"<style>/* a {{ */{style}</style><div class='a b' style='color: #333; background-color: #fff; font: 12pt/2 x'>"
        "<p style='font-size: 50%'>one</p></div>"
    )
    light, dark = looks(page)[-1], looks(page, dark=True)[-1]
    assert (light.colour, light.ground, light.size, light.height) == ((51, 51, 51), (255, 255, 255), 8, 2)
    assert (dark.colour, dark.size) == ((238, 238, 238), 8)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


# What is no fault


def test_somebody_who_reads_the_own_site_may_be_named() -> None:
    assert not findings(assembled({**HEAD, "To": "hello@digest.example"}))


def test_an_address_and_markup_in_somebodys_title_are_text() -> None:
    title, shown = (
        "Why <b>https://a.example/x</b> {{ 7 }} &amp;",
        "Why &lt;b>https://a.example/x&lt;/b> {{ 7 }} &amp;amp;",
    )
    assert not findings(
        assembled(text=TEXT.replace("2. A & B", f"2. {title}\n    A & B"), html=HTML.replace("2. A", f"2. {shown} A"))
    )
