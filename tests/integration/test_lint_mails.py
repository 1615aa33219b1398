"""The mails that this program makes keep every rule, and what others collected of broken mail is read to its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from digest.cli import cli
from digest.model import Edition, Layout, PaperId, Post, Sister, SubscriberId, Withdrawal
from digest.render.letters import LetterKind, letter, letter_message
from digest.render.lint import RULES, findings
from digest.render.mail import compose
from digest.render.mime import encode, message
from tests.factories import NOON, make_edition, make_paper, make_pick, make_site, make_topic
from tests.mails import HEAD, TOKEN, assembled
from tests.pages import ENV, make_envelope, make_picks

SITE = make_site(contact="hello@digest.example", postal="Digest, 1 Example Street, 12345 Town")
POST = Post(sender="digest@digest.example", letters="confirm@digest.example")
READER = make_envelope(
    unsubscribe_url=f"https://digest.example/leave/{TOKEN}", preferences_url="https://digest.example/preferences/"
)
CORPORA = ("mikel-mail", "mime4j", "blns", "xss", "ssti", "html5lib-tokenizer", "flufl-bounce")


def broken(raw: bytes) -> list[tuple[str, str]]:
    return [(finding.rule, finding.what) for finding in findings(raw)]


def mail(*editions: Edition, layout: str = "cards", language: str = "en") -> bytes:
    core = compose(ENV, SITE, editions, layout=layout, language=language)
    return message(encode(core, SITE, POST), READER)


# Our own


@pytest.mark.parametrize("language", ENV.languages)
@pytest.mark.parametrize("kind", LetterKind)
def test_every_letter_keeps_every_rule(kind: LetterKind, language: str) -> None:
    raw = letter_message(
        letter(ENV, SITE, kind, f"https://digest.example/{kind}/{TOKEN}", language),
        SITE,
        POST,
        address="reader@example.org",
        date=NOON,
        message_id="<1.letter@digest.example>",
    )
    assert broken(raw) == []


GONE = Withdrawal(paper_id=PaperId("w"), title="Withdrawn", label="2026-11-19", url="https://arxiv.org/abs/1")
TWIN = Sister(id=PaperId("s"), title="A twin", url="https://arxiv.org/abs/2")
DIGESTS = {
    "empty": [make_edition()],
    "cut": [make_edition(*make_picks(200), considered=1120, matched=200)],
    "two": [make_edition(*make_picks(3)), make_edition(*make_picks(2), topic=make_topic("agents", name="Agents"))],
    "personal": [make_edition(*make_picks(200), topic=make_topic("mine", name="Mine", owner=SubscriberId("s1")))],
    "withdrawn": [make_edition(*make_picks(2), note="Read it 2 times.", withdrawn=(GONE,))],
    "twins": [
        make_edition(make_pick(make_paper("ß Größe & <b>"), also=(TWIN,)), topic=make_topic("q", name="Größe ß"))
    ],
}


@pytest.mark.parametrize("language", ENV.languages)
@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("name", DIGESTS)
def test_digests_of_every_kind_keep_every_rule(name: str, layout: str, language: str) -> None:
    assert broken(mail(*DIGESTS[name], layout=layout, language=language)) == []


# The command


def lint(*words: str | Path) -> tuple[int, list[str]]:
    done = CliRunner().invoke(cli, ["lint", *map(str, words)])
    return done.exit_code, done.stdout.splitlines()


@pytest.fixture
def mails(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A good mail, one with a warning and one with an error."""
    paths = tmp_path / "good.eml", tmp_path / "fair.eml", tmp_path / "bad.eml"
    heads = HEAD, {**HEAD, "Precedence": "junk"}, {**HEAD, "Bcc": "a@b.example"}
    for path, head in zip(paths, heads, strict=True):
        path.write_bytes(assembled(head))
    return paths


def test_the_command_prints_a_finding_a_line_and_fails_for_an_error(mails: tuple[Path, Path, Path]) -> None:
    good, fair, bad = mails
    assert lint(good) == (0, [])
    assert lint(good, fair) == (0, [f"{fair}: warning: precedence-form: junk"])
    assert lint(fair, bad)[0] == 1
    assert lint(bad)[1] == [f"{bad}: error: bcc-shown: a@b.example"]


def test_the_command_prints_json_lines(mails: tuple[Path, Path, Path]) -> None:
    assert lint("--json", mails[2])[1] == [
        f'{{"file":"{mails[2]}","rule":"bcc-shown","severity":"error","what":"a@b.example"}}'
    ]


def test_the_command_lists_the_rules_with_their_sources() -> None:
    code, lines = lint("--rules")
    assert (code, len(lines)) == (0, len(RULES))
    assert "RFC 8058, 3.1" in next(line for line in lines if line.startswith("one-click-exact"))
    assert len(lint("--rules", "--json")[1]) == len(RULES)


def test_the_command_without_mails_is_wrong_usage() -> None:
    assert lint()[0] == 2
    assert lint("nowhere.eml")[0] == 2


# What others collected


@pytest.mark.shared
@pytest.mark.parametrize("name", CORPORA)
def test_no_mail_of_a_corpus_makes_it_raise(shared: Path, name: str) -> None:
    files = [path for path in sorted((shared / "corpora" / name).rglob("*")) if path.is_file()]
    assert files
    for path in files:
        data = path.read_bytes()
        assert findings(data)
        assert findings(assembled(text=data.decode("latin-1"), html=data.decode("latin-1")))
