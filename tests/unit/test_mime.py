"""The wire form of a mail, read back by Python's own parser, and what hostile text cannot do to it."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.headerregistry import DateHeader
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from digest.errors import RenderError
from digest.model import Post, TopicId
from digest.render.blocks import Encoded, Slot
from digest.render.mail import MailCore, compose, html_for, text_for
from digest.render.mime import Wire, encode, message
from digest.render.quoted import quoted
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.pages import ENV, make_envelope, make_picks

SITE = make_site(contact="hello@digest.example")
SENDER = "digest@digest.example"
POST = Post(sender=SENDER, letters="confirm@digest.example")
CORE = compose(ENV, SITE, [make_edition(*make_picks(3), considered=31)])
READER = make_envelope()
NAMES = (
    "To Date Message-ID List-Unsubscribe From Subject Reply-To List-Id List-Unsubscribe-Post List-Help List-Owner "
    "List-Archive Archived-At List-Post Feedback-ID Auto-Submitted Precedence X-Auto-Response-Suppress "
    "Content-Language MIME-Version Content-Type"
).split()

# Each opened a header of its own, or a body, on the wire of some interpreter (CVE-2024-6923, CVE-2026-1299) or mailer.
HOSTILE = (
    "=?utf-8?q?a=0ABcc:_x@y.z?=",
    "=?utf-8?q?a=0D=0A=0D=0A<b>body</b>?= =?utf-8?b?Cg==?=",
    "A title\r\nBcc: x@y.z",
    "A title\nBcc: x@y.z\n\nA body",
    "A title\rBcc: x@y.z",
    "A title\x00\x0b\x0c\x1e\x85Bcc: x@y.z",
    "A title\u2028Bcc: x@y.z\u2029",
    "lone \ud800 surrogate",
    "  spaced   out  ",
    ".",
    "From me to you",
    "x" * 2000,
    "ü" * 1000,
    "\U0001f52d" * 300,
    "תשומת לב " * 30,
    'quoted "name" <x@y.z>, (comment); \\',
    "",
)


def wire(core: MailCore = CORE, **site: Any) -> Wire:
    return encode(core, make_site(**{"contact": "hello@digest.example", **site}), POST)


def pieces(*texts: str | Slot) -> Encoded:
    return tuple(text if isinstance(text, Slot) else quoted(text).encode() for text in texts)


def parsed(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def headers(raw: bytes) -> list[str]:
    """Return the lines of the header block, folded ones joined."""
    return re.sub(r"\r\n[ \t]", " ", raw.partition(b"\r\n\r\n")[0].decode()).split("\r\n")


def visible(text: str) -> str:
    """Return what a header can carry of a text: no controls, and UTF-8."""
    return re.sub("[\x00-\x1f\x7f-\x9f]", " ", text).encode("utf-8", "replace").decode()


def content(raw: bytes, subtype: str) -> str:
    body = parsed(raw).get_body((subtype,))
    assert body is not None
    found: str = body.get_content()
    return found.replace("\r\n", "\n")


# What the parser gets


def test_both_bodies_come_back_as_they_were() -> None:
    raw = message(wire(), READER)
    assert content(raw, "plain") == text_for(CORE, READER)
    assert content(raw, "html") == html_for(CORE, READER)


def test_the_plain_part_comes_first_and_the_better_one_last() -> None:
    mail = parsed(message(wire(), READER))
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert not mail.defects


def test_a_mail_has_these_headers_and_each_once() -> None:
    assert [line.partition(":")[0] for line in headers(message(wire(), READER))] == NAMES


def test_headers_say_what_bulk_mail_has_to_say() -> None:
    mail = parsed(message(wire(), READER))
    assert mail["From"] == "Digest <digest@digest.example>"
    assert mail["To"] == "reader@example.org"
    assert mail["Subject"] == "The KV cache: Paper 1 and 2 more"
    assert mail["Message-ID"] == "<1.daily@digest.example>"
    assert mail["List-Id"] == "The KV cache <kv-cache.digest.example>"
    assert mail["List-Archive"] == "<https://digest.example/topics/kv-cache/>"
    assert mail["Archived-At"] == "<https://digest.example/topics/kv-cache/2026-11-20/>"
    assert mail["List-Post"] == "NO"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] == "bulk"
    assert mail["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert mail["Content-Language"] == "en"


def test_leaving_is_one_click_first_and_a_mail_second() -> None:
    leave = "<https://digest.example/leave/let-me-go>"
    mailto = "<mailto:hello@digest.example?subject=unsubscribe>"
    assert f"List-Unsubscribe: {leave}, {mailto}" in headers(message(wire(), READER))
    assert f"List-Unsubscribe: {leave}" in headers(message(wire(contact=None), READER))


def test_the_date_is_the_one_given_with_its_offset() -> None:
    at = datetime(2026, 11, 1, 7, 5, 9, tzinfo=timezone(timedelta(hours=-5)))
    raw = message(wire(), make_envelope(date=at))
    assert "Date: Sun, 1 Nov 2026 07:05:09 -0500" in headers(raw)
    found = parsed(raw)["Date"]
    assert isinstance(found, DateHeader)
    assert found.datetime == at


def test_a_list_keeps_its_name_when_the_site_moves() -> None:
    moved = message(wire(url="https://elsewhere.example/d", tag="Digest.Example,2026"), READER)
    assert "List-Id: The KV cache <kv-cache.digest.example>" in headers(moved)


def test_a_digest_of_several_topics_is_the_sites_list_and_archived_nowhere() -> None:
    core = compose(ENV, SITE, [make_edition(*make_picks(1)), make_edition(topic=make_topic("agents"))])
    mail = parsed(message(wire(core), READER))
    assert mail["List-Id"] == "Digest <topics.digest.example>"
    assert mail["Archived-At"] is None


def test_a_topics_id_becomes_a_legal_list_name() -> None:
    core = replace(CORE, list=replace(CORE.list, topic=TopicId("Größe & <x>.y")))
    assert parsed(message(wire(core), READER))["List-Id"].endswith("<gr-e-x-y.digest.example>")


# What is on the wire


def test_every_line_is_short_ascii_and_ends_in_crlf() -> None:
    paper = make_paper("Ümlaut " * 40, abstract="Ein sehr langes Wörtchen. " * 20)
    raw = message(wire(compose(ENV, SITE, [make_edition(make_pick(paper))])), READER)
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert not [line for line in lines if b"\r" in line or b"\n" in line]
    assert max(map(len, lines)) <= 76


def test_a_body_line_of_a_dot_does_not_stand_alone() -> None:
    core = replace(CORE, text=pieces(".\n..\n.", Slot.UNSUBSCRIBE, "\n.\n"), html=pieces("<p>\n.\n", Slot.UNSUBSCRIBE))
    raw = message(wire(core), READER)
    assert not [line for line in raw.split(b"\r\n") if line.startswith(b".")]
    assert content(raw, "plain") == f".\n..\n.{READER.unsubscribe_url}\n.\n"


def test_a_link_stays_in_one_piece_on_lines_of_its_own() -> None:
    raw = message(wire(), make_envelope(unsubscribe_url="https://digest.example/l/0123456789abcdef0123456789abcdef"))
    assert raw.count(b"\r\nhttps://digest.example/l/0123456789abcdef0123456789abcdef=\r\n") == 2


def test_a_link_longer_than_a_line_comes_back_whole() -> None:
    reader = make_envelope(unsubscribe_url="https://digest.example/leave/" + "x=y&" * 50)
    assert content(message(wire(), reader), "plain") == text_for(CORE, reader)
    assert content(message(wire(), reader), "html") == html_for(CORE, reader)


@given(st.lists(st.text(max_size=200), min_size=1, max_size=4))
def test_any_text_around_a_slot_comes_back(texts: list[str]) -> None:
    plain = [re.sub("[\r\ud800-\udfff]", "", text) for text in texts]
    core = replace(CORE, text=pieces(*(piece for text in plain for piece in (text, Slot.PREFERENCES))))
    raw = message(wire(core), READER)
    assert content(raw, "plain") == text_for(core, READER)


def test_the_same_mail_is_the_same_bytes_and_another_has_another_boundary() -> None:
    def boundary(core: MailCore) -> str | None:
        return parsed(message(wire(core), READER)).get_boundary()

    assert message(wire(), READER) == message(wire(), READER)
    assert boundary(CORE) != boundary(replace(CORE, subject="Another"))
    assert boundary(CORE) != boundary(replace(CORE, text=pieces("Another text")))


def test_readers_share_everything_but_their_four_headers_and_two_links() -> None:
    other = make_envelope(
        address="other@example.net",
        message_id="<2.daily@digest.example>",
        unsubscribe_url="https://digest.example/leave/other",
        preferences_url="https://digest.example/mine/other",
    )
    first, second = (message(wire(), reader).split(b"\r\n") for reader in (READER, other))
    own = re.compile(rb"To:|Message-ID:|List-Unsubscribe:|https://digest\.example/(leave|mine)/")
    assert len(first) == len(second)
    assert all(own.match(line) for line in set(first) ^ set(second))


# What hostile text cannot do


@pytest.mark.parametrize("title", HOSTILE)
def test_a_subject_is_one_header_and_reads_as_it_was(title: str) -> None:
    raw = message(wire(replace(CORE, subject=title)), READER)
    assert [line.partition(":")[0] for line in headers(raw)] == NAMES
    assert parsed(raw)["Subject"] == visible(title)
    assert content(raw, "plain") == text_for(CORE, READER)


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_that_came_all_the_way_is_one_header_too(title: str) -> None:
    core = compose(ENV, SITE, [make_edition(make_pick(make_paper(title)), *make_picks(1))])
    raw = message(wire(core), READER)
    assert [line.partition(":")[0] for line in headers(raw)] == NAMES
    assert parsed(raw)["Subject"] == core.subject
    assert max(map(len, raw.split(b"\r\n"))) <= 76


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_site_and_topic_are_display_names_and_nothing_else(name: str) -> None:
    raw = message(wire(replace(CORE, list=replace(CORE.list, name=name)), title=name), READER)
    assert [line.partition(":")[0] for line in headers(raw)] == NAMES
    (sender,) = parsed(raw)["From"].addresses
    assert sender.addr_spec == SENDER
    # Python 3.11 keeps the blanks between the encoded words of a phrase, which RFC 2047, 6.2 would drop.
    assert "".join(sender.display_name.split()) == "".join(visible(name).split())
    assert parsed(raw)["List-Id"].endswith("<kv-cache.digest.example>")


@given(st.text(max_size=400))
def test_any_subject_survives_and_its_lines_are_short(title: str) -> None:
    raw = message(wire(replace(CORE, subject=title)), READER)
    assert [line.partition(":")[0] for line in headers(raw)] == NAMES
    assert parsed(raw)["Subject"] == visible(title)
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 76


def test_encoded_words_are_short_and_cut_between_characters() -> None:
    title = "Aufmerksamkeit für \U0001f468\u200d\U0001f52c und תשומת לב " * 9
    subject = next(line for line in headers(message(wire(replace(CORE, subject=title)), READER)) if "Subject" in line)
    words = subject.split()[1:]
    assert all(len(word) <= 75 and word.startswith("=?utf-8?b?") for word in words)
    assert "".join(b64decode(word[10:-2]).decode("utf-8") for word in words) == title


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a b@example.org",
        "a@example.org\r\nBcc: x@y.z",
        "a@example.org\n",
        "a@example.org\x00",
        "<a@example.org>",
        "a@example.org, b@example.org",
        "@route:a@example.org",
        "a@b@example.org",
    ],
)
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(RenderError, match="is not a mail address"):
        message(wire(), make_envelope(address=address))
    with pytest.raises(RenderError, match="is not a mail address"):
        encode(CORE, SITE, replace(POST, sender=address))


@pytest.mark.parametrize("message_id", ["", "1@a.example", "<1@a.example>\r\nBcc: x@y.z", "<1 2@a.example>", "<1>"])
def test_what_is_not_a_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(RenderError, match="is not a Message-ID"):
        message(wire(), make_envelope(message_id=message_id))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "https://a.example/>\r\nBcc: x@y.z",
        "https://a.example/>, <https://b.example/",
        'https://a.example/"x',
        "https://a.example/ü",
        "https://a.example/a b",
        "https://a.example/" + "x" * 500,
    ],
)
def test_a_link_that_could_leave_its_brackets_is_refused(url: str) -> None:
    with pytest.raises(RenderError, match="address"):
        message(wire(), make_envelope(unsubscribe_url=url))
    with pytest.raises(RenderError, match="address"):
        message(wire(), make_envelope(preferences_url=url))


def test_a_contact_that_is_no_mail_address_is_not_offered_for_leaving() -> None:
    assert b"mailto:" not in message(wire(contact="https://digest.example/contact"), READER).partition(b"\r\n\r\n")[0]


def test_an_address_in_another_script_is_written_as_it_is() -> None:
    raw = message(wire(), make_envelope(address="дело@пример.рф"))
    assert "To: дело@пример.рф" in headers(raw)


# Who may answer, complain and return


def test_a_mail_that_ends_all_goes_to_the_readers_own_address_if_there_is_one() -> None:
    raw = message(wire(), make_envelope(leave_to="bounce+tok-en_1@digest.example"))
    (line,) = [line for line in headers(raw) if line.startswith("List-Unsubscribe:")]
    assert line == (
        "List-Unsubscribe: <https://digest.example/leave/let-me-go>, "
        "<mailto:bounce+tok-en_1@digest.example?subject=unsubscribe>"
    )


def test_complaints_have_an_address_and_a_name_for_the_reader_that_says_nothing() -> None:
    asked = encode(CORE, SITE, replace(POST, complaints="fbl@digest.example"))
    raw = message(asked, make_envelope(feedback="t0k-en"))
    assert "CFBL-Address: fbl@digest.example; report=arf" in headers(raw)
    assert "CFBL-Feedback-ID: t0k-en" in headers(raw)
    assert b"CFBL" not in message(wire(), READER)
    with pytest.raises(RenderError, match="is not a token"):
        message(asked, make_envelope(feedback="reader@example.org"))


def test_gmails_feedback_is_the_same_for_all_readers_and_names_the_sender_last() -> None:
    first, second = (message(wire(), make_envelope(address=to, message_id=f"<{to}>")) for to in ("a@x.y", "b@x.y"))
    (line,) = [line for line in headers(first) if line.startswith("Feedback-ID")]
    assert line in headers(second)
    assert line == "Feedback-ID: kv-cache:day:cards-en:digestexample"
    assert parsed(message(wire(tag="x.io,2026"), READER))["Feedback-ID"].endswith(":xio00")


def test_readers_can_ask_the_owner_and_read_about_the_list() -> None:
    mail = parsed(message(wire(), READER))
    assert mail["Reply-To"] == "hello@digest.example"
    assert mail["List-Owner"] == "<mailto:hello@digest.example>"
    assert mail["List-Help"] == "<https://digest.example/about/>"
    quiet = message(wire(contact=None), READER)
    assert not {"Reply-To", "List-Owner"} & {line.partition(":")[0] for line in headers(quiet)}


def test_no_line_starts_with_a_dot_so_that_nothing_is_left_to_stuff() -> None:
    paper = make_paper("." * 200, abstract=".\r\n.\r\n" + "." * 400, authors=("...",))
    raw = message(wire(compose(ENV, SITE, [make_edition(make_pick(paper), note="." * 90)])), READER)
    assert not [line for line in raw.split(b"\r\n") if line.startswith(b".")]
    assert max(map(len, raw.split(b"\r\n"))) <= 76
