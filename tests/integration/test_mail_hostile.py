"""Mails of any text: nothing a stranger wrote becomes a header, a part, a link or a line of SMTP; no rule breaks."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from digest.model import Edition, Layout, Post
from digest.render.blocks import Shelf, Slot
from digest.render.lint import findings
from digest.render.mail import MailCore, compose, html_for, text_for
from digest.render.mime import encode, message
from digest.tokens import PLACEHOLDER
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.pages import ENV, foreign, links, make_envelope, parsed
from tests.samples import HOSTILE, generated

SITE = make_site(contact="hello@digest.example", postal="Digest, 1 Example Street, 12345 Town")
POST = Post(sender="digest@digest.example", letters="confirm@digest.example", complaints="fbl@digest.example")
# As long as the placeholder, whose zeros stand in the corpora too.
TOKEN = ("k7Qx" * len(PLACEHOLDER))[: len(PLACEHOLDER)]
READER = make_envelope(
    unsubscribe_url=f"https://digest.example/leave/{TOKEN}",
    preferences_url="https://digest.example/preferences/",
    leave_to=f"bounce+{TOKEN}@digest.example",
    feedback=TOKEN,
)
NAMES = (
    "To Date Message-ID List-Unsubscribe CFBL-Feedback-ID From Subject Reply-To List-Id List-Unsubscribe-Post "
    "List-Help List-Owner List-Archive Archived-At List-Post Feedback-ID CFBL-Address Auto-Submitted Precedence "
    "X-Auto-Response-Suppress Content-Language MIME-Version Content-Type"
).split()
SMALL = compose(ENV, SITE, [make_edition(make_pick())])
FORMS: list[dict[str, Any]] = [
    {"layout": layout, "language": language} for layout in Layout for language in ENV.languages
]
MANY = int(os.environ.get("DIGEST_MAILS", "40"))


def raw_of(core: MailCore) -> bytes:
    return message(encode(core, SITE, POST), READER)


def names(raw: bytes) -> list[str]:
    head = re.sub(rb"\r\n[ \t]", b" ", raw.partition(b"\r\n\r\n")[0])
    return [line.partition(b":")[0].decode() for line in head.split(b"\r\n")]


def visible(text: str) -> str:
    return re.sub("[\x00-\x1f\x7f-\x9f]", " ", text).encode("utf-8", "replace").decode()


def is_sound(raw: bytes) -> bool:
    """Say whether the bytes are lines that SMTP carries as they are: none starts with a dot, no line end is half."""
    lines = raw.split(b"\r\n")
    odd = [line for line in lines if len(line) > 998 or line.startswith(b".") or b"\r" in line or b"\n" in line]
    return raw.isascii() and raw.endswith(b"\r\n") and not odd


@pytest.fixture(scope="module")
def corpus(shared: Path) -> Sequence[str]:
    """Naughty strings, template and script injections, and what tells one reader of HTML from another."""
    found = [*HOSTILE]
    for name in ("blns/strings", "ssti/payloads", "xss/payloads", "html5lib-tokenizer/inputs"):
        for line in (shared / "corpora" / f"{name}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            found.append(row if isinstance(row, str) else row.get("payload", row.get("input")))
    assert len(found) > 4000
    return found if MANY >= 500 else [*found[:600], *found[600::5]]


def test_no_text_becomes_a_header_whatever_it_is_the_name_of(corpus: Sequence[str]) -> None:
    for place, text in enumerate(corpus):
        core = replace(SMALL, subject=text, list=replace(SMALL.list, name=text))
        raw = message(encode(core, replace(SITE, title=text), POST), READER)
        assert names(raw) == NAMES, text
        assert is_sound(raw), text
        if place % 10 == 0:
            assert message_from_bytes(raw, policy=policy.default)["Subject"] == visible(text)


def test_no_text_becomes_a_part_an_element_or_a_link(corpus: Sequence[str]) -> None:
    for start in range(0, len(corpus), 40):
        edition = of_texts(corpus[start : start + 40])
        core = compose(ENV, SITE, [edition], **FORMS[start // 40 % len(FORMS)], pattern="{topic}: {first} ({more})")
        raw, html = raw_of(core), html_for(core, READER)
        assert names(raw) == NAMES
        assert is_sound(raw)
        assert findings(raw) == [], start
        mail = message_from_bytes(raw, policy=policy.default)
        assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
        root = parsed(html)
        assert list(foreign(root)) == []
        assert {link.split("/")[2] for link in links(root) if "://" in link} == {"digest.example"}


def of_texts(texts: Sequence[str]) -> Edition:
    """An edition whose every text is one of these: title, abstract, author, reason, topic, note."""
    picks = [
        make_pick(make_paper(text, id=f"text:{rank}", abstract=text, authors=(text,)), rank=rank, reasons=(text,))
        for rank, text in enumerate(texts, 1)
    ]
    topic = make_topic(name=texts[0], description=texts[-1])
    return make_edition(*picks, topic=topic, note=texts[1], health=texts[-1], considered=99)


def test_generated_mails_break_no_rule_and_come_back_as_they_were() -> None:
    shelf = Shelf()
    for seed in range(MANY):
        editions = [replace(one, topic=replace(one.topic, id=f"{one.topic.id}-{seed}")) for one in generated(seed)]
        form = FORMS[seed % len(FORMS)]
        core = compose(ENV, SITE, editions, **form, shelf=shelf)
        raw = raw_of(core)
        assert findings(raw) == [], seed
        assert is_sound(raw), seed
        assert names(raw) == [name for name in NAMES if core.list.page or name != "Archived-At"], seed
        assert core == compose(ENV, SITE, editions, **form)
        for found in read_back(raw):
            assert found == (core.subject, text_for(core, READER), html_for(core, READER)), seed


def read_back(raw: bytes) -> Iterator[tuple[str, str, str]]:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    plain, rich = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain
    assert rich
    yield mail["Subject"], *(body.get_content().replace("\r\n", "\n") for body in (plain, rich))


MODULES = Path(os.environ.get("DIGEST_NODE_MODULES", Path(__file__).parents[1] / "node_modules"))
READ = """
const { simpleParser } = require("mailparser");
const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", async () => {
  const found = [];
  for (const mail of JSON.parse(Buffer.concat(chunks))) {
    const read = await simpleParser(Buffer.from(mail, "ascii"), { skipTextToHtml: true, skipHtmlToText: true });
    const names = read.headerLines.map((line) => line.line.split(":")[0]);
    found.push([read.subject || "", read.text, read.html, read.headers.get("list")["unsubscribe"].url, names]);
  }
  process.stdout.write(JSON.stringify(found));
});
"""


def foreign_reader(mails: Sequence[bytes]) -> list[list[Any]] | None:
    """Read mails by npm's mailparser; None where it is not installed."""
    if not (MODULES / "mailparser").is_dir():
        return None
    given = json.dumps([mail.decode("ascii") for mail in mails])
    done = subprocess.run(
        ["node", "-e", READ],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NODE_PATH": str(MODULES)},
    )
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def test_a_reader_of_another_house_reads_the_same() -> None:
    cores = [compose(ENV, SITE, generated(seed), **FORMS[seed % len(FORMS)]) for seed in range(1, MANY)]
    mails = [raw_of(core) for core in cores]
    own = READER.unsubscribe_url
    expected = [
        [core.subject, text_for(core, READER), html_for(core, READER), own, names(raw)]
        for core, raw in zip(cores, mails, strict=True)
    ]
    assert foreign_reader(mails) in (None, expected)


def test_every_link_of_the_html_is_ours_or_a_papers_and_stands_in_the_text_as_well() -> None:
    for seed in range(0, MANY, 8):
        core = compose(ENV, SITE, generated(seed))
        words = set(text_for(core, READER).split())
        found = {link for link in links(parsed(html_for(core, READER))) if "://" in link}
        assert {READER.link(slot) for slot in Slot} <= found, seed
        assert {link.split("/")[2] for link in found} <= {"digest.example", "a.example"}, seed
        assert {link for link in found if "/topics/" not in link} <= words, seed
