"""When a feed says that it is not to be asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest import sources
from digest.model import Pause
from tests.factories import make_source

HOUR = timedelta(hours=1)
SYNDICATION = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


def pause(said: str) -> Pause:
    feed = f"<rss {SYNDICATION}><channel><title>Feed</title>{said}</channel></rss>"
    return sources.read(feed.encode(), source=make_source(), name="feed.xml").pause


@pytest.mark.parametrize(
    ("said", "ttl"),
    [
        ("<ttl>90</ttl>", 1.5 * HOUR),
        ("<ttl> 60 </ttl>", HOUR),
        ("<ttl>0</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>often</ttl>", None),
        ("<ttl>999999</ttl>", timedelta(days=365)),
        (f"<ttl>{'9' * 5000}</ttl>", None),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 24 * HOUR),
        ("<sy:updatePeriod> Hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", HOUR / 2),
        ("<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", timedelta(days=7)),
        ("<sy:updatePeriod>soon</sy:updatePeriod>", None),
        ("<sy:updateFrequency>2</sy:updateFrequency>", None),
        ("<ttl>30</ttl><sy:updatePeriod>daily</sy:updatePeriod>", HOUR / 2),
        ("<item><title>x</title><ttl>30</ttl></item>", None),
        ("", None),
    ],
)
def test_an_answer_holds_as_long_as_its_feed_says(said: str, ttl: timedelta | None) -> None:
    assert pause(said) == Pause(ttl=ttl)


def test_hours_and_days_without_news_are_kept_and_anything_else_is_not() -> None:
    hours = "<skipHours><hour>0</hour><hour> 5 </hour><hour>24</hour><hour>x</hour><hour/></skipHours>"
    days = "<skipDays><day>Saturday</day><day>sunday</day><day>Someday</day></skipDays>"
    assert pause(hours + days) == Pause(skip_hours=frozenset({0, 5}), skip_days=frozenset({5, 6}))


def test_a_feed_that_leaves_no_time_at_all_is_not_obeyed() -> None:
    every_hour = "".join(f"<hour>{hour}</hour>" for hour in range(24))
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    every_day = "".join(f"<day>{name}</day>" for name in names)
    assert pause(f"<skipHours>{every_hour}</skipHours><skipDays>{every_day}</skipDays>") == Pause()


def test_rss_1_0_says_it_in_its_channel_beside_the_items() -> None:
    feed = (
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" {SYNDICATION} '
        'xmlns="http://purl.org/rss/1.0/"><channel><title>Feed</title><sy:updatePeriod>daily</sy:updatePeriod>'
        "</channel><item><title>One</title></item></rdf:RDF>"
    )
    batch = sources.read(feed.encode(), source=make_source(), name="feed.xml")
    assert (batch.format, len(batch.entries), batch.pause) == ("rdf", 1, Pause(ttl=24 * HOUR))
