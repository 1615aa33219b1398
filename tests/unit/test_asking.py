"""What a Postfix and a command of the operator's know of a mail whose answer was lost."""

from __future__ import annotations

import gzip
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.config.checks import CHECKS
from digest.publish.asking import Question, Trace, asker
from digest.publish.postfix import has, read_log, read_queue, wanted

BEGAN = datetime(2026, 11, 21, 7, tzinfo=UTC)
LOG = """\
2026-11-21T07:00:01.5+00:00 mx postfix/smtpd[1]: connect from localhost[127.0.0.1]
2026-11-21T07:00:01.6+00:00 mx postfix/smtpd[1]: 4A1: client=localhost[127.0.0.1]
2026-11-21T07:00:01.7+00:00 mx postfix/cleanup[2]: 4A1: message-id=<a@papers.example>
2026-11-21T07:00:01.8+00:00 mx postfix/qmgr[3]: 4A1: from=<bounce+ana@papers.example>, size=41000, nrcpt=1 (active)
2026-11-21T07:00:02.0+00:00 mx postfix/smtp[4]: 4A1: to=<ana@example.org>, relay=mx.example.org, status=sent (250 ok)
2026-11-21T07:00:02.1+00:00 mx postfix/qmgr[3]: 4A1: removed
2026-11-21T07:00:03.0+00:00 mx postfix/cleanup[2]: 5B2: message-id=<cut@papers.example>
2026-11-21T07:00:04.0+00:00 mx postfix/cleanup[2]: 6C3: message-id=<its-own@mx>
2026-11-21T07:00:04.0+00:00 mx postfix/qmgr[3]: 6C3: from=<bounce+bo@papers.example>, size=41000, nrcpt=1 (active)
2026-11-21T07:00:05.0+00:00 mx postfix/smtp[4]: 6C3: to=<Bo@example.org>, relay=mx.example.org, status=deferred
"""
QUEUE = b"""{"queue_name": "deferred", "queue_id": "7D4", "arrival_time": 1795244410, "message_size": 41000, \
"sender": "bounce+cy@papers.example", "recipients": [{"address": "cy@example.org", "delay_reason": "busy"}]}
"""


def known(name: str, *, message_id: str = "<other@x>", since: datetime = BEGAN, log: str = LOG) -> bool:
    sender, recipient = f"bounce+{name}@papers.example", f"{name}@example.org"
    found = read_log(log.splitlines(keepends=True), wanted([message_id], [sender], [recipient]))
    return has(
        [*read_queue(QUEUE), *found.mails], message_id=message_id, sender=sender, recipient=recipient, since=since
    )


def test_a_mail_in_the_log_is_known_by_its_message_id() -> None:
    assert known("nobody", message_id="<a@papers.example>")


def test_a_text_that_never_ended_is_not_known() -> None:
    assert not known("nobody", message_id="<cut@papers.example>")


def test_a_mail_whose_message_id_was_rewritten_is_known_by_its_return_path() -> None:
    assert known("bo")
    assert known("cy")
    assert not known("di")


def test_the_digest_of_yesterday_is_not_taken_for_that_of_today() -> None:
    assert not known("bo", since=BEGAN + timedelta(hours=1))
    assert not known("bo", log=re.sub(r"2026-11-21T([\d:]{8})\.\d\+00:00", r"Nov 21 \1", LOG))


def test_an_id_that_was_given_to_another_mail_proves_nothing() -> None:
    other = "2026-11-21T07:09:0{0}.0+00:00 mx postfix/{1}[3]: 5B2: {2}\n"
    again = other.format(1, "cleanup", "message-id=<x@elsewhere.example>") + other.format(
        2, "qmgr", "from=<x@y>, size=1"
    )
    assert not known("nobody", message_id="<cut@papers.example>", log=LOG + again)
    gone = again.replace("5B2", "4A1")
    assert known("nobody", message_id="<a@papers.example>", log=LOG + gone)


def test_of_a_log_only_what_was_asked_for_is_kept() -> None:
    lines = [LOG.replace("4A1", f"A{number}").replace("ana@", f"r{number}@") for number in range(50)]
    found = read_log("".join(lines).splitlines(), wanted([], ["bounce+r7@papers.example"], ["r7@example.org"]))
    assert [one.recipients for one in found.mails] == [{"r7@example.org"}]
    shared = [one.replace(f"bounce+r{n}@", "bounce@") for n, one in enumerate(lines)]
    found = read_log("".join(shared).splitlines(), wanted([], ["bounce@papers.example"], ["r7@example.org"]))
    assert [one.recipients for one in found.mails] == [{"r7@example.org"}]


def test_a_queue_that_says_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="postqueue"):
        read_queue(b"postqueue: fatal: mail system is down\n")


def question(relay: str = "relay:25", message_id: str = "<a@b>", since: datetime = BEGAN) -> Question:
    return Question(
        message_id=message_id, name="n", return_path="d@x", recipient="ana@example.org", relay=relay, since=since
    )


def said(folder: Path, text: str) -> list[Trace]:
    script = folder / "ask.py"
    script.write_text(text, "utf-8")
    ask = asker(f"{sys.executable} {script}", relay="relay:25")
    assert ask
    return ask([question(), question()])


def test_a_command_answers_each_question(tmp_path: Path) -> None:
    told = "import sys, json\nfor line in sys.stdin: print('arrived' if json.loads(line)['name'] == 'n' else 'absent')"
    assert said(tmp_path, told) == [Trace.ARRIVED] * 2


@pytest.mark.parametrize("text", ["print('arrived')", "print('yes\\nno')", "raise SystemExit(3)"])
def test_a_command_that_fails_leaves_the_doubt(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, text) == [Trace.UNKNOWN] * 2


def test_without_a_postfix_nothing_is_known(tmp_path: Path) -> None:
    ask = asker(f"postfix:{tmp_path}/none.log", relay="relay:25")
    assert ask
    assert ask([question()]) == [Trace.UNKNOWN]


def test_without_the_setting_nobody_is_asked() -> None:
    assert asker("", relay=None) is None


@pytest.mark.parametrize("how", ["tool 'x", "   ", '"'])
def test_half_a_command_leaves_the_doubt_and_is_refused_in_the_settings(how: str) -> None:
    ask = asker(how, relay="relay:25")
    assert ask
    assert ask([question()]) == [Trace.UNKNOWN]
    with pytest.raises(ValueError, match=r"quotes|command"):
        CHECKS["smtp.ask"](how)


@pytest.mark.parametrize("how", ["", "postfix", "postfix:/var/log/mail.log", "/usr/bin/ask 'my relay' --now"])
def test_a_whole_command_is_a_setting(how: str) -> None:
    CHECKS["smtp.ask"](how)


@pytest.fixture
def logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of a Postfix whose queue is empty."""
    tool = tmp_path / "postqueue"
    tool.write_text("#!/bin/sh\n", "utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "mail.log"


def write(name: Path, text: str, *, at: datetime = BEGAN) -> None:
    name.write_bytes(gzip.compress(text.encode()) if name.suffix == ".gz" else text.encode())
    os.utime(name, (at.timestamp(), at.timestamp()))


def traced(path: Path, *questions: Question) -> list[Trace]:
    ask = asker(f"postfix:{path}", relay="relay:25")
    assert ask
    return ask(questions)


TAKEN, LOST = "<a@papers.example>", "<cut@papers.example>"
FRESH = "2026-11-21T07:05:00.0+00:00 mx postfix/qmgr[3]: 9F9: removed\n"
OLD = "2026-11-21T06:00:00.0+00:00 mx postfix/qmgr[3]: 9F8: removed\n"


def test_what_began_before_the_log_did_is_unknown_unless_it_is_found(logged: Path) -> None:
    write(logged, LOG)
    both = [question(message_id=TAKEN), question(message_id=LOST)]
    assert traced(logged, *both) == [Trace.ARRIVED, Trace.UNKNOWN]
    write(logged, OLD + LOG)
    assert traced(logged, *both) == [Trace.ARRIVED, Trace.ABSENT]


@pytest.mark.parametrize("name", ["mail.log.1", "mail.log.1.gz", "mail.log-20261121", "mail.log-20261121.gz"])
def test_a_log_that_was_just_rotated_is_read_with_the_one_before(logged: Path, name: str) -> None:
    write(logged, FRESH)
    both = [question(message_id=TAKEN), question(message_id=LOST)]
    assert traced(logged, *both) == [Trace.UNKNOWN] * 2
    write(logged.with_name(name), OLD + LOG)
    assert traced(logged, *both) == [Trace.ARRIVED, Trace.ABSENT]


def test_a_mail_that_two_parts_of_a_log_tell_of_is_known(logged: Path) -> None:
    lines = (OLD + LOG).splitlines(keepends=True)
    write(logged, "".join(lines[4:]))
    write(logged.with_name("mail.log.1"), "".join(lines[:4]))
    write(logged.with_name("mail.log.2.gz"), "", at=BEGAN - timedelta(days=1))
    assert traced(logged, question(message_id=TAKEN)) == [Trace.ARRIVED]


def test_without_time_stamps_only_what_is_found_is_known(logged: Path) -> None:
    write(logged, re.sub(r"2026-11-21T([\d:]{8})\.\d\+00:00", r"Nov 21 \1", OLD + LOG))
    both = [question(message_id=TAKEN), question(message_id=LOST)]
    assert traced(logged, *both) == [Trace.ARRIVED, Trace.UNKNOWN]


def test_a_part_that_cannot_be_read_leaves_the_doubt(logged: Path) -> None:
    write(logged, LOG)
    logged.with_name("mail.log.1.gz").write_bytes(gzip.compress(OLD.encode())[:-9])
    os.utime(logged.with_name("mail.log.1.gz"), (BEGAN.timestamp(), BEGAN.timestamp()))
    assert traced(logged, question(message_id=LOST)) == [Trace.UNKNOWN]


def test_another_file_beside_the_log_is_no_part_of_it(logged: Path) -> None:
    write(logged, LOG)
    write(logged.with_name("mail.log.old"), OLD)
    write(logged.with_name("mail.log.1"), OLD, at=BEGAN - timedelta(days=3))
    assert traced(logged, question(message_id=LOST)) == [Trace.UNKNOWN]
