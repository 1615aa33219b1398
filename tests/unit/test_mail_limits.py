"""What the settings say of limits, and of hours."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from digest.config.checks import CHECKS, day, hours, rate
from digest.config.settings import SmtpSettings
from digest.publish.flow import Flows, Limits
from digest.work.pace_of_mail import limits_of

TODAY = date(2026, 12, 3)


@pytest.mark.parametrize(
    ("text", "found"),
    [("", None), ("14/s", 14), ("600/m", 10), ("3600 / h", 1), ("86400/d", 1)],
)
def test_a_rate_is_read_as_mails_a_second(text: str, found: float | None) -> None:
    assert rate(text) == found


@pytest.mark.parametrize("text", ["14", "0/s", "fast", "1/w", "-1/s", "1.5/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="14/s"):
        rate(text)


def test_days_and_hours_are_read() -> None:
    assert (day(""), day("2026-12-01")) == (None, date(2026, 12, 1))
    assert (hours(""), hours("22:00-06:30")) == (None, (time(22), time(6, 30)))


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("smtp.warm_up", "tomorrow"),
        ("smtp.warm_up", "2026-02-30"),
        ("smtp.warm_up_rate", ""),
        ("schedule.quiet", "22:00"),
        ("schedule.quiet", "22:00-22:00"),
        ("schedule.quiet", "22-6"),
        ("smtp.vanguard", "me@example.org nobody"),
    ],
)
def test_what_makes_no_sense_is_refused(setting: str, text: str) -> None:
    with pytest.raises(ValueError, match="use "):
        CHECKS[setting](text)


def test_a_new_sender_goes_slower_at_first_than_it_may() -> None:
    smtp = SmtpSettings(rate="1/s", relay_rate="14/s", receiver_rate="5/s", warm_up="2026-12-01", warm_up_rate="1600/h")
    assert limits_of(smtp, TODAY) == Limits(together=1, relay=14, receiver=5)
    assert limits_of(smtp, date(2026, 12, 1)).together == pytest.approx(1600 / 3600)
    assert limits_of(smtp, date(2027, 6, 1)).together == 1
    assert limits_of(SmtpSettings(), TODAY) == Limits()


def test_no_more_is_taken_in_hand_than_can_go_in_time() -> None:
    assert Flows(Limits(together=10, relay=2)).most(timedelta(minutes=1)) == 120
    assert Flows().most(timedelta(minutes=1)) > 1e9
