"""What a Postfix and a command of the operator's know of a mail whose answer was lost."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.publish.asking import Question, Trace, asker
from digest.publish.postfix import has, read_log, read_queue

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


def known(name: str, *, message_id: str = "<other@x>", since: datetime = BEGAN) -> bool:
    return has(
        [*read_queue(QUEUE), *read_log(LOG)],
        message_id=message_id,
        sender=f"bounce+{name}@papers.example",
        recipient=f"{name}@example.org",
        since=since,
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
    (old,) = read_log(
        "\n".join(line.replace("2026-11-21T07:00:04.0+00:00", "Nov 21 07:00:04") for line in LOG.splitlines()[7:])
    )
    assert not has([old], message_id="<x@y>", sender=old.sender, recipient="bo@example.org", since=BEGAN)


def test_a_queue_that_says_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="postqueue"):
        read_queue(b"postqueue: fatal: mail system is down\n")


def question(relay: str = "relay:25") -> Question:
    return Question(
        message_id="<a@b>", name="n", return_path="d@x", recipient="ana@example.org", relay=relay, since=BEGAN
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
