"""Some days of polling a small web: nobody is asked too early, too often or without need, and news is read in time.

The long run, 500 feeds for 60 days, is `python -m tests.bench.polite`.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from tests.bench.polite import HABITS, Outcome, simulated
from tests.simulated import DAY


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return simulated(HABITS * 2, 9, "sqlite://")


def test_nobody_is_asked_before_it_allows_nor_without_its_validators_nor_with_those_of_others(outcome: Outcome) -> None:
    assert outcome.web.rude == {}


def test_no_host_ever_has_two_connections_and_arxiv_rests_three_seconds(outcome: Outcome) -> None:
    assert set(outcome.web.most.values()) == {1}
    assert 3 <= outcome.web.gap < 3600


def test_a_feed_is_read_whole_only_when_it_is_new_or_brings_something(outcome: Outcome) -> None:
    for feed in outcome.web.feeds.values():
        if feed.validators and not feed.to:
            assert feed.full <= 1 + len(feed.delays)


def test_once_its_rhythm_is_known_a_feed_is_asked_less_than_hourly_and_yet_in_time(outcome: Outcome) -> None:
    learned = 3 * DAY
    asked = sum(at >= learned for feed in outcome.web.feeds.values() for at in feed.asked)
    assert asked <= 0.4 * 24 * 6 * len(outcome.feeds)
    assert median(outcome.delays(after=learned)) <= 25


def test_the_dead_are_asked_rarely_the_gone_no_more_and_the_moved_at_their_new_address(outcome: Outcome) -> None:
    by_kind = {feed.kind: feed for feed in outcome.feeds}
    assert len(by_kind["broken"].asked) < 5 * outcome.days
    gone, moving = by_kind["gone"], by_kind["moving"]
    assert gone.ends
    assert sum(at >= gone.ends for at in gone.asked) == 1
    assert moving.to
    assert moving.ends
    assert sum(at >= moving.ends for at in moving.asked) == 1
    assert moving.to.asked[-1] > moving.ends


def test_a_restart_adds_no_request(tmp_path: Path) -> None:
    outcome = simulated(HABITS[:6], 3, f"sqlite:///{tmp_path / 'digest.db'}")
    assert outcome.restarts >= 1
    assert outcome.added == 0
    assert outcome.web.rude == {}
